"""Other sessions of a database, and how to wait for what they do."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import psycopg

from tests.conftest import Database

Answer = TypeVar("Answer")


def until(ask: Callable[[], Answer | None], *, seconds: float = 20) -> Answer:
    """The first answer that is something. Fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
    return answer


class Crowd:
    """Sessions that are there at the same time; ``watch`` is one that only looks."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.watch = database.connect()
        self._sessions: list[psycopg.Connection] = []
        self._threads: list[threading.Thread] = []

    def join(self, *queries: str, **parameters: str) -> psycopg.Connection:
        """A new session, in which the queries have run."""
        conn = self.database.connect(**parameters)
        self._sessions.append(conn)
        for query in queries:
            conn.execute(query.encode())
        return conn

    def begins(self, conn: psycopg.Connection, query: str) -> int:
        """Start a query in a session, which may take as long as the test; returns its pid."""

        def run() -> None:
            with contextlib.suppress(psycopg.Error):
                conn.execute(query.encode())

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()
        return conn.info.backend_pid

    def waits(self, *queries: str, **parameters: str) -> int:
        """A new session that waits for a lock in the last of its queries; its pid."""
        pid = self.begins(self.join(*queries[:-1], **parameters), queries[-1])
        query = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
        until(lambda: self.watch.execute(query, (pid,)).fetchall())
        return pid

    def leave(self) -> None:
        """End all sessions, whatever they are at."""
        for conn in self._sessions:
            self.watch.execute("SELECT pg_terminate_backend(%s)", (conn.info.backend_pid,))
        for thread in self._threads:
            thread.join()
        for conn in (*self._sessions, self.watch):
            conn.close()


@contextlib.contextmanager
def crowded(database: Database) -> Iterator[Crowd]:
    """A crowd that has left afterwards."""
    crowd = Crowd(database)
    try:
        yield crowd
    finally:
        crowd.leave()
