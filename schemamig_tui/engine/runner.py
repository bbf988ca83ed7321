"""Apply the pending migrations of a folder, and tell what happens.

What finds out that there is nothing to do is here; the rest is imported when there is something.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui.engine.cancel import Cancellation
from schemamig_tui.engine.events import Listener, RunFinished
from schemamig_tui.engine.files import MigrationFile, scan
from schemamig_tui.engine.ledger import Ledger, LedgerState
from schemamig_tui.engine.status import Migration, compare
from schemamig_tui.errors import ConnectionLost, LockTimeout
from schemamig_tui.limits import Limits
from schemamig_tui.text import visible

Connect = Callable[[], psycopg.Connection[Any]]
_NO_LIMITS = Limits()
# What is to be run, and the ledger that says so.
_Look = tuple[tuple[Migration, ...], LedgerState]


class Runner:
    """One run. ``connect`` makes a new connection in autocommit mode; the run opens two.

    ``table`` names the ledger. Raises SettingsError for a table name that is none.
    """

    def __init__(
        self,
        connect: Connect,
        directory: Path,
        table: str,
        listener: Listener,
        *,
        limits: Limits = _NO_LIMITS,
    ) -> None:
        self._connect = connect
        self._directory = directory
        self._ledger = Ledger(table)
        self._tell = listener
        self._limits = limits
        self._cancellation = Cancellation()

    def cancel(self) -> None:
        """Stop the run: what is committed stays, the rest is rolled back. From any thread."""
        self._cancellation.request()

    def apply(self, to: str | None = None, *, resume: bool = True) -> RunFinished:
        """Apply everything pending, up to and with the file ``to``, and stop at the first failure.

        A file without a transaction whose last try stopped in the middle goes on there; without
        ``resume`` it starts over from its first statement.

        Returns what has been done, which a RunFinished event has told already. Raises FilesError
        and SettingsError before anything has run, LedgerError when nothing could be recorded,
        ConnectionFailed, LockTimeout, and Interrupted for a cancellation before the start.
        """
        began = time.perf_counter()
        found = scan(self._directory)
        with _losses_told(), contextlib.closing(self._connect()) as conn:
            look = todo, state = self._look(conn, found, to)
            if todo:
                return self._run(conn, found, to, look, began, resume=resume)
            ms = (time.perf_counter() - began) * 1000
            finished = RunFinished((), None, (), state.version, ms)
            self._tell(finished)
            return finished

    def _look(
        self, conn: psycopg.Connection[Any], found: Sequence[MigrationFile], to: str | None
    ) -> _Look:
        state = self._ledger.inspect(conn, to_write=True)
        return compare(found, state.rows).to_run(to), state

    def _run(
        self,
        conn: psycopg.Connection[Any],
        found: Sequence[MigrationFile],
        to: str | None,
        look: _Look,
        began: float,
        *,
        resume: bool,
    ) -> RunFinished:
        from schemamig_tui.engine.plan import prepare
        from schemamig_tui.engine.run import Run
        from schemamig_tui.engine.watch import Locks, Queue, Watch

        # A file that cannot be run is told at once, and not after a wait for another run.
        files = prepare(conn, self._ledger, *look, resume=resume)
        with Watch(self._connect) as watch:
            locks = Locks.of(self._ledger.name)
            queue = Queue(self._cancellation, self._tell, self._limits.run_lock)
            queue.await_lock(locks.run, watch.conn)
            queue.await_lock(locks.work, conn)
            # Whoever held the lock may have done some of it.
            now = _, state = self._look(conn, found, to)
            if now != look:
                files = prepare(conn, self._ledger, *now, resume=resume)
            run = Run(
                files,
                conn,
                watch,
                self._ledger,
                locks,
                self._cancellation,
                self._limits,
                self._tell,
                connect=self._connect,
            )
            return run.apply(state, began)


@contextlib.contextmanager
def _losses_told() -> Iterator[None]:
    """Where a connection is lost outside of a flight, nothing has been left half done."""
    try:
        yield
    except psycopg.OperationalError as error:
        reason = visible(str(error).partition("\n")[0])
        if isinstance(error, pg_errors.LockNotAvailable):
            raise LockTimeout(f"the ledger could not be read: {reason}") from error
        raise ConnectionLost(f"the connection was lost: {reason}") from error
