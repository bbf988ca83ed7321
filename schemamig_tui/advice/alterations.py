"""Finds what an ALTER TABLE does to its table and to others, action by action.

The rules are those of src/backend/commands/tablecmds.c in the server.
"""

from collections.abc import Iterable, Iterator

from schemamig_tui.advice.catalog import PARTITIONED, Catalog, Constraint, Relation
from schemamig_tui.advice.new_types import rebuilds_indexes, rewrites
from schemamig_tui.sql.actions import (
    MAY_REWRITE,
    READS,
    READS_UNPROVEN,
    REWRITES,
    Does,
    TableAction,
)
from schemamig_tui.sql.expressions import proven_not_null
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import Touch
from schemamig_tui.sql.type_names import type_name
from schemamig_tui.sql.words import identifier

Found = tuple[Relation | None, Lock, str | None]
_ONE_TABLE = (Does.ATTACH, Does.DETACH, Does.INHERIT, Does.NO_INHERIT, Does.MOVE, Does.CHANGE_ONE)


def effects(touch: Touch, table: Relation, catalog: Catalog) -> Iterator[Found]:
    """The relations that the statement locks, in which way, and what it does with their rows."""
    lock = touch.lock or Lock.ACCESS_EXCLUSIVE
    yield table, lock, None
    for action in touch.actions:
        if catalog.is_there(action, table.oid):
            continue
        tables = [table]
        tables += _children(action, touch, table, catalog)
        # Until 17 the index of each partition is made as CREATE INDEX makes it.
        gentle = action.does is Does.ADD_KEY and not action.primary and catalog.major < 18
        for one in tables:
            mode = Lock.SHARE if gentle and one is not table else lock
            if one is not table and table.kind not in PARTITIONED:
                yield one, mode, _work_on_child(action, table, one, catalog)
            else:
                yield one, mode, _work(action, one, catalog)
        yield from _others(action, table, tables, catalog)


def _children(
    action: TableAction, touch: Touch, table: Relation, catalog: Catalog
) -> Iterable[Relation]:
    """The children of the table to which the action is done as well."""
    idle = action.does is Does.VALIDATE and _holds(action, table, catalog)
    if action.does in _ONE_TABLE or idle:
        return ()
    # Since 18 children are locked before it is looked whether they take the constraint over.
    if (action.no_inherit or _is_own_key(action, table)) and catalog.major < 18:
        return ()
    if _is_of_one(action, table, catalog):
        return ()
    if touch.only:
        return catalog.children(table.oid) if _leaves_children(action, table, catalog) else ()
    if action.does is Does.CHANGE_PARTITIONS and table.kind not in PARTITIONED:
        return ()
    return catalog.descendants(table.oid)


def _is_own_key(action: TableAction, table: Relation) -> bool:
    """Whether a key is not that of children: of a primary key these take over NOT NULL."""
    of_table = action.does is Does.ADD_FOREIGN_KEY or (
        action.does is Does.ADD_KEY and not action.primary
    )
    return of_table and table.kind not in PARTITIONED


def _is_of_one(action: TableAction, table: Relation, catalog: Catalog) -> bool:
    """Whether no child has what is changed, or each keeps its own."""
    if action.does is Does.SET_IDENTITY:
        return table.kind not in PARTITIONED or catalog.major < 17
    one = _constraint(action.name, table, catalog)
    if action.does is Does.RENAME_CONSTRAINT:
        return one is not None and (one.no_inherit or one.kind not in "cn")
    if action.does is Does.ALTER_CONSTRAINT:
        return one is not None and one.kind == "f" and one.no_inherit
    return action.does is Does.DROP_CONSTRAINT and one is not None and one.no_inherit


def _holds(action: TableAction, table: Relation, catalog: Catalog) -> bool:
    """Whether the constraint is true of all rows already."""
    one = _constraint(action.name, table, catalog)
    return one is not None and one.validated


def _leaves_children(action: TableAction, table: Relation, catalog: Catalog) -> bool:
    """Whether children keep what is dropped from the table alone: it is their own from now on."""
    if action.does is Does.DROP_NOT_NULL:
        return catalog.major >= 18
    dropped = action.does is Does.DROP_CONSTRAINT and _constraint(action.name, table, catalog)
    return action.does is Does.DROP_COLUMN or bool(dropped and dropped.kind in "cn")


def _work_on_child(
    action: TableAction, table: Relation, child: Relation, catalog: Catalog
) -> str | None:
    """What is done with the rows of a child that is no partition."""
    if action.no_inherit or _is_own_key(action, table):
        return None
    if action.does is Does.ADD_KEY:
        return READS if _makes_not_null(action, table, child, catalog) else None
    return _work(action, child, catalog)


def _work(action: TableAction, table: Relation, catalog: Catalog) -> str | None:
    does = action.does
    if does is Does.ADD_COLUMN:
        return _new_column(action, catalog)
    if does is Does.SET_TYPE:
        return _new_type(action, table, catalog)
    if does is Does.SET_NOT_NULL:
        if action.new:
            return READS if action.virtual or not action.defaulted else None
        proven = _is_not_null(action.column, table, catalog)
        return None if action.trusted or proven else READS
    if does is Does.ADD_KEY:
        spared = action.trusted and not _makes_not_null(action, table, table, catalog)
        return None if spared else READS
    if does in (Does.ADD_CHECK, Does.ADD_FOREIGN_KEY):
        return READS if _is_checked(action) else None
    if does is Does.VALIDATE:
        return None if _holds(action, table, catalog) else READS
    if does is Does.ALTER_CONSTRAINT:
        return READS if _begins_to_hold(action, _constraint(action.name, table, catalog)) else None
    if does is Does.SET_EXPRESSION:
        column = catalog.columns.get((table.oid, action.column or ""))
        return None if column and column.generated == "v" else REWRITES
    if does is Does.MOVE:
        return None if _is_there(action, table) else REWRITES
    return None


def _makes_not_null(action: TableAction, table: Relation, one: Relation, catalog: Catalog) -> bool:
    """Whether a primary key of the table makes columns of it, or of a child, NOT NULL."""
    index = catalog.index(table.oid, action.other)
    columns = index.columns if index else action.columns
    return action.primary and not all(_is_not_null(name, one, catalog) for name in columns)


def _is_checked(action: TableAction) -> bool:
    """Whether rows are compared with the constraint.

    A new column that has no value refers to nothing.
    """
    if action.does is Does.ADD_FOREIGN_KEY and action.new and not action.defaulted:
        return False
    return not action.trusted


def _is_there(action: TableAction, table: Relation) -> bool:
    """Whether the data are in that form already."""
    if action.text == "tablespace":
        return table.tablespace == action.name
    if action.text == "access":
        return table.access_method == action.name
    return table.persistence == {"logged": "p", "unlogged": "u"}.get(action.text or "")


def _new_column(action: TableAction, catalog: Catalog) -> str | None:
    name = type_name(action.type) or ""
    made = catalog.types.get(name)
    checked = made.constrained or made.volatile if made else _bare(name) in catalog.new_domains
    if action.computed or checked:
        return REWRITES
    if action.calls is None:
        return MAY_REWRITE
    known = [catalog.volatile.get(name) for name in action.calls]
    if any(known):
        return REWRITES
    return MAY_REWRITE if None in known else None


def _bare(name: str) -> str | None:
    """The name of a type without its schema, as ``type_name`` has it."""
    return identifier(name.rpartition(" . ")[2].encode())


def _new_type(action: TableAction, table: Relation, catalog: Catalog) -> str | None:
    column = catalog.columns.get((table.oid, action.column or ""))
    if column is None:
        return MAY_REWRITE
    checked = any(column.name in one.columns for one in catalog.checks(table.oid))
    if column.generated == "v":
        return READS if checked else None
    again = rewrites(catalog, column, action)
    if again is None:
        return MAY_REWRITE
    if again:
        return REWRITES
    new = catalog.types[type_name(action.type) or ""]
    rebuilt = rebuilds_indexes(catalog, column, new, action)
    indexed = any(
        column.name in (*index.columns, *index.computed_from) and (rebuilt or index.computed_from)
        for index in catalog.indexes(table.oid)
    )
    return READS if checked or indexed else None


def _is_not_null(name: str | None, table: Relation, catalog: Catalog) -> bool:
    """Whether no row needs to be looked at: it is NOT NULL already, or a CHECK proves it."""
    column = catalog.columns.get((table.oid, name or ""))
    if column is None:
        return False
    return column.not_null or any(
        one.validated and column.name in proven_not_null(one.condition)
        for one in catalog.checks(table.oid)
    )


def needs_rows_without_null(name: str | None, table: Relation, catalog: Catalog) -> bool:
    """Whether SET NOT NULL looks at the rows of a column that is there."""
    return (table.oid, name or "") in catalog.columns and not _is_not_null(name, table, catalog)


def _constraint(name: str | None, table: Relation, catalog: Catalog) -> Constraint | None:
    return next((one for one in catalog.constraints[table.oid] if one.name == name), None)


def _others(
    action: TableAction, table: Relation, tables: list[Relation], catalog: Catalog
) -> Iterator[Found]:
    """The tables that are not named, or not in this way."""
    if action.does is Does.VALIDATE:
        key = _constraint(action.name, table, catalog)
        if key and key.kind == "f" and not key.validated:
            other = catalog.relations.get(key.other)
            yield other, Lock.ROW_SHARE, READS
            for part in catalog.descendants(key.other):
                yield part, Lock.ACCESS_SHARE, READS
    elif action.does is Does.ALTER_CONSTRAINT:
        key = _constraint(action.name, table, catalog)
        other = catalog.relations.get(key.other) if key else None
        begins = _begins_to_hold(action, key)
        if begins or "not enforced" in (action.text or ""):
            lock = Lock.SHARE_ROW_EXCLUSIVE if begins else Lock.ACCESS_EXCLUSIVE
            for one in _with_partitions(other, catalog):
                yield one, lock, READS if begins else None
    elif action.does is Does.ADD_FOREIGN_KEY:
        other = catalog.relation(action.other)
        for one in _with_partitions(other, catalog):
            yield one, Lock.SHARE_ROW_EXCLUSIVE, READS if _is_checked(action) else None
    elif action.does in (Does.DROP_CONSTRAINT, Does.DROP_COLUMN):
        for key in catalog.foreign_keys(table.oid):
            if action.name == key.name or action.column in key.columns:
                yield from ends_of_new_keys([key], catalog)
    elif action.does is Does.SET_TYPE:
        yield from _keys_made_again(action, tables, catalog)
    elif action.does is Does.ATTACH:
        yield from _attached(action, table, catalog)
    elif action.does is Does.DETACH:
        yield from _detached(action, table, catalog)


def ends_of_new_keys(keys: Iterable[Constraint], catalog: Catalog) -> Iterator[Found]:
    """The other ends of foreign keys that go, and that only an earlier statement has made."""
    for key in keys:
        if not key.oid:
            for one in _with_partitions(catalog.relations.get(key.other), catalog):
                yield one, Lock.ACCESS_EXCLUSIVE, None


def _begins_to_hold(action: TableAction, key: Constraint | None) -> bool:
    """Whether a foreign key that was NOT ENFORCED has to be true of the rows from now on."""
    text = (action.text or "").replace("not enforced", "")
    return key is not None and not key.validated and "enforced" in text


def _with_partitions(table: Relation | None, catalog: Catalog) -> tuple[Relation, ...]:
    return (table, *catalog.descendants(table.oid)) if table else ()


def _attached(action: TableAction, table: Relation, catalog: Catalog) -> Iterator[Found]:
    """The new partition and the default one, and the other ends of foreign keys."""
    part = catalog.relation(action.other)
    yield from rows_of_others(table, catalog)
    # An index is built, or a foreign key looked up, for every row.
    is_read = catalog.enforced_keys(table.oid) or catalog.indexes(table.oid)
    for one, lock, work in attached(part, catalog):
        yield one, lock, READS if is_read else work
    for key in catalog.foreign_keys(table.oid):
        work = READS if key.enforced else None
        yield catalog.relations.get(key.other), Lock.SHARE_ROW_EXCLUSIVE, work
    yield from referring(table, catalog)


def attached(partition: Relation | None, catalog: Catalog) -> Iterator[Found]:
    """A table that becomes a partition, and its own partitions."""
    for one in _with_partitions(partition, catalog):
        yield one, Lock.ACCESS_EXCLUSIVE, _unproven(one, catalog)


def _detached(action: TableAction, table: Relation, catalog: Catalog) -> Iterator[Found]:
    """The default partition, the one that goes, and the other ends of foreign keys."""
    yield catalog.default_partition(table.oid), Lock.ACCESS_EXCLUSIVE, None
    referrers = [*_referrers(table, catalog)]
    if part := catalog.relation(action.other):
        # No row may refer to those that go.
        work = READS if referrers else None
        yield part, action.lock, work
        for one in catalog.descendants(part.oid):
            yield one, Lock.ACCESS_EXCLUSIVE, work
    for other in referrers:
        yield other, Lock.ACCESS_EXCLUSIVE, READS
        for one in catalog.descendants(other.oid):
            yield one, Lock.ACCESS_SHARE, READS
    for key in catalog.foreign_keys(table.oid):
        yield catalog.relations.get(key.other), Lock.SHARE_ROW_EXCLUSIVE, None


def rows_of_others(parent: Relation, catalog: Catalog) -> Iterator[Found]:
    """The default partition, where rows may be that belong to a new one, and its partitions."""
    for one in _with_partitions(catalog.default_partition(parent.oid), catalog):
        yield one, Lock.ACCESS_EXCLUSIVE, _unproven(one, catalog)


def _unproven(partition: Relation, catalog: Catalog) -> str:
    """How a partition is read when bounds are to hold for it that its own CHECK may prove."""
    has_check = any(one.validated for one in catalog.checks(partition.oid))
    return READS_UNPROVEN if has_check else READS


def referring(parent: Relation, catalog: Catalog) -> Iterator[Found]:
    """The tables whose foreign keys refer to a partitioned table, when it gets a partition."""
    for table in _referrers(parent, catalog):
        mode = Lock.SHARE_ROW_EXCLUSIVE if catalog.major >= 15 else Lock.ACCESS_SHARE
        yield table, mode, None


def _referrers(table: Relation, catalog: Catalog) -> Iterator[Relation]:
    oids = {key.table for key in catalog.referencing[table.oid]}
    for one in map(catalog.relations.get, oids):
        # The key of a partition is only a part of its parent's.
        if one and oids.isdisjoint(one.parents):
            yield one


def _keys_made_again(
    action: TableAction, tables: list[Relation], catalog: Catalog
) -> Iterator[Found]:
    """The other ends of the foreign keys that are dropped and added again with a column's type."""
    for table in tables:
        # A new column, or one that an earlier statement has changed, is not known.
        column = catalog.columns.get((table.oid, action.column or ""))
        again = rewrites(catalog, column, action) if column else None
        work = READS if again is not False else None
        for key in catalog.foreign_keys(table.oid):
            if action.column in key.columns:
                other = catalog.relations.get(key.other)
                lock = Lock.ACCESS_EXCLUSIVE if key.enforced else Lock.SHARE_ROW_EXCLUSIVE
                yield other, lock, work if key.validated else None
        for key in catalog.referencing[table.oid]:
            if action.column in key.others:
                other = catalog.relations.get(key.table)
                yield other, Lock.ACCESS_EXCLUSIVE, work if key.validated else None
