"""Apply the pending migrations of a folder, and tell what happens."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.engine import files
from schemamig_tui.engine.aftermath import Aftermath, Connect
from schemamig_tui.engine.cancel import Cancellation
from schemamig_tui.engine.events import FileFailed, Listener, RunFinished, RunStarted
from schemamig_tui.engine.flight import Crash, Flight
from schemamig_tui.engine.ledger import Ledger, LedgerState
from schemamig_tui.engine.logbook import Logbook
from schemamig_tui.engine.progress import read_progress, still_holds
from schemamig_tui.engine.script import parse
from schemamig_tui.engine.status import Migration, compare
from schemamig_tui.engine.step import Step
from schemamig_tui.engine.steps import FileRun, Weaver, creates_schema
from schemamig_tui.engine.watch import Locks, Queue, Watch
from schemamig_tui.errors import ConnectionLost, FilesError, LedgerError
from schemamig_tui.text import visible


class Runner:
    """One run. ``connect`` makes a new connection in autocommit mode; the run opens two.

    ``table`` names the ledger. ``lock_timeout`` is how many seconds the run waits for another one;
    what a statement waits for a lock is a setting of the connections. Raises SettingsError for a
    table name that is none.
    """

    def __init__(
        self,
        connect: Connect,
        directory: Path,
        table: str,
        listener: Listener,
        *,
        lock_timeout: float | None = None,
    ) -> None:
        self._connect = connect
        self._directory = directory
        self._ledger = Ledger(table)
        self._tell = listener
        self._lock_timeout = lock_timeout
        self._cancellation = Cancellation()

    def cancel(self) -> None:
        """Stop the run: what is committed stays, the rest is rolled back. From any thread."""
        self._cancellation.request()

    def apply(self, to: str | None = None) -> RunFinished:
        """Apply everything pending, up to and with the file ``to``, and stop at the first failure.

        Returns what has been done, which a RunFinished event has told already. Raises FilesError
        and SettingsError before anything has run, LedgerError when nothing could be recorded,
        ConnectionFailed, LockTimeout, and Interrupted for a cancellation before the start.
        """
        began = time.perf_counter()
        found = files.scan(self._directory)
        with _losses_told(), contextlib.closing(self._connect()) as conn:
            todo, state = self._look(conn, found, to)
            if not todo:
                return self._finish([], None, (), _version(state), began)
            with Watch(self._connect) as watch:
                locks = Locks.of(self._ledger.name)
                queue = Queue(self._cancellation, self._tell, self._lock_timeout)
                queue.await_lock(locks.run, watch.conn)
                queue.await_lock(locks.work, conn)
                # Whoever held the lock may have done some of it.
                todo, state = self._look(conn, found, to)
                runs = self._prepare(conn, todo, state)
                return self._run(conn, watch, locks, runs, state, began)

    def _look(
        self, conn: psycopg.Connection[Any], found: Sequence[files.MigrationFile], to: str | None
    ) -> tuple[tuple[Migration, ...], LedgerState]:
        state = self._ledger.inspect(conn, to_write=True)
        return compare(found, state.rows).to_run(to), state

    def _prepare(
        self, conn: psycopg.Connection[Any], todo: Sequence[Migration], state: LedgerState
    ) -> list[FileRun]:
        standard = conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off"
        runs = []
        for migration in todo:
            assert migration.file is not None
            script = parse(migration.file, standard_conforming_strings=standard)
            run = FileRun(script, retried=migration.row is not None)
            done = read_progress(migration.row.error_message if migration.row else None)
            if done and done.statements:
                run.done = done.statements
                if not still_holds(done, script):
                    raise self._changed_below(run)
            runs.append(run)
        may_create = state.exists or state.may_create
        if runs and not may_create and not creates_schema(runs[0].script, self._ledger.schema):
            raise LedgerError(
                f"the ledger {self._ledger.name} does not exist, and may not be created",
                hint=self._ledger.grants(conn),
            )
        return runs

    def _changed_below(self, run: FileRun) -> FilesError:
        name = run.name.replace("'", "''")
        return FilesError(
            f"its first {run.done} statements have been applied by an earlier try,"
            " and have changed since",
            path=run.script.file.path,
            hint="restore them, or make the file start over after undoing them by hand:"
            f" DELETE FROM {self._ledger.name} WHERE filename = '{visible(name)}';",
        )

    def _run(
        self,
        conn: psycopg.Connection[Any],
        watch: Watch,
        locks: Locks,
        runs: Sequence[FileRun],
        state: LedgerState,
        began: float,
    ) -> RunFinished:
        self._tell(RunStarted(tuple(run.name for run in runs)))
        log = Logbook(runs, self._tell)
        weaver = Weaver(self._ledger, locks.work.retake)
        after = Aftermath(self._connect, self._ledger, locks, self._cancellation, log, runs)
        flight = Flight(
            conn,
            self._cancellation,
            arrived=log.arrived,
            said=log.said,
            cancel=lambda: watch.cancel(conn),
        )
        try:
            crash = self._fly(flight, weaver, runs, create=not state.exists)
            while crash and after.can_go_on(conn, crash):
                rest = [run for run in (log.current, *log.remaining) if run]
                crash = self._fly(flight, weaver, rest, create=False)
            failed = after.crashed(conn, crash)
        except FilesError as error:
            failed = after.changed(conn, error)
        except psycopg.OperationalError as error:
            conn.close()
            failed = after.lost(flight.crash, error)
        version = None if after.unreachable else _version(state) + len(log.applied)
        return self._finish(log.applied, failed, log.remaining, version, began)

    def _fly(
        self, flight: Flight, weaver: Weaver, runs: Sequence[FileRun], *, create: bool
    ) -> Crash | None:
        def steps() -> Iterator[Step]:
            for number, run in enumerate(runs):
                last = number == len(runs) - 1
                yield from weaver.steps(run, create=create and number == 0, last=last)
                run.script.release()

        return flight.fly(steps())

    def _finish(
        self,
        applied: Sequence[str],
        failed: FileFailed | None,
        remaining: Sequence[FileRun],
        version: int | None,
        began: float,
    ) -> RunFinished:
        if failed:
            self._tell(failed)
        finished = RunFinished(
            applied=tuple(applied),
            failed=failed.name if failed else None,
            remaining=tuple(run.name for run in remaining),
            version=version,
            ms=(time.perf_counter() - began) * 1000,
            cancelled=self._cancellation.requested and bool(failed or remaining),
        )
        self._tell(finished)
        return finished


def _version(state: LedgerState) -> int:
    return sum(row.success for row in state.rows)


@contextlib.contextmanager
def _losses_told() -> Iterator[None]:
    """Where a connection is lost outside of a flight, nothing has been left half done."""
    try:
        yield
    except psycopg.OperationalError as error:
        reason = str(error).partition("\n")[0]
        raise ConnectionLost(f"the connection was lost: {visible(reason)}") from error
