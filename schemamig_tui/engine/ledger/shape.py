"""What the table of a ledger is like, and whether migrations can be recorded in it."""

from collections.abc import Iterator
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
# The columns and the types that serve, the one of the original system first: other tools, and
# hands, have made tables that differ in nothing that matters.
_COLUMNS = {
    "filename": ("character varying", "text"),
    "applied_at": ("timestamp without time zone", "timestamp with time zone"),
    "checksum": ("character varying", "text"),
    "execution_time_ms": ("integer", "bigint"),
    "success": ("boolean",),
    "error_message": ("text", "character varying"),
}


class Facts(NamedTuple):
    """What the catalog says of a ledger.

    ``kind`` and ``persistence`` are those of pg_class, None without a table. ``columns`` has the
    type of each column as SQL writes it, ``types`` the same without a length: only a type of the
    server's own has no schema there. ``demanding`` are columns that a row cannot do without and we
    do not know, ``generated`` those of ours that take no value, and ``never_null`` tells that
    error_message has to have one. ``short_checksum``: an MD5 is too long for it.
    ``limited_message``: error_message has a length, and what a failure or a checkpoint says has
    none. ``hidden``: row level security hides rows from the role. ``rules`` are those that take
    effect when rows are written. ``has_triggers``: it has, or has had, triggers.
    """

    kind: str | None
    persistence: str | None
    schema_exists: bool
    columns: dict[str, str]
    types: dict[str, str]
    demanding: list[str]
    generated: list[str]
    never_null: bool
    short_checksum: bool
    limited_message: bool
    unique_name: bool
    hidden: bool
    rules: list[str]
    has_triggers: bool
    may_record: bool
    may_create: bool
    in_recovery: bool
    read_only: bool
    role: str
    database: str


def read_facts(conn: psycopg.Connection[Any], schema: str, table: str) -> Facts:
    """Ask the catalog. Raises psycopg.Error."""
    names = {"schema": sql.Literal(schema), "table": sql.Literal(table)}
    answer = ask(conn, _FACTS, known=sql.Literal([*_COLUMNS]), **names)
    return Facts(**answer.fetchall()[0][0])


def ask(
    conn: psycopg.Connection[Any],
    query: LiteralString,
    *parts: sql.Composable,
    **named: sql.Literal,
) -> psycopg.Cursor[Any]:
    """Ask what reads the ledger, or the catalog about it, in a transaction of its own.

    ``parts`` and those that are ``named`` are put into the query. Raises psycopg.Error.
    """
    return ask_untimed(conn, sql.SQL(_READING + query).format(*parts, **named))


def unusable(facts: Facts, name: str) -> LedgerRefusal | None:
    """Why the table cannot be the ledger, under the ``name`` that people read."""
    if facts.kind is None:
        return None
    if facts.kind not in ("r", "p"):
        kind = _KINDS.get(facts.kind, "something else")
        return LedgerRefusal(f"the ledger {name} is not a table, but {kind}", _ANOTHER)
    if wrong := [*_other_shape(facts, name)]:
        return LedgerRefusal(
            f"the ledger {name} has another shape: {visible('; '.join(what for what, _ in wrong))}",
            "\n".join([f"{_ANOTHER}, or mend this one:", *(mend for _, mend in wrong)]),
        )
    if facts.persistence == "u":
        return LedgerRefusal(
            f"the ledger {name} is an unlogged table: a crash of the server would empty it",
            f"ALTER TABLE {name} SET LOGGED;",
        )
    return hidden_rows(facts, name) if facts.hidden else None


def hidden_rows(facts: Facts, name: str) -> LedgerRefusal:
    """What to say where row level security hides rows of the ledger from the role."""
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
        where = "the server, the database, the role or the connection's options set it"
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
    """What to say where rules may keep rows from being written; None where there is no rule."""
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
    )


def reading_grants(facts: Facts, schema: str, name: str) -> str:
    """The GRANTs that let the role read the ledger, and what it takes besides to keep it."""
    role, schema = readable(facts.role), readable(schema)
    return (
        f"GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {name} TO {role}; To apply"
        f" migrations, it also needs INSERT, UPDATE, and USAGE ON ALL SEQUENCES IN SCHEMA {schema}."
    )


def readable(name: str) -> str:
    """A name as a person would write it in SQL; only to be shown."""
    if name.isidentifier() and name.isascii() and name == name.lower():
        return name
    return visible(sql.Identifier(name).as_string(None))


def _other_shape(facts: Facts, ledger: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the table, each with the statement that mends it."""
    for name, types in _COLUMNS.items():
        if facts.types.get(name) in types:
            continue
        right, is_now = types[0].removesuffix(" without time zone"), facts.columns.get(name)
        what = f"{name} should be {right}, but is {is_now or 'missing'}"
        change = f"ALTER {name} TYPE {right} USING {name}::{right}" if is_now else None
        yield what, f"ALTER TABLE {ledger} {change or _added(name, right)};"
    for name in map(readable, facts.demanding):
        mend = f"ALTER TABLE {ledger} ALTER {name} DROP NOT NULL;  -- or SET DEFAULT"
        yield f"{name} is NOT NULL and has no default", mend
    for name in facts.generated:
        mend = f"ALTER TABLE {ledger} DROP {name}, {_added(name, facts.columns[name])};"
        yield f"{name} is generated", mend
    if facts.never_null:
        mend = f"ALTER TABLE {ledger} ALTER error_message DROP NOT NULL;"
        yield "error_message is NOT NULL, and a success has none", mend
    if facts.short_checksum:
        mend = f"ALTER TABLE {ledger} ALTER checksum TYPE character varying(64);"
        yield f"checksum is {facts.columns['checksum']}, too short for an MD5", mend
    if facts.limited_message:
        is_now = facts.columns["error_message"]
        mend = f"ALTER TABLE {ledger} ALTER error_message TYPE text;"
        yield f"error_message is {is_now}, and what a checkpoint says may be longer", mend
    if not facts.unique_name:
        yield "filename has no unique index", f"CREATE UNIQUE INDEX ON {ledger} (filename);"


def _added(name: str, type_name: str) -> str:
    # Who has no column for failures records none. A success of NULL would put every row in doubt.
    return f"ADD {name} {type_name}" + " NOT NULL DEFAULT true" * (name == "success")


_ANOTHER = "name another table with --table"
_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "i": "an index",
    "c": "a type",
}


_FACTS: LiteralString = """
SELECT json_build_object(
    'kind', c.relkind,
    'persistence', c.relpersistence,
    'schema_exists', n.oid IS NOT NULL,
    'columns', coalesce(has.columns, '{{}}'),
    'types', coalesce(has.types, '{{}}'),
    'demanding', coalesce(has.demanding, '[]'),
    'generated', coalesce(has.generated, '[]'),
    'never_null', coalesce(has.never_null, false),
    'short_checksum', coalesce(has.short_checksum, false),
    'limited_message', coalesce(has.limited_message, false),
    'unique_name', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique
        AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL
        AND i.indkey[0] = has.filename),
    'hidden', coalesce(row_security_active(c.oid), false),
    'rules', (SELECT coalesce(json_agg(rulename ORDER BY rulename), '[]') FROM pg_rewrite
        WHERE ev_class = c.oid AND ev_type IN ('2', '3') AND ev_enabled <> 'D'),
    'has_triggers', coalesce(c.relhastriggers, false),
    'may_record', c.oid IS NULL OR (has_schema_privilege(n.oid, 'USAGE')
        AND has_table_privilege(c.oid, 'SELECT')
        AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
        AND coalesce((SELECT bool_and(has_sequence_privilege(d.objid, 'USAGE')) FROM pg_depend d
            JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            WHERE d.refobjid = c.oid AND d.deptype = 'a'), true)),
    'may_create', CASE WHEN n.oid IS NULL
        THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') END,
    'in_recovery', pg_is_in_recovery(),
    'read_only', current_setting('default_transaction_read_only')::boolean,
    'role', current_user,
    'database', current_database())
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = {schema}
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = {table}
CROSS JOIN LATERAL (
    SELECT json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) AS columns,
        json_object_agg(a.attname, format_type(a.atttypid, NULL)) AS types,
        json_agg(a.attname) FILTER (WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
            AND a.attname <> ALL ({known})) AS demanding,
        json_agg(a.attname) FILTER (WHERE a.attgenerated <> ''
            AND a.attname = ANY ({known})) AS generated,
        bool_or(a.attname = 'error_message' AND a.attnotnull) AS never_null,
        bool_or(a.attname = 'checksum' AND a.atttypmod BETWEEN 4 AND 35) AS short_checksum,
        bool_or(a.attname = 'error_message' AND a.atttypid = 'varchar'::regtype
            AND a.atttypmod <> -1) AS limited_message,
        max(a.attnum) FILTER (WHERE a.attname = 'filename') AS filename
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS has
"""
