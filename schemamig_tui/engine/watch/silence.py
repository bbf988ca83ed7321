"""Decides when a silent session is lost, by what the server says of it on another connection.

A statement may take hours, and its connection is silent as long. TCP notices a dead network (see
``schemamig_tui.patience``), but not a proxy that lives and leads nowhere. So the server is asked on
the second connection. The session is lost where the server does not have it any more, where the
server waits for us while we wait for the server, and where no server has answered for too long.
Queries outside of a pipeline need none of this: the connection itself limits its waits.
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

# What changes while we send: the progress of a COPY, and the state with each other message.
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

    def loss_reason(self, backend: Backend, silent_s: float) -> str | None:
        """Why the session counts as lost after so long a silence; None where it does not."""
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
            # While bytes are acknowledged, or the server gets further, the line is only slow.
            found = (place, unacknowledged(backend.conn)) if waits else None
            reason = f"the server waits for us, and we have waited for it for {lasting(silent_s)}"
        most = patience.PATIENCE.silence
        return reason if self._found_for_s(found) >= most / 2 and silent_s >= most else None

    def _found_for_s(self, found: object) -> float:
        """For how many seconds the server's answer has been the same; 0.0 for None."""
        now = time.monotonic()
        if found is None or found != self._found:
            self._found, self._found_since = found, now
        return now - self._found_since


def _state(conn: psycopg.Connection[Any], pid: int) -> tuple[bool, str] | None:
    """Whether the session waits for its client, and how far it is; None: the session is gone."""
    return conn.execute(_STATE, (pid,)).fetchone()


def _is_an_answer(error: Exception) -> bool:
    """Whether a server gave this error: it is there, though busy, or does not let us in."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate is not None
    return isinstance(error, SchemamigError) and server_refused(error.message)
