"""Sums up what the observer has reported about a run; its times go on between two reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from schemamig_tui.engine.activity import Activity, Blocked, ServerProgress, Victims
from schemamig_tui.engine.events import (
    BlockedSeen,
    Event,
    FileApplied,
    FileFailed,
    FileRetried,
    FileStarted,
    LockAwaited,
    ProgressSeen,
    RunStarted,
    ServerAwaited,
    StatementFinished,
    VictimsSeen,
)
from schemamig_tui.tui.engine_thread import TimedEvent

_SHORTEST = 2.0
"""Seconds that a phase has to last before its pace is used for an estimate."""


@dataclass
class Insight:
    """Sums up the observer's events. Times are those of ``time.monotonic``."""

    server: ServerProgress | None = None
    awaited: LockAwaited | None = None
    _seen_at: float = 0.0
    _logged: object = None
    _first: tuple[float, int] = (0.0, 0)
    _blocked: tuple[float, Blocked] | None = None
    _victims: tuple[float, Victims] | None = None

    def take(self, timed: Iterable[TimedEvent]) -> None:
        """Update the state with events."""
        for at, event in timed:
            match event:
                case LockAwaited():
                    self.awaited = event
                case RunStarted() | FileStarted():
                    self.awaited = None
                case StatementFinished():
                    self.server = None
                case ProgressSeen(progress=progress):
                    self._progress(at, progress)
                case BlockedSeen(blocked=blocked):
                    self._blocked = (at, blocked) if blocked else None
                case VictimsSeen(victims=victims):
                    self._victims = (at, victims) if victims else None
                case FileApplied() | FileFailed() | FileRetried() | ServerAwaited():
                    self.server = self._blocked = self._victims = None

    def news(self, events: Sequence[Event], timed: Sequence[TimedEvent]) -> Sequence[Event]:
        """The events for the log: all but those that only report more progress in a phase.

        The bar shows those. ``timed`` are the events that are no notices.
        """
        if all(type(one.event) is not ProgressSeen for one in timed):
            return events
        return [event for event in events if type(event) is not ProgressSeen or self._is_new(event)]

    def _is_new(self, event: ProgressSeen) -> bool:
        seen = event.progress
        others = [session.pid for session in seen.waits_for]
        before, self._logged = self._logged, (event.name, event.statement, _phase(seen), others)
        return before != self._logged

    def _progress(self, at: float, progress: ServerProgress) -> None:
        before = self.server
        if before is None or _phase(before) != _phase(progress) or progress.done < before.done:
            self._first = at, progress.done
        self.server, self._seen_at = progress, at

    @property
    def is_stuck(self) -> bool:
        """Whether we wait for other sessions, or they for us."""
        waits = self.server is not None and bool(self.server.waits_for)
        others = (self.awaited, self._blocked, self._victims)
        return waits or any(one is not None for one in others)

    @property
    def other_run(self) -> tuple[Activity, ...]:
        """The run that is waited for; none where its session cannot be seen, or none is."""
        if self.awaited is None or self.awaited.holder is None:
            return ()
        run = self.awaited.holder
        state = f"connected since {run.since}"
        return (Activity(run.pid, run.user, run.application, run.client, state, None, None, ""),)

    def left(self, now: float) -> float | None:
        """How many seconds the phase will still take at its pace; None if that is unknown."""
        if self.server is None or not self.server.total:
            return None
        began, first = self._first
        # Counted up to now, not up to the last report: when no more come, the estimate must grow.
        watched, done = now - began, self.server.done - first
        if watched < _SHORTEST or done <= 0:
            return None
        return max(0, self.server.total - self.server.done) * watched / done

    def blocked(self, now: float) -> Blocked | None:
        """The sessions that block us, with their times as of ``now``."""
        if self._blocked is None:
            return None
        at, seen = self._blocked
        return replace(seen, seconds=seen.seconds + now - at, by=_aged(seen.by, now - at))

    def waits_for(self, now: float) -> tuple[Activity, ...]:
        """The sessions that CREATE INDEX CONCURRENTLY waits for, with their times as of ``now``."""
        return _aged(self.server.waits_for, now - self._seen_at) if self.server else ()

    def victims(self, now: float) -> Victims | None:
        """The sessions that wait behind us, with their times as of ``now``."""
        if self._victims is None:
            return None
        at, seen = self._victims
        sessions = _aged(seen.sessions, now - at)
        return replace(seen, longest_s=seen.longest_s + now - at, sessions=sessions)


def _phase(progress: ServerProgress) -> tuple[object, ...]:
    return progress.command, progress.relation, progress.phase, progress.total, progress.unit


def _aged(sessions: tuple[Activity, ...], seconds: float) -> tuple[Activity, ...]:
    def older(time: float | None) -> float | None:
        return None if time is None else time + seconds

    return tuple(
        replace(
            session,
            transaction_s=older(session.transaction_s),
            waiting_s=older(session.waiting_s),
        )
        for session in sessions
    )
