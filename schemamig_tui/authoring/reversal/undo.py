"""Makes the statements that turn a schema back, from two snapshots. It asks no database."""

from collections.abc import Container, Iterator
from dataclasses import dataclass

from schemamig_tui.authoring.reversal import objects, relations
from schemamig_tui.authoring.reversal.collector import Collector, Originals
from schemamig_tui.authoring.reversal.facts import goes_along, is_relation
from schemamig_tui.authoring.reversal.pairs import pairs
from schemamig_tui.authoring.reversal.spelling import schema_and_name, word
from schemamig_tui.authoring.reversal.tables import can_be_made
from schemamig_tui.catalog.kinds import KINDS
from schemamig_tui.catalog.objects import Object, Reference, Schema
from schemamig_tui.sql.inverse.inverse import Named

# Made anew before relations, whose triggers and columns need them.
_FIRST = ("schemas", "extensions", "types", "sequences", "functions")


@dataclass(frozen=True)
class Undo:
    """The ``statements`` that turn a schema back, in the order to run them.

    ``unknown`` names what they cannot bring back: ``the values of column a of table kb.t``.
    ``added`` are the objects that were new.
    """

    statements: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    added: tuple[Named, ...] = ()


def undo(before: Schema, after: Schema, originals: Originals, role: str) -> Undo:
    """What turns ``after`` back into ``before``, as far as it can be, when ``role`` runs it.

    It is for what one statement has changed. ``originals`` are those of before.
    """
    collector = Collector(originals, role)
    added: list[Object] = []
    moves: list[str] = []
    for kind in (*_FIRST, *(kind for kind in KINDS if kind not in _FIRST)):
        gone: list[Object] = []
        owners = _columns_of_tables(before) if kind == "sequences" else frozenset()
        for old, new in pairs(before.objects.get(kind, ()), after.objects.get(kind, ())):
            if old and new:
                if old.name != new.name and not goes_along(new):
                    moves += _moves(old, new)
                _change(old, new, collector)
            elif old and (not goes_along(old) or _is_of_a_column(old, owners)):
                gone.append(old)
            elif old and old.kind == "sequence" and old.follows:
                # That of an identity column is made with it.
                collector.moves += objects.furnish(old, role)
            elif new and not goes_along(new):
                added.append(new)
        # A view may need one that was made before it.
        for old in sorted(gone, key=lambda one: one.oid):
            _create(old, before, collector)
        if kind == _FIRST[-1]:
            collector.put_first()
    if moves:
        # What else is different are only the texts in which the name occurs.
        return Undo(tuple(moves))
    # In the order that they were made in; they are dropped the other way round.
    for new in sorted(added, key=lambda one: one.oid):
        objects.drop(new, collector)
    return Undo(
        collector.statements,
        tuple(collector.unknown),
        tuple(Named(word(new.kind), new.name) for new in added),
    )


def _columns_of_tables(before: Schema) -> frozenset[str]:
    """The columns of the tables that are there afterwards, with the names of these."""
    return frozenset(
        f"{one.name}.{column.name}"
        for one in before.objects["relations"]
        if can_be_made(one)
        for column in one.parts[0]
    )


def _is_of_a_column(old: Object, owners: Container[str]) -> bool:
    """Whether a sequence belongs to one of these columns, and does not come with it."""
    owner = old.value("owned by")
    return isinstance(owner, Reference) and not old.follows and owner.name in owners


def _create(old: Object, before: Schema, collector: Collector) -> None:
    if is_relation(old):
        relations.create(old, before.objects["relations"], collector)
    else:
        objects.create(old, collector)


def _change(old: Object, new: Object, collector: Collector) -> None:
    if is_relation(old):
        relations.change(old, new, collector)
    elif old != new:
        objects.change(old, new, collector)


def _moves(old: Object, new: Object) -> Iterator[str]:
    """Give an object its name and schema back."""
    kind = word(new.kind)
    (old_schema, old_name), (schema, name) = schema_and_name(old.name), schema_and_name(new.name)
    there = new.name
    if schema != old_schema:
        yield f"ALTER {kind} {there} SET SCHEMA {old_schema}"
        there = f"{old_schema}.{name}"
    if name != old_name:
        yield f"ALTER {kind} {there} RENAME TO {old_name.partition('(')[0]}"
