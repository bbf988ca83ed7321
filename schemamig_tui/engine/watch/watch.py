"""The second connection of a run: it holds the run lock, and it is the one that cancels.

The lock is an advisory one and polled, never waited for inside the server: a waiting query has a
snapshot, and CREATE INDEX CONCURRENTLY of the run that holds the lock would wait for that for ever.
The runner's own connection holds a second lock, because the server may go on with what a killed
runner has sent it, after the lock of its second connection is gone. So where this one is lost in
mid-run, a new one does without the run lock.
"""

import random
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg

from schemamig_tui.engine.events import LockAwaited, Session
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.watch import wording
from schemamig_tui.errors import Interrupted, LockTimeout

# The first half of the keys: "smig", as a number, and the next one.
_RUN, _WORK = 0x736D6967, 0x736D6968
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 1.0
# How many seconds a thread waits for another one that is at a question.
_PATIENCE = 0.2

Answer = TypeVar("Answer")

_HOLDER = """
SELECT a.pid, a.usename, a.application_name, coalesce(a.client_hostname, host(a.client_addr), ''),
    to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS')
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
    AND l.classid::bigint = %s AND l.objid::bigint = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True)
class AdvisoryLock:
    """A session-level advisory lock with a two-part key (each an int4)."""

    purpose: int
    subject: int

    def take(self, conn: psycopg.Connection[Any]) -> bool:
        """Take the lock if it is free."""
        query = "SELECT pg_try_advisory_lock(%s, %s)"
        row = conn.execute(query, (self.purpose, self.subject)).fetchone()
        return bool(row and row[0])

    def drop(self, conn: psycopg.Connection[Any]) -> None:
        """Give the lock back."""
        conn.execute("SELECT pg_advisory_unlock(%s, %s)", (self.purpose, self.subject))

    def holder(self, conn: psycopg.Connection[Any]) -> Session | None:
        """Who holds the lock; None when nobody does any more, or we may not see it."""
        row = conn.execute(_HOLDER, (self.purpose, self.subject & 0xFFFFFFFF)).fetchone()
        return Session(*row) if row else None

    @property
    def retake(self) -> bytes:
        """The query that drops all advisory locks of the session but this one."""
        return (
            "SELECT pg_catalog.pg_advisory_unlock_all(),"
            f" pg_catalog.pg_try_advisory_lock({self.purpose}, {self.subject})"
        ).encode()


@dataclass(frozen=True)
class Locks:
    """The locks of one ledger: ``run`` for the second connection, ``work`` for the first."""

    run: AdvisoryLock
    work: AdvisoryLock

    @classmethod
    def of(cls, ledger: str) -> "Locks":
        """The locks for the ledger of this name. Advisory locks are per database already."""
        crc = zlib.crc32(ledger.encode())
        subject = crc - (1 << 32) if crc >= 1 << 31 else crc
        return cls(AdvisoryLock(_RUN, subject), AdvisoryLock(_WORK, subject))


@dataclass
class Queue:
    """Waits for locks: tells who holds them, and gives up when asked or after ``timeout`` s."""

    cancellation: Cancellation
    told: Callable[[LockAwaited], None]
    timeout: float | None = None

    def await_lock(self, lock: AdvisoryLock, conn: psycopg.Connection[Any]) -> bool:
        """Take the lock as soon as it is free; tells whether it had to wait.

        Raises LockTimeout, and Interrupted after a cancellation.
        """
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        pause = _FIRST_PAUSE
        last: LockAwaited | None = None
        while not lock.take(conn):
            awaited = LockAwaited(lock.holder(conn))
            if awaited != last:
                self.told(awaited)
                last = awaited
            if deadline is not None and time.monotonic() >= deadline:
                raise LockTimeout(
                    f"another run holds the run lock: {wording.holder(awaited.holder)}",
                    hint="wait until it is done, or end it: SELECT pg_terminate_backend(pid)",
                )
            # Jitter keeps two that wait from asking in step.
            if self.cancellation.wait(pause * random.uniform(0.5, 1.0)):
                raise Interrupted("cancelled while waiting for another run")
            pause = min(pause * 1.5, _LAST_PAUSE)
        return last is not None


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
