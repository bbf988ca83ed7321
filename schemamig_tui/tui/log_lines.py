"""Makes the lines of the log from events.

A line is made when it becomes visible: of a hundred thousand notices, most never do.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from schemamig_tui.engine import wording
from schemamig_tui.engine.events import (
    BatchEvent,
    BlockedSeen,
    Event,
    FileApplied,
    FileFailed,
    FileRetried,
    FilesLost,
    FileStarted,
    FileWarned,
    LockAwaited,
    NoticeReceived,
    ProgressSeen,
    RunFinished,
    RunStarted,
    ServerAwaited,
    StatementFinished,
    VictimsSeen,
    Warned,
)
from schemamig_tui.tui import clock
from schemamig_tui.tui.engine_thread import RunProgress
from schemamig_tui.tui.insight_lines import insight_lines
from schemamig_tui.tui.lines import Line, Span, body, inline
from schemamig_tui.units import duration, first, lasting, plural, recorded

SLOW = 1_000
"""Milliseconds from which on a statement is slow."""

_STYLES = {"WARNING": "warn", "NOTICE": "accent", "INFO": "accent"}
_INDENT = " " * 4
_TAG_AND_TIME = 31  # columns, with which the Result tab has room for them on 80


class Part(NamedTuple):
    """A line of an event that has several: its ``number``-th one, from 0."""

    event: Event
    number: int


Entry = Line | Event | Part
"""A line, or the event that it will be made of."""


def entries(events: Iterable[Event]) -> Iterator[Entry]:
    """The lines of events, not made yet: an event that has only one line stands for it.

    Only the line that shows the time of day is made at once.
    """
    for event in events:
        height = _height(event)
        if height == 1:
            yield made(event) if type(event) is RunStarted else event
        else:
            yield from (Part(event, number) for number in range(height))


def made(entry: Entry) -> Line:
    """The line."""
    if not isinstance(entry, tuple):
        return next(event_lines(entry))
    if isinstance(entry, Part):
        return next(islice(event_lines(entry.event), entry.number, None))
    return entry


def _height(event: Event) -> int:
    """How many lines an event takes, without making them where there are many of its kind."""
    if type(event) is NoticeReceived:
        notice = event.notice
        height = 1 + notice.message.count("\n")
        if notice.detail or notice.hint:
            texts = filter(None, (notice.detail, notice.hint))
            height += sum(1 + text.count("\n") for text in texts)
        return height
    if isinstance(event, FileStarted | StatementFinished | FileApplied):
        return 1
    return sum(1 for _ in event_lines(event))


def event_lines(event: Event) -> Iterator[Line]:
    """The lines of one event."""
    match event:
        case RunStarted(files):
            yield (("strong", f"Applying {plural(len(files), 'migration')}"), ("dim", _now()))
        case LockAwaited(holder):
            yield (("warn", f"Waiting for another run to end: {wording.holder(holder)}"),)
        case FileStarted():
            count = plural(event.statements, "statement")
            after = ""
            if event.resumed:
                after = f", goes on behind its {first(event.resumed, 'statement')}"
            yield (
                ("accent", "▶ "),
                ("strong", inline(event.name)),
                ("dim", f"  {event.mode}, {count}{after}"),
            )
        case FileWarned(line=line, message=message):
            yield (("warn", f"{_INDENT}! line {line}: {inline(message)}"),)
        case NoticeReceived():
            yield from _notice(event)
        case StatementFinished(statement=number, line=line, ms=ms):
            tag = inline(event.tag)
            span: Span = ("dim", f"{_INDENT}{number:>3} line {line:<4} {tag}")
            if ms is None:
                yield (span,)
                return
            of = f" {event.batch:,} in" if event.batch > 1 else ""
            took = f"{of} {duration(ms)}".rjust(_TAG_AND_TIME - len(tag))
            yield (span, ("warn" if ms >= SLOW else "dim", took))
        case ServerAwaited():
            yield (("warn", inline(wording.server_awaited(event))),)
        case FileApplied(name, ms):
            yield (("good", "✓ "), ("plain", inline(name)), ("dim", f"  {recorded(ms)}"))
        case FilesLost(names):
            for name in names:
                yield (("bad", "✗ "), ("strong", inline(name)), ("bad", "  lost"))
            yield (("warn", f"{_INDENT}Either {wording.LOST}"),)
        case FileFailed():
            yield from _failed(event)
        case ProgressSeen() | BlockedSeen() | VictimsSeen() | FileRetried():
            yield from insight_lines(event)
        case BatchEvent():
            from schemamig_tui.tui.batch_lines import batch_lines

            yield from batch_lines(event)
        case RunFinished() | Warned():  # a survey has warned of the same
            pass
        case _:  # of a rehearsal, which is not imported before there is one
            from schemamig_tui.tui.rehearsal_lines import rehearsal_lines

            yield from rehearsal_lines(event)


def _notice(event: NoticeReceived) -> Iterator[Line]:
    notice = event.notice
    style = _STYLES.get(notice.severity, "plain")
    place = f"{_INDENT}{event.statement:>3} line {event.line:<4} "
    gap = " " * len(place)
    text = f"{notice.severity}: {notice.message}"
    for title, more in (("DETAIL", notice.detail), ("HINT", notice.hint)):
        if more:
            text += f"\n{title}: {more}"
    for number, line in enumerate(body(text)):
        yield (("dim", gap if number else place), (style, line))


def _failed(event: FileFailed) -> Iterator[Line]:
    failure = event.failure
    code = f" {failure.sqlstate}" if failure.sqlstate else ""
    yield (("bad", "✗ "), ("strong", inline(event.name)), ("dim", f"  after {duration(event.ms)}"))
    for line in body(f"{failure.severity}{code}: {failure.message}"):
        yield (("bad", f"{_INDENT}{line}"),)
    if event.kept:
        yield (("warn", f"{_INDENT}{wording.kept(event.kept)}"),)
    if event.obstacle:
        yield (("warn", f"{_INDENT}It cannot go on from there: {inline(event.obstacle)}"),)
    if event.unrecorded:  # it says why; a rehearsal records nothing, and has no reason to say so
        why = inline(event.unrecorded)
        yield (("warn", f"{_INDENT}The ledger could not record this failure: {why}"),)


def summary_lines(progress: RunProgress) -> Iterator[Line]:
    """The slowest statements, and last, where it stays visible, the result of the run."""
    finished = progress.finished
    if finished is None:
        return
    if not finished.applied and not finished.failed and not finished.lost:
        nothing = "Cancelled before anything was applied" if finished.cancelled else "Nothing to do"
        yield (("plain", nothing),)
        return
    yield from _slowest(progress)
    for slow in progress.slow:
        limit = lasting(progress.warn_after or 0)
        text = f"! {inline(slow.name)} took {recorded(slow.ms)}, more than {limit}"
        yield (("warn", text),)
    if finished.forgotten:
        yield (("warn", f"! {wording.forgotten(finished.forgotten)}"),)
    total = "" if finished.version is None else f" ({finished.version:,} in all)"
    counts: list[Line] = [(("good", f"{len(finished.applied):,} applied"), ("dim", total))]
    if finished.lost:
        counts.append((("bad", f"{len(finished.lost):,} lost"),))
    if finished.failed:
        counts.append((("bad", "1 cancelled" if finished.cancelled else "1 failed"),))
    if finished.remaining:
        counts.append((("warn", f"{len(finished.remaining):,} remaining"),))
    if progress.notices:
        counts.append((("plain", plural(progress.notices, "notice")),))
    spans = [span for count in counts for span in (("dim", ", "), *count)][1:]
    yield (("strong", "Done: "), *spans, ("dim", f" in {duration(finished.ms)}"))


def _slowest(progress: RunProgress) -> Iterator[Line]:
    if progress.slowest:
        one = len(progress.slowest) == 1
        yield (("dim", "Slowest statement" if one else "Slowest statements"),)
    for slow in sorted(progress.slowest, reverse=True):
        those = f" and the {slow.batch - 1:,} before it" if slow.batch > 1 else ""
        yield (
            ("warn" if slow.ms >= SLOW else "dim", f"{_INDENT}{duration(slow.ms):>9}"),
            ("dim", f"  {inline(slow.name)}:{slow.line}  {inline(slow.tag)}{those}"),
        )


def _now() -> str:
    return f"  {clock.time_of(clock.now())}"
