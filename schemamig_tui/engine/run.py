"""The run itself: a plan, two connections, and one flight."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from schemamig_tui.engine.aftermath import Aftermath
from schemamig_tui.engine.cancel import Cancellation
from schemamig_tui.engine.events import FileFailed, Listener, RunFinished, RunStarted
from schemamig_tui.engine.flight import Crash, Flight
from schemamig_tui.engine.ledger import Ledger, LedgerState
from schemamig_tui.engine.logbook import Logbook
from schemamig_tui.engine.step import Step
from schemamig_tui.engine.steps import FileRun, Weaver
from schemamig_tui.engine.watch import Locks, Watch
from schemamig_tui.errors import FilesError


class Run:
    """Applies files on ``conn``, which holds the work lock, while ``watch`` holds the run lock."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        watch: Watch,
        ledger: Ledger,
        locks: Locks,
        cancellation: Cancellation,
        listener: Listener,
    ) -> None:
        self._conn = conn
        self._watch = watch
        self._ledger = ledger
        self._locks = locks
        self._cancellation = cancellation
        self._tell = listener

    def apply(
        self,
        files: Sequence[FileRun],
        state: LedgerState,
        began: float,
        *,
        reconnect: Callable[[], psycopg.Connection[Any]],
    ) -> RunFinished:
        """Apply ``files`` in their order up to the first that fails, and tell how it ended.

        ``began`` is when the run did, by time.perf_counter; ``reconnect`` makes the connection
        that finds out the truth when ``conn`` is lost. Raises ConnectionLost when that happens
        between two files.
        """
        self._tell(RunStarted(tuple(file.name for file in files)))
        log = Logbook(files, self._tell)
        after = Aftermath(reconnect, self._ledger, self._locks, self._cancellation, log, files)
        failed = self._fly(files, log, after, create=not state.exists)
        if failed:
            self._tell(failed)
        remaining = tuple(file.name for file in log.remaining)
        finished = RunFinished(
            applied=tuple(log.applied),
            failed=failed.name if failed else None,
            remaining=remaining,
            version=None if after.unreachable else state.version + len(log.applied),
            ms=(time.perf_counter() - began) * 1000,
            cancelled=self._cancellation.requested and bool(failed or remaining),
        )
        self._tell(finished)
        return finished

    def _fly(
        self, files: Sequence[FileRun], log: Logbook, after: Aftermath, *, create: bool
    ) -> FileFailed | None:
        weaver = Weaver(self._ledger, self._locks.work.retake)
        flight = Flight(
            self._conn,
            self._cancellation,
            arrived=log.arrived,
            said=log.said,
            cancel=lambda: self._watch.cancel(self._conn),
        )
        try:
            crash = _send(flight, weaver, files, create=create)
            while crash and after.can_go_on(self._conn, crash):
                rest = [file for file in (log.current, *log.remaining) if file]
                crash = _send(flight, weaver, rest, create=False)
            return after.crashed(self._conn, crash)
        except FilesError as error:
            return after.changed(self._conn, error)
        except psycopg.OperationalError as error:
            self._conn.close()
            return after.lost(flight.crash, error)


def _send(
    flight: Flight, weaver: Weaver, files: Sequence[FileRun], *, create: bool
) -> Crash | None:
    def steps() -> Iterator[Step]:
        for number, file in enumerate(files):
            last = number == len(files) - 1
            yield from weaver.steps(file, create=create and number == 0, last=last)
            file.script.release()

    return flight.fly(steps())
