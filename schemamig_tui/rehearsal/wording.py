"""Writes what a rehearsal has found as sentences, for the UI, commands and pages."""

from collections.abc import Callable, Iterable, Iterator

from schemamig_tui.rehearsal.events import (
    DeadRows,
    FileRehearsed,
    Outage,
    RehearsalFinished,
    RelationSize,
    ScratchUsed,
    WorkDone,
)
from schemamig_tui.text import some_names, visible
from schemamig_tui.units import duration, plural, size

BEFORE = (
    "Rows that it writes to tables stay behind as dead rows until a VACUUM, and the WAL of all that"
    " it does is written."
)
"""What a rehearsal costs the server, for those who are about to start one."""

SCRATCH_TELLS = "locks, rewrites, scans and what becomes of the schema"
SCRATCH_CANNOT_TELL = (
    "how long anything takes, what queries read and write, which rows violate what is new, who"
    " waits, how much WAL"
)
"""A scratch has the schema and no rows."""

_MUCH_WAL = 1 << 20
_MOST = 10


def on_scratch(event: ScratchUsed) -> Iterator[str]:
    """Where a rehearsal on a scratch runs, and what it cannot tell, a line each."""
    made = plural(event.applied, "applied migration")
    remembered = " (remembered)" if event.remembered else ""
    verb = "makes" if event.applied == 1 else "make"
    yield f"On {event.scratch}, with the schema that {made} {verb}{remembered}"
    yield f"It tells {SCRATCH_TELLS}; not {SCRATCH_CANNOT_TELL}."


def unlike(event: ScratchUsed) -> str | None:
    """The warning that the database differs from the scratch, with the way out; or None."""
    if not event.differences:
        return None
    count, names = plural(event.differences, "difference"), some_names(event.differing)
    return (
        "The database is not what its migrations make, and so not what was rehearsed on"
        f" ({count}: {names}). --verify shows how it differs; --rehearse without --scratch is in"
        " the database itself."
    )


def there(relation: str, sizes: Iterable[RelationSize]) -> str:
    """The size of a relation in the database, as words behind its name, for a scratch."""
    found = next((one for one in sizes if one.relation == relation), None)
    return f", {size(found.bytes)} there" if found else ""


def blocking(
    outage: Outage,
    sizes: Iterable[RelationSize],
    spelled: Callable[[float], str],
    quoted: Callable[[str], str],
) -> str:
    """What a file would block, where and for how long; ``quoted`` writes names."""
    whom = "reads and writes" if "reads" in outage.blocks else "writes"
    where = quoted(outage.relation) + there(outage.relation, sizes)
    lasts = "" if outage.ms is None else f" for {spelled(outage.ms)}"
    return f"Blocks {whom} of {where}{lasts}: {quoted(outage.name)}"


def exclusive(event: FileRehearsed, spelled: Callable[[float], str]) -> str:
    """How long a file has held ACCESS EXCLUSIVE, if it has: words behind a sentence."""
    if event.exclusive_ms is None:
        return ", with ACCESS EXCLUSIVE"
    return f", ACCESS EXCLUSIVE for {spelled(event.exclusive_ms)}" if event.exclusive_ms else ""


def work(done: WorkDone, tag: str | None) -> Iterator[str]:
    """What a statement did, a line each.

    The command tag mostly tells how many rows were written: these need no line then, nor where the
    tag is not known.
    """
    for scan in done.scanned:
        yield f"scanned: {scan.relation}, {plural(scan.rows, 'row')}, {size(scan.bytes)}"
    for index in done.built:
        yield f"built: {index}"
    for relation in done.emptied:
        yield f"emptied: {relation}"
    rows = sum(one.rows for one in done.written)
    if tag is not None and tag.rpartition(" ")[2] != str(rows):
        for one in done.written:
            parts = ((one.inserted, "inserted"), (one.updated, "updated"), (one.deleted, "deleted"))
            what = ", ".join(f"{count:,} {how}" for count, how in parts if count)
            yield f"rows written: {one.relation}, {what}"
    if done.wal >= _MUCH_WAL:
        yield f"WAL: {size(done.wal)}"


def left_behind(finished: RehearsalFinished) -> Iterator[str]:
    """What the rehearsal has left behind, a line each."""
    for dead in finished.dead[:_MOST]:
        yield _dead(dead)
    if more := len(finished.dead[_MOST:]):
        yield f"and dead rows in {plural(more, 'other table')}"
    if finished.wal >= _MUCH_WAL or (finished.wal and finished.slots):
        kept = f", which a replication slot keeps: {', '.join(finished.slots)}"
        yield f"{size(finished.wal)} of WAL{kept if finished.slots else ''}"


def over_budget(finished: RehearsalFinished) -> Iterator[str]:
    """The files that took longer than they may, a line each."""
    for one in finished.over_budget:
        held = f", {duration(one.exclusive_ms)} of it with ACCESS EXCLUSIVE"
        yield (
            f"{one.name} took {duration(one.ms)}{held if one.exclusive_ms else ''}; the"
            f" budget is {duration(finished.budget_ms or 0)} (--time-budget)"
        )


def _dead(dead: DeadRows) -> str:
    rows = plural(dead.rows, "dead row")
    return f"{rows} in {dead.relation}, for VACUUM to remove"


UNCOUNTED = (
    "Scans and rows are not known: the server does not count them (track_counts), and the role may"
    " not have it do so."
)
"""Where ``RehearsalFinished.counted`` is False."""


def kept_by(slots: Iterable[str]) -> str:
    """The warning of replication slots that keep the WAL of a rehearsal."""
    return (
        "The WAL of a rehearsal is written although it is rolled back. Nobody reads now from these"
        f" replication slots, which keep it: {', '.join(map(visible, slots))}."
    )


def builds_on(needs: str) -> str:
    """The hint that a failure may come from a file that was left out."""
    return f"{visible(needs)} was left out of the rehearsal: this may build on it."


def shared_session(before: str) -> str:
    """The hint that a failure may come from the session shared with an earlier file."""
    return (
        f"It may be that it sees what {visible(before)} has left in the session, which all files of"
        " a rehearsal share. In a run it would get a new one."
    )
