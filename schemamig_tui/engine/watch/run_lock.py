"""The run lock: it lets one run at a time work on a ledger, whoever starts it.

The lock is an advisory one and polled, never waited for inside the server: a waiting query has a
snapshot, and CREATE INDEX CONCURRENTLY of the run that holds the lock would wait for that for ever.
The runner's own connection holds a second lock, because the server may go on with what a killed
runner has sent it, after the lock of its second connection is gone.
"""

import random
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from schemamig_tui.engine import wording
from schemamig_tui.engine.events import LockAwaited, Session
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.errors import Interrupted, LockTimeout

# The first half of the keys: "smig", as a number, and the next ones.
_RUN, _WORK, _FILE = 0x736D6967, 0x736D6968, 0x736D6969
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 1.0

_HOLDER = """
SELECT a.pid, a.usename, a.application_name,
    coalesce(a.client_hostname, pg_catalog.host(a.client_addr), ''),
    pg_catalog.to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid
WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted
    AND l.objsubid OPERATOR(pg_catalog.=) 2::smallint
    AND l.classid::bigint OPERATOR(pg_catalog.=) %s::bigint
    AND l.objid::bigint OPERATOR(pg_catalog.=) %s::bigint
    AND l.database OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_database
        WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
"""


@dataclass(frozen=True)
class AdvisoryLock:
    """A session-level advisory lock with a two-part key (each an int4)."""

    purpose: int
    subject: int

    def take(self, conn: psycopg.Connection[Any]) -> bool:
        """Take the lock if it is free."""
        query = "SELECT pg_catalog.pg_try_advisory_lock(%s, %s)"
        row = conn.execute(query, (self.purpose, self.subject)).fetchone()
        return bool(row and row[0])

    def drop(self, conn: psycopg.Connection[Any]) -> None:
        """Give the lock back."""
        conn.execute("SELECT pg_catalog.pg_advisory_unlock(%s, %s)", (self.purpose, self.subject))

    def holder(self, conn: psycopg.Connection[Any]) -> Session | None:
        """The session that holds the lock; None when none does any more, or we may not see it."""
        row = conn.execute(_HOLDER, (self.purpose, self.subject & 0xFFFFFFFF)).fetchone()
        return Session(*row) if row else None

    @property
    def release(self) -> bytes:
        """The query that gives the lock back."""
        return f"SELECT pg_catalog.pg_advisory_unlock({self.purpose}, {self.subject})".encode()

    @property
    def release_others(self) -> bytes:
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
        subject = _number(ledger)
        return cls(AdvisoryLock(_RUN, subject), AdvisoryLock(_WORK, subject))


def file_lock(ledger: str, name: str) -> AdvisoryLock:
    """The lock of one file that runs by itself, beside runs of the others."""
    return AdvisoryLock(_FILE, _number(f"{ledger}\0{name}"))


def _number(name: str) -> int:
    """A number from a name, an int4: two names have the same one in four billion."""
    crc = zlib.crc32(name.encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc


@dataclass
class Queue:
    """Waits for locks: reports who holds them, and gives up when asked or after ``timeout`` s."""

    cancellation: Cancellation
    report: Callable[[LockAwaited], None]
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
                self.report(awaited)
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
