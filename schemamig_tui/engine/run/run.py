"""The run itself: a plan, two connections, and one pipeline for each session.

There is more than one session only where a file leaves something behind that no RESET undoes.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from schemamig_tui.engine.events import FileFailed, Listener, RunFinished, RunStarted
from schemamig_tui.engine.pipeline.backend import Backend, equip
from schemamig_tui.engine.pipeline.deadline import answered_within
from schemamig_tui.engine.pipeline.pipeline import Pipeline
from schemamig_tui.engine.pipeline.step import Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.run.recovery import Recovery
from schemamig_tui.engine.run.retries import Retries
from schemamig_tui.engine.run.step_order import StepOrder
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.engine.watch.run_lock import Queue
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.databases import copies_database


class Run:
    """Applies the files of ``context`` on ``conn``, which holds the work lock.

    A connection that it makes itself, and ``conn``, are closed when the run is over.
    """

    def __init__(
        self, context: RunContext, conn: psycopg.Connection[Any], listener: Listener
    ) -> None:
        self._context = context
        self._files = context.files
        self._conn = conn
        self._backend = context.backend
        self._observer = Observer(context.watch, context.limits, listener)
        self._report = self._observer.report
        self._step_order = StepOrder(
            context.ledger,
            context.renewal,
            lifts_timeout=context.limits.lock is not None,
        )
        self._log = Logbook(context.files, self._report)
        self._retries = Retries(context, self._log, self._observer)
        self._recovery = Recovery(context, self._log, self._observer)

    def apply(self, began: float) -> RunFinished:
        """Apply the files in their order up to the first that fails, and report how it ended.

        ``began`` is when the run did, by time.perf_counter. Raises ConnectionLost when a connection
        is lost between two files.
        """
        self._report(RunStarted(tuple(file.name for file in self._files)))
        try:
            self._recovery.note_invalid_indexes(self._conn)
            with self._observer:
                failed = self._all_sessions()
        finally:
            self._conn.close()
        if failed:
            self._report(failed)
        log = self._log
        remaining = tuple(file.name for file in log.remaining)
        version = self._context.state.version + len(log.applied)
        finished = RunFinished(
            applied=tuple(log.applied),
            failed=failed.name if failed else None,
            remaining=remaining,
            version=None if self._recovery.unreachable else version,
            ms=(time.perf_counter() - began) * 1000,
            cancelled=self._context.cancellation.requested and bool(failed or remaining),
        )
        self._report(finished)
        return finished

    def _all_sessions(self) -> FileFailed | None:
        for files in _by_session(self._files):
            if files[0] is not self._files[0]:
                self._renew_session()
            failed = self._run(files)
            if failed or self._context.cancellation.requested:
                return failed
        return None

    def _renew_session(self) -> None:
        lock = self._context.locks.work
        lock.drop(self._conn)
        self._conn.close()
        self._conn = self._context.connect()
        self._backend = Backend.of(self._conn)
        equip(self._backend, self._context.limits.lock)
        Queue(self._context.cancellation, self._report).await_lock(lock, self._conn)

    def _run(self, files: Sequence[FileRun]) -> FileFailed | None:
        """Run some files in one session; returns the one that failed."""
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
            crash = pipeline.run(self._steps(files))
            while crash and (run := log.current) and self._retries.again(conn, run, crash):
                files = files[files.index(run) :]
                crash = pipeline.run(self._steps(files))
            with answered_within(conn, recovery.seconds):
                return recovery.after_failure(conn, crash)
        except FilesError as error:
            return recovery.after_change(conn, error)
        except psycopg.OperationalError as error:
            conn.close()
            return recovery.after_loss(backend, pipeline.crash, error)

    def _steps(self, files: Sequence[FileRun]) -> Iterator[Step]:
        """All steps of some files; the first file of the run makes the ledger where there is none.

        The last one ends the run durably.
        """
        first, last = self._files[0], self._files[-1]
        creates = not self._context.state.exists
        for file in files:
            create = creates and file is first
            for step in self._step_order.steps(file, create=create, last=file is last):
                if step.alone and copies_database(step.sql):
                    with self._context.watch.aside():
                        yield step
                else:
                    yield step
            file.script.release()


def _by_session(files: Sequence[FileRun]) -> Iterator[list[FileRun]]:
    """The files by session: a new one after each that sets what outlives a RESET."""
    session: list[FileRun] = []
    for file in files:
        session.append(file)
        if file.script.needs_new_session or file is files[-1]:
            yield session
            session = []
