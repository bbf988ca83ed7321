"""Makes objects of the rows that the queries of a snapshot return."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from schemamig_tui.catalog.kinds import CatalogKind
from schemamig_tui.catalog.objects import Object, Reference, Value

Parts = Mapping[int, tuple[Object, ...]]
"""The parts of one kind, by the oid of what they are a part of."""

# Columns that are fields of an object as they are, and those that are no facts besides.
_FIELDS = frozenset({"oid", "kind", "namespace", "name", "owner", "comment", "place", "text"})
_FLAGS = frozenset({"follows", "implied"})
_LISTS = frozenset({"grants", "usual_grants"})
_NO_FACTS = _FIELDS | _FLAGS | _LISTS | {"parent"}
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
    """Makes an object of each row of one query."""

    def __init__(
        self,
        kind: CatalogKind,
        columns: Sequence[str],
        owners: Mapping[int, str],
        parts: Sequence[Parts] = (),
    ) -> None:
        places = {column: i for i, column in enumerate(columns)}
        self._places = places
        self._fields = [(name, i) for name, i in places.items() if name in _FIELDS]
        self._flags = [(name, i) for name, i in places.items() if name in _FLAGS]
        self._lists = [(name, i) for name, i in places.items() if name in _LISTS]
        self._labels = tuple(column for column in columns if column not in _NO_FACTS)
        self._values = [(label, places[label]) for label in self._labels]
        self._needed = [places[column] for column in _NEEDED if column in places]
        self._kind = kind
        self._owners = owners
        self._parts = parts

    def object(self, row: tuple[Any, ...]) -> Object | None:
        """The object; None where another session has dropped it at that moment."""
        if any(row[i] is None for i in self._needed):
            return None
        fields = {name: row[i] for name, i in self._fields}
        for name, i in self._flags:
            fields[name] = bool(row[i])
        for name, i in self._lists:
            fields[name] = tuple(row[i])
        fields.setdefault("kind", self._kind.word)
        values = [_value(label, row[i]) for label, i in self._values]
        if shorten := self._kind.shorten:
            definition, owner = row[self._places[_DEFINITION]], row[self._places["parent"]]
            shortened = shorten(definition, fields["name"], self._owners[owner])
            values[self._labels.index(_DEFINITION)] = shortened
        if namespace := fields.get("namespace"):
            fields["name"] = f"{namespace}.{fields['name']}"
        return Object(
            **fields,
            labels=self._labels,
            values=tuple(values),
            parts=tuple(of.get(fields["oid"], ()) for of in self._parts),
        )


def _value(label: str, value: Any) -> Value:  # noqa: ANN401  # whatever a query returns
    if not value:
        return None
    if label in _REFERENCE:
        return Reference(*value)
    if label in _REFERENCES:
        return tuple(map(Reference, value))
    return tuple(value) if isinstance(value, list) else value
