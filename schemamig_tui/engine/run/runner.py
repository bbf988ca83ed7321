"""Apply the pending migrations of a folder, and tell what happens."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui.engine.events import Listener, RunFinished
from schemamig_tui.engine.run.preparation import Connect, Start
from schemamig_tui.errors import ConnectionLost, LockTimeout
from schemamig_tui.limits import Limits
from schemamig_tui.text import visible

_NO_LIMITS = Limits()


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
        self._start = Start(connect, directory, table, limits)
        self._tell = listener

    def cancel(self) -> None:
        """Stop the run: what is committed stays, the rest is rolled back. From any thread."""
        self._start.cancellation.request()

    def apply(self, to: str | None = None, *, resume: bool = True) -> RunFinished:
        """Apply everything pending, up to and with the file ``to``, and stop at the first failure.

        A file without a transaction whose last try stopped in the middle goes on there; without
        ``resume`` it starts over from its first statement.

        Returns what has been done, which a RunFinished event has told already. Raises FilesError
        and SettingsError before anything has run, LedgerError when nothing could be recorded,
        ConnectionFailed, LockTimeout, and Interrupted for a cancellation before the start.
        """
        began = time.perf_counter()
        start = self._start
        with _losses_told(), start.looking(to) as look:
            if not look.todo:
                ms = (time.perf_counter() - began) * 1000
                finished = RunFinished((), None, (), look.state.version, ms)
                self._tell(finished)
                return finished
            from schemamig_tui.engine.run.run import Run

            with start.locked(look, to, self._tell, resume=resume) as ready:
                run = Run(
                    ready.files,
                    look.conn,
                    ready.watch,
                    start.ledger,
                    ready.locks,
                    start.cancellation,
                    start.limits,
                    self._tell,
                    connect=start.connect,
                )
                return run.apply(ready.state, began)


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
