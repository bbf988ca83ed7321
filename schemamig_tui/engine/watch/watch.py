"""The second connection of a run: it holds the run lock, and it is the one that cancels.

Where this one is lost in mid-run, a new one does without the run lock: see ``watch.run_lock``.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

# How many seconds a thread waits for another one that is at a question.
_PATIENCE = 0.2

Answer = TypeVar("Answer")


class Watch:
    """The second connection. Raises ConnectionFailed when it cannot be made.

    Two threads may use it: the one that runs, to cancel, and the one that observes.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._turn = threading.Lock()
        self._over = False
        self.conn = self._open()

    def _open(self) -> psycopg.Connection[Any]:
        conn = self._connect()
        # It may be idle for as long as a migration takes, and its lock must last as long. But none
        # of its questions may keep it from cancelling.
        conn.execute(
            "SELECT set_config(name, '0', false) FROM pg_settings"
            " WHERE name = 'idle_session_timeout'"
            " UNION ALL SELECT set_config('statement_timeout', '5s', false)"
        )
        return conn

    def ask(self, question: Callable[[psycopg.Connection[Any], int], Answer], pid: int) -> Answer:
        """Ask a question of ``engine.watch.blockers`` about the session ``pid``.

        Raises psycopg.Error, also when the answer takes longer than five seconds; and what
        ``connect`` raises, after the connection was lost.
        """
        with self._turn:
            try:
                if self.conn.closed and not self._over:
                    self.conn = self._open()
                return question(self.conn, pid)
            finally:
                if self._over:
                    self.conn.close()

    def cancel(self, conn: psycopg.Connection[Any]) -> None:
        """Ask the server to cancel what it is doing for ``conn``."""
        if self._turn.acquire(timeout=_PATIENCE):
            try:
                self.conn.execute("SELECT pg_cancel_backend(%s)", (conn.info.backend_pid,))
                return
            except psycopg.OperationalError:
                pass
            finally:
                self._turn.release()
        # This connection is gone, or gives no answer; libpq can ask on a new one.
        conn.cancel_safe(timeout=5)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        # A question that hangs on a dead line is not waited for: whoever asks it closes then.
        if self._turn.acquire(timeout=_PATIENCE):
            self.conn.close()
            self._turn.release()
