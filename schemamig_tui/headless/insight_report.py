"""Reports in few lines what a run waits for and how far a statement has got."""

import time
from collections.abc import Iterable, Iterator

from schemamig_tui.engine import wording
from schemamig_tui.engine.activity import Activity, Blocked, Victims
from schemamig_tui.engine.events import (
    BlockedSeen,
    LockAwaited,
    ProgressSeen,
    ServerAwaited,
    VictimsSeen,
)
from schemamig_tui.headless.output import Output

# Seconds between two lines about the same phase: a log is read later, too.
_EVERY = 10.0
_MOST_SESSIONS = 5


Seen = LockAwaited | ServerAwaited | ProgressSeen | BlockedSeen | VictimsSeen


class InsightReport:
    """Writes the observer's events; those of a migration are indented."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._phase: object = None
        self._next = 0.0

    def __call__(self, event: Seen) -> None:
        """Report ``event``, unless the last line said the same."""
        match event:
            case LockAwaited(holder):
                self._out.write(f"Waiting for another run to end: {wording.holder(holder)}")
            case ServerAwaited():
                self._out.write(wording.server_awaited(event))
            case BlockedSeen(blocked=None):
                self._write(event.line, ["no longer blocked"])
            case BlockedSeen(blocked=Blocked() as blocked):
                self._write(event.line, [wording.blocked(blocked), *_sessions("by", blocked.by)])
            case VictimsSeen(victims=None):
                self._write(event.line, ["nobody waits any more"])
            case VictimsSeen(victims=Victims() as victims):
                self._write(
                    event.line, [wording.victims(victims), *_sessions("-", victims.sessions)]
                )
            case ProgressSeen():
                self._progress(event)

    def _progress(self, event: ProgressSeen) -> None:
        progress, now = event.progress, time.monotonic()
        pids = tuple(session.pid for session in progress.waits_for)
        phase = event.name, event.statement, progress.relation, progress.phase, pids
        lines = [wording.progress(progress)]
        if phase != self._phase:
            lines += _sessions("waits for", progress.waits_for)
        elif now < self._next:
            return
        self._phase, self._next = phase, now + _EVERY
        self._write(event.line, lines)

    def _write(self, place: int | None, lines: Iterable[str]) -> None:
        at = f"line {place}: " if place else ""
        self._out.write(f"    {at}" + "\n    ".join(lines))


def _sessions(link: str, sessions: tuple[Activity, ...]) -> Iterator[str]:
    for session in sessions[:_MOST_SESSIONS]:
        query = f": {wording.query_head(session.query)}" if session.query else ""
        yield f"  {link} {wording.session(session)}{query}"
    if (more := len(sessions) - _MOST_SESSIONS) > 0:
        yield f"  and {more} more"
