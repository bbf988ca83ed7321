"""The events that only a rehearsal has, as lines of the log."""

from collections.abc import Iterator

from schemamig_tui.engine.events import FileFailed
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    LocksTaken,
    RelationLock,
    RelationsRewritten,
    WorkDone,
)
from schemamig_tui.rehearsal.wording import work
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.units import duration


def rehearsal_lines(event: object) -> Iterator[Line]:
    """The lines of an event that only a rehearsal has; none for any other event."""
    match event:
        case LocksTaken(locks=locks):
            yield from (lock_line(lock) for lock in locks)
        case RelationsRewritten(relations=relations):
            yield from (rewritten_line(relation) for relation in relations)
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
    line: Line = (("good", "✓ "), ("strong", inline(name)), ("dim", f"  {duration(end.ms)}"))
    if not end.exclusive_ms:
        return line
    return (*line, ("warn", f", ACCESS EXCLUSIVE for {duration(end.exclusive_ms)}"))


def lock_line(lock: RelationLock) -> Line:
    """A lock that a statement took, and what others cannot do meanwhile."""
    style = "bad" if "reads" in lock.blocks else "warn" if "writes" in lock.blocks else "dim"
    blocks = f" blocks {', '.join(lock.blocks)}" if lock.blocks else ""
    return (("dim", f"        {inline(lock.mode)} on {inline(lock.relation)}"), (style, blocks))


def rewritten_line(relation: str) -> Line:
    """A relation that a statement wrote anew."""
    return (("warn", f"        rewritten: {inline(relation)}"),)


def work_lines(done: WorkDone, tag: str | None = None) -> Iterator[Line]:
    """What a statement with this command tag did besides writing relations anew."""
    for line in work(done, tag):
        yield (("dim", f"        {inline(line)}"),)
