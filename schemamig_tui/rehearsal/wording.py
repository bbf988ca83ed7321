"""What a rehearsal has found as sentences, in the same words on every face."""

from collections.abc import Iterable, Iterator

from schemamig_tui.rehearsal.events import DeadRows, RehearsalFinished, WorkDone
from schemamig_tui.text import visible
from schemamig_tui.units import duration, plural, size

BEFORE = (
    "Rows that it writes to tables stay behind as dead rows until a VACUUM, and the WAL of all that"
    " it does is written."
)
"""What a rehearsal costs the server, for those who are about to start one."""

_MUCH_WAL = 1 << 20
_MOST = 10


def work(done: WorkDone, tag: str | None) -> Iterator[str]:
    """What a statement did, a line each.

    Its command tag mostly tells how many rows it wrote. Where the tag is not known, neither are the
    rows worth a line.
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
    """What is there now that was not there before, a line each."""
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


def shared_session(before: str) -> str:
    """What may be to blame for the failure of a file behind another one, ``before``."""
    return (
        f"It may be that it sees what {visible(before)} has left in the session, which all files of"
        " a rehearsal share. In a run it would get a new one."
    )
