"""What the next batch waits for, and what it says meanwhile."""

import time

from schemamig_tui.engine.backfill.control import BatchControl
from schemamig_tui.engine.backfill.place import BatchedPlace
from schemamig_tui.engine.batch_events import BatchesGoOn, BatchesWaiting
from schemamig_tui.engine.events import Listener
from schemamig_tui.engine.pipeline.cancellation import Cancellation

_GLANCE = 0.5


class Gate:
    """Stands between two batches of one statement."""

    def __init__(self, place: BatchedPlace, cancellation: Cancellation, report: Listener) -> None:
        self._place = place
        self._cancellation = cancellation
        self._report = report

    def pass_through(self, control: BatchControl) -> None:
        """Return when nothing is in the way any more, or at a cancellation."""
        began = time.monotonic()
        reported: tuple[str, ...] = ()
        while reasons := self._reasons(control):
            if reasons != reported:
                self._report(BatchesWaiting(*self._place.at, reasons))
                reported = reasons
            if self._cancellation.wait(_GLANCE):
                return
        if reported:
            self._report(BatchesGoOn(*self._place.at, time.monotonic() - began))

    def rest(self, seconds: float) -> None:
        """Wait for so long, or up to a cancellation."""
        if seconds > 0:
            self._cancellation.wait(seconds)

    def await_writers(self, table: int) -> None:
        """Wait until the transactions are over that have written to the table by now."""

    def watch_table(self, table: int) -> None:
        """Look at this table from now on."""

    def committed(self, wal: int) -> None:
        """Take in that a batch is committed, where the WAL was at this position."""

    def _reasons(self, control: BatchControl) -> tuple[str, ...]:
        return ("paused by the user",) if control.paused else ()
