"""Sums up, for the panel, what a run has reported of the statement that runs in batches."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemamig_tui.engine.batch_events import (
    BatchesFinished,
    BatchesGoOn,
    BatchesStarted,
    BatchesWaiting,
    BatchFinished,
    BatchRetried,
)
from schemamig_tui.engine.events import (
    FileApplied,
    FileFailed,
    FileRetried,
    ServerAwaited,
    StatementFinished,
)
from schemamig_tui.tui.engine_thread import TimedEvent

_MOST_SPEEDS = 60


@dataclass
class BatchInsight:
    """Sums up the events of batches. Times are those of ``time.monotonic``.

    ``last`` is the last reported batch, ``retried`` the batch behind it that was rolled back, and
    ``speeds`` are the rows changed a second in the last reports.
    """

    started: BatchesStarted | None = None
    last: BatchFinished | None = None
    retried: BatchRetried | None = None
    speeds: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_SPEEDS))
    _waiting: tuple[float, BatchesWaiting] | None = None

    def take(self, timed: Iterable[TimedEvent]) -> None:
        """Update the state with events."""
        for at, event in timed:
            match event:
                case BatchesStarted():
                    self._forget()
                    self.started = event
                case BatchFinished():
                    self.last, self.retried = event, None
                    self.speeds.append(event.per_second)
                case BatchesWaiting(waited_s=seconds):
                    self._waiting = at - seconds, event
                case BatchesGoOn():
                    self._waiting = None
                case BatchRetried():
                    self.retried = event
                case (
                    BatchesFinished()
                    | StatementFinished()
                    | FileApplied()
                    | FileFailed()
                    | FileRetried()
                    | ServerAwaited()
                ):
                    self._forget()

    def _forget(self) -> None:
        self.started = self.last = self.retried = self._waiting = None
        self.speeds.clear()

    def waiting(self, now: float) -> tuple[tuple[str, ...], float] | None:
        """What the next batch waits for, and for how many seconds by now; None: for nothing."""
        if self._waiting is None:
            return None
        since, event = self._waiting
        return event.reasons, now - since
