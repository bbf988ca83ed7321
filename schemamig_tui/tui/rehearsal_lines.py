"""The events that only a rehearsal has, as lines of the log."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemamig_tui.engine.events import FileFailed
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    LocksTaken,
    RelationLock,
    RelationsRewritten,
    ScratchUsed,
    WorkDone,
)
from schemamig_tui.rehearsal.wording import exclusive, on_scratch, there, work
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.units import duration


@dataclass(frozen=True, slots=True)
class SchemaProgress:
    """The file that runs on a scratch, its number and the count: before a rehearsal there."""

    name: str
    number: int
    total: int


def rehearsal_lines(event: object) -> Iterator[Line]:
    """The lines of an event that only a rehearsal has; none for any other event."""
    match event:
        case LocksTaken(locks=locks):
            yield from (lock_line(lock) for lock in locks)
        case RelationsRewritten():
            yield from rewritten_lines(event)
        case ScratchUsed():
            for style, text in zip(("strong", "dim"), on_scratch(event), strict=True):
                yield ((style, inline(text)),)
        case SchemaProgress(name, number, total):
            from schemamig_tui.scratch.wording import replaying

            yield (("dim", inline(replaying(name, number, total))),)
        case WorkDone():
            yield from work_lines(event)
        case FileRehearsed() | FileLeftOut():
            yield file_headline(event.name, event)


def file_headline(name: str, end: FileRehearsed | FileLeftOut | FileFailed) -> Line:
    """How a rehearsal of the file ended."""
    match end:
        case FileLeftOut(reason=reason):
            return (
                ("warn", "- "),
                ("strong", inline(name)),
                ("warn", f"  left out: {inline(reason)}"),
            )
        case FileFailed(ms=ms):
            took = ("dim", f"  failed after {duration(ms)}")
            return (("bad", "✗ "), ("strong", inline(name)), took)
    spent = "" if end.ms is None else f"  {duration(end.ms)}"
    held = ("warn", exclusive(end, duration))
    return (("good", "✓ "), ("strong", inline(name)), ("dim", spent), held)


def lock_line(lock: RelationLock) -> Line:
    """A lock that a statement took, and what others cannot do meanwhile."""
    style = "bad" if "reads" in lock.blocks else "warn" if "writes" in lock.blocks else "dim"
    blocks = f" blocks {', '.join(lock.blocks)}" if lock.blocks else ""
    return (("dim", f"        {inline(lock.mode)} on {inline(lock.relation)}"), (style, blocks))


def rewritten_lines(event: RelationsRewritten) -> Iterator[Line]:
    """The relations that a statement wrote anew."""
    for relation in event.relations:
        what = f"{inline(relation)}{there(relation, event.sizes)}"
        yield (("warn", f"        rewritten: {what}"),)


def work_lines(done: WorkDone, tag: str | None = None) -> Iterator[Line]:
    """What a statement with this command tag did besides writing relations anew."""
    for line in work(done, tag):
        yield (("dim", f"        {inline(line)}"),)
