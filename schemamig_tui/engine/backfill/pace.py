"""Measures how fast batches are, estimates the time that is left, and computes the pauses."""

import time
from collections import deque
from collections.abc import Callable

from schemamig_tui.engine.backfill.place import BatchedPlace
from schemamig_tui.engine.batch_events import BatchesFinished, BatchFinished, BatchTotals
from schemamig_tui.engine.events import Listener
from schemamig_tui.engine.ledger.batch_mark import BatchMark, shown
from schemamig_tui.sql.batch_options import Restraint

_NOW = 10.0
"""So many seconds are what goes on just now."""
_REPORT_EVERY = 0.5


class Pace:
    """Follows the batches of one statement in this run, and reports them."""

    def __init__(
        self, place: BatchedPlace, report: Listener, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._place = place
        self._report = report
        self._clock = clock
        self._began = clock()
        self._reported_at = -_REPORT_EVERY
        self._first: BatchMark | None = None
        self._recent: deque[tuple[float, int, int]] = deque()

    def begin(self, mark: BatchMark) -> None:
        """Note where this run begins."""
        self._first = mark
        self._recent.append((self._clock(), mark.changed, mark.walked))

    def took(
        self, mark: BatchMark, seconds: float, rows: int | None, dead: int | None, *, last: bool
    ) -> None:
        """Note a batch that is committed, and report it unless the last report was just before."""
        now = self._clock()
        self._recent.append((now, mark.changed, mark.walked))
        while len(self._recent) > 2 and now - self._recent[0][0] > _NOW:
            self._recent.popleft()
        if not last and now - self._reported_at < _REPORT_EVERY:
            return
        self._reported_at = now
        first = self._first or mark
        changed = mark.changed - first.changed
        self._report(
            BatchFinished(
                *self._place.at,
                done=totals(mark),
                rows=rows,
                size=mark.size,
                ms=seconds * 1000,
                per_second=self._per_second(1),
                average=changed / max(now - self._began, 1e-3),
                left_s=self._left(mark, first, rows, now),
                at=shown(mark.at) if mark.at else None,
                dead=dead,
            )
        )

    def finish(self, mark: BatchMark) -> None:
        """Report that all batches of the statement are done."""
        ms = (self._clock() - self._began) * 1000
        self._report(BatchesFinished(*self._place.at, totals(mark), ms))

    def _per_second(self, column: int) -> float:
        then, now = self._recent[0], self._recent[-1]
        return (now[column] - then[column]) / max(now[0] - then[0], 1e-3)

    def _left(
        self, mark: BatchMark, first: BatchMark, rows: int | None, now: float
    ) -> tuple[float, float] | None:
        """The seconds left, at least and at most: one by the speed now, one by the average."""
        walked = mark.walked - first.walked
        if rows is None or not walked:
            return None
        left = max(0, rows - mark.walked)
        speeds = [self._per_second(2), walked / max(now - self._began, 1e-3)]
        if min(speeds) <= 0:
            return None
        return left / max(speeds), left / min(speeds)


def rest(restraint: Restraint, seconds: float, rows: int, wal: int) -> float:
    """How many seconds to wait after a batch of so many ``seconds``, rows and bytes of WAL."""
    at_least = [restraint.pause]
    if restraint.rows:
        at_least.append(rows / restraint.rows - seconds)
    if restraint.wal:
        at_least.append(wal / restraint.wal - seconds)
    return max(at_least)


def totals(mark: BatchMark) -> BatchTotals:
    """What is done, as the value that events have."""
    return BatchTotals(mark.walked, mark.changed, mark.batches, mark.seconds)
