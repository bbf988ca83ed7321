"""Compares the schema that the migrations make with that of the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from schemamig_tui.catalog.changes import Change, What, full_name
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.objects import Object, Reference, Schema
from schemamig_tui.sql.qualifiers import unqualified

# What differs in a new database: since PostgreSQL 15 its schema public is its owner's, and not for
# everybody to create in (the release notes of 15).
_OF_PUBLIC = "CREATE to PUBLIC"
_VIEWS = ("view", "materialized view")


@dataclass(frozen=True)
class ColumnOrder:
    """A table with the same columns on both sides, in another order."""

    table: str
    made: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True)
class SchemaComparison:
    """How a database differs from what its migrations make.

    ``unmade`` are objects of the database that no migration makes, ``lacking`` are made but not in
    the database, ``differing`` are defined in another way, and ``reordered`` only have their
    columns in another order.
    """

    unmade: tuple[Change, ...]
    lacking: tuple[Change, ...]
    differing: tuple[Change, ...]
    reordered: tuple[ColumnOrder, ...]

    @property
    def differences(self) -> int:
        """How many differences there are; another order of columns is none."""
        return len(self.unmade) + len(self.lacking) + len(self.differing)


def compare_schemas(
    made: Schema, found: Schema, ledger: str, owners: Mapping[str, str], *, same_version: bool
) -> SchemaComparison:
    """Compare what the migrations have ``made`` with what was ``found``, but for the ledger.

    ``owners`` has the name that a role of the scratch has in the database. Where the versions of
    the servers differ, only what both of them have is compared.
    """
    made = _prepared(made, ledger, owners)
    found = _prepared(found, ledger, {})
    # Where no migration has run on the scratch, nothing has made a ledger there.
    home = ledger.rpartition(".")[0]
    if all(one.name != home for one in made.objects.get("schemas", ())):
        schemas = tuple(one for one in found.objects.get("schemas", ()) if one.name != home)
        found = replace(found, objects={**found.objects, "schemas": schemas})
    if not same_version:
        made, found = _common(made, found), _common(found, made)
    # They are two databases also where one server is a copy of the other, which has its identifier,
    # and gives out the same oids.
    changes = diff(replace(made, database=""), found)
    return SchemaComparison(
        unmade=tuple(one for one in changes if one.what is What.ADDED),
        lacking=tuple(one for one in changes if one.what is What.DROPPED),
        differing=tuple(one for one in changes if one.what not in (What.ADDED, What.DROPPED)),
        reordered=tuple(_reordered(made, found)),
    )


def _prepared(schema: Schema, ledger: str, owners: Mapping[str, str]) -> Schema:
    def prepared(one: Object) -> Object:
        owner = owners.get(one.owner or "")
        return replace(one, owner=owner) if owner else one

    return replace(
        schema,
        objects={
            kind: tuple(prepared(one) for one in objects if not _is_ledger(one, ledger))
            for kind, objects in schema.objects.items()
        },
    )


def _is_ledger(one: Object, ledger: str) -> bool:
    of = one.value("owned by")
    its_sequence = isinstance(of, Reference) and of.name.startswith(f"{ledger}.")
    return one.name == ledger or its_sequence


def _common(schema: Schema, other: Schema) -> Schema:
    """The part of a schema that a server of the other's version can have as well."""
    labels: dict[str, set[str]] = {}
    for objects in other.objects.values():
        for one in _with_parts(objects):
            labels.setdefault(one.kind, set()).update(one.labels)

    def common(one: Object) -> Object:
        kept = labels.get(one.kind)
        pairs = list(zip(one.labels, one.values, strict=True))
        pairs = [(label, value) for label, value in pairs if kept is None or label in kept]
        is_public = (one.kind, one.name) == ("schema", "public")
        return replace(
            one,
            owner=None if is_public else one.owner,
            grants=tuple(it for it in one.grants if not (is_public and it == _OF_PUBLIC)),
            labels=tuple(label for label, _ in pairs),
            values=tuple(value for _, value in pairs),
            text=unqualified(one.text) if one.kind in _VIEWS else one.text,
            parts=tuple(
                tuple(common(part) for part in parts if not _is_not_null(part))
                for parts in one.parts
            ),
        )

    return replace(
        schema,
        objects={
            kind: tuple(map(common, objects))
            for kind, objects in schema.objects.items()
            if kind in other.objects
        },
    )


def _is_not_null(part: Object) -> bool:
    """Whether it is a constraint that a column has instead before PostgreSQL 18."""
    return part.kind == "constraint" and part.summary.startswith("NOT NULL ")


def _with_parts(objects: tuple[Object, ...]) -> Iterator[Object]:
    for one in objects:
        yield one
        for parts in one.parts:
            yield from parts


def _reordered(made: Schema, found: Schema) -> Iterator[ColumnOrder]:
    before = {full_name(one.kind, one.name): one for one in made.objects.get("relations", ())}
    for one in found.objects.get("relations", ()):
        old = before.get(full_name(one.kind, one.name))
        if old is None or not one.parts:
            continue
        columns, olds = _columns(one), _columns(old)
        if columns != olds and set(columns) == set(olds):
            yield ColumnOrder(one.name, olds, columns)


def _columns(relation: Object) -> tuple[str, ...]:
    """The names of its columns, as they stand in it."""
    return tuple(column.name for column in sorted(relation.parts[0], key=lambda one: one.oid))
