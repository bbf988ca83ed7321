"""The objects of a schema as frozen values, in the order that they are read in.

A name is written as SQL writes it: quoted where it has to be, qualified unless it is the name of a
part (a column, an index). Definitions are the server's own text, without the name of what they
define, so that a new name alone does not change them.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from schemamig_tui.catalog.parts import (
    Column,
    Constraint,
    Fact,
    Index,
    Label,
    Object,
    Policy,
    Trigger,
    phrases,
)


@dataclass(frozen=True, kw_only=True)
class Namespace(Object):
    """What PostgreSQL calls a schema."""

    kind: str = "schema"


@dataclass(frozen=True, kw_only=True)
class Extension(Object):
    """An extension. The objects that belong to it are no part of the snapshot."""

    kind: str = "extension"
    version: str
    namespace: str

    @property
    def facts(self) -> tuple[Fact, ...]:
        return Fact("version", self.version), Fact("schema", self.namespace)


@dataclass(frozen=True, kw_only=True)
class Relation(Object):
    """A table (plain, partitioned or foreign), a view (materialized or not), a composite type."""

    definition: str = ""
    """The query of a view."""
    unlogged: bool = False
    parents: tuple[str, ...] = ()
    """The tables that it inherits from, or the one that it is a partition of."""
    bound: str | None = None
    """What a partition holds: ``FOR VALUES ...`` or ``DEFAULT``."""
    partition_key: str | None = None
    server: str | None = None
    access_method: str | None = None
    tablespace: str | None = None
    options: tuple[str, ...] = ()
    row_security: str | None = None
    """``enabled``, or ``forced`` when it binds the owner too."""
    replica_identity: str | None = None
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()

    @property
    def holds_data(self) -> bool:
        return self.kind in ("table", "partitioned table", "foreign table")

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (
            Fact("unlogged", self.unlogged, "logged"),
            Fact("partition of", f"{self.parents[0]} {self.bound}" if self.bound else None),
            Fact("inherits", () if self.bound else self.parents),
            Fact("partition by", self.partition_key),
            Fact("server", self.server),
            Fact("using", self.access_method),
            Fact("tablespace", self.tablespace),
            Fact("with", self.options),
            Fact("row level security", self.row_security, "disabled"),
            Fact("replica identity", self.replica_identity, "primary key"),
        )

    @property
    def text(self) -> str:
        return self.definition

    @property
    def parts(self) -> tuple[tuple[Object, ...], ...]:
        return self.columns, self.constraints, self.indexes, self.triggers, self.policies


@dataclass(frozen=True, kw_only=True)
class Sequence(Object):
    """A sequence. ``follows`` says that a column owns it."""

    kind: str = "sequence"
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    unlogged: bool = False

    @property
    def holds_data(self) -> bool:
        return True

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (
            Fact("type", self.type),
            Fact("start", str(self.start)),
            Fact("increment", str(self.increment)),
            Fact("minimum", str(self.minimum)),
            Fact("maximum", str(self.maximum)),
            Fact("cache", str(self.cache)),
            Fact("cycle", self.cycle, "no cycle"),
            Fact("unlogged", self.unlogged, "logged"),
        )

    @property
    def summary(self) -> str:
        return self.type


@dataclass(frozen=True, kw_only=True)
class Function(Object):
    """A function, a window function, a procedure or an aggregate.

    The name holds the types of the arguments, which distinguish overloads.
    """

    result: str | None
    definition: str

    default_grants: ClassVar[tuple[str, ...]] = ("EXECUTE to PUBLIC",)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (Fact("returns", self.result),)

    @property
    def text(self) -> str:
        return self.definition


@dataclass(frozen=True, kw_only=True)
class Type(Object):
    """An enum, a domain or a range; a composite type is a ``Relation``."""

    base: str | None = None
    """What a domain is a kind of, or a range is made of."""
    collation: str | None = None
    not_null: bool = False
    default: str | None = None
    labels: tuple[Label, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    default_grants: ClassVar[tuple[str, ...]] = ("USAGE to PUBLIC",)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (
            Fact("as" if self.kind == "domain" else "of", self.base),
            Fact("collate", self.collation),
            Fact("not null", self.not_null, "nullable"),
            Fact("default", self.default),
        )

    @property
    def parts(self) -> tuple[tuple[Object, ...], ...]:
        return self.labels, self.constraints

    @property
    def summary(self) -> str:
        labels = Fact("", tuple(label.name for label in self.labels))
        checks = (Fact("constraint", f"{k.name} {k.summary}") for k in self.constraints)
        return " ".join(phrases((*self.facts, labels, *checks)))


@dataclass(frozen=True, kw_only=True)
class Other(Object):
    """Something rarer, such as an operator or a publication: known by its name alone."""

    definition: str = ""

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (Fact("", self.definition),)


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All that people have created in a database, by class and then by name."""

    database: str = field(compare=False)
    """Which database of which cluster: only within one do oids mean the same."""
    namespaces: tuple[Namespace, ...] = ()
    extensions: tuple[Extension, ...] = ()
    types: tuple[Type, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    relations: tuple[Relation, ...] = ()
    functions: tuple[Function, ...] = ()
    others: tuple[Other, ...] = ()

    @property
    def parts(self) -> tuple[tuple[Object, ...], ...]:
        """The objects, one tuple a class."""
        return (
            self.namespaces,
            self.extensions,
            self.types,
            self.sequences,
            self.relations,
            self.functions,
            self.others,
        )
