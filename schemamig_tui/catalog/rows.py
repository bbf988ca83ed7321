"""Makes objects of the rows that the queries of a snapshot return."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from schemamig_tui.catalog.kinds import Kind
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


class Answer(NamedTuple):
    """What the server has answered to the query of a kind."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def objects(kind: Kind, answer: Answer, parts: Sequence[Parts] = ()) -> tuple[Object, ...]:
    """The objects of a kind, with their parts."""
    make = _Maker(kind, answer.columns, {}, parts)
    return _in_order(kind, (one for row in answer.rows if (one := make.object(row))))


def parts(kind: Kind, answer: Answer, owners: Mapping[int, str]) -> Parts:
    """The parts of a kind, of all ``owners``, which are given as oids with their names."""
    make = _Maker(kind, answer.columns, owners)
    parent = answer.columns.index("parent")
    found: defaultdict[int, list[Object]] = defaultdict(list)
    for row in answer.rows:
        if row[parent] in owners and (one := make.object(row)):
            found[row[parent]].append(one)
    return {oid: _in_order(kind, of) for oid, of in found.items()}


def names(answer: Answer) -> dict[int, str]:
    """The names of the objects, by their oids."""
    oid, namespace, name = map(answer.columns.index, ("oid", "namespace", "name"))
    return {row[oid]: f"{row[namespace]}.{row[name]}" for row in answer.rows}


def _in_order(kind: Kind, found: Iterable[Object]) -> tuple[Object, ...]:
    return tuple(found if kind.in_order else sorted(found, key=attrgetter("name")))


class _Maker:
    """Makes an object of each row of one query."""

    def __init__(
        self,
        kind: Kind,
        columns: Sequence[str],
        owners: Mapping[int, str],
        parts: Sequence[Parts] = (),
    ) -> None:
        self._kind = kind
        self._owners = owners
        self._parts = parts
        self._columns = columns
        self._labels = tuple(column for column in columns if column not in _NO_FACTS)

    def object(self, row: tuple[Any, ...]) -> Object | None:
        """The object; None where another session has dropped it at that moment."""
        known = dict(zip(self._columns, row, strict=True))
        if None in (known["name"], known.get("text", ""), known.get(_DEFINITION, "")):
            return None
        if self._kind.shorten:
            relation = self._owners[known["parent"]]
            known[_DEFINITION] = self._kind.shorten(known[_DEFINITION], known["name"], relation)
        fields = {name: known[name] for name in _FIELDS & known.keys()}
        fields |= {name: bool(known[name]) for name in _FLAGS & known.keys()}
        fields |= {name: tuple(known[name]) for name in _LISTS & known.keys()}
        fields.setdefault("kind", self._kind.word)
        if namespace := fields.get("namespace"):
            fields["name"] = f"{namespace}.{fields['name']}"
        return Object(
            **fields,
            labels=self._labels,
            values=tuple(_value(label, known[label]) for label in self._labels),
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
