"""Finds the key of a backfill in the catalog: the table, the columns, and an index to walk along.

Each batch would read and sort the table if the key were not the whole order of a usable index: such
a key is refused. The catalog decides that, and not the plan of one query, because the planner uses
a partial index for some values and not for others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemamig_tui.engine.backfill.questions import (
    OWN_TRANSACTION,
    Bracket,
    Questions,
    ask,
    closing,
    opening,
)
from schemamig_tui.sql.words import Name
from schemamig_tui.text import visible


class Unusable(Exception):
    """A table or key that cannot be walked, with the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of the key: ``declared`` is the oid of its type, ``type`` that of its values.

    These differ where the type is a domain. ``collation`` is the oid of the column's collation, 0
    where it has none; ``type_name`` names the type, and a collation that is not the type's own.
    """

    name: str
    quoted: str
    number: int
    declared: int
    type: int
    type_name: str
    collation: int
    nullable: bool


@dataclass(frozen=True, slots=True)
class WalkKey:
    """A key that can be walked, along an index.

    ``table`` is its name as SQL. ``rows`` is the planner's guess of how many there are, None where
    nothing is known yet. ``unique`` tells whether a value belongs to one row. ``schemas`` are those
    in which the operators of the types are, besides pg_catalog.
    """

    oid: int
    table: str
    columns: tuple[KeyColumn, ...]
    index: str
    index_oid: int
    unique: bool
    rows: int | None
    schemas: tuple[str, ...]

    @property
    def types(self) -> tuple[int, ...]:
        """The types of one value of the key."""
        return tuple(column.type for column in self.columns)

    @property
    def type_names(self) -> tuple[str, ...]:
        """The types and collations by name, domains as what they are."""
        return tuple(column.type_name for column in self.columns)

    @property
    def shown(self) -> str:
        """The columns, as they are written in SQL."""
        return ", ".join(column.quoted for column in self.columns)


def find_key(
    table: Name, columns: Sequence[str], bracket: Bracket = OWN_TRANSACTION
) -> Questions[WalkKey]:
    """Find a key of the table that has this name in the file's search_path. Raises Unusable."""
    found_table = yield from ask("SELECT pg_catalog.to_regclass($1)::oid", (str(table),))
    yield from opening(bracket)
    rows = yield from ask(_FACTS, (found_table[0][0], json.dumps([*columns])))
    yield from closing(bracket)
    if not rows:
        raise Unusable(
            f"The table {visible(str(table))} does not exist, or is not in the search_path.",
            "Write table=SCHEMA.TABLE. Is it made further down in the file?",
        )
    facts: dict[str, Any] = json.loads(rows[0][0] or "")
    _require_table(facts)
    found = _columns(facts)
    index = _index(facts, found)
    _require_values(facts, found)
    return WalkKey(
        oid=facts["oid"],
        table=facts["table"],
        columns=found,
        index=index["name"],
        index_oid=index["oid"],
        unique=index["unique"] and index["columns_in_key"] == len(found),
        rows=None if facts["rows"] is None else round(facts["rows"]),
        schemas=tuple(sorted({part["schema"] for part in index["parts"][: len(found)]})),
    )


class FoundTable(NamedTuple):
    """A table: its oid, its name as SQL, and about how many rows it has.

    ``rows`` is None where the planner knows nothing yet; the pages of the table have room for
    ``most``.
    """

    oid: int
    name: str
    rows: int | None
    most: int


def find_table(table: Name, bracket: Bracket = OWN_TRANSACTION) -> Questions[FoundTable | None]:
    """Find a table. None where no table has this name."""
    found = yield from ask("SELECT pg_catalog.to_regclass($1)::oid", (str(table),))
    yield from opening(bracket)
    rows = yield from ask(_TABLE, (found[0][0],))
    yield from closing(bracket)
    if not rows:
        return None
    number, name, count, most = rows[0]
    known = None if count in (None, "NaN") else round(float(count))
    return FoundTable(int(number or 0), name or "", known, int(most or 0))


def _require_table(facts: Mapping[str, Any]) -> None:
    name = visible(facts["table"])
    if kind := _NO_TABLES.get(facts["kind"]):
        raise Unusable(
            f"{name} is {kind}, and has no index to walk along.",
            "Name the table that has the rows.",
        )
    if facts["persistence"] == "t":
        raise Unusable(
            f"{name} is a temporary table, which nobody else waits for.",
            "Remove the directive: one statement does it.",
        )
    if facts["inherited"]:
        raise Unusable(
            f"Other tables inherit from {name}, and the index is not theirs.",
            "Write a statement with a directive for each of the tables, with ONLY for this one.",
        )


def _columns(facts: Mapping[str, Any]) -> tuple[KeyColumn, ...]:
    for column in facts["columns"]:
        if column["number"] is None:
            raise Unusable(
                f"{visible(facts['table'])} has no column {visible(column['name'])}.",
                "Name the columns of key= as the table has them.",
            )
    return tuple(KeyColumn(**column) for column in facts["columns"])


def _require_values(facts: Mapping[str, Any], columns: Sequence[KeyColumn]) -> None:
    """Refuse a key of several columns of which one may be NULL: no range reaches such a row."""
    for column in columns if len(columns) > 1 else ():
        if column.nullable:
            raise Unusable(
                f"The column {visible(column.quoted)} of the key may be NULL, and no range reaches"
                " such a row.",
                f"ALTER TABLE {facts['table']} ALTER {column.quoted} SET NOT NULL; or take another"
                " key.",
            )


def _index(facts: Mapping[str, Any], columns: Sequence[KeyColumn]) -> dict[str, Any]:
    """The best usable index: a unique one on these columns alone, or else a narrow one."""
    indexes: list[dict[str, Any]] = facts["indexes"]
    usable = [index for index in indexes if _why_not(index, columns) is None]
    if usable:
        return min(usable, key=lambda index: (not index["unique"], index["columns_in_key"]))
    wanted = ", ".join(column.quoted for column in columns)
    concurrently = "" if facts["kind"] == "p" else " CONCURRENTLY"
    create = f"CREATE INDEX{concurrently} ON {facts['table']} ({wanted});"
    reasons = [
        f"{index['name']} {why}"
        for index in indexes
        if (why := _why_not(index, columns)) and _begins_with(index, columns[0])
    ]
    because = f": {'; '.join(reasons)}" if reasons else ""
    raise Unusable(
        visible(f"No index of {facts['table']} can be walked along ({wanted}){because}."),
        f"Take the key of an index that there is, or create one before: {visible(create)}",
    )


def _why_not(index: Mapping[str, Any], columns: Sequence[KeyColumn]) -> str | None:
    """Why the walk cannot use an index; None where it can."""
    parts = index["parts"][: len(columns)]
    numbers = [part["number"] for part in parts]
    reasons = (
        (index["method"] != "btree", f"is a {index['method']} index, which has no order"),
        (not index["valid"], "is not valid"),
        (index["partial"], "is partial"),
        (
            numbers != [column.number for column in columns],
            "is on other columns, or in another order",
        ),
        (any(not part["own_collation"] for part in parts), "has another collation"),
        (any(not part["own_order"] for part in parts), "has an operator class of its own"),
    )
    if why := next((why for applies, why in reasons if applies), None):
        return why
    # 0 is ASC NULLS LAST, 3 is DESC NULLS FIRST: the same, read from the other end.
    options = {part["option"] for part in parts}
    return None if options in ({0}, {3}) else "is sorted in mixed directions, or NULLS elsewhere"


def _begins_with(index: Mapping[str, Any], column: KeyColumn) -> bool:
    return any(part["number"] == column.number for part in index["parts"])


_NO_TABLES = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "i": "an index",
    "I": "an index",
    "t": "a TOAST table",
    "c": "a composite type",
}

_BASE_TYPE = """(WITH RECURSIVE d(type, base) AS (
        SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
        UNION ALL SELECT t.oid, t.typbasetype FROM d JOIN pg_catalog.pg_type t ON t.oid = d.base)
    SELECT type FROM d WHERE base = 0)"""
_COLLATED = """(SELECT pg_catalog.format(' COLLATE %I.%I', n.nspname, o.collname)
    FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE o.oid = a.attcollation AND o.oid <> t.typcollation)"""
_COLUMNS = f"""(SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', k.name, 'quoted', pg_catalog.quote_ident(k.name), 'number', a.attnum,
        'declared', a.atttypid::int8, 'type', {_BASE_TYPE}::int8, 'nullable', NOT a.attnotnull,
        'collation', a.attcollation::int8, 'type_name', pg_catalog.concat(
            pg_catalog.format_type(a.atttypid, a.atttypmod), {_COLLATED})) ORDER BY k.n)
    FROM pg_catalog.json_array_elements_text($2::pg_catalog.json)
            WITH ORDINALITY AS k(name, n)
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = k.name
            AND a.attnum > 0 AND NOT a.attisdropped)"""
_PARTS = """(SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'number', nullif(i.indkey[p], 0), 'option', i.indoption[p],
        'own_collation', i.indcollation[p] = coalesce(a.attcollation, 0),
        'own_order', o.opcdefault, 'schema', n.nspname) ORDER BY p)
    FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS p
        JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[p]
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p]
        LEFT JOIN pg_catalog.pg_amop greater ON greater.amopfamily = o.opcfamily
            AND greater.amopstrategy = 5 AND greater.amoplefttype = o.opcintype
            AND greater.amoprighttype = o.opcintype
        LEFT JOIN pg_catalog.pg_operator op ON op.oid = greater.amopopr
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid = op.oprnamespace)"""
_INDEXES = f"""(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', pg_catalog.quote_ident(x.relname), 'oid', x.oid::int8, 'method', am.amname,
        'valid', i.indisvalid AND i.indisready AND i.indislive,
        'partial', i.indpred IS NOT NULL, 'unique', i.indisunique AND i.indimmediate,
        'columns_in_key', i.indnkeyatts, 'parts', {_PARTS}) ORDER BY x.relname), '[]')
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am am ON am.oid = x.relam
    WHERE i.indrelid = c.oid)"""
_PARTS_WITH_ROWS = """pg_catalog.pg_class p
    WHERE p.oid IN (SELECT c.oid UNION SELECT relid::oid
        FROM pg_catalog.pg_partition_tree(c.oid::pg_catalog.regclass)) AND p.relkind = 'r'"""
# As the planner does: so many rows for each page, and the pages that there are now.
# Of a table that had none when it was analyzed nothing is known either, once it has been filled.
_ROWS = f"""(SELECT sum(CASE WHEN p.reltuples >= 0 AND p.relpages > 0 THEN
            p.reltuples::float8 / p.relpages * (pg_catalog.pg_relation_size(p.oid)
                / pg_catalog.current_setting('block_size')::int8)
        WHEN pg_catalog.pg_relation_size(p.oid) = 0 THEN 0 ELSE 'NaN' END)
    FROM {_PARTS_WITH_ROWS})"""
# A row of no columns takes 28 bytes: its header, and the pointer to it (MaxHeapTuplesPerPage).
_MOST = f"(SELECT sum(pg_catalog.pg_relation_size(p.oid))::int8 / 28 FROM {_PARTS_WITH_ROWS})"
_TABLE = f"""SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), {_ROWS}, {_MOST}
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = $1::pg_catalog.oid AND c.relkind IN ('r', 'p')"""
_FACTS = f"""SELECT pg_catalog.json_build_object(
    'oid', c.oid::int8, 'table', pg_catalog.format('%I.%I', n.nspname, c.relname),
    'kind', c.relkind, 'persistence', c.relpersistence,
    'inherited', c.relkind = 'r' AND EXISTS (
        SELECT FROM pg_catalog.pg_inherits WHERE inhparent = c.oid),
    'columns', {_COLUMNS}, 'indexes', {_INDEXES},
    'rows', nullif({_ROWS}, 'NaN'))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = $1::pg_catalog.oid"""
