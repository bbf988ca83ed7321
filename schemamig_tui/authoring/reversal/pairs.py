"""Matches the objects of two snapshots of one database."""

from collections.abc import Iterator, Sequence

from schemamig_tui.catalog.objects import Object

Pair = tuple[Object | None, Object | None]
"""An object before and after; None where it was not there yet, or is gone."""


def pairs(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Pair]:
    """Each object that has changed, come or gone, as it was before and as it is after.

    By its oid, and else by its name, as it may have been dropped and made anew.
    """
    if before == after:
        return
    by_oid = {(new.kind, new.oid): new for new in after}
    by_name = {(new.kind, new.name): new for new in after}
    met: set[tuple[str, int]] = set()
    for old in before:
        new = by_oid.get((old.kind, old.oid)) or by_name.get((old.kind, old.name))
        if new:
            met.add((new.kind, new.oid))
        if old != new:
            yield old, new
    yield from ((None, new) for new in after if (new.kind, new.oid) not in met)
