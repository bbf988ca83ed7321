"""Decides when a session that says nothing is lost, by what the server says of it elsewhere.

A statement may take hours, and its connection is silent as long. TCP finds out what is dead below
it (see ``schemamig_tui.patience``), but not behind a proxy that lives and leads nowhere. So the
server is asked on the second connection. The session is lost where there is none any more, or
where it waits for us while we wait for it; and where nobody has answered for too long.
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

# The state is hidden from a role that may not see it: then the session is taken to be at work.
_STATE = """
SELECT state LIKE 'idle%%', extract(epoch FROM clock_timestamp() - state_change)::float8
FROM pg_stat_activity WHERE pid = %s
"""


class Silence:
    """Asks ``watch`` about a session that has not said anything for a while."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._unanswered_since: float | None = None
        self._queued = -1
        self._queued_since = 0.0

    def verdict(self, backend: Backend, silent_s: float) -> str | None:
        """Why a session counts as lost that has been silent for so long; None: it does not."""
        if silent_s < patience.PATIENCE.doubt:
            self._unanswered_since = None
            return None
        try:
            idle_s = self._watch.ask(_idle_s, backend.pid)
        except Aside:
            return None
        except (psycopg.Error, SchemamigError) as error:
            return self._unanswered(error, silent_s)
        self._unanswered_since = None
        if idle_s is None:
            return "the server has ended the session, and the network has not said so"
        both_s = min(idle_s, silent_s, self._still_s(backend))
        if both_s >= patience.PATIENCE.silence:
            return f"the server has waited for us, as we have for it, for {lasting(both_s)}"
        return None

    def _still_s(self, backend: Backend) -> float:
        """For how many seconds nothing of what we have sent has got any further."""
        queued, now = unacknowledged(backend.conn), time.monotonic()
        if queued != self._queued:
            self._queued, self._queued_since = queued, now
        return now - self._queued_since

    def _unanswered(self, error: Exception, silent_s: float) -> str | None:
        if _is_an_answer(error):
            self._unanswered_since = None
            return None
        now = time.monotonic()
        self._unanswered_since = self._unanswered_since or now
        most = patience.PATIENCE.silence
        if silent_s >= most and now - self._unanswered_since >= most / 2:
            return f"the server has not answered for {lasting(silent_s)}, nor on a new connection"
        return None


def _idle_s(conn: psycopg.Connection[Any], pid: int) -> float | None:
    """For how many seconds the session has been idle, 0.0 while it is at work; None: it is gone."""
    row = conn.execute(_STATE, (pid,)).fetchone()
    if row is None:
        return None
    is_idle, seconds = row
    return float(seconds) if is_idle else 0.0


def _is_an_answer(error: Exception) -> bool:
    """Whether a server has said this: it is there, though it does not let us in, or is too busy."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate is not None
    return isinstance(error, SchemamigError) and server_refused(error.message)
