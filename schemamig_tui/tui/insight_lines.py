"""The observer's events (progress, blockers, victims, retries) as lines of the log."""

from collections.abc import Iterator, Sequence

from schemamig_tui.engine import wording
from schemamig_tui.engine.activity import Activity
from schemamig_tui.engine.events import BlockedSeen, FileRetried, ProgressSeen, VictimsSeen
from schemamig_tui.tui.lines import Line, inline, sentence
from schemamig_tui.units import duration, lasting

_MOST_SESSIONS = 5
_INDENT = " " * 4


def insight_lines(event: ProgressSeen | BlockedSeen | VictimsSeen | FileRetried) -> Iterator[Line]:
    """The lines of one event; of progress only the phase, because its numbers soon change."""
    match event:
        case FileRetried():
            yield from _retried(event)
        case ProgressSeen(progress=seen):
            on = f" on {seen.relation}" if seen.relation else ""
            yield (*_place(event), ("accent", inline(f"{seen.command}{on}: {seen.phase}")))
            yield from _sessions("waits for", seen.waits_for)
        case BlockedSeen(blocked=None):
            yield (*_place(event), ("plain", "No longer blocked"))
        case BlockedSeen(blocked=blocked) if blocked:
            yield (*_place(event), ("warn", sentence(wording.blocked(blocked))))
            yield from _sessions("by", blocked.by)
        case VictimsSeen(victims=None):
            yield (*_place(event), ("plain", "Nobody waits any more"))
        case VictimsSeen(victims=victims) if victims:
            yield (*_place(event), ("warn", sentence(wording.victims(victims))))
            yield from _sessions("-", victims.sessions)


def _retried(event: FileRetried) -> Iterator[Line]:
    yield (
        ("warn", "↻ "),
        ("strong", inline(event.name)),
        ("dim", f"  rolled back after {duration(event.ms)}: "),
        ("warn", inline(event.failure.message)),
    )
    if event.blocked:
        yield (("warn", f"{_INDENT}{sentence(wording.blocked(event.blocked))}"),)
        yield from _sessions("by", event.blocked.by)
    pause = lasting(event.pause_ms / 1000)
    retry = f"{event.retry:,} of {event.retries:,}"
    yield (("plain", f"{_INDENT}Tries again in {pause}, retry {retry}"),)


def _place(event: ProgressSeen | BlockedSeen | VictimsSeen) -> Line:
    if event.statement is None:
        return (("dim", _INDENT),)
    return (("dim", f"{_INDENT}{event.statement:>3} line {event.line:<4} "),)


def _sessions(link: str, sessions: Sequence[Activity]) -> Iterator[Line]:
    for session in sessions[:_MOST_SESSIONS]:
        query = f": {wording.query_head(session.query)}" if session.query else ""
        who = inline(f"{link} {wording.session(session)}")
        yield (("plain", f"{_INDENT * 2}{who}"), ("dim", inline(query)))
    if len(sessions) > _MOST_SESSIONS:
        yield (("dim", f"{_INDENT * 2}and {len(sessions) - _MOST_SESSIONS:,} more"),)
