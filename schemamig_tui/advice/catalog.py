"""The entries of the catalog about the relations that the pending files touch, as values."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from schemamig_tui.sql.actions import TableAction
from schemamig_tui.sql.words import Name

TABLES = ("r", "m")
"""The kinds (relkind) that have rows of their own."""
PARTITIONED = ("p", "I")
INDEXES = ("i", "I")


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation, its ``name`` quoted as SQL with its schema.

    ``parents`` are those that it inherits from or is a partition of, ``table`` is what an index is
    on. ``default_partition``: it is one. ``persistence`` is a relpersistence. ``toasted``: long
    values of it are kept in a table of their own.
    """

    oid: int
    kind: str
    name: str
    parents: list[int]
    table: int | None
    default_partition: bool
    partition: bool
    bare: str
    """The name without schema and quotes."""
    persistence: str
    tablespace: str
    access_method: str
    toasted: bool
    columns: list[str]
    """The columns of an index, without expressions."""
    computed_from: list[str]
    """The columns in the expressions and the condition of an index."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint on ``table``; ``kind`` is a contype.

    ``others`` are the columns of ``other`` that a foreign key refers to, ``condition`` is that of
    a CHECK as the server writes it. ``no_inherit``: children do not have it; ``enforced``: it is
    not NOT ENFORCED.
    """

    oid: int
    name: str
    kind: str
    table: int
    other: int
    columns: list[str]
    others: list[str]
    validated: bool
    no_inherit: bool
    enforced: bool
    condition: str
    on_delete: str
    on_update: str


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column; ``type`` and ``base`` are oids of its type and what a domain is made of.

    ``written`` is the base as the server writes it, ``character varying(10)``, but of a domain
    without lengths. ``generated`` is an attgenerated.
    """

    table: int
    name: str
    type: int
    base: int
    written: str
    collation: int
    not_null: bool
    generated: str
    quoted: str
    """The name as SQL."""
    short_sequence: str | None
    """The sequence of a serial column, as SQL, if it ends before a bigint does."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type that a file names as ``text``; see ``ColumnFacts``.

    ``constrained``: it is a domain, and not all values of its base are among its own.
    ``written`` is the base, without lengths; ``limited`` is that of a domain, with those.
    ``defaulted``: it has a default, ``volatile``: that is another value for each row. ``labels``
    are those of an enum.
    """

    text: str
    oid: int
    base: int
    written: str
    limited: str
    collation: int
    constrained: bool
    defaulted: bool
    volatile: bool
    labels: list[str]


@dataclass(frozen=True, slots=True)
class NumberedRelation:
    """A relation that has to do with the use of this number."""

    number: int
    oid: int


@dataclass(frozen=True, slots=True)
class Dependent(NumberedRelation):
    """What lets the server refuse the statement of a use, as it depends on something.

    It is, or belongs to, the relation; ``description`` is the server's.
    """

    description: str


@dataclass
class Catalog:
    """The relations near what is touched, by oid, and what is known of them."""

    major: int = 0
    """The version of the server."""
    in_utc: bool = False
    """A timestamp with time zone is stored like one without."""
    names: dict[Name, int] = field(default_factory=dict)
    """The oids of the relations that the files name."""
    relations: dict[int, Relation] = field(default_factory=dict)
    columns: dict[tuple[int, str], ColumnFacts] = field(default_factory=dict)
    """Those that the files are about, by the oid of the table and their names."""
    constraints: defaultdict[int, list[Constraint]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By the oid of the table that they are on."""
    referencing: defaultdict[int, list[Constraint]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The foreign keys by the oid of the table that they refer to."""
    volatile: dict[str, bool] = field(default_factory=dict)
    """Whether the functions that the files call are volatile; one that is not there is unknown."""
    types: dict[str, Type] = field(default_factory=dict)
    """The types that the files name, by their text."""
    collations: dict[str, int] = field(default_factory=dict)
    """The oids of the collations that the files name for new types, by their text."""
    new_domains: set[str] = field(default_factory=set)
    """The names, without schemas, of domains with constraints that earlier statements make."""
    new_children: set[int] = field(default_factory=set)
    """The tables to which earlier statements have given children, or from which they have taken."""
    left: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The former parents of tables that earlier statements detach, and their default partitions."""
    castable: set[tuple[int, int]] = field(default_factory=set)
    """The pairs of types whose values are stored alike."""
    dropped: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """What goes or changes with the object that a use drops, by the number of the use."""
    in_the_way: defaultdict[int, list[Dependent]] = field(default_factory=lambda: defaultdict(list))
    """What depends on what a use drops, or whose type it changes, likewise."""
    of_type: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The tables with columns of the domain, or OF the type, that a use alters, likewise."""
    read: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """What a view is made of that a use names, likewise."""
    written: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """What the rules of the relation that a use names write to, and the rules of that, likewise."""
    replaced: set[int] = field(default_factory=set)
    """The numbers of the uses in whose place rules do something else."""
    published: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The tables of the publication whose list a use replaces, by the number of the use."""
    kept_up: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The tables of a schema, or of the database, that a use reindexes or vacuums, likewise."""
    idle: set[int] = field(default_factory=set)
    """The numbers of the uses that do nothing, as what IF NOT EXISTS asks for is there."""
    _children: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _indexes: defaultdict[int, list[Relation]] = field(default_factory=lambda: defaultdict(list))

    def copy(self) -> "Catalog":
        """The same, which may change while this one stays as it is."""
        return replace(
            self,
            relations=dict(self.relations),
            columns=dict(self.columns),
            constraints=self.constraints.copy(),
            referencing=self.referencing.copy(),
            new_domains=set(),
            new_children=set(),
            left=self.left.copy(),
            _children=self._children.copy(),
        )

    def add_child(self, parent: Relation, child: Relation, *, default: bool) -> None:
        """A table becomes a partition, or another child, of a table."""
        self._children[parent.oid] = [*self._children[parent.oid], child.oid]
        self.relations[child.oid] = replace(
            child,
            parents=[*child.parents, parent.oid],
            partition=parent.kind in PARTITIONED,
            default_partition=default,
        )
        self.new_children.add(parent.oid)

    def remove_child(self, parent: Relation, child: Relation) -> None:
        """A table is a partition, or another child, of a table no more."""
        children = self._children[parent.oid]
        self._children[parent.oid] = [oid for oid in children if oid != child.oid]
        parents = [oid for oid in child.parents if oid != parent.oid]
        default = self.default_partition(parent.oid)
        self.left[child.oid] = self.left[child.oid] | {
            one.oid for one in (parent, default) if one is not None
        }
        self.relations[child.oid] = replace(
            child, parents=parents, partition=False, default_partition=False
        )
        self.new_children.add(parent.oid)
        for key in self.foreign_keys(child.oid):  # a part of its parent's is one of its own
            own = replace(key, oid=0)
            for keys, oid in ((self.constraints, key.table), (self.referencing, key.other)):
                keys[oid] = [own if one is key else one for one in keys[oid]]

    def add_relations(self, found: Iterable[Relation]) -> None:
        """Note relations and what they belong to."""
        for one in found:
            self.relations[one.oid] = one
            for parent in one.parents:
                self._children[parent].append(one.oid)
            if one.table is not None:
                self._indexes[one.table].append(one)

    def add_constraints(self, found: Iterable[Constraint]) -> None:
        """Note constraints, by the table that they are on and the one that they refer to."""
        for one in found:
            self.constraints[one.table].append(one)
            if one.other:
                self.referencing[one.other].append(one)

    def relation(self, name: Name | None) -> Relation | None:
        """The relation that a file names."""
        return self.relations.get(self.names.get(name, 0)) if name else None

    def foreign_keys(self, oid: int) -> list[Constraint]:
        """The foreign keys of a table, which refer to others."""
        return self._of_kind(oid, "f")

    def enforced_keys(self, oid: int) -> list[Constraint]:
        """Those of them that new values are compared with."""
        return [key for key in self.foreign_keys(oid) if key.enforced]

    def checks(self, oid: int) -> list[Constraint]:
        """The CHECK constraints of a table."""
        return self._of_kind(oid, "c")

    def _of_kind(self, oid: int, kind: str) -> list[Constraint]:
        return [one for one in self.constraints[oid] if one.kind == kind]

    def referenced(self, action: TableAction, other: Relation) -> Sequence[str]:
        """The columns that a new foreign key refers to: without a list, the primary key."""
        keys = [one.columns for one in self._of_kind(other.oid, "p")]
        return action.others or next(iter(keys), ())

    def is_there(self, action: TableAction, oid: int) -> bool:
        """Whether an action does nothing, because ADD COLUMN IF NOT EXISTS finds the column."""
        return action.missing_only and (oid, action.of_column or "") in self.columns

    def children(self, oid: int) -> list[Relation]:
        """Those that inherit from a relation themselves."""
        return [self.relations[child] for child in self._children[oid] if child in self.relations]

    def descendants(self, oid: int) -> Iterator[Relation]:
        """All that inherit from a relation, partitions first of all."""
        seen = {oid}
        waiting = [oid]
        while waiting:
            for child in self._children[waiting.pop()]:
                if child not in seen and child in self.relations:
                    seen.add(child)
                    waiting.append(child)
                    yield self.relations[child]

    def default_partition(self, oid: int) -> Relation | None:
        """The default partition of a partitioned table."""
        children = (self.relations[child] for child in self._children[oid])
        return next((child for child in children if child.default_partition), None)

    def indexes(self, oid: int) -> list[Relation]:
        """The indexes on a table."""
        return self._indexes[oid]

    def index(self, oid: int, name: Name | None) -> Relation | None:
        """The index of this name on a table."""
        found = (one for one in self._indexes[oid] if name and one.bare == name.name)
        return next(found, None)
