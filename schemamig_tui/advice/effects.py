"""Finds what each statement does to which relation, from its text and the catalog."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from schemamig_tui.advice import alterations
from schemamig_tui.advice.alterations import Found
from schemamig_tui.advice.cascades import following
from schemamig_tui.advice.catalog import INDEXES, PARTITIONED, TABLES, Catalog, Relation
from schemamig_tui.advice.progress import steps
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import EMPTIES, MAY_REWRITE, READS, READS_UNPROVEN, REWRITES, Does
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Touch


@dataclass(frozen=True, slots=True)
class RelationEffect:
    """What one statement does to one relation: ``lock`` and ``work`` as in ``Touch``."""

    use: Use
    relation: Relation
    lock: Lock
    work: str | None = None

    def waits_for(self, held: Lock) -> bool:
        """Whether it has to wait while somebody else holds that lock on the relation.

        What is done CONCURRENTLY waits, behind its own lock, for all who may still work without
        the new index, or with the old one.
        """
        return self.lock.waits_for(held) or self._waits_as.waits_for(held)

    @property
    def _waits_as(self) -> Lock:
        touch = self.use.touch
        if self.lock is Lock.SHARE_UPDATE_EXCLUSIVE and any(
            action.does is Does.DETACH for action in touch.actions
        ):
            return Lock.ACCESS_EXCLUSIVE
        if touch.statement == "REINDEX CONCURRENTLY" and not (self.work or self.relation.toasted):
            return self.lock  # there is no index
        if touch.statement == "CREATE INDEX CONCURRENTLY" and not self.work:
            return self.lock  # there is one of that name
        return _CONCURRENTLY.get(touch.statement, self.lock)


_CONCURRENTLY = {
    "ALTER TABLE ... DETACH PARTITION": Lock.ACCESS_EXCLUSIVE,
    "CREATE INDEX CONCURRENTLY": Lock.SHARE,
    "DROP INDEX CONCURRENTLY": Lock.ACCESS_EXCLUSIVE,
    "REINDEX CONCURRENTLY": Lock.ACCESS_EXCLUSIVE,
}


def effects(numbered: Iterable[tuple[int, Use]], catalog: Catalog) -> list[RelationEffect]:
    """The effects of the uses, with the numbers that ``read_catalog`` has given them.

    Of what a statement does to a relation in more than one way, one effect is made: with the
    strongest lock, and the most work.
    """
    found: dict[tuple[str, int, int], RelationEffect] = {}
    for number, use, relation, ahead in steps(numbered, catalog):
        for other, lock, work in _of(use.touch, number, relation, ahead):
            if other is None:
                continue
            # Partitioned tables and views have no rows of their own.
            effect = RelationEffect(use, other, lock, work if other.kind in TABLES else None)
            key = (use.file, use.line, other.oid)
            found[key] = _stronger(found.get(key), effect)
    return list(found.values())


_ORDER = (None, READS_UNPROVEN, READS, MAY_REWRITE, EMPTIES, REWRITES)


def _stronger(one: RelationEffect | None, other: RelationEffect) -> RelationEffect:
    if one is None:
        return other
    works = (one.work, other.work)
    work = max(works, key=lambda w: _ORDER.index(w) if w in _ORDER else 1)
    strongest = one if one.lock >= other.lock else other
    return replace(strongest, work=work)


def _of(touch: Touch, number: int, relation: Relation | None, catalog: Catalog) -> Iterator[Found]:
    gentle = touch.statement == "DROP STATISTICS"
    left = catalog.left[relation.oid] if relation else ()
    for oid in catalog.dropped[number]:
        if oid in left:
            continue
        lock = Lock.SHARE_UPDATE_EXCLUSIVE if gentle else Lock.ACCESS_EXCLUSIVE
        yield catalog.relations.get(oid), lock, None
    for oid in catalog.read[number]:
        yield from _read(touch, number, oid, relation, catalog)
    of_domain = touch.statement == "ALTER DOMAIN"
    for oid in catalog.of_type[number]:
        lock, work = (Lock.SHARE, READS) if of_domain else (Lock.ACCESS_EXCLUSIVE, None)
        yield catalog.relations.get(oid), lock, work
    for oid in catalog.published[number]:
        yield catalog.relations.get(oid), Lock.SHARE_UPDATE_EXCLUSIVE, None
    for oid in catalog.kept_up[number]:
        table = catalog.relations.get(oid)
        if table and touch.statement.startswith("REINDEX"):
            yield from _indexed_again(touch, table, catalog)
        else:
            yield table, touch.lock or Lock.SHARE_UPDATE_EXCLUSIVE, touch.work
    for oid in catalog.written[number]:
        yield catalog.relations.get(oid), Lock.ROW_EXCLUSIVE, None
    if relation is None or touch.lock is None or touch.target is not ObjectKind.RELATION:
        return
    if number in catalog.idle:
        yield from _looked_at(touch, relation, catalog)
        return
    if number in catalog.replaced:
        yield relation, touch.lock, None
        return
    if touch.actions:
        yield from alterations.effects(touch, relation, catalog)
        return
    if touch.statement.endswith("ATTACH PARTITION"):
        # More of it is known where the table that it is attached to was there before.
        yield from alterations.attached(relation, catalog)
        return
    # Of a table that is indexed again only the indexes that there are are read.
    counted = touch.statement.startswith("REINDEX") and not touch.beside
    yield relation, touch.lock, None if counted else touch.work
    if touch.beside:
        return
    if relation.kind in INDEXES:
        yield from _of_index(touch, relation, catalog)
    if rule := _rule(touch):
        yield from rule(touch, relation, catalog)


def _read(
    touch: Touch, number: int, oid: int, named: Relation | None, catalog: Catalog
) -> Iterator[Found]:
    """The relation that is named, or one that a view is made of: a write to that is done to it."""
    reads = touch.statement == "REFRESH MATERIALIZED VIEW"
    mode = Lock.ACCESS_SHARE if reads else touch.lock or Lock.ACCESS_SHARE
    work = READS if reads else None if number in catalog.replaced else touch.work
    one = catalog.relations.get(oid)
    yield one, mode, work
    if one is None or one is named:
        return
    if reads or touch.statement == "LOCK TABLE":
        yield from ((child, mode, work) for child in catalog.descendants(oid))
    elif rule := _rule(touch):
        only = touch.statement in _OF_ONE
        yield from rule(touch._replace(only=only), one, catalog)


def _looked_at(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """What is locked to find out that there is nothing to do."""
    if touch.statement.startswith("CREATE INDEX"):
        yield relation, touch.lock or Lock.SHARE, None
        yield from _partitions(touch._replace(only=False, work=None), relation, catalog)


def _of_index(touch: Touch, index: Relation, catalog: Catalog) -> Iterator[Found]:
    """The table of an index."""
    table = catalog.relations.get(index.table) if index.table is not None else None
    if touch.statement.startswith("DROP"):
        mode = touch.lock or Lock.ACCESS_EXCLUSIVE
        yield table, mode, None
        for part in catalog.descendants(table.oid) if table and index.kind in PARTITIONED else ():
            yield part, mode, None
    elif touch.statement.startswith("REINDEX"):
        gently = touch.statement == "REINDEX CONCURRENTLY"
        mode = Lock.SHARE_UPDATE_EXCLUSIVE if gently else Lock.SHARE
        yield table, mode, READS
        for part in catalog.descendants(index.oid):
            if part.kind not in PARTITIONED and part.table is not None:
                yield part, touch.lock or Lock.ACCESS_EXCLUSIVE, None
                yield catalog.relations.get(part.table), mode, READS


def _children(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The same for all children."""
    if not touch.only and touch.lock:
        for child in catalog.descendants(relation.oid):
            yield child, touch.lock, touch.work


def _partitions(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The same for all partitions, but not for other children."""
    if relation.kind in PARTITIONED:
        yield from _children(touch, relation, catalog)


def _clustered(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The same for all partitions that have rows."""
    for found in _partitions(touch, relation, catalog):
        if found[0] and found[0].kind not in PARTITIONED:
            yield found


def _vacuumed(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The same for all partitions, and since 18 for other children."""
    if relation.kind in PARTITIONED or catalog.major >= 18:
        yield from _children(touch, relation, catalog)


def _published(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The same for all children that are no partitions: these are published with their table."""
    if relation.kind not in PARTITIONED:
        yield from _children(touch, relation, catalog)


def _trigger_renamed(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """Since 15 that of each partition gets the new name as well."""
    if catalog.major >= 15:
        yield from _partitions(touch, relation, catalog)


def _analyzed(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The rows of children that are no partitions are only read; 18 analyzes them as well."""
    if not touch.only and (relation.kind in PARTITIONED or catalog.major >= 18):
        yield from _children(touch, relation, catalog)
    else:
        for child in catalog.descendants(relation.oid):
            if child.kind not in PARTITIONED:
                yield child, Lock.ACCESS_SHARE, None


def _truncated(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    tables = [relation]
    seen = {relation.oid}
    while tables:
        one = tables.pop()
        yield one, Lock.ACCESS_EXCLUSIVE, EMPTIES
        near: list[Relation] = []
        if not (touch.only and one is relation):
            near += catalog.descendants(one.oid)
        if touch.cascade:
            near += (
                catalog.relations[key.table]
                for key in catalog.referencing[one.oid]
                if key.table in catalog.relations
            )
        for other in near:
            if other.oid not in seen:
                seen.add(other.oid)
                tables.append(other)


def _reindexed(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    if relation.kind in INDEXES:
        return
    yield from _indexed_again(touch, relation, catalog)
    if relation.kind in PARTITIONED:
        for part in catalog.descendants(relation.oid):
            # To find them, they are locked in the same way for CONCURRENTLY.
            yield part, Lock.SHARE, None
            yield from _indexed_again(touch, part, catalog)


def _indexed_again(touch: Touch, table: Relation, catalog: Catalog) -> Iterator[Found]:
    indexes = catalog.indexes(table.oid)
    yield table, touch.lock or Lock.SHARE, READS if indexes else None
    for index in indexes if touch.statement == "REINDEX" else ():
        yield index, Lock.ACCESS_EXCLUSIVE, None


def _dropped(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """What only belongs to the table because of an earlier statement; the catalog has the rest."""
    yield from alterations.ends_of_new_keys(catalog.foreign_keys(relation.oid), catalog)
    for key in catalog.referencing[relation.oid]:
        if not key.oid:
            yield catalog.relations.get(key.table), Lock.ACCESS_EXCLUSIVE, None
    for oid in relation.parents if relation.partition else ():
        yield catalog.relations.get(oid), Lock.ACCESS_EXCLUSIVE, None
        yield catalog.default_partition(oid), Lock.ACCESS_EXCLUSIVE, None
    yield from _partitions(touch, relation, catalog)


def _new_partition(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    yield from alterations.rows_of_others(relation, catalog)
    for key in catalog.foreign_keys(relation.oid):
        yield catalog.relations.get(key.other), Lock.SHARE_ROW_EXCLUSIVE, None
    yield from alterations.referring(relation, catalog)


def _referenced(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """The partitions of a table that a new foreign key refers to."""
    if touch.lock is Lock.SHARE_ROW_EXCLUSIVE:
        yield from _partitions(touch, relation, catalog)


def _inserted(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    """Where a row refers to another one, that is looked up and locked."""
    for key in catalog.enforced_keys(relation.oid):
        yield catalog.relations.get(key.other), Lock.ROW_SHARE, None


def _deleted(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    yield from _children(touch, relation, catalog)
    yield from following(relation.oid, None, catalog)


def _updated(touch: Touch, relation: Relation, catalog: Catalog) -> Iterator[Found]:
    yield from _children(touch, relation, catalog)
    sets = frozenset(touch.sets)
    for table in (relation, *(() if touch.only else catalog.descendants(relation.oid))):
        for key in catalog.enforced_keys(table.oid):
            if not sets.isdisjoint(key.columns):
                yield catalog.relations.get(key.other), Lock.ROW_SHARE, None
        yield from following(table.oid, sets, catalog)


def _rule(touch: Touch) -> Callable[[Touch, Relation, Catalog], Iterator[Found]] | None:
    """What is done to other relations; a plan needs the children, but looks up no row."""
    return _children if touch.statement.startswith("EXPLAIN ") else _RULES.get(touch.statement)


_OF_ONE = ("EXPLAIN INSERT", "EXPLAIN MERGE ... INSERT", "INSERT ... ON CONFLICT")
_RULES = {
    "ALTER PUBLICATION": _published,
    "ALTER TRIGGER": _trigger_renamed,
    "ANALYZE": _analyzed,
    "CLUSTER": _clustered,
    "COPY": _inserted,
    "CREATE INDEX": _partitions,
    "CREATE PUBLICATION": _published,
    "CREATE TABLE": _referenced,
    "CREATE TABLE ... PARTITION OF": _new_partition,
    "CREATE TRIGGER": _partitions,
    "DELETE": _deleted,
    "DROP TABLE": _dropped,
    "DROP TRIGGER": _partitions,
    "INSERT": _inserted,
    "INSERT ... ON CONFLICT": _updated,
    "LOCK TABLE": _children,
    "MERGE": _updated,
    "MERGE ... DELETE": _deleted,
    "MERGE ... INSERT": _inserted,
    "REINDEX": _reindexed,
    "REINDEX CONCURRENTLY": _reindexed,
    "TRUNCATE": _truncated,
    "UPDATE": _updated,
    "VACUUM": _vacuumed,
    "VACUUM FULL": _vacuumed,
}
