"""After a run has stopped before its end: find out the truth, and write it down."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.cancel import Cancellation
from schemamig_tui.engine.events import Failure, FileFailed, Mode, Place
from schemamig_tui.engine.failure import describe, explain_crash
from schemamig_tui.engine.flight import Crash, Flight
from schemamig_tui.engine.ledger import Ledger, LedgerRow
from schemamig_tui.engine.logbook import Logbook
from schemamig_tui.engine.progress import Progress, read_progress
from schemamig_tui.engine.step import Role
from schemamig_tui.engine.steps import FileRun, creates_schema, record_failure
from schemamig_tui.engine.watch import Locks, Queue
from schemamig_tui.errors import (
    ConnectionFailed,
    ConnectionLost,
    FilesError,
    LedgerError,
    SchemamigError,
)
from schemamig_tui.text import visible

_CONNECTION_FAILURE = "08006"
# How many seconds a lost server gets to come back, so that the failure can be recorded.
_COME_BACK = 5.0
# How many seconds the server may go on with what a lost connection has sent it.
_SETTLE = 10.0


class Aftermath:
    """What is done, and told, when a flight has not come to its end."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        ledger: Ledger,
        locks: Locks,
        cancellation: Cancellation,
        log: Logbook,
        runs: Sequence[FileRun],
    ) -> None:
        self._connect = connect
        self._ledger = ledger
        self._locks = locks
        self._cancellation = cancellation
        self._log = log
        self._runs = runs
        self.unreachable = False
        """Whether the server could not be asked any more what it has committed."""

    def crashed(self, conn: psycopg.Connection[Any], crash: Crash | None) -> FileFailed | None:
        """After an error of the server, or a cancellation: roll back and record it."""
        run, elapsed = self._log.current, self._log.elapsed
        encoding = conn.info.encoding
        if crash or run:
            _roll_back(conn)
        if run is None:
            if self._log.remaining:
                self._flush(conn)
            if crash and not self._cancellation.requested:
                raise SchemamigError(_message(crash))
            return None
        if crash:
            failure = self._explain(conn, run, crash, encoding)
        else:
            failure = Failure("cancelled by the user", pg_errors.QueryCanceled.sqlstate)
        return self._record(conn, run, failure, elapsed)

    def changed(self, conn: psycopg.Connection[Any], error: FilesError) -> FileFailed | None:
        """After a file turned out to be another than the one that was planned."""
        _roll_back(conn)
        # The file may not even have begun on the server.
        run = self._log.current or self._log.open()
        place = Place(error.line, error.column) if error.line else None
        failure = Failure(error.message, hint=error.hint, place=place)
        return self._record(conn, run, failure, self._log.elapsed)

    def lost(self, crash: Crash | None, error: psycopg.OperationalError) -> FileFailed | None:
        """After the connection was lost: what was committed meanwhile counts as applied.

        Raises ConnectionLost when that leaves no file that has failed.
        """
        message = _message(crash) if crash else visible(str(error).partition("\n")[0])
        code = (crash and Diagnostic(crash.result).sqlstate) or _CONNECTION_FAILURE
        failure, elapsed = Failure(message, code), self._log.elapsed
        unrecorded = None
        try:
            with contextlib.closing(self._reconnect()) as conn:
                silent = Queue(Cancellation(), lambda awaited: None, _SETTLE)
                silent.await_lock(self._locks.work, conn)
                self._note_committed(self._ledger.inspect(conn).rows)
                if self._log.current:
                    return self._record(conn, self._log.current, failure, elapsed)
        except (SchemamigError, psycopg.OperationalError) as reason:
            self.unreachable = True
            unrecorded = visible(str(reason).partition("\n")[0])
        run = self._log.current
        if run:
            return FileFailed(run.name, elapsed, failure, False, unrecorded, kept=run.done)
        if self._log.remaining:
            raise ConnectionLost(f"the connection was lost: {message}")
        return None

    def _note_committed(self, rows: Sequence[LedgerRow]) -> None:
        """Catch up with what the server did after we heard of it last."""
        recorded = {row.filename: row for row in rows}
        while True:
            run = self._log.current or next(iter(self._log.remaining), None)
            row = recorded.get(run.name) if run else None
            if run is None or row is None or not row.success:
                break
            if self._log.current is None:
                self._log.open()
            self._log.close()
        if self._log.current and row and (done := read_progress(row.error_message)):
            self._log.current.done = done.statements

    def _reconnect(self) -> psycopg.Connection[Any]:
        deadline = time.monotonic() + _COME_BACK
        while True:
            try:
                return self._connect()
            except ConnectionFailed:
                if time.monotonic() > deadline or self._cancellation.wait(0.2):
                    raise

    def _explain(
        self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash, encoding: str
    ) -> Failure:
        failure = explain_crash(crash, run.script, encoding)
        code = failure.sqlstate
        if crash.step.role is Role.LEDGER:
            if code == pg_errors.InsufficientPrivilege.sqlstate:
                failure = replace(failure, hint=self._ledger.grants(conn))
            elif code == pg_errors.UniqueViolation.sqlstate:
                hint = "another program has recorded this migration meanwhile"
                failure = replace(failure, hint=hint)
        if code == pg_errors.LockNotAvailable.sqlstate and run.retries:
            return self._count_tries(run, failure)
        return failure

    def _count_tries(self, run: FileRun, failure: Failure) -> Failure:
        """The failure for want of a lock after more than one try."""
        if self._cancellation.requested:
            return replace(
                failure,
                message="cancelled by the user before the next try",
                sqlstate=pg_errors.QueryCanceled.sqlstate,
                detail=f"Try {run.retries} has ended so: {failure.message}",
            )
        return replace(failure, message=f"{failure.message} (tried {run.retries + 1} times)")

    def _record(
        self, conn: psycopg.Connection[Any], run: FileRun, failure: Failure, elapsed: float
    ) -> FileFailed:
        unrecorded = self._write(conn, run, failure, elapsed)
        if unrecorded:
            self._flush(conn)
        return FileFailed(run.name, elapsed, failure, unrecorded is None, unrecorded, kept=run.done)

    def _flush(self, conn: psycopg.Connection[Any]) -> None:
        """Make durable what is applied, where the last commit of the run has not been reached."""
        if self._log.applied:
            conn.execute(self._ledger.touch(self._log.applied[-1]))

    def _write(
        self, conn: psycopg.Connection[Any], run: FileRun, failure: Failure, elapsed: float
    ) -> str | None:
        """Write the failure into the ledger; returns why not, where it could not be."""
        try:
            schema_exists = self._ledger.inspect(conn).schema_exists
        except LedgerError as error:
            return error.message
        if not schema_exists and any(
            creates_schema(other.script, self._ledger.schema) for other in self._runs
        ):
            # With the schema there, the migration that makes it could never be applied.
            return f"a migration is to create the schema {self._ledger.schema} itself"
        message = describe(failure, run.name)
        if run.script.mode is Mode.NO_TRANSACTION:
            message += "\n" + Progress(run.script).line(run.done)
        steps = record_failure(self._ledger, run, round(elapsed), message)
        crash = _quiet_flight(conn).fly(steps)
        if crash is None:
            return None
        _roll_back(conn)
        return _message(crash)


def _quiet_flight(conn: psycopg.Connection[Any]) -> Flight:
    return Flight(
        conn,
        Cancellation(),
        arrived=lambda step, tag: None,
        said=lambda step, notice: None,
        cancel=lambda: None,
    )


def _roll_back(conn: psycopg.Connection[Any]) -> None:
    """Leave whatever transaction is open, and make the session as good as new."""
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        conn.execute("ROLLBACK")
    conn.execute("DISCARD ALL")


def _message(crash: Crash) -> str:
    error = Diagnostic(crash.result)
    return visible(error.message_primary or "the server gave no reason")
