"""Warns of large tables whose rows a statement reads or writes anew."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from schemamig_tui.advice.advice import Advice, note, warning
from schemamig_tui.advice.catalog import Relation
from schemamig_tui.advice.claim_checks import Statement
from schemamig_tui.advice.database import Database
from schemamig_tui.advice.effects import RelationEffect
from schemamig_tui.advice.objects import (
    LARGE_BYTES,
    LARGE_ROWS,
    SizeFacts,
    TouchedRelation,
    read_sizes,
)
from schemamig_tui.sql.actions import EMPTIES, READS
from schemamig_tui.sql.locks import Lock
from schemamig_tui.units import size


@dataclass(frozen=True, slots=True)
class _RowWork:
    """What a statement does with the rows of a table, or of all its partitions together.

    ``lock`` is the strongest that its transaction has on it by then.
    """

    effect: RelationEffect
    relation: Relation
    tables: list[int]
    lock: Lock


def size_advice(
    database: Database,
    found: Sequence[TouchedRelation],
    effects: Sequence[RelationEffect],
    quick: Set[Statement],
) -> Iterator[Advice]:
    """A warning for each large table that a statement reads or rewrites; one note on the rest.

    What is read as ``quick`` as a question took is no reason for a warning.
    """
    relations = {effect.relation.oid: effect.relation for effect in effects}
    # Of what is only locked, no size is told, but where it is a part of what a file names.
    asked = {one.relation.oid for one in effects if one.work or one.relation.parents}
    oids = sorted(asked | {item.relation.oid for item in found})
    if not oids:
        return
    sizes = read_sizes(database, oids)
    named = set()
    for work in _works(effects):
        own = [sizes[oid] for oid in work.tables if oid in sizes]
        count, rows = sum(s.bytes for s in own), sum(s.rows for s in own)
        key = work.relation.oid, work.effect.work
        statement = work.effect.use.file, work.effect.use.line, work.relation.oid
        if work.effect.work == READS and statement in quick:
            continue
        if key not in named and (count >= LARGE_BYTES or rows >= LARGE_ROWS):
            named.add(key)
            yield _large(work, count, rows)
    large = {oid for oid, _ in named}
    rest = [
        (_total(item.relation.oid, relations, sizes), item.relation.name)
        for item in found
        if item.relation.kind in _WITH_ROWS and item.relation.oid not in large
    ]
    if rest:
        yield _summary(rest)


_WITH_ROWS = ("r", "m", "p")


def _works(effects: Sequence[RelationEffect]) -> Iterator[_RowWork]:
    """What is done with rows, the partitions of a table as one."""
    held: dict[tuple[int, int], Lock] = {}
    found: dict[tuple[str, int, int, str], _RowWork] = {}
    parents = {(e.use.file, e.use.line, e.relation.oid): e.relation for e in effects}
    for effect in effects:
        relation, use = effect.relation, effect.use
        key = use.transaction, relation.oid
        held[key] = max(effect.lock, held.get(key, effect.lock))
        if not effect.work or effect.work == EMPTIES:
            continue
        top = relation
        while above := [p for one in top.parents if (p := parents.get((use.file, use.line, one)))]:
            top = above[0]
        work = found.setdefault(
            (use.file, use.line, top.oid, effect.work), _RowWork(effect, top, [], held[key])
        )
        work.tables.append(relation.oid)
    yield from found.values()


def _total(oid: int, relations: Mapping[int, Relation], sizes: Mapping[int, SizeFacts]) -> int:
    """The size of a table with all of its children that are touched."""
    own = sizes[oid].bytes if oid in sizes else 0
    children = [one.oid for one in relations.values() if oid in one.parents]
    return own + sum(_total(child, relations, sizes) for child in children)


def _large(work: _RowWork, count: int, rows: float) -> Advice:
    about = f", about {rows:,.0f} rows" if rows else ""
    use = work.effect.use
    touch = use.touch
    blocks = _BLOCKS.get(work.lock)
    meanwhile = f", and {blocks} meanwhile" if blocks else ""
    hint = None
    if touch.statement == "CREATE INDEX":
        hint = "CREATE INDEX CONCURRENTLY does not block writes; it needs a file without BEGIN."
    return warning(
        f"{work.relation.name} is large ({size(count)}{about}): "
        f"{touch.statement} {work.effect.work}{meanwhile}.",
        hint=hint,
        file=use.file,
        line=use.line,
    )


_BLOCKS = {
    Lock.ACCESS_EXCLUSIVE: "blocks everybody else",
    Lock.EXCLUSIVE: "blocks writes",
    Lock.SHARE_ROW_EXCLUSIVE: "blocks writes",
    Lock.SHARE: "blocks writes",
}


def _summary(sizes: list[tuple[int, str]]) -> Advice:
    total = size(sum(count for count, _ in sizes))
    if len(sizes) == 1:
        return note(f"The pending files touch {sizes[0][1]}, which is there already ({total}).")
    largest, name = max(sizes)
    return note(
        f"The pending files touch {len(sizes)} tables that are there already ({total} in all); "
        f"the largest of them is {name} ({size(largest)})."
    )
