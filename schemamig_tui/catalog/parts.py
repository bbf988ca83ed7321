"""The base class of all objects, and their parts: columns, constraints, indexes ..."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple


class Fact(NamedTuple):
    """A property of an object: a label and a value. False, None and () mean that it is absent.

    ``otherwise`` is the word for its absence, if there is one: ``nullable``.
    """

    label: str
    value: bool | str | tuple[str, ...] | None
    otherwise: str = ""


@dataclass(frozen=True, kw_only=True)
class Object:
    """The base class of all objects of a schema.

    ``oid`` is the object's in its own catalog (for a column its number). It tells a renamed object
    from a new one within one database, and is no part of equality. Neither is ``follows``, which
    marks what another object brings along: a partition's columns, a serial column's sequence.
    """

    kind: str
    name: str
    oid: int = field(compare=False)
    follows: bool = field(default=False, compare=False)
    owner: str | None = None
    comment: str | None = None
    grants: tuple[str, ...] = ()
    """What others than the owner may do: ``SELECT to app``."""

    default_grants: ClassVar[tuple[str, ...]] = ()
    """What PostgreSQL grants on every new object of this class."""

    @property
    def holds_data(self) -> bool:
        """Whether dropping it and creating it again loses something."""
        return False

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Its properties; the labels and their order are the same for the whole class."""
        return ()

    @property
    def text(self) -> str:
        """Its definition, where that is a body of lines."""
        return ""

    @property
    def parts(self) -> "tuple[tuple[Object, ...], ...]":
        """Its parts, one tuple for each class of them."""
        return ()

    @property
    def summary(self) -> str:
        """Its facts in one line."""
        return " ".join(phrases(self.facts))


def phrases(facts: Iterable[Fact]) -> Iterator[str]:
    """The facts as phrases, without the absent ones."""
    for label, value, _ in facts:
        if isinstance(value, tuple):
            value = value and f"({', '.join(value)})"
        if value:
            yield label if value is True else f"{label} {value}".strip()


@dataclass(frozen=True, kw_only=True)
class Column(Object):
    """A column of a table or a view, or an attribute of a composite type."""

    kind: str = "column"
    type: str
    collation: str | None = None
    not_null: bool = False
    not_null_not_valid: bool = False
    """Rows from before the constraint may still hold NULL (PostgreSQL 18)."""
    default: str | None = None
    identity: str | None = None
    generated: str | None = None
    settings: tuple[str, ...] = ()
    """Storage, compression, statistics target and options, where they are not the usual ones."""

    @property
    def holds_data(self) -> bool:
        return True

    @property
    def facts(self) -> tuple[Fact, ...]:
        not_null = "not null not valid" if self.not_null_not_valid else "not null"
        return (
            Fact("type", self.type),
            Fact("collate", self.collation),
            Fact("", self.not_null and not_null, "nullable"),
            Fact("default", self.default),
            Fact("generated", self.identity and f"{self.identity} as identity"),
            Fact("generated always as", self.generated),
            Fact("with", self.settings),
        )

    @property
    def summary(self) -> str:
        return super().summary.removeprefix("type ")


@dataclass(frozen=True, kw_only=True)
class Constraint(Object):
    """A constraint of a table or a domain, except NOT NULL, which belongs to its column."""

    kind: str = "constraint"
    definition: str
    not_valid: bool = False

    @property
    def facts(self) -> tuple[Fact, ...]:
        return Fact("", self.definition), Fact("not valid", self.not_valid, "valid")


@dataclass(frozen=True, kw_only=True)
class Index(Object):
    """An index that no constraint has brought along."""

    kind: str = "index"
    definition: str
    """``UNIQUE (lower(email)) WHERE ...``; the access method where it is not btree."""
    invalid: bool = False

    @property
    def facts(self) -> tuple[Fact, ...]:
        return Fact("", self.definition), Fact("invalid", self.invalid, "valid")


@dataclass(frozen=True, kw_only=True)
class Trigger(Object):
    """A trigger or a rule."""

    definition: str
    firing: str | None = None
    """``disabled``, ``always`` or ``on replicas``; None for the usual."""

    @property
    def facts(self) -> tuple[Fact, ...]:
        return Fact("", self.definition), Fact("", self.firing, "enabled")


@dataclass(frozen=True, kw_only=True)
class Policy(Object):
    """A policy of row level security."""

    kind: str = "policy"
    mode: str
    command: str
    roles: str
    using: str | None
    check: str | None

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (
            Fact("as", self.mode),
            Fact("for", self.command),
            Fact("to", self.roles),
            Fact("using", self.using),
            Fact("with check", self.check),
        )


@dataclass(frozen=True, kw_only=True)
class Label(Object):
    """A value of an enum, quoted."""

    kind: str = "value"
    after: str | None = field(default=None, compare=False)

    @property
    def summary(self) -> str:
        return f"after {self.after}" if self.after else ""
