"""Makes objects of the rows that the queries of a snapshot return."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple

from schemamig_tui.catalog.kinds import CatalogKind
from schemamig_tui.catalog.objects import Object, Reference

Parts = Mapping[int, tuple[Object, ...]]
"""The parts of one kind, by the oid of what they are a part of."""

# The fields of an object, those that a column may fill, and the columns that are no facts.
_ORDER = tuple(field.name for field in fields(Object))
_IN_ROWS = frozenset(_ORDER) - {"labels", "values", "parts"}
_NO_FACTS = _IN_ROWS | {"parent"}
_FLAGS = frozenset({"follows", "implied"})
_LISTS = frozenset({"grants", "usual_grants"})
# The facts that name another object, and those that name several.
_REFERENCE = frozenset({"partition of", "of type", "owned by"})
_REFERENCES = frozenset({"inherits"})
_DEFINITION = "_definition"
# They are NULL where another session has dropped the object at that moment.
_NEEDED = ("name", "text", _DEFINITION)


class QueryAnswer(NamedTuple):
    """What the server has answered to the query of a kind; no columns where it had no rows."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def objects(
    kind: CatalogKind, answer: QueryAnswer, parts: Sequence[Parts] = ()
) -> tuple[Object, ...]:
    """The objects of a kind, with their parts."""
    rows = _whole(answer)
    return _in_order(kind, _made(kind, QueryAnswer(answer.columns, rows), {}, parts))


def parts(kind: CatalogKind, answer: QueryAnswer, owners: Mapping[int, str]) -> Parts:
    """The parts of a kind, of all ``owners``, which are given as oids with their names.

    Where only a number tells them apart, rows that say the same share one object: id, created_at
    and what says whose a row is stand in table after table.
    """
    if not answer.rows:
        return {}
    rows = [row for row in _whole(answer) if row[0] in owners]  # the first column is "parent"
    made = (_made_once if kind.numbered else _made)(kind, QueryAnswer(answer.columns, rows), owners)
    found: defaultdict[int, list[Object]] = defaultdict(list)
    for row, one in zip(rows, made, strict=True):
        found[row[0]].append(one)
    return {oid: _in_order(kind, of) for oid, of in found.items()}


def names(answer: QueryAnswer) -> dict[int, str]:
    """The names of the objects, by their oids."""
    if not answer.rows:
        return {}
    oid, namespace, name = map(answer.columns.index, ("oid", "namespace", "name"))
    return {row[oid]: f"{row[namespace]}.{row[name]}" for row in answer.rows}


def _whole(answer: QueryAnswer) -> Sequence[tuple[Any, ...]]:
    """The rows without those of what another session has dropped at that moment."""
    rows = answer.rows
    for place in (answer.columns.index(name) for name in _NEEDED if name in answer.columns):
        rows = [row for row in rows if row[place] is not None]
    return rows


def _in_order(kind: CatalogKind, found: Sequence[Object]) -> tuple[Object, ...]:
    return tuple(
        found if kind.in_order or len(found) == 1 else sorted(found, key=attrgetter("name"))
    )


def _made_once(
    kind: CatalogKind, answer: QueryAnswer, owners: Mapping[int, str]
) -> Iterator[Object]:
    """An object of each row, the same for those that differ only in what they are parts of."""
    distinct: dict[tuple[Any, ...], int] = {}
    places: list[int] = []
    for row in answer.rows:
        try:
            place = distinct.setdefault(row[1:], len(distinct))
        except TypeError:  # a list
            hashable = (tuple(value) if isinstance(value, list) else value for value in row[1:])
            place = distinct.setdefault(tuple(hashable), len(distinct))
        places.append(place)
    made = _made(kind, QueryAnswer(answer.columns[1:], [*distinct]), owners)
    return map(made.__getitem__, places)


def _made(
    kind: CatalogKind,
    answer: QueryAnswer,
    owners: Mapping[int, str],
    parts: Sequence[Parts] = (),
) -> list[Object]:
    """An object of each row.

    A large schema has tens of thousands of rows. What there is to do is therefore done column by
    column, and mostly nothing: of few objects there is a fact under each label.
    """
    if not answer.rows:
        return []
    columns = dict(zip(answer.columns, zip(*answer.rows, strict=True), strict=True))
    labels = tuple(label for label in columns if label not in _NO_FACTS)
    values = {label: _values(label, columns[label]) for label in labels}
    if kind.shorten:
        values[_DEFINITION] = [
            kind.shorten(definition, name, owners[parent])
            for definition, name, parent in zip(
                columns[_DEFINITION], columns["name"], columns["parent"], strict=True
            )
        ]
    filled = {name: _filled(name, columns[name]) for name in _IN_ROWS if name in columns}
    if "namespace" in columns:
        filled["name"] = [
            f"{namespace}.{name}" if namespace else name
            for namespace, name in zip(columns["namespace"], columns["name"], strict=True)
        ]
    filled["values"] = [*zip(*values.values(), strict=True)] if values else ()
    if parts:
        filled["parts"] = [tuple(of.get(oid, ()) for of in parts) for oid in columns["oid"]]
    blank = Object(kind=kind.word, name="", oid=0, labels=labels)
    return [*map(Object, *(filled.get(name) or repeat(getattr(blank, name)) for name in _ORDER))]


def _filled(name: str, column: Collection[Any]) -> Collection[Any]:
    """What a column says of a field of the objects."""
    if name in _FLAGS:
        return [*map(bool, column)]
    if name in _LISTS:
        return [tuple(value) if value else () for value in column]
    return column


def _values(label: str, column: Collection[Any]) -> Iterable[Any]:
    """What a column says under a label: None for what is not so, or empty."""
    if not any(column):
        return repeat(None, len(column))
    if label in _REFERENCE:
        return [Reference(*value) if value else None for value in column]
    if label in _REFERENCES:
        return [tuple(map(Reference, value)) if value else None for value in column]
    if list in set(map(type, column)):
        return [tuple(value) if value else None for value in column]
    return [value or None for value in column]
