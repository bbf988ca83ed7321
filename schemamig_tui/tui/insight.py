"""What was last seen of the server at work. It goes on between two looks: waits get longer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from schemamig_tui.engine.events import (
    BlockedSeen,
    Event,
    FileApplied,
    FileFailed,
    FileRetried,
    ProgressSeen,
    ServerAwaited,
    StatementFinished,
    VictimsSeen,
)
from schemamig_tui.engine.watch.blockers import Activity, Blocked, ServerProgress, Victims
from schemamig_tui.tui.run import Heard

_SHORTEST = 2.0
"""Seconds that a phase has to be watched before its pace says anything."""


@dataclass
class Insight:
    """Adds up the events of the watcher. Times are those of ``time.monotonic``."""

    server: ServerProgress | None = None
    _seen_at: float = 0.0
    _logged: object = None
    _first: tuple[float, int] = (0.0, 0)
    _blocked: tuple[float, Blocked] | None = None
    _victims: tuple[float, Victims] | None = None

    def take(self, heard: Iterable[Heard]) -> None:
        """Add events."""
        for at, event in heard:
            match event:
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

    def news(self, events: Sequence[Event], heard: Sequence[Heard]) -> Sequence[Event]:
        """The events without those that only count on in a phase, which are for the bar alone.

        ``heard`` are those of them that are no notices.
        """
        if all(type(one.event) is not ProgressSeen for one in heard):
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
        """Whether others keep us waiting, or wait for us."""
        waits = self.server is not None and bool(self.server.waits_for)
        return waits or self._blocked is not None or self._victims is not None

    def left(self, now: float) -> float | None:
        """How many seconds the phase will still take at its pace; None where that is unknown."""
        if self.server is None or not self.server.total:
            return None
        began, first = self._first
        # Up to now, not up to the last step: where there are no more steps the rest gets longer.
        watched, done = now - began, self.server.done - first
        if watched < _SHORTEST or done <= 0:
            return None
        return max(0, self.server.total - self.server.done) * watched / done

    def blocked(self, now: float) -> Blocked | None:
        """Who blocks us, with the times as they are now."""
        if self._blocked is None:
            return None
        at, seen = self._blocked
        return replace(seen, seconds=seen.seconds + now - at, by=_aged(seen.by, now - at))

    def waits_for(self, now: float) -> tuple[Activity, ...]:
        """Whom CREATE INDEX CONCURRENTLY waits for, with the times as they are now."""
        return _aged(self.server.waits_for, now - self._seen_at) if self.server else ()

    def victims(self, now: float) -> Victims | None:
        """Who waits behind us, with the times as they are now."""
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
