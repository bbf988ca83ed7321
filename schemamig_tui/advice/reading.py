"""Reads the part of the catalog that matters to the pending files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemamig_tui.advice import queries
from schemamig_tui.advice.catalog import (
    Catalog,
    ColumnFacts,
    Constraint,
    NumberedRelation,
    Relation,
    Type,
)
from schemamig_tui.advice.conditions import idle
from schemamig_tui.advice.database import Database
from schemamig_tui.advice.dropping import gone_with, in_the_way
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import EMPTIES, Does, TableAction
from schemamig_tui.sql.expressions import cast_types
from schemamig_tui.sql.touch import ObjectKind, Touch
from schemamig_tui.sql.type_names import collation, type_name
from schemamig_tui.sql.words import Name


@dataclass(frozen=True, slots=True)
class _Reached(NumberedRelation):
    """``how``: it is read, or ``written`` by a rule, or ``replaced`` by what rules do instead."""

    how: str


@dataclass(frozen=True, slots=True)
class _Function:
    name: str
    volatile: bool


@dataclass(frozen=True, slots=True)
class _Collation:
    name: str
    oid: int


@dataclass(frozen=True, slots=True)
class _Cast:
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class _Zone:
    in_utc: bool


def read_catalog(database: Database, uses: Sequence[Use], oids: Mapping[Name, int]) -> Catalog:
    """What is to be known of the uses; ``oids`` are the relations that they name."""
    catalog = Catalog(names=dict(oids), major=database.major)
    for gone in gone_with(database, uses, oids):
        catalog.dropped[gone.number].append(gone.oid)
    for dependent in in_the_way(database, uses, oids):
        catalog.in_the_way[dependent.number].append(dependent)
    for row in _of_type(database, uses):
        catalog.of_type[row.number].append(row.oid)
    for reached in _through_rules(database, uses, oids):
        if reached.how == "replaced":
            catalog.replaced.add(reached.number)
        else:
            by_use = catalog.read if reached.how == "read" else catalog.written
            by_use[reached.number].append(reached.oid)
    for row in _published(database, uses):
        catalog.published[row.number].append(row.oid)
    for row in _kept_up(database, uses):
        catalog.kept_up[row.number].append(row.oid)
    near = {*oids.values()}
    for by_use in (
        catalog.dropped,
        catalog.of_type,
        catalog.read,
        catalog.written,
        catalog.published,
        catalog.kept_up,
    ):
        near.update(oid for found in by_use.values() for oid in found)
    if not near:
        return catalog
    catalog.idle = idle(database, uses, oids)
    about = "what goes together with the tables that the pending files touch"
    limits = {
        "oids": sorted(near),
        "transitive": any(use.touch.cascade and use.touch.statement == "TRUNCATE" for use in uses),
        "following": any(use.touch.statement in _FOLLOWED for use in uses),
    }
    catalog.add_relations(database.ask(about, Relation, queries.RELATED, limits))
    known = {"oids": sorted(catalog.relations)}
    catalog.add_constraints(database.ask(about, Constraint, queries.CONSTRAINTS, known))
    _read_columns(database, catalog, uses)
    _read_values(database, catalog, [action for use in uses for action in use.touch.actions])
    return catalog


def _of_type(database: Database, uses: Sequence[Use]) -> Sequence[NumberedRelation]:
    numbers = [
        number
        for number, use in enumerate(uses)
        if (use.touch.statement == "ALTER DOMAIN" and use.touch.work)
        or (use.touch.statement == "ALTER TYPE" and use.touch.cascade)
    ]
    if not numbers:
        return ()
    names = [uses[number].touch.name for number in numbers]
    parameters = {
        "numbers": numbers,
        "schemas": [name.schema for name in names],
        "names": [name.name for name in names],
    }
    about = "the tables of domains and types"
    return database.ask(about, NumberedRelation, queries.OF_TYPE, parameters)


def _through_rules(
    database: Database, uses: Sequence[Use], oids: Mapping[Name, int]
) -> Sequence[_Reached]:
    """What the views are made of that are refreshed, locked or written to, and what rules write."""
    asked = [
        (number, oids[use.touch.name], event)
        for number, use in enumerate(uses)
        if (event := _EVENTS.get(_PLANNED.sub("", use.touch.statement)))
        and use.touch.work != EMPTIES
        and use.touch.name in oids
    ]
    if not asked:
        return ()
    parameters = {
        key: [row[i] for row in asked] for i, key in enumerate(("numbers", "oids", "events"))
    }
    about = "what views and rules are made of"
    return database.ask(about, _Reached, queries.THROUGH_RULES, parameters)


_PLANNED = re.compile("^(EXPLAIN|PREPARE) ")
# By the number that pg_rewrite has for each.
_EVENTS = {
    "REFRESH MATERIALIZED VIEW": "1",
    "LOCK TABLE": "1",
    "MERGE": "2",
    "UPDATE": "2",
    "INSERT": "3",
    "INSERT ... ON CONFLICT": "3",
    "MERGE ... INSERT": "3",
    "DELETE": "4",
    "MERGE ... DELETE": "4",
}
# Foreign keys may follow them, and those that refer to these.
_FOLLOWED = ("DELETE", "INSERT ... ON CONFLICT", "MERGE", "MERGE ... DELETE", "UPDATE")


def _published(database: Database, uses: Sequence[Use]) -> Sequence[NumberedRelation]:
    named = {
        number: use.touch.name.name
        for number, use in enumerate(uses)
        if use.touch.target is ObjectKind.PUBLICATION
    }
    if not named:
        return ()
    parameters = {"numbers": list(named), "names": list(named.values())}
    about = "the tables of publications"
    return database.ask(about, NumberedRelation, queries.PUBLISHED, parameters)


def _kept_up(database: Database, uses: Sequence[Use]) -> Sequence[NumberedRelation]:
    asked = {
        number: use.touch
        for number, use in enumerate(uses)
        if use.touch.statement in _UPKEEP and use.touch.target in _WITH_TABLES
    }
    if not asked:
        return ()
    parameters = {
        "numbers": list(asked),
        "schemas": [
            touch.name.name if touch.target is ObjectKind.SCHEMA else None
            for touch in asked.values()
        ],
        "statements": [touch.statement for touch in asked.values()],
        "maintain": database.maintain,
        "catalogs": database.major < 16,
    }
    about = "the tables that are reindexed or vacuumed"
    return database.ask(about, NumberedRelation, queries.KEPT_UP, parameters)


_UPKEEP = ("ANALYZE", "CLUSTER", "REINDEX", "REINDEX CONCURRENTLY", "VACUUM", "VACUUM FULL")
_WITH_TABLES = (ObjectKind.SCHEMA, ObjectKind.DATABASE)


def _read_columns(database: Database, catalog: Catalog, uses: Sequence[Use]) -> None:
    wanted = {
        column
        for use in uses
        if (table := catalog.relation(use.touch.name))
        for column in _columns(use.touch, table.oid, catalog)
    }
    if wanted:
        parameters = {"oids": [oid for oid, _ in wanted], "names": [name for _, name in wanted]}
        about = "the columns that the pending files change"
        for column in database.ask(about, ColumnFacts, queries.COLUMNS, parameters):
            catalog.columns[column.table, column.name] = column


def _columns(touch: Touch, oid: int, catalog: Catalog) -> Iterator[tuple[int, str]]:
    """The columns that a statement is about, by the oids of their tables, and their names."""
    yield from ((oid, name) for name in touch.unique)
    tables = [oid, *(child.oid for child in catalog.descendants(oid))]
    for action in touch.actions:
        named = (action.column, *action.columns)
        if action.new and not action.missing_only:
            named = ()
        yield from ((table, name) for table in tables for name in named if name is not None)
        if action.does is Does.ADD_KEY and (index := catalog.index(oid, action.other)):
            yield from ((table, name) for table in tables for name in index.columns)
        elif action.does is Does.ADD_FOREIGN_KEY and (other := catalog.relation(action.other)):
            yield from ((other.oid, name) for name in catalog.referenced(action, other))
        elif action.does is Does.VALIDATE:
            for one in catalog.constraints[oid]:
                if one.name == action.name:
                    yield from ((oid, name) for name in one.columns)
                    yield from ((one.other, name) for name in one.others)


def _read_values(database: Database, catalog: Catalog, actions: Sequence[TableAction]) -> None:
    """Ask for the functions that new values are computed with, and for types."""
    calls = sorted({name for action in actions for name in action.calls or ()})
    if calls:
        about = "the functions that defaults call"
        for one in database.ask(about, _Function, queries.FUNCTIONS, {"names": calls}):
            catalog.volatile[one.name] = one.volatile
    texts = sorted({text for action in actions for text in _types(action)})
    if texts:
        about = "the types of columns"
        for found in database.ask(about, Type, queries.TYPES, {"texts": texts}):
            catalog.types[found.text] = found
    if named := sorted({text for action in actions if (text := collation(action.type))}):
        about = "the collations of columns"
        for known in database.ask(about, _Collation, queries.COLLATIONS, {"texts": named}):
            catalog.collations[known.name] = known.oid
    targets = {found.base for found in catalog.types.values()}
    sources = targets.union(column.base for column in catalog.columns.values())
    bases = {"sources": sorted(sources), "targets": sorted(targets)}
    if targets and catalog.columns:
        for cast in database.ask("casts between types", _Cast, queries.CASTS, bases):
            catalog.castable.add((cast.source, cast.target))
        for zone in database.ask("the time zone", _Zone, queries.IN_UTC):
            catalog.in_utc = zone.in_utc


def _types(action: TableAction) -> Iterator[str]:
    """The types that an action names."""
    through = cast_types(action.text, action.column or "") if action.does is Does.SET_TYPE else ()
    yield from through or ()
    if written := type_name(action.type):
        yield written
