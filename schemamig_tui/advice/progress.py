"""Predicts the catalog as each pending statement will find it, after the statements before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from schemamig_tui.advice.catalog import Catalog, Constraint, Relation
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.touch import ObjectKind

Step = tuple[int, Use, Relation | None, Catalog]


def steps(numbered: Iterable[tuple[int, Use]], catalog: Catalog) -> Iterator[Step]:
    """Each use with the relation that it names, and the catalog as it is by then.

    What an earlier statement adds or proves is known; what it changes in another way is not known
    any more. The catalog that is given stays as it is.
    """
    ahead = replace(
        catalog,
        columns=dict(catalog.columns),
        constraints=catalog.constraints.copy(),
        new_domains=set(),
    )
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
        ahead.constraints[table.oid] = [
            replace(one, validated=True) if one.name == action.name else one for one in before
        ]
    elif action.does is Does.DROP_CONSTRAINT:
        ahead.constraints[table.oid] = [one for one in before if one.name != action.name]
    elif action.does is Does.SET_NOT_NULL and not action.new:
        if action.trusted:
            ahead.constraints[table.oid] = [*before, _new(action, "n", table)]
        else:
            _note_not_null(action.column, table, ahead)
    elif action.does is Does.ADD_KEY and action.primary:
        for name in action.columns:
            _note_not_null(name, table, ahead)
    elif action.does is not Does.ADD_KEY and action.column is not None:
        ahead.columns.pop((table.oid, action.column), None)


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
