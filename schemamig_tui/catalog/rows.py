"""Makes objects of the rows that the queries of a snapshot return."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from schemamig_tui.catalog.kinds import CatalogKind
from schemamig_tui.catalog.objects import Object, Reference

Parts = Mapping[int, tuple[Object, ...]]
"""The parts of one kind, by the oid of what they are a part of."""

# The fields of an object, those that a column may fill, and the columns that are no facts.
_ORDER = tuple(field.name for field in fields(Object))
_IN_ROWS = frozenset(_ORDER) - {"labels", "values", "parts"}
_NO_FACTS = _IN_ROWS | {"parent"}
# The facts that name another object, and those that name several.
_REFERENCE = frozenset({"partition of", "of type", "owned by"})
_REFERENCES = frozenset({"inherits"})
_DEFINITION = "_definition"
# They are NULL where another session has dropped the object at that moment.
_NEEDED = ("name", "text", _DEFINITION)


class QueryAnswer(NamedTuple):
    """What the server has answered to the query of a kind."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def objects(
    kind: CatalogKind, answer: QueryAnswer, parts: Sequence[Parts] = ()
) -> tuple[Object, ...]:
    """The objects of a kind, with their parts."""
    make = _Maker(kind, answer.columns, {}, parts)
    return _in_order(kind, (one for row in answer.rows if (one := make.object(row))))


def parts(kind: CatalogKind, answer: QueryAnswer, owners: Mapping[int, str]) -> Parts:
    """The parts of a kind, of all ``owners``, which are given as oids with their names."""
    make = _Maker(kind, answer.columns, owners)
    parent = answer.columns.index("parent")
    found: defaultdict[int, list[Object]] = defaultdict(list)
    for row in answer.rows:
        if row[parent] in owners and (one := make.object(row)):
            found[row[parent]].append(one)
    return {oid: _in_order(kind, of) for oid, of in found.items()}


def names(answer: QueryAnswer) -> dict[int, str]:
    """The names of the objects, by their oids."""
    oid, namespace, name = map(answer.columns.index, ("oid", "namespace", "name"))
    return {row[oid]: f"{row[namespace]}.{row[name]}" for row in answer.rows}


def _in_order(kind: CatalogKind, found: Iterable[Object]) -> tuple[Object, ...]:
    return tuple(found if kind.in_order else sorted(found, key=attrgetter("name")))


class _Maker:
    """Makes an object of each row of one query.

    A large schema has tens of thousands of rows. What an object needs is therefore picked at once
    out of the row and the values that are the same for all rows, in the order of its fields.
    """

    def __init__(
        self,
        kind: CatalogKind,
        columns: Sequence[str],
        owners: Mapping[int, str],
        parts: Sequence[Parts] = (),
    ) -> None:
        places = {column: i for i, column in enumerate(columns)}
        labels = tuple(column for column in columns if column not in _NO_FACTS)
        blank = Object(kind=kind.word, name="", oid=0, labels=labels)
        self._blank = tuple(getattr(blank, name) for name in _ORDER)
        self._pick = itemgetter(
            *(
                places[name] if name in _IN_ROWS and name in places else len(columns) + i
                for i, name in enumerate(_ORDER)
            )
        )
        self._values = [places[label] for label in labels]
        self._references = [
            (i, label)
            for i, label in enumerate(labels)
            if label in _REFERENCE or label in _REFERENCES
        ]
        self._needed = [places[column] for column in _NEEDED if column in places]
        self._definition = labels.index(_DEFINITION) if _DEFINITION in labels else 0
        self._parent = places.get("parent", 0)
        self._kind = kind
        self._owners = owners
        self._parts = parts

    def object(self, row: tuple[Any, ...]) -> Object | None:
        """The object; None where another session has dropped it at that moment."""
        for place in self._needed:
            if row[place] is None:
                return None
        one = Object(*self._pick(row + self._blank))
        one.follows, one.implied = bool(one.follows), bool(one.implied)
        one.grants, one.usual_grants = tuple(one.grants or ()), tuple(one.usual_grants)
        values: list[Any] = [
            (tuple(value) if isinstance(value, list) else value) if value else None
            for value in map(row.__getitem__, self._values)
        ]
        for i, label in self._references:
            if found := values[i]:
                several = label in _REFERENCES
                values[i] = tuple(map(Reference, found)) if several else Reference(*found)
        if shorten := self._kind.shorten:
            definition, owner = values[self._definition], self._owners[row[self._parent]]
            values[self._definition] = shorten(definition, one.name, owner)
        one.values = tuple(values)
        if one.namespace:
            one.name = f"{one.namespace}.{one.name}"
        if self._parts:
            one.parts = tuple(of.get(one.oid, ()) for of in self._parts)
        return one
