"""Recovers after a run has ended early: finds out what the ledger holds, and records why."""

import contextlib
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui import patience
from schemamig_tui.engine.events import Failure, FileFailed, FileStarted, Mode, Place, ServerAwaited
from schemamig_tui.engine.ledger import write_failures
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.ledger.rows import LedgerRow, LedgerState
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.connect import connect_within
from schemamig_tui.engine.pipeline.deadline import answered_within
from schemamig_tui.engine.pipeline.loss import LOST, is_lost
from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.pipeline.step import Role
from schemamig_tui.engine.pipeline.timeouts import without_statement_timeout
from schemamig_tui.engine.run.causes import Causes
from schemamig_tui.engine.run.failed_session import ask_state
from schemamig_tui.engine.run.failure import explain_crash, explain_loss, message_of
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.indexes import invalid_indexes
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.run.reconnect import take_over
from schemamig_tui.engine.run.recording import flush, make_fit, obstacle, record, record_unread
from schemamig_tui.engine.run.session_capture import SessionStart
from schemamig_tui.engine.run.verification import held
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.errors import (
    AppliedLost,
    ConnectionFailed,
    ConnectionLost,
    FilesError,
    LedgerError,
    SchemamigError,
)
from schemamig_tui.text import one_line, some_names, visible

_TAKEN = "its row is another's now, and stays as it is"
_STANDBY = "the server that answers now is a standby, which may be behind"


class Recovery:
    """Finds out, records and reports what has happened when a pipeline ended early."""

    def __init__(self, context: RunContext, log: Logbook, observer: Observer) -> None:
        self._context = context
        self._ledger = context.ledger
        self._cancellation = context.cancellation
        self._runs = context.files
        self._log = log
        self._observer = observer
        self._causes = Causes(context, log, observer)
        self._invalid: Collection[int] = ()
        # The successful rows of the ledger that are not of this run.
        self._others = context.state.version
        self.forgotten: tuple[str, ...] = ()
        """The files that an earlier run has applied, and that the ledger does not hold any more."""
        self._unreachable = False
        self.start: SessionStart | None = None
        """What the session began with, where a file without a transaction runs in it."""

    @property
    def version(self) -> int | None:
        """How many migrations are applied, by the ledger; None where it could not be asked."""
        return None if self._unreachable else self._others + len(self._log.applied)

    def count_others(self, conn: psycopg.Connection[Any], others: int) -> None:
        """Note how many successful rows are of other files; where not as many as before, look for
        those that are gone.
        """
        before, self._others = self._others, others
        if others != before:
            # The run is over: it does not fail for that.
            with contextlib.suppress(LedgerError, psycopg.Error):
                self._follow_ledger(conn)

    def note_invalid_indexes(self, conn: psycopg.Connection[Any]) -> None:
        """Note the indexes that are invalid before the run, so that it is not blamed for them."""
        modes = {run.script.mode for run in self._runs}
        if Mode.NO_TRANSACTION in modes or self._runs.unread:
            self._invalid = invalid_indexes(conn)

    def after_failure(
        self, conn: psycopg.Connection[Any], crash: Crash | None
    ) -> FileFailed | None:
        """After an error of the server, or a cancellation: roll back and record it.

        Raises SchemamigError where it was between two files, and psycopg.OperationalError when the
        connection is lost.
        """
        run, elapsed = self._log.current, self._log.elapsed
        encoding = conn.info.encoding
        if crash or run:
            self._make_fit(conn)
            self._take_back(conn)
        if run is None:
            if not self._log.at_end:
                flush(conn, self._ledger, self._log.applied)
            if crash and not self._cancellation.requested:
                raise SchemamigError(message_of(crash))
            return None
        if crash:
            failure = explain_crash(crash, run.script, encoding, self._context.extension_hint)
            failure = self._look_closer(conn, run, crash, failure)
            if crash.step.role is Role.FENCE:
                flush(conn, self._ledger, self._log.applied)
                return FileFailed(run.name, elapsed, failure, False, _TAKEN, kept=run.done)
        else:
            failure = Failure("cancelled by the user", pg_errors.QueryCanceled.sqlstate)
            run.answered = self._log.at <= run.done
        return self._record(conn, run, failure, elapsed)

    def after_change(self, conn: psycopg.Connection[Any], error: FilesError) -> FileFailed | None:
        """After a file turned out to have changed since it was planned.

        Raises psycopg.OperationalError when the connection is lost.
        """
        self._make_fit(conn)
        # The file may not even have begun on the server.
        run = self._log.current or self._log.open()
        place = Place(error.line, error.column) if error.line else None
        failure = Failure(error.message, hint=error.hint, place=place)
        return self._record(conn, run, failure, self._log.elapsed)

    def _make_fit(self, conn: psycopg.Connection[Any]) -> None:
        """Roll back, ask for the state of the file's session, and make it fit to record."""
        if run := self._log.current:
            limited = bool(self._context.limits.lock)
            lifted = limited and not run.script.mentions("lock_timeout")
            run.session = ask_state(conn, run, self.start, lifted=lifted)
        make_fit(conn)

    def after_reading(self, conn: psycopg.Connection[Any], error: FilesError) -> FileFailed:
        """After a file that could only be read now, because others had to run first, proved unfit.

        Raises psycopg.OperationalError when the connection is lost; then no event tells of it.
        """
        name, names = error.path.name, self._runs.names
        place = Place(error.line, error.column) if error.line else None
        failure = Failure(error.message, hint=error.hint, place=place)
        make_fit(conn)
        unrecorded = record_unread(conn, self._ledger, self._runs.migration(name), failure)
        if unrecorded:
            flush(conn, self._ledger, self._log.applied)
        number = names.index(name) + 1
        self._observer.report(FileStarted(name, number, len(names), Mode.TRANSACTION, 0))
        return FileFailed(name, 0, failure, unrecorded is None, unrecorded)

    @property
    def seconds(self) -> float:
        """How many seconds the server gets to roll back and to record: few after a signal."""
        return patience.to_recover(self._cancellation.requested_at())

    def after_loss(
        self, lost: Backend, crash: Crash | None, error: psycopg.Error
    ) -> FileFailed | None:
        """After a connection was lost: what the ledger holds is applied, and nothing else.

        Raises ConnectionLost when that leaves no file that has failed.
        """
        elapsed = self._log.elapsed
        reason: Exception | None = None
        ends = time.monotonic() + self.seconds
        try:
            with (
                contextlib.closing(self._reconnect(crash, error)) as conn,
                answered_within(conn, max(patience.LEAST, ends - time.monotonic())),
            ):
                make_fit(conn)
                settle = min(patience.PATIENCE.settle, self.seconds / 2)
                take_over(conn, self._context.locks.work, lost, settle, self._cancellation)
                self._follow_ledger(conn, catch_up=True)
                if run := self._log.current:
                    failure = self._loss(crash, error)
                    run.answered = crash is not None and failure.severity == "ERROR"
                    failure = self._name_leftovers(conn, run, failure)
                    return self._record(conn, run, failure, elapsed, after_loss=True)
                if not self._log.at_end:
                    flush(conn, self._ledger, self._log.applied)
        except (SchemamigError, psycopg.Error) as caught:
            self._unreachable = True
            reason = caught
        failure = self._loss(crash, error)
        if run := self._log.current:
            why = _on_one_line(reason) if reason else None
            return FileFailed(run.name, elapsed, failure, False, why, kept=None)
        unfinished = not self._log.at_end or reason is not None
        if self._log.lost or (unfinished and not self._cancellation.requested):
            kind = ConnectionLost if is_lost(failure.severity) else SchemamigError
            kind = AppliedLost if self._log.lost else kind
            raise kind(failure.message, hint=self._hint_for_lost())
        return None

    def check_new_session(self, conn: psycopg.Connection[Any], *, same_server: bool) -> None:
        """Make sure that a new session is on a server that has what was applied before.

        Raises AppliedLost where it has not, because a standby that lagged behind has taken over,
        and ConnectionLost where the server is a standby, which may lag. On the ``same_server``,
        where the ledger has triggers, these may have deleted the rows: that raises LedgerError.
        """
        if _is_standby(conn):
            self._unreachable = True
            raise ConnectionLost(_STANDBY)
        state = self._follow_ledger(conn)
        if self._log.lost and same_server and state.has_triggers:
            raise write_failures.explain_loss(conn, self._ledger, self._log.lost).error
        if self._log.lost:
            raise AppliedLost(
                "the server that answers now is behind the one that the run began on",
                hint=self._hint_for_lost(),
            )

    def _take_back(self, conn: psycopg.Connection[Any]) -> None:
        """Take back what the ledger does not hold, where it can be read."""
        try:
            self._follow_ledger(conn)
        except (LedgerError, psycopg.Error):
            if conn.closed:
                raise

    def _follow_ledger(
        self, conn: psycopg.Connection[Any], *, catch_up: bool = False
    ) -> LedgerState:
        """Read the ledger, and take back whatever it does not hold."""
        state = without_statement_timeout(conn, lambda: self._ledger.inspect(conn))
        recorded = {row.filename: row.md5 for row in state.rows if row.success}
        self._log.take_back(held(recorded, self._runs))
        if catch_up:
            self._catch_up({row.filename: row for row in state.rows})
        self.forgotten = tuple(name for name in self._context.applied if name not in recorded)
        ours = set(self._runs.names)
        self._others = sum(row.success is True and row.filename not in ours for row in state.rows)
        return state

    def _catch_up(self, recorded: Mapping[str, LedgerRow]) -> None:
        """Note what the server did after the last result that we got, and how far a file is."""
        while True:
            run = self._log.current or next(iter(self._log.remaining), None)
            row = recorded.get(run.name) if run else None
            if run is None or row is None or not row.success:
                break
            if row.checksum != run.script.file.checksum:
                break
            if self._log.current is None:
                self._log.open()
            run.recorded_ms = row.execution_time_ms
            self._log.close()
        if run := self._log.current:
            done = read_checkpoint(row.error_message) if row else None
            run.done = done.statements if done else 0

    def _hint_for_lost(self) -> str | None:
        if not self._log.lost:
            return None
        return (
            f"it does not have {some_names(self._log.lost)}: has it crashed, has a standby taken"
            " over that lagged behind, or has somebody deleted the row? The next run applies what"
            " is missing again"
        )

    def _reconnect(self, crash: Crash | None, error: psycopg.Error) -> psycopg.Connection[Any]:
        seconds = min(patience.PATIENCE.come_back, self.seconds)
        deadline = time.monotonic() + seconds
        reported = False
        while True:
            left = max(patience.LEAST, deadline - time.monotonic())
            try:
                return self._connect_to_primary(left)
            except (ConnectionFailed, psycopg.OperationalError):
                if not reported:
                    name = self._log.current.name if self._log.current else None
                    why = self._loss(crash, error).message
                    self._observer.report(ServerAwaited(name, why, seconds))
                    reported = True
                if time.monotonic() > deadline or self._cancellation.wait(0.2):
                    raise

    def _connect_to_primary(self, seconds: float) -> psycopg.Connection[Any]:
        conn = connect_within(self._context.connect, seconds)
        if not _is_standby(conn):
            return conn
        conn.close()
        raise ConnectionFailed(_STANDBY)

    def _loss(self, crash: Crash | None, error: psycopg.Error) -> Failure:
        """Why the current file has failed, where the connection has been lost after ``crash``."""
        run = self._log.current
        if crash and run:
            failure = explain_crash(crash, run.script, "utf-8")
            if failure.severity == "ERROR":
                return failure
            failure = replace(failure, message=LOST.format(failure.message))
        else:
            failure = explain_loss(crash, error)
        # The message that ends a session may come in place of the answer to a query of our own.
        if run and not failure.place and (at := max(self._log.at, run.done)) < len(run.script):
            line = run.script.line(at)
            source = run.script.source_line(line)
            return replace(failure, statement=at + 1, place=Place(line), source=source)
        return failure

    def _look_closer(
        self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash, failure: Failure
    ) -> Failure:
        """The failure, with what the database and the observer know of it."""
        try:
            known = self._causes.of(conn, run, crash, failure)
            return self._name_leftovers(conn, run, known)
        except (LedgerError, psycopg.Error):
            # The failure has what the server said in any case.
            if conn.closed:
                raise
            return failure

    def _name_leftovers(
        self, conn: psycopg.Connection[Any], run: FileRun, failure: Failure
    ) -> Failure:
        """The failure, with the indexes that a statement CONCURRENTLY has left invalid."""
        script = run.script
        if (
            script.mode is not Mode.NO_TRANSACTION
            or run.done == len(script)
            or script.traits(run.done).concurrently is None
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
        self,
        conn: psycopg.Connection[Any],
        run: FileRun,
        failure: Failure,
        elapsed: float,
        *,
        after_loss: bool = False,
    ) -> FileFailed:
        is_new, log = not self._context.state.exists, self._log
        # A crash, or a standby that lagged, may have lost the table; nobody has taken it away then.
        had_ledger = not after_loss and bool(not is_new or log.applied or log.lost)
        unrecorded = record(
            conn,
            self._ledger,
            self._runs,
            run,
            failure,
            elapsed,
            is_new=is_new,
            had_ledger=had_ledger,
        )
        if unrecorded:
            flush(conn, self._ledger, self._log.applied)
        why = obstacle(conn, self._ledger, run) if run.done and unrecorded is None else None
        return FileFailed(run.name, elapsed, failure, not unrecorded, unrecorded, run.done, why)


def _on_one_line(error: Exception) -> str:
    """The message of an error: of ours all lines, which say what was tried, of psycopg's one."""
    if not isinstance(error, SchemamigError):
        return one_line(error)
    return visible(" ".join(line.strip() for line in error.message.splitlines()))


def as_loss(error: ConnectionFailed) -> psycopg.OperationalError:
    """The loss of a session in whose place no other could be made."""
    return psycopg.OperationalError(_on_one_line(error))


def _is_standby(conn: psycopg.Connection[Any]) -> bool:
    """Whether the server is a standby, which may be behind: what it lacks need not be lost."""
    row = conn.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    return bool(row and row[0])
