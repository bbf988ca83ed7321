"""Finds the relations that the pending files touch in the database, and their sizes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemamig_tui.advice.database import Database
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.touch import ObjectKind, Right
from schemamig_tui.sql.words import Name

LARGE_BYTES = 100 * 1000**2
"""From this size on a table is large: what reads all of it takes noticeable time."""
LARGE_ROWS = 1_000_000

# The family of a relation is what is locked together with it: its partitions and other children,
# and the table that an index belongs to, whose rights count. Functions that take a lock on the
# relation are avoided.
_RELATIONS = """
WITH RECURSIVE asked AS (
    SELECT * FROM unnest(%(schemas)s::name[], %(names)s::name[])
        WITH ORDINALITY AS a (schema, name, number)
), found AS (
    SELECT a.number, r.* FROM asked a CROSS JOIN LATERAL (
        SELECT c.oid, c.relkind, c.relowner, c.relname, s.oid AS schema, s.nspname, s.nspowner
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
        WHERE c.relname = a.name
            AND s.nspname = ANY (CASE WHEN a.schema IS NULL THEN current_schemas(true)
                ELSE ARRAY[a.schema] END)
        ORDER BY array_position(current_schemas(true), s.nspname) LIMIT 1
    ) r
), family (number, oid) AS (
    SELECT number, oid FROM found
    UNION
    SELECT f.number, x.indrelid FROM found f JOIN pg_catalog.pg_index x ON x.indexrelid = f.oid
    UNION
    SELECT f.number, i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
)
SELECT number::int, f.oid::bigint, f.relkind::text AS kind,
    quote_ident(f.nspname) || '.' || quote_ident(f.relname) AS name,
    quote_ident(f.nspname) AS schema, quote_ident(pg_get_userbyid(f.relowner)) AS owner,
    pg_has_role(f.relowner, 'USAGE') AS owned, pg_has_role(f.nspowner, 'USAGE') AS schema_owned,
    has_schema_privilege(f.schema, 'USAGE') AS reachable,
    ARRAY(SELECT p FROM unnest(%(table_rights)s::text[]) p WHERE has_table_privilege(
            coalesce((SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = f.oid), f.oid), p)
        UNION ALL SELECT p FROM unnest(%(column_rights)s::text[]) p
        WHERE has_any_column_privilege(f.oid, p)) AS rights,
    families.oids AS family
FROM found f
    JOIN (SELECT number, array_agg(oid::bigint) AS oids FROM family GROUP BY number) families
        USING (number)
ORDER BY number
"""

# pg_total_relation_size waits for whoever has the table for itself; its last known size is enough
# then. A table that was never analyzed has -1 rows, or 0 before PostgreSQL 14.
_SIZES = """
WITH locked AS MATERIALIZED (
    SELECT DISTINCT relation AS oid FROM pg_catalog.pg_locks
    WHERE mode = 'AccessExclusiveLock' AND database =
        (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
), closed AS MATERIALIZED (
    SELECT oid FROM locked
    UNION SELECT x.indrelid FROM locked JOIN pg_catalog.pg_index x ON x.indexrelid = locked.oid
    UNION SELECT c.oid FROM locked JOIN pg_catalog.pg_class c ON c.reltoastrelid = locked.oid
)
SELECT c.oid::bigint, greatest(c.reltuples, 0)::float8 AS rows,
    CASE WHEN c.oid IN (SELECT oid FROM closed)
        THEN c.relpages * current_setting('block_size')::bigint
        ELSE coalesce(pg_total_relation_size(c.oid), 0) END AS bytes,
    CASE WHEN c.oid IN (SELECT oid FROM closed)
        THEN c.relpages ELSE coalesce(pg_relation_size(c.oid), 0) END = 0 AS empty
FROM pg_catalog.pg_class c WHERE c.oid = ANY (%(oids)s::oid[]) AND c.relkind IN ('r', 'm')
"""

_COLUMN_RIGHTS = [Right.SELECT, Right.INSERT, Right.UPDATE, Right.REFERENCES]
_TABLE_RIGHTS = [Right.DELETE, Right.TRUNCATE, Right.TRIGGER]


@dataclass(frozen=True, slots=True)
class RelationFacts:
    """An existing relation. It was found for the ``number``-th name that was asked for, from 1.

    ``name``, ``schema`` and ``owner`` are quoted as SQL. ``rights`` are the privileges that the
    role has on it, or on a column of it; ``family`` is it and what is locked together with it.
    """

    number: int
    oid: int
    kind: str
    name: str
    schema: str
    owner: str
    owned: bool
    schema_owned: bool
    reachable: bool
    rights: list[str]
    family: list[int]


@dataclass(frozen=True, slots=True)
class TouchedRelation:
    """An existing relation, and how the pending files use it."""

    relation: RelationFacts
    uses: list[Use]


@dataclass(frozen=True, slots=True)
class SizeFacts:
    """About how many rows a table has, 0 where it was never analyzed, and its size on disk.

    One that is ``empty`` surely has none.
    """

    oid: int
    rows: float
    bytes: int
    empty: bool


def find_relations(database: Database, uses: Iterable[Use]) -> list[TouchedRelation]:
    """The relations that exist and are touched by the files."""
    by_name: dict[Name, list[Use]] = {}
    for use in uses:
        touch = use.touch
        if touch.target is ObjectKind.RELATION and touch.right is not Right.CREATE:
            by_name.setdefault(touch.name, []).append(use)
    if not by_name:
        return []
    rows = database.ask(
        "the tables that the pending files touch",
        RelationFacts,
        _RELATIONS,
        {
            "schemas": [name.schema for name in by_name],
            "names": [name.name for name in by_name],
            "table_rights": [*map(str, _TABLE_RIGHTS), *filter(None, [database.maintain])],
            "column_rights": [str(right) for right in _COLUMN_RIGHTS],
        },
    )
    found: dict[int, TouchedRelation] = {}
    numbered = list(by_name.values())
    for row in rows:  # two names may mean one relation
        found.setdefault(row.oid, TouchedRelation(row, [])).uses.extend(numbered[row.number - 1])
    return list(found.values())


def read_sizes(database: Database, oids: Sequence[int]) -> dict[int, SizeFacts]:
    """The sizes of tables and materialized views, by oid."""
    rows = database.ask("the sizes of the tables", SizeFacts, _SIZES, {"oids": [*oids]})
    return {row.oid: row for row in rows}


def oids_by_name(found: Iterable[TouchedRelation]) -> dict[Name, int]:
    """The relations by the names that the files have for them."""
    return {use.touch.name: item.relation.oid for item in found for use in item.uses}
