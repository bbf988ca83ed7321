"""The run itself: a plan, two connections, and one flight.

More than one flight only where a file sets what no RESET undoes; the next one has a new session.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from schemamig_tui.engine.events import FileFailed, Listener, RunFinished, RunStarted
from schemamig_tui.engine.ledger.table import Ledger, LedgerState
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.pipeline import Flight
from schemamig_tui.engine.pipeline.step import Step
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.recovery import Aftermath
from schemamig_tui.engine.run.retries import Retries
from schemamig_tui.engine.run.step_order import FileRun, Weaver
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.engine.watch.watch import Locks, Queue, Watch
from schemamig_tui.errors import FilesError
from schemamig_tui.limits import Limits


class Run:
    """Applies ``files`` on ``conn``, which holds the work lock, while ``watch`` holds the run lock.

    ``connect`` makes a connection for what needs a new session, or to find out the truth when one
    is lost. All but ``watch`` are closed when the run is over.
    """

    def __init__(
        self,
        files: Sequence[FileRun],
        conn: psycopg.Connection[Any],
        watch: Watch,
        ledger: Ledger,
        locks: Locks,
        cancellation: Cancellation,
        limits: Limits,
        listener: Listener,
        *,
        connect: Callable[[], psycopg.Connection[Any]],
    ) -> None:
        self._files = files
        self._conn = conn
        self._watch = watch
        self._locks = locks
        self._cancellation = cancellation
        self._observer = Observer(watch, limits, listener)
        self._tell = self._observer.tell
        self._connect = connect
        self._weaver = Weaver(ledger, locks.work.retake, limits.lock is not None)
        self._log = Logbook(files, self._tell)
        self._retries = Retries(
            limits.retries,
            locks.work.retake,
            cancellation,
            self._log,
            self._tell,
            blocked=lambda: self._observer.last_blocked,
        )
        self._after = Aftermath(
            connect, ledger, locks, cancellation, self._log, files, self._observer
        )

    def apply(self, state: LedgerState, began: float) -> RunFinished:
        """Apply the files in their order up to the first that fails, and tell how it ended.

        ``began`` is when the run did, by time.perf_counter. Raises ConnectionLost when a connection
        is lost between two files.
        """
        self._tell(RunStarted(tuple(file.name for file in self._files)))
        try:
            self._after.look_before(self._conn)
            with self._observer:
                failed = self._all_legs(create=not state.exists)
        finally:
            self._conn.close()
        if failed:
            self._tell(failed)
        log = self._log
        remaining = tuple(file.name for file in log.remaining)
        finished = RunFinished(
            applied=tuple(log.applied),
            failed=failed.name if failed else None,
            remaining=remaining,
            version=None if self._after.unreachable else state.version + len(log.applied),
            ms=(time.perf_counter() - began) * 1000,
            cancelled=self._cancellation.requested and bool(failed or remaining),
        )
        self._tell(finished)
        return finished

    def _all_legs(self, *, create: bool) -> FileFailed | None:
        for leg in _legs(self._files):
            if leg[0] is not self._files[0]:
                self._renew_session()
            failed = self._fly(leg, create=create)
            if failed or self._cancellation.requested:
                return failed
        return None

    def _renew_session(self) -> None:
        self._locks.work.drop(self._conn)
        self._conn.close()
        self._conn = self._connect()
        Queue(self._cancellation, self._tell).await_lock(self._locks.work, self._conn)

    def _fly(self, leg: Sequence[FileRun], *, create: bool) -> FileFailed | None:
        conn, log, after = self._conn, self._log, self._after
        flight = Flight(
            conn,
            self._cancellation,
            arrived=log.arrived,
            said=log.said,
            cancel=lambda: self._watch.cancel(conn),
        )
        self._observer.follow(conn, flight, log)
        try:
            crash = flight.fly(self._steps(leg, create=create))
            while crash and (run := log.current) and self._retries.again(conn, run, crash):
                leg = leg[leg.index(run) :]
                crash = flight.fly(self._steps(leg, create=create))
            return after.crashed(conn, crash)
        except FilesError as error:
            return after.changed(conn, error)
        except psycopg.OperationalError as error:
            conn.close()
            return after.lost(flight.crash, error)

    def _steps(self, leg: Sequence[FileRun], *, create: bool) -> Iterator[Step]:
        """All steps of a leg; ``create`` makes the ledger with the first file of the run."""
        first, last = self._files[0], self._files[-1]
        for file in leg:
            yield from self._weaver.steps(file, create=create and file is first, last=file is last)
            file.script.release()


def _legs(files: Sequence[FileRun]) -> Iterator[list[FileRun]]:
    """The files by session: a new one after each that sets what outlives a RESET."""
    leg: list[FileRun] = []
    for file in files:
        leg.append(file)
        if file.script.outlives_reset or file is files[-1]:
            yield leg
            leg = []
