"""After a run has stopped before its end: find out the truth, and write it down."""

import contextlib
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from schemamig_tui import patience
from schemamig_tui.engine.events import Failure, FileFailed, Mode, Place, ServerAwaited
from schemamig_tui.engine.ledger.checkpoint import Progress, read_progress
from schemamig_tui.engine.ledger.table import LedgerRow
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.deadline import answered_within
from schemamig_tui.engine.pipeline.loss import (
    CONNECTION_FAILURE,
    FATAL,
    CancelUnconfirmed,
    one_line,
)
from schemamig_tui.engine.pipeline.pipeline import Crash, Pipeline
from schemamig_tui.engine.pipeline.step import Role
from schemamig_tui.engine.pipeline.timeouts import without_statement_timeout
from schemamig_tui.engine.run.failure import describe, explain_crash
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.indexes import concurrent, invalid_indexes
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.run.reconnect import connect_within, take_over
from schemamig_tui.engine.run.step_order import creates_schema, record_failure
from schemamig_tui.engine.watch import wording
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.errors import (
    ConnectionFailed,
    ConnectionLost,
    FilesError,
    LedgerError,
    SchemamigError,
)
from schemamig_tui.text import visible
from schemamig_tui.units import lasting

_LOST = "the connection was lost: {}"
# Nobody should wait for ever when the run is over, and its end has to be reported. The role's other
# timeouts are meant for migrations.
_PATIENCE = """
SELECT pg_catalog.set_config('lock_timeout', '10s', false),
    pg_catalog.set_config('statement_timeout', '0', false),
    CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL -- PostgreSQL 17
        THEN pg_catalog.set_config('transaction_timeout', '0', false) END
"""


class Recovery:
    """What is done, and reported, when a pipeline has not come to its end."""

    def __init__(self, context: RunContext, log: Logbook, observer: Observer) -> None:
        self._context = context
        self._ledger = context.ledger
        self._cancellation = context.cancellation
        self._runs = context.files
        self._log = log
        self._observer = observer
        self._invalid: Collection[int] = ()
        self.unreachable = False
        """Whether the server could not be asked any more what it has committed."""

    def note_invalid_indexes(self, conn: psycopg.Connection[Any]) -> None:
        """Note the indexes that are invalid before the run, so that it is not blamed for them."""
        if any(run.script.mode is Mode.NO_TRANSACTION for run in self._runs):
            self._invalid = without_statement_timeout(conn, lambda: invalid_indexes(conn))

    def after_failure(
        self, conn: psycopg.Connection[Any], crash: Crash | None
    ) -> FileFailed | None:
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
            failure = self._name_leftovers(conn, run, failure)
        else:
            failure = Failure("cancelled by the user", pg_errors.QueryCanceled.sqlstate)
        return self._record(conn, run, failure, elapsed)

    def after_change(self, conn: psycopg.Connection[Any], error: FilesError) -> FileFailed | None:
        """After a file turned out to be another than the one that was planned."""
        _roll_back(conn)
        # The file may not even have begun on the server.
        run = self._log.current or self._log.open()
        place = Place(error.line, error.column) if error.line else None
        failure = Failure(error.message, hint=error.hint, place=place)
        return self._record(conn, run, failure, self._log.elapsed)

    @property
    def seconds(self) -> float:
        """How many the server has to roll back and to record: few after a signal."""
        times = patience.PATIENCE
        return times.report if self._cancellation.requested else times.answer

    def after_loss(
        self, lost: Backend, crash: Crash | None, error: psycopg.OperationalError
    ) -> FileFailed | None:
        """After a connection was lost: what was committed meanwhile counts as applied.

        Raises ConnectionLost when that leaves no file that has failed.
        """
        elapsed = self._log.elapsed
        unrecorded = None
        ends = time.monotonic() + self.seconds
        try:
            with (
                contextlib.closing(self._reconnect(crash, error)) as conn,
                answered_within(conn, max(0.1, ends - time.monotonic())),
            ):
                conn.execute(_PATIENCE)
                settle = min(patience.PATIENCE.settle, self.seconds / 2)
                take_over(conn, self._context.locks.work, lost, settle)
                self._note_committed(self._ledger.inspect(conn).rows)
                if run := self._log.current:
                    failure = self._name_leftovers(conn, run, self._loss(crash, error))
                    return self._record(conn, run, failure, elapsed)
        except (SchemamigError, psycopg.OperationalError) as reason:
            self.unreachable = True
            unrecorded = one_line(reason)
        failure = self._loss(crash, error)
        if run := self._log.current:
            return FileFailed(run.name, elapsed, failure, False, unrecorded, kept=run.done)
        if self._log.remaining and not self._cancellation.requested:
            raise ConnectionLost(failure.message)
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

    def _reconnect(
        self, crash: Crash | None, error: psycopg.OperationalError
    ) -> psycopg.Connection[Any]:
        seconds = min(patience.PATIENCE.come_back, self.seconds)
        deadline = time.monotonic() + seconds
        reported = False
        while True:
            left = max(0.1, deadline - time.monotonic())
            try:
                return connect_within(self._context.connect, left, self._cancellation)
            except ConnectionFailed:
                if not reported:
                    name = self._log.current.name if self._log.current else None
                    why = self._loss(crash, error).message
                    self._observer.report(ServerAwaited(name, why, seconds))
                    reported = True
                if time.monotonic() > deadline or self._cancellation.wait(0.2):
                    raise

    def _loss(self, crash: Crash | None, error: psycopg.OperationalError) -> Failure:
        """Why the current file has failed, where the connection has been lost after ``crash``."""
        run = self._log.current
        if crash and run:
            failure = explain_crash(crash, run.script, "utf-8")
            if failure.severity == "ERROR":
                return failure
            return replace(failure, message=_LOST.format(failure.message))
        reason = _message(crash) if crash else one_line(error)
        failure = Failure(_LOST.format(reason), CONNECTION_FAILURE, FATAL)
        if isinstance(error, CancelUnconfirmed):
            code = pg_errors.QueryCanceled.sqlstate
            failure = Failure(f"cancelled by the user, and {reason}", code)
        if run and (at := max(self._log.at, run.done)) < len(run.script):
            line = run.script.line(at)
            source = run.script.source_line(line)
            return replace(failure, statement=at + 1, place=Place(line), source=source)
        return failure

    def _explain(
        self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash, encoding: str
    ) -> Failure:
        failure = explain_crash(crash, run.script, encoding)
        code = failure.sqlstate
        if crash.step.role is Role.LEDGER:
            if code == pg_errors.InsufficientPrivilege.sqlstate:
                return replace(failure, hint=self._ledger.grants(conn))
            if code == pg_errors.UniqueViolation.sqlstate:
                hint = "another program has recorded this migration meanwhile"
                return replace(failure, hint=hint)
        if code == pg_errors.LockNotAvailable.sqlstate:
            return self._without_lock(run, failure)
        if code == pg_errors.QueryCanceled.sqlstate and not self._cancellation.requested:
            return self._giving_way(failure)
        return failure

    def _without_lock(self, run: FileRun, failure: Failure) -> Failure:
        """The failure, with who had the lock, and how often it was tried."""
        if run.retries and self._cancellation.requested:
            return replace(
                failure,
                message="cancelled by the user before the next try",
                sqlstate=pg_errors.QueryCanceled.sqlstate,
                detail=f"The last try has ended so: {failure.message}",
            )
        message, detail = failure.message, failure.detail
        if run.retries:
            message += f" (tried {run.retries + 1} times)"
        if seen := self._observer.last_blocked:
            detail = wording.had_lock(seen)
        return replace(failure, message=message, detail=detail)

    def _giving_way(self, failure: Failure) -> Failure:
        """The failure, with those for whom the run has cancelled itself, if it has."""
        if (seen := self._observer.gave_way) is None:
            return failure
        one = seen.count == 1
        who = "1 session" if one else f"{seen.count:,} sessions"
        longest = "" if one else ", the longest"
        return replace(
            failure,
            message=f"cancelled because {who} had waited behind it{longest}"
            f" {lasting(seen.longest_s)} (--max-blocking)",
            detail="\n".join(map(wording.session, seen.sessions)),
            gave_way=True,
        )

    def _name_leftovers(
        self, conn: psycopg.Connection[Any], run: FileRun, failure: Failure
    ) -> Failure:
        """The failure, with the indexes that a statement CONCURRENTLY has left invalid."""
        script = run.script
        if (
            script.mode is not Mode.NO_TRANSACTION
            or run.done == len(script)
            or concurrent(script.sql(run.done)) is None
        ):
            return failure
        left = [name for oid, name in invalid_indexes(conn).items() if oid not in self._invalid]
        drops = [f"DROP INDEX CONCURRENTLY {name};" for name in left]
        if not left or drops[0] in (failure.hint or ""):
            return failure
        what = "an invalid index" if len(left) == 1 else f"{len(left)} invalid indexes"
        hint = f"It has left {what} behind, to be dropped before the next try:"
        lines = filter(None, [failure.hint, hint, *drops])
        return replace(failure, hint="\n".join(lines))

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
            conn.execute(_PATIENCE)
            # Without the lock on its row it is durable a second later: the server sees to that.
            with contextlib.suppress(pg_errors.LockNotAvailable):
                conn.execute(self._ledger.touch(self._log.applied[-1]))

    def _write(
        self, conn: psycopg.Connection[Any], run: FileRun, failure: Failure, elapsed: float
    ) -> str | None:
        """Write the failure into the ledger; returns why not, where it could not be."""
        conn.execute(_PATIENCE)
        try:
            schema_exists = self._ledger.inspect(conn).schema_exists
        except LedgerError as error:
            return error.message
        except pg_errors.LockNotAvailable as error:
            return visible(str(error))
        if not schema_exists and any(
            creates_schema(other.script, self._ledger.schema) for other in self._runs
        ):
            # With the schema there, the migration that makes it could never be applied.
            return f"a migration is to create the schema {self._ledger.schema} itself"
        message = describe(failure, run.name)
        if run.script.mode is Mode.NO_TRANSACTION:
            message += "\n" + Progress(run.script).line(run.done)
        steps = record_failure(self._ledger, run, round(elapsed), message)
        crash = _quiet_pipeline(conn).run(steps)
        if crash is None:
            return None
        _roll_back(conn)
        return _message(crash)


def _quiet_pipeline(conn: psycopg.Connection[Any]) -> Pipeline:
    return Pipeline(
        conn,
        Cancellation(),
        on_done=lambda step, tag: None,
        on_notice=lambda step, notice: None,
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
