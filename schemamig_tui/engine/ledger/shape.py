"""Reads the shape of a ledger's table, and says whether migrations can be recorded in it."""

from collections.abc import Iterator, Sequence
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from schemamig_tui.engine.ledger.rows import LedgerRefusal
from schemamig_tui.patience import ask_untimed
from schemamig_tui.text import visible

# So no function, operator or table of somebody else is found in the place of the server's, every
# row is seen or the query fails, and dates and names are written the same way everywhere.
_READING: LiteralString = (
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL row_security = off;"
    " SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL quote_all_identifiers = off; "
)
# Other tools, and hands, have made tables that differ in nothing that matters.
COLUMNS = {
    "filename": ("character varying", "text"),
    "applied_at": ("timestamp without time zone", "timestamp with time zone"),
    "checksum": ("character varying", "text"),
    "execution_time_ms": ("integer", "bigint"),
    "success": ("boolean",),
    "error_message": ("text", "character varying"),
}
"""The columns and the types that serve, the one of the original system first."""


class LedgerColumn(NamedTuple):
    """A column of a ledger.

    ``type`` is as SQL writes it; ``kind`` is the same without a length, and with a schema unless
    the type is the server's own. ``modifier`` is the atttypmod, ``number`` the attnum.
    ``fills_itself``: a row without a value for the column gets one. ``generated``: no value can be
    written; ``identity``: because the column is an identity that is generated always.
    """

    name: str
    type: str
    kind: str
    modifier: int
    number: int
    not_null: bool
    fills_itself: bool
    generated: bool
    identity: bool


class LedgerDetails(NamedTuple):
    """What is to be known of a table that is not as we make it.

    ``unlogged`` are the table and its partitions, as far as they are that. ``shut_sequences`` are
    those of other schemas that the role needs and may not use. ``filled`` are the columns whose
    type has a default.
    """

    unlogged: Sequence[str] = ()
    shut_sequences: Sequence[str] = ()
    filled: Sequence[str] = ()


class Facts(NamedTuple):
    """The entries of the catalog about a ledger.

    ``kind`` and ``persistence`` are relkind and relpersistence, None without a table.
    ``has_triggers``: the table has, or has had, triggers, or may have some on its partitions.
    ``hidden``: row level security hides rows from the role. ``rules`` are the rules that fire when
    rows are written. ``unique`` has the numbers of the columns that are unique by themselves.
    ``columns`` are by name.
    """

    kind: str | None
    persistence: str | None
    has_triggers: bool
    hidden: bool
    rules: list[str]
    schema_exists: bool
    may_record: bool
    may_create: bool
    in_recovery: bool
    read_only: bool
    role: str
    database: str
    unique: list[int]
    columns: dict[str, LedgerColumn]
    details: LedgerDetails

    @property
    def is_odd(self) -> bool:
        """Whether the table is not as we make it, so that ``details`` are to be asked for."""
        others = (column for name, column in self.columns.items() if name not in COLUMNS)
        return self.kind is not None and (
            (self.kind, self.persistence, self.may_record) != ("r", "p", True)
            or any(column.not_null and not column.fills_itself for column in others)
        )


def read_facts(conn: psycopg.Connection[Any], schema: str, table: str) -> Facts:
    """Ask the catalog. Raises psycopg.Error."""
    names = {"schema": sql.Literal(schema), "table": sql.Literal(table)}
    query = ask(conn, _FACTS, sequences=sql.SQL(_SEQUENCES), **names)
    *found, columns = query.fetchall()[0]
    by_name = {name: LedgerColumn(name, *rest) for name, *rest in columns}
    facts = Facts._make([*found, by_name, LedgerDetails()])
    if facts.is_odd:
        for row in ask(conn, _DETAILS, sequences=sql.SQL(_SEQUENCES), **names):
            facts = facts._replace(details=LedgerDetails._make(row))
    return facts


def ask(
    conn: psycopg.Connection[Any],
    query: LiteralString,
    *parts: sql.Composable,
    **named: sql.Composable,
) -> psycopg.Cursor[Any]:
    """Run a query that reads the ledger, or the catalog, in a transaction of its own.

    ``parts`` and those that are ``named`` are put into the query. Raises psycopg.Error.
    """
    return ask_untimed(conn, sql.SQL(_READING + query).format(*parts, **named))


def unusable(facts: Facts, name: str) -> LedgerRefusal | None:
    """Why the table cannot be the ledger; ``name`` is what people call it."""
    if facts.kind is None:
        return None
    if facts.kind not in ("r", "p"):
        kind = _KINDS.get(facts.kind, "something else")
        return LedgerRefusal(f"the ledger {name} is not a table, but {kind}", _ANOTHER)
    if wrong := [*_other_shape(facts, name)]:
        hint = "\n".join([f"{_ANOTHER}, or mend this one:", *(mend for _, mend in wrong)])
        return LedgerRefusal(
            f"the ledger {name} has another shape: {visible('; '.join(what for what, _ in wrong))}",
            hint if _column(facts, "filename") else _ANOTHER,
        )
    if unlogged := facts.details.unlogged:
        which = "is an unlogged table" if facts.kind == "r" else "has unlogged partitions"
        return LedgerRefusal(
            f"the ledger {name} {which}: a crash of the server would empty it",
            " ".join(f"ALTER TABLE {visible(table)} SET LOGGED;" for table in unlogged),
        )
    return hidden_rows(facts, name) if facts.hidden else None


def hidden_rows(facts: Facts, name: str) -> LedgerRefusal:
    """The refusal where row level security hides rows of the ledger from the role."""
    role = readable(facts.role)
    return LedgerRefusal(
        f"row level security hides rows of the ledger {name} from role {role}",
        f"connect as a role that sees them all: the owner of the table (without FORCE ROW LEVEL"
        f" SECURITY), or one with BYPASSRLS; or ALTER TABLE {name} DISABLE ROW LEVEL SECURITY;",
    )


def unwritable(facts: Facts, schema: str, name: str) -> LedgerRefusal | None:
    """Why no migration can be recorded."""
    if facts.in_recovery:
        message = "the server takes no writes: it is a standby"
        return LedgerRefusal(message, "connect to the primary server")
    if facts.read_only:
        message = "the session takes no writes: default_transaction_read_only is on"
        where = "it is set for the server, the database or the role, or by the connection's options"
        return LedgerRefusal(message, f"connect as a role that may write; {where}")
    if not facts.may_record:
        role = readable(facts.role)
        message = f"role {role} may not write the ledger {name}"
        return LedgerRefusal(message, grants(facts, schema, name))
    return rules(facts, name)


def uncreatable(facts: Facts, schema: str, name: str) -> LedgerRefusal | None:
    """Why the table, which does not exist, cannot be created by the role."""
    if facts.kind is not None or facts.may_create:
        return None
    message = f"the ledger {name} does not exist, and may not be created"
    return LedgerRefusal(message, grants(facts, schema, name))


def rules(facts: Facts, name: str) -> LedgerRefusal | None:
    """The warning that rules may keep rows from being written; None where there is no rule."""
    if not facts.rules:
        return None
    return LedgerRefusal(
        f"the ledger {name} has rules, which may keep rows from being written:"
        f" {', '.join(map(readable, facts.rules))}",
        f"DROP RULE {readable(facts.rules[0])} ON {name};  -- a trigger can do the same",
    )


def grants(facts: Facts, schema: str, name: str) -> str:
    """The GRANTs that let the role keep the ledger ``name`` in ``schema``."""
    role, schema = readable(facts.role), readable(schema)
    if not facts.schema_exists:
        return f"GRANT CREATE ON DATABASE {readable(facts.database)} TO {role};"
    if facts.kind is None:
        return f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role};"
    return (
        f"GRANT USAGE ON SCHEMA {schema} TO {role};"
        f" GRANT SELECT, INSERT, UPDATE ON {name} TO {role};"
        f" GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};"
        + "".join(
            f" GRANT USAGE ON SEQUENCE {visible(sequence)} TO {role};"
            for sequence in facts.details.shut_sequences
        )
    )


def reading_grants(facts: Facts, schema: str, name: str) -> str:
    """The GRANTs that let the role read the ledger, and those that let it write it as well."""
    role, schema = readable(facts.role), readable(schema)
    return (
        f"GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {name} TO {role}; To apply"
        f" migrations, it also needs INSERT, UPDATE, and USAGE ON ALL SEQUENCES IN SCHEMA {schema}."
    )


def readable(name: str) -> str:
    """A name as a person would write it in SQL, for messages only."""
    if name.isidentifier() and name.isascii() and name == name.lower():
        return name
    return visible(sql.Identifier(name).as_string(None))


def _other_shape(facts: Facts, ledger: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the table: each fault with the statement that mends it."""
    columns = facts.columns
    serving = {name: _column(facts, name) for name in COLUMNS}
    for name, types in COLUMNS.items():
        column = serving[name]
        if column and column.name != name:
            spelt = readable(column.name)
            yield f"{name} is written {spelt}", f"ALTER TABLE {ledger} RENAME {spelt} TO {name};"
            continue
        if column and column.kind in types:
            continue
        right = types[0].removesuffix(" without time zone")
        what = f"{name} should be {right}, but is {column.type if column else 'missing'}"
        change = f"ALTER {name} TYPE {right} USING {name}::{right}" if column else None
        yield what, f"ALTER TABLE {ledger} {change or _added(name, right)};"
    filled = facts.details.filled
    ours = {column.name for column in serving.values() if column}
    for column in columns.values():
        name = readable(column.name)
        if column.name in ours:
            if column.generated:
                change = f"DROP {name}, {_added(name, column.type)}"
                if column.identity:
                    change = f"ALTER {name} DROP IDENTITY"
                yield f"{name} is generated", f"ALTER TABLE {ledger} {change};"
        elif column.not_null and not column.fills_itself and column.name not in filled:
            mend = f"ALTER TABLE {ledger} ALTER {name} DROP NOT NULL;  -- or SET DEFAULT"
            yield f"{name} is NOT NULL and has no default", mend
    checksum, message = columns.get("checksum"), columns.get("error_message")
    if message and message.not_null:
        mend = f"ALTER TABLE {ledger} ALTER error_message DROP NOT NULL;"
        yield "error_message is NOT NULL, and a success has none", mend
    if checksum and _HEADER <= checksum.modifier < _HEADER + 32:
        mend = f"ALTER TABLE {ledger} ALTER checksum TYPE character varying(64);"
        yield f"checksum is {checksum.type}, too short for an MD5", mend
    if message and message.kind == "character varying" and message.modifier != -1:
        mend = f"ALTER TABLE {ledger} ALTER error_message TYPE text;"
        yield f"error_message is {message.type}, and what a checkpoint says may be longer", mend
    filename = serving["filename"]
    if filename and filename.number not in facts.unique:
        yield "filename has no unique index", f"CREATE UNIQUE INDEX ON {ledger} (filename);"


def _column(facts: Facts, name: str) -> LedgerColumn | None:
    """The column of this name, or else the one that has it in upper case."""
    in_upper_case = (one for one in facts.columns.values() if one.name.lower() == name)
    return facts.columns.get(name) or next(in_upper_case, None)


def _added(name: str, type_name: str) -> str:
    # Who has no column for failures records none. A success of NULL would put every row in doubt.
    default = " NOT NULL DEFAULT true" if name == "success" else ""
    return f"ADD {name} {type_name}{default}"


# By how much the atttypmod of a string is more than its length: VARHDRSZ.
_HEADER = 4
_ANOTHER = "name another table with --table"
_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "i": "an index",
    "c": "a type",
}


# The sequences that the defaults of the columns take numbers from; who may not, writes no row. An
# attrdef depends on its column and on what is in its expression; that pg_depend knows both spares
# the catalog of attrdefs, which a new session would have to load.
_SEQUENCES: LiteralString = """FROM pg_depend f
            JOIN pg_depend d ON d.classid = f.classid AND d.objid = f.objid
            JOIN pg_class s ON d.refclassid = f.refclassid AND s.oid = d.refobjid
        WHERE f.classid = 'pg_attrdef'::regclass AND f.refclassid = 'pg_class'::regclass
            AND f.refobjid = c.oid AND s.relkind = 'S'"""

# Nothing is put together by the server: each function that a session calls for the first time costs
# it more than the rows.
_FACTS: LiteralString = """
SELECT c.relkind, c.relpersistence, coalesce(c.relhastriggers OR c.relkind = 'p', false),
    coalesce(row_security_active(c.oid), false),
    ARRAY(SELECT rulename FROM pg_rewrite
        WHERE ev_class = c.oid AND ev_type IN ('2', '3') AND ev_enabled <> 'D' ORDER BY rulename),
    n.oid IS NOT NULL,
    c.oid IS NULL OR (has_schema_privilege(n.oid, 'USAGE')
        AND has_table_privilege(c.oid, 'SELECT')
        AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
        AND true = ALL (SELECT has_sequence_privilege(s.oid, 'USAGE') {sequences})),
    CASE WHEN n.oid IS NULL
        THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') END,
    pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,
    current_user, current_database(),
    ARRAY(SELECT indkey[0] FROM pg_index WHERE indrelid = c.oid AND indisunique
        AND indisvalid AND indnkeyatts = 1 AND indpred IS NULL AND indexprs IS NULL),
    ARRAY(SELECT json_build_array(attname, format_type(atttypid, atttypmod),
            format_type(atttypid, NULL), atttypmod, attnum, attnotnull,
            atthasdef OR attidentity <> '', attgenerated <> '' OR attidentity = 'a',
            attidentity = 'a')
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = {schema}
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = {table}
"""

_DETAILS: LiteralString = """
SELECT ARRAY(SELECT l.oid::regclass::text FROM pg_class l
        LEFT JOIN pg_partition_tree(CASE c.relkind WHEN 'p' THEN c.oid END) p ON p.relid = l.oid
        WHERE (l.oid = c.oid OR p.relid IS NOT NULL) AND l.relpersistence = 'u'),
    ARRAY(SELECT s.oid::regclass::text {sequences}
        AND s.relnamespace <> c.relnamespace AND NOT has_sequence_privilege(s.oid, 'USAGE')),
    ARRAY(SELECT attname FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
        WHERE attrelid = c.oid AND typdefault IS NOT NULL)
FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
WHERE n.nspname = {schema} AND c.relname = {table}
"""
