"""Decides when a session that says nothing is lost, by what the server says of it elsewhere.

A statement may take hours, and its connection is silent as long. TCP finds out what is dead below
it (see ``schemamig_tui.patience``), but not behind a proxy that lives and leads nowhere. So the
server is asked on the second connection. The session is lost where there is none any more, or
where it waits for us while we wait for it; and where nobody has answered for too long. What we ask
outside of a pipeline is bounded by the connection itself.
"""

import time
from typing import Any

import psycopg

from schemamig_tui import patience
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.deadline import unacknowledged
from schemamig_tui.engine.pipeline.loss import server_refused
from schemamig_tui.engine.watch.watch import Aside, Watch
from schemamig_tui.errors import SchemamigError
from schemamig_tui.units import lasting

# A COPY tells how far it is; of anything else the state changes with each message of ours.
_STATE = f"""
SELECT {patience.WAITS_FOR_CLIENT}, (state_change, bytes_processed)::text
FROM pg_stat_activity LEFT JOIN pg_stat_progress_copy USING (pid) WHERE pid = %s
"""


class Silence:
    """Asks ``watch`` about a session that has not said anything for a while."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._found: object = None
        self._found_since = 0.0

    def verdict(self, backend: Backend, silent_s: float) -> str | None:
        """Why a session counts as lost that has been silent for so long; None: it does not."""
        if silent_s < patience.PATIENCE.doubt:
            self._found = None
            return None
        try:
            state = self._watch.ask(_state, backend.pid)
        except Aside:
            return None
        except (psycopg.Error, SchemamigError) as error:
            found: object = None if _is_an_answer(error) else "no answer"
            reason = f"the server has not answered for {lasting(silent_s)}, nor on a new connection"
        else:
            if state is None:
                return "the server has ended the session, and the network has not said so"
            waits, place = state
            # What is on its way over a slow line is no silence.
            found = (place, unacknowledged(backend.conn)) if waits else None
            reason = f"the server waits for us, and we have waited for it for {lasting(silent_s)}"
        most = patience.PATIENCE.silence
        return reason if self._found_for_s(found) >= most / 2 and silent_s >= most else None

    def _found_for_s(self, found: object) -> float:
        """For how many seconds each look has found just this; 0.0 for None."""
        now = time.monotonic()
        if found is None or found != self._found:
            self._found, self._found_since = found, now
        return now - self._found_since


def _state(conn: psycopg.Connection[Any], pid: int) -> tuple[bool, str] | None:
    """Whether the session waits for its client, and how far it is; None: it is gone."""
    return conn.execute(_STATE, (pid,)).fetchone()


def _is_an_answer(error: Exception) -> bool:
    """Whether a server has said this: it is there, though it does not let us in, or is too busy."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate is not None
    return isinstance(error, SchemamigError) and server_refused(error.message)
