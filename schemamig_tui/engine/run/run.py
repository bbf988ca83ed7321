"""Runs the files of a plan: two connections, and one pipeline for each session.

A second session is only needed where a file leaves something behind that no RESET undoes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import InsufficientPrivilege
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.backfill.control import BatchControl
from schemamig_tui.engine.events import FileFailed, Listener, Mode, RunFinished, RunStarted
from schemamig_tui.engine.ledger.write_failures import explain_loss
from schemamig_tui.engine.pipeline.backend import Backend, equip
from schemamig_tui.engine.pipeline.deadline import answered_within
from schemamig_tui.engine.pipeline.pipeline import Crash, Pipeline
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.run.reconnect import connect_in_place
from schemamig_tui.engine.run.recording import flush
from schemamig_tui.engine.run.recovery import Recovery, as_loss
from schemamig_tui.engine.run.renewal import Renewals
from schemamig_tui.engine.run.retries import Retries
from schemamig_tui.engine.run.session_capture import start_for
from schemamig_tui.engine.run.step_order import StepOrder, between_files
from schemamig_tui.engine.run.verification import Verification
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.engine.watch.run_lock import Queue
from schemamig_tui.errors import (
    ConnectionFailed,
    ConnectionLost,
    FilesError,
    Interrupted,
    SchemamigError,
)
from schemamig_tui.sql.databases import copies_database

if TYPE_CHECKING:  # most runs have no batches
    from schemamig_tui.engine.run.batching import Batching


class Run:
    """Applies the files of ``context`` on its connection, which holds the work lock.

    This connection, and each one that the run makes itself, is closed when the run is over. By
    ``control`` people steer statements in batches.
    """

    def __init__(self, context: RunContext, listener: Listener, control: BatchControl) -> None:
        self._context = context
        self._files = context.files
        self._conn = context.backend.conn
        self._backend = context.backend
        self._observer = Observer(context.watch, context.limits, listener)
        self._report = self._observer.report
        self._step_order = StepOrder(
            context.ledger,
            lifts_timeout=bool(context.limits.lock),
            own_settings=context.own_settings,
            row_fires=context.state.has_triggers,
            row_made=context.row_made,
        )
        self._renewals = Renewals(
            context.files, context.renewal, context.ledger, row_fires=context.state.has_triggers
        )
        self._log = Logbook(context.files, self._report, len(context.files.names))
        self._batching = self._make_batching(control)
        self._retries = Retries(context, self._log, self._observer, self._batching)
        self._recovery = Recovery(context, self._log, self._observer)
        self._verification = Verification(context.ledger, context.files)

    def _make_batching(self, control: BatchControl) -> Batching | None:
        """What runs statements in batches, where there may be any."""
        files = self._files
        if not (files.unread or any(run.script.batched for run in files)):
            return None
        from schemamig_tui.engine.run.batching import Batching

        return Batching(self._context, self._log, self._observer, control, self._pid)

    def _pid(self) -> int:
        return self._backend.pid

    def apply(self, began: float) -> RunFinished:
        """Apply the files in their order up to the first that fails, and report how it ended.

        ``began`` is when the run began, by time.perf_counter. Raises ConnectionLost when a
        connection is lost between two files, and psycopg.OperationalError and SchemamigError for
        whatever else keeps the run from its end. RunFinished has been reported then, too.
        """
        self._report(RunStarted(self._files.names))
        failed, error = self._run_all()
        if failed:
            self._report(failed)
        log = self._log
        remaining = tuple(
            name for name in self._files.names[log.begun :] if not failed or name != failed.name
        )
        finished = RunFinished(
            applied=tuple(log.applied),
            failed=failed.name if failed else None,
            remaining=remaining,
            version=self._recovery.version,
            ms=(time.perf_counter() - began) * 1000,
            cancelled=self._context.cancellation.requested and bool(failed or remaining),
            lost=log.lost,
            unwritten=self._context.unwritten,
            waiting=self._context.waiting,
            forgotten=self._recovery.forgotten,
        )
        self._report(finished)
        if error:
            raise error
        return finished

    def _run_all(self) -> tuple[FileFailed | None, Exception | None]:
        """Run all files. Returns the one that failed, or else the error that ended the run."""
        try:
            self._recovery.note_invalid_indexes(self._conn)
            with self._observer:
                failed = self._all_sessions()
                self._verify()
                return failed, None
        except (SchemamigError, psycopg.OperationalError, InsufficientPrivilege) as error:
            return None, error
        finally:
            self._backend.give_back()
            self._conn.close()

    def _all_sessions(self) -> FileFailed | None:
        """Run the files in one session after the other; returns the one that failed."""
        while True:
            failed = self._run()
            if failed or self._log.at_end or self._context.cancellation.requested:
                return failed
            try:
                failed = self._prepare_next()
            except psycopg.OperationalError as error:
                self._conn.close()
                return self._recovery.after_loss(self._backend, None, error)
            except ConnectionFailed as error:
                if self._log.current is None and isinstance(error, ConnectionLost):
                    raise  # by Recovery, which knows what the new session lacks
                # The server may have crashed, and lost what was applied in earlier sessions.
                return self._recovery.after_loss(self._backend, None, as_loss(error))
            if failed:
                return failed

    def _prepare_next(self) -> FileFailed | None:
        """Make a new session, and read the next files for it. Returns one that cannot run."""
        try:
            self._renew_session()
            if self._log.current is None:
                self._files.read_on(self._conn, self._log.begun)
                self._check_resumes()
        except FilesError as error:
            return self._recovery.after_reading(self._conn, error)
        except Interrupted:
            flush(self._conn, self._context.ledger, self._log.applied)
            raise
        return None

    def _verify(self) -> None:
        """Raise LedgerError where the ledger does not hold a file any more that was applied."""
        held = self._verification.held
        if held is None:
            return
        lost = self._log.take_back(held)
        self._recovery.count_others(self._conn, self._verification.others)
        if lost:
            raise explain_loss(self._conn, self._context.ledger, lost).error

    def _check_resumes(self) -> None:
        """Make sure that the files that have been read now can go on where they stopped."""
        files = self._files[self._log.begun :]
        if any(run.left_off for run in files):
            from schemamig_tui.engine.run.resume import check

            context = self._context
            try:
                conn = check(self._conn, context.connect, context.locks.work, files)
            except FilesError:
                self._take(connect_in_place(context.connect))
                raise
            self._take(conn)

    def _renew_session(self) -> None:
        """Go on in a new session; the run lock stays held, so no other run can begin meanwhile.

        What earlier sessions of the run have applied is in the ledger.
        """
        lock = self._context.locks.work
        if self._conn.info.transaction_status is not TransactionStatus.IDLE:
            self._conn.execute("ROLLBACK")
        lock.drop(self._conn)
        self._backend.give_back()
        self._conn.close()
        self._take(connect_in_place(self._context.connect))

    def _take(self, conn: psycopg.Connection[Any]) -> None:
        """Go on in the session ``conn``, which is a new one."""
        before = self._backend.server
        self._conn = conn
        self._backend = Backend.of(conn)
        equip(self._backend, self._context.limits)
        lock = self._context.locks.work
        Queue(self._context.cancellation, self._report).await_lock(lock, conn)
        self._recovery.check_new_session(conn, same_server=self._backend.server == before)

    def _run(self) -> FileFailed | None:
        """Run files in one session, until one needs a new session. Returns one that failed."""
        conn, log, recovery = self._conn, self._log, self._recovery
        backend = self._backend
        pipeline = Pipeline(
            conn,
            self._context.cancellation,
            on_done=log.step_done,
            on_notice=log.notice,
            cancel=lambda: self._context.watch.cancel(backend),
        )
        self._observer.follow(backend, pipeline, log.current_name)
        try:
            try:
                self._renewals.begin(conn, log.finished)
                self._ask_start()
                crash = pipeline.run(self._steps())
                while crash and (run := log.current) and self._retries.again(conn, run, crash):
                    if run.script.mode is not Mode.NO_TRANSACTION:
                        return None
                    crash = pipeline.run(self._steps())
                if self._goes_on(crash) or log.at_end:
                    # Behind the last file only the verification can have failed, and a run can do
                    # without it.
                    return None
                with answered_within(conn, recovery.seconds):
                    return recovery.after_failure(conn, crash)
            except FilesError as error:
                return recovery.after_change(conn, error)
        except psycopg.Error as error:
            # Whatever the error was, a new session can find out what the ledger says.
            conn.close()
            return recovery.after_loss(backend, pipeline.crash, error)

    def _ask_start(self) -> None:
        """Ask for the state of the new session: the checkpoints of its files compare with it."""
        files = self._files[self._log.finished :]
        lock, stored = self._context.locks.work, self._renewals.stored
        asks = any(run.script.mode is Mode.NO_TRANSACTION for run in files)
        start = start_for(self._conn, lock, files, stored) if asks else None
        batches = self._batching.steps if self._batching else None
        self._step_order = replace(
            self._step_order, start=start, stores_code=False, batches=batches
        )
        self._recovery.start = start

    def _goes_on(self, crash: Crash | None) -> bool:
        """Whether nothing has failed, and the run only has to go on in a new session."""
        if self._context.cancellation.requested or self._log.current:
            return False
        return crash is None or crash.step.role is Role.FRESHNESS

    def _steps(self) -> Iterator[Step]:
        """The steps of all files that can run in this session.

        The first file of the run makes the ledger where there is none, the last one ends the run
        durably.
        """
        files = self._files
        last = len(files.names) - 1
        for i in range(self._log.finished, len(files)):
            file = files[i]
            create = i == 0 and not self._context.state.exists
            for step in self._step_order.steps(file, create=create, last=i == last):
                if step.alone and copies_database(step.sql):
                    with self._context.watch.aside():
                        yield step
                else:
                    yield step
            if i + 1 < len(files):
                if self._renewals.ends_behind(file, files[i + 1]):
                    return
                stores_code = self._renewals.stores_code
                self._step_order = replace(self._step_order, stores_code=stores_code)
                query = self._renewals.query_behind(file, files[i + 1])
                yield from between_files(query.sql, may_fail=query.may_fail)
            file.script.release()
        if len(files) == len(files.names):
            yield from self._verification.steps()
