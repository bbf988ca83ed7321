"""The objects of a schema as values.

A name is written as SQL writes it: quoted where it has to be, qualified unless it is the name of a
part (a column, an index). Definitions are the server's own text, without the name of what they
define, so that a new name alone does not change them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeGuard

from schemamig_tui.text import redact

ABSENT = {
    "_firing": "enabled",
    "_null": "nullable",
    "_valid": "valid",
    "cache": "1",
    "connection limit": "none",
    "cycle": "no cycle",
    "increment": "1",
    "replica identity": "primary key",
    "row level security": "disabled",
    "start": "1",
    "unlogged": "logged",
}
"""The word for the absence of a fact, by its label, where there is one."""

_MAY_HOLD_PASSWORDS = frozenset({"with", "set", "connection"})


class Reference(NamedTuple):
    """The name of another object, which may get a new one, and what stands behind it."""

    name: str
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.rest}".rstrip()


Identity = tuple[str, int]
"""An object by the name of its catalog and its oid."""
Value = bool | str | Reference | tuple[str | Reference, ...] | None


@dataclass(slots=True)
class Object:
    """Something that people have made in a database: a table, a column, a function, a role.

    ``oid`` is the object's in its own catalog (for a column its number), and 0 where it has none.
    It tells a renamed object from a new one within one database, and is no part of equality.
    Neither is ``follows``, which marks what another object brings along, such as a partition's
    columns, or ``implied``, which marks what another line says as well, such as a NOT NULL
    constraint without a name of its own.

    Nobody changes one that ``rows`` has made. The class is not frozen, because it would then take
    three times as long to make the tens of thousands of a large schema.
    """

    kind: str
    name: str
    oid: int = field(compare=False)
    namespace: str | None = field(default=None, compare=False)
    """The schema with which the name begins."""
    follows: bool = field(default=False, compare=False)
    implied: bool = field(default=False, compare=False)
    owner: str | None = None
    comment: str | None = None
    grants: tuple[str, ...] = ()
    """What others than the owner may do: ``SELECT to app``."""
    usual_grants: tuple[str, ...] = field(default=(), compare=False)
    """What PostgreSQL grants on every new object of this kind."""
    place: str = field(default="", compare=False)
    """Where it stands among its equals, such as the values of an enum."""
    text: str = ""
    """Its definition, where that is a body of lines."""
    labels: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Of the values: the same for all objects that one query has read.

    One that begins with an underscore is not shown: its value speaks for itself.
    """
    values: tuple[Value, ...] = ()
    parts: "tuple[tuple[Object, ...], ...]" = ()
    """Its parts, one tuple for each query that reads some."""

    def value(self, label: str) -> Value:
        """What the object has under a label; None also where it has no such label."""
        return self.values[self.labels.index(label)] if label in self.labels else None

    @property
    def parents(self) -> tuple[str, ...]:
        """The tables that it inherits from, or the one that it is a partition of."""
        found = self.value("partition of") or self.value("inherits")
        references = found if is_list(found) else (found,)
        return tuple(of.name for of in references if isinstance(of, Reference))

    @property
    def summary(self) -> str:
        """Its facts in one line, without the absent ones."""
        found = [*_phrases(self.labels, self.values), self.place]
        return " ".join(filter(None, found)).removeprefix("type ")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All that people have made in a database and its cluster."""

    database: str = field(compare=False)
    """Which database of which cluster: only within one do oids mean the same."""
    objects: Mapping[str, tuple[Object, ...]]
    """The objects by what ``kinds.KINDS`` calls them, and in its order; then by name."""
    members: Mapping[Identity, str] = field(default_factory=dict, compare=False)
    """The extension of what belongs to one, which is no part of ``objects``."""
    needing: frozenset[tuple[Identity, str]] = field(default=frozenset(), compare=False)
    """What depends on an extension without belonging to it."""


def is_list(value: Value) -> TypeGuard[tuple[str | Reference, ...]]:
    """Whether a value consists of several (a reference is a tuple, too)."""
    return isinstance(value, tuple) and not isinstance(value, Reference)


def words(label: str, value: Value) -> list[str]:
    """A value as it is shown behind its label, one by one where there are several: no password."""
    if value is True or value is None:
        return [label.removeprefix("_")] if value else []
    found = list(map(str, value)) if is_list(value) else [str(value)]
    if label == "options":
        return [_without_value(option) for option in found]
    return list(map(redact, found)) if label in _MAY_HOLD_PASSWORDS else found


def _without_value(option: str) -> str:
    name, _, _ = option.partition("=")
    return option if name == "user" else f"{name}=***"


def _phrases(labels: Iterable[str], values: Iterable[Value]) -> Iterator[str]:
    for label, value in zip(labels, values, strict=True):
        if found := words(label, value):
            text = f"({', '.join(found)})" if is_list(value) else found[0]
            yield text if value is True or label.startswith("_") else f"{label} {text}"
