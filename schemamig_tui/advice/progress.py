"""Predicts the catalog as each pending statement will find it, after the statements before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from schemamig_tui.advice.catalog import Catalog, Constraint, Relation
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.touch import ObjectKind

Step = tuple[int, Use, Relation | None, Catalog]

# Their column stays what it is: its default changes, its statistics, how it is stored.
_LEAVE_COLUMNS = (Does.ADD_KEY, Does.CHANGE, Does.CHANGE_ONE)


def steps(numbered: Iterable[tuple[int, Use]], catalog: Catalog) -> Iterator[Step]:
    """Each use with the relation that it names, and the catalog as it is by then.

    What an earlier statement adds or proves is known; what it changes in another way is not known
    any more. The catalog that is given stays as it is.
    """
    ahead = catalog.copy()
    for number, use in numbered:
        is_relation = use.touch.target is ObjectKind.RELATION
        relation = ahead.relation(use.touch.name) if is_relation else None
        yield number, use, relation, ahead
        if use.touch.constrained:
            ahead.new_domains.add(use.touch.name.name)
        if relation:
            tables = [relation]
            if not use.touch.only:
                tables += ahead.descendants(relation.oid)
            for action in use.touch.actions:
                _apply_once(action, relation, ahead)
                for table in tables:
                    _apply(action, table, ahead)


def _apply(action: TableAction, table: Relation, ahead: Catalog) -> None:
    if ahead.is_there(action, table.oid):
        return
    before = ahead.constraints[table.oid]
    if action.does is Does.ADD_CHECK:
        ahead.constraints[table.oid] = [*before, _new(action, "c", table)]
    elif action.does is Does.VALIDATE:
        for one in before:
            for name in one.columns if (one.name, one.kind) == (action.name, "n") else ():
                _note_not_null(name, table, ahead)
        for one in [one for one in before if one.name == action.name]:
            _drop([one], ahead)
            proven = replace(one, validated=True)
            ahead.constraints[one.table] = [*ahead.constraints[one.table], proven]
            if one.other:
                ahead.referencing[one.other] = [*ahead.referencing[one.other], proven]
    elif action.does is Does.DROP_CONSTRAINT:
        _drop([one for one in before if one.name == action.name], ahead)
    elif action.does is Does.SET_NOT_NULL and not action.new:
        if action.trusted:
            ahead.constraints[table.oid] = [*before, _new(action, "n", table)]
        else:
            _note_not_null(action.column, table, ahead)
    elif action.does is Does.ADD_KEY and action.primary:
        for name in action.columns:
            _note_not_null(name, table, ahead)
    elif action.does not in _LEAVE_COLUMNS and action.column is not None:
        ahead.columns.pop((table.oid, action.column), None)
        if action.does is Does.DROP_COLUMN:
            _drop(
                [key for key in ahead.foreign_keys(table.oid) if action.column in key.columns],
                ahead,
            )


def _apply_once(action: TableAction, table: Relation, ahead: Catalog) -> None:
    """Take over what is done to the one table, and not to its children."""
    other = ahead.relation(action.other)
    if action.does is Does.ADD_FOREIGN_KEY and other and not ahead.is_there(action, table.oid):
        _add_key(action, table, other, ahead)
    elif action.does is Does.ATTACH and other:
        default = (action.text or "").lower().startswith("default")
        ahead.add_child(table, other, default=default)
    elif action.does is Does.INHERIT and other:
        ahead.add_child(other, table, default=False)
    elif action.does is Does.DETACH and other:
        ahead.remove_child(table, other)
    elif action.does is Does.NO_INHERIT and other:
        ahead.remove_child(other, table)


def _add_key(action: TableAction, table: Relation, other: Relation, ahead: Catalog) -> None:
    name = action.name or "_".join((table.bare, *action.columns, "fkey"))
    key = replace(
        _new(action, "f", table),
        name=name,
        other=other.oid,
        columns=[*action.columns],
        others=[*ahead.referenced(action, other)],
    )
    ahead.constraints[table.oid] = [*ahead.constraints[table.oid], key]
    ahead.referencing[other.oid] = [*ahead.referencing[other.oid], key]


def _drop(constraints: Iterable[Constraint], ahead: Catalog) -> None:
    for one in constraints:
        ahead.constraints[one.table] = [k for k in ahead.constraints[one.table] if k is not one]
        ahead.referencing[one.other] = [k for k in ahead.referencing[one.other] if k is not one]


def _new(action: TableAction, kind: str, table: Relation) -> Constraint:
    return Constraint(
        oid=0,
        name=action.name or "",
        kind=kind,
        table=table.oid,
        other=0,
        columns=[action.column] if action.column else [],
        others=[],
        validated=not action.trusted,
        no_inherit=action.no_inherit,
        enforced=True,
        condition=action.text or "",
        on_delete="",
        on_update="",
    )


def _note_not_null(name: str | None, table: Relation, ahead: Catalog) -> None:
    column = ahead.columns.get((table.oid, name or ""))
    if column:
        ahead.columns[table.oid, column.name] = replace(column, not_null=True)
