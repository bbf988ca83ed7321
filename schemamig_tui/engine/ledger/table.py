"""The ledger: the table in which every migration is recorded, by default kb.schema_migrations.

The table is the one of the original system, and is used as it is where it exists already::

    CREATE TABLE kb.schema_migrations (
        id SERIAL PRIMARY KEY,
        filename VARCHAR(255) NOT NULL UNIQUE,
        applied_at TIMESTAMP NOT NULL DEFAULT NOW(),
        checksum VARCHAR(64),              -- MD5 of the file, or MANUAL
        execution_time_ms INTEGER,
        success BOOLEAN NOT NULL DEFAULT TRUE,
        error_message TEXT
    );

Reading creates nothing. Writing is done by statements that the caller sends, because a row has to
travel in the same transaction as its migration.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, LiteralString, cast

import psycopg
from psycopg import errors as pg_errors
from psycopg import sql

from schemamig_tui.errors import LedgerError, SettingsError
from schemamig_tui.text import visible

# The columns and the types that serve, the one of the original system first: other tools, and
# hands, have made tables that differ in nothing that matters.
_COLUMNS = {
    "filename": ("character varying", "text"),
    "applied_at": ("timestamp",),
    "checksum": ("character varying", "text"),
    "execution_time_ms": ("integer", "bigint"),
    "success": ("boolean",),
    "error_message": ("text", "character varying"),
}
# A file may have set a search_path that finds other functions of these names.
_NOW: LiteralString = "pg_catalog.clock_timestamp()"
MD5_OF_NOTHING: LiteralString = "d41d8cd98f00b204e9800998ecf8427e"
"""The checksum of a file that was empty when it was recorded, which is a success of nothing."""
_REPLACEABLE: LiteralString = (
    f"(NOT success OR (checksum = '{MD5_OF_NOTHING}' AND $2 <> '{MD5_OF_NOTHING}'))"
)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row of the ledger. ``applied_at`` has no time zone; None stands for an infinite one."""

    filename: str
    applied_at: datetime | None
    checksum: str | None
    execution_time_ms: int | None
    success: bool
    error_message: str | None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What is in the database: whether the table and its schema exist, and the rows in order.

    ``may_create`` tells whether the role could create what is missing.
    """

    exists: bool
    schema_exists: bool
    may_create: bool
    rows: tuple[LedgerRow, ...]

    @property
    def version(self) -> int:
        """The version of the schema: how many migrations are a success."""
        return sum(row.success for row in self.rows)


class Ledger:
    """The ledger of a database, by its name. Raises SettingsError for a name that is none."""

    def __init__(self, name: str) -> None:
        self.schema, self.table = _split(name)
        self.name = f"{_readable(self.schema)}.{_readable(self.table)}"
        self._identifier = sql.Identifier(self.schema, self.table)

    # -- reading

    def read(self, conn: psycopg.Connection[Any]) -> tuple[LedgerRow, ...]:
        """All rows in the byte order of their file names; none where there is no table.

        Raises LedgerError where the table has another shape or may not be read.
        """
        return self.inspect(conn).rows

    def inspect(self, conn: psycopg.Connection[Any], *, to_write: bool = False) -> LedgerState:
        """Read the ledger, and with ``to_write`` make sure that a migration can be recorded.

        Raises LedgerError for a table of another shape, a missing privilege, and, with
        ``to_write``, for a server that takes no writes.
        """
        facts = self._facts(conn)
        if facts["kind"] is not None:
            self._check_shape(facts)
        if to_write:
            self._check_writable(facts)
        if facts["kind"] is None:
            return LedgerState(False, facts["schema_exists"], facts["may_create"], ())
        return LedgerState(True, True, True, self._rows(conn))

    def grants(self, conn: psycopg.Connection[Any]) -> str:
        """The GRANTs that let the role of ``conn`` keep the ledger."""
        return self._grants(self._facts(conn))

    def _facts(self, conn: psycopg.Connection[Any]) -> dict[str, Any]:
        row = conn.execute(_FACTS, (self.schema, self.table)).fetchone()
        return cast(dict[str, Any], row and row[0])

    def _rows(self, conn: psycopg.Connection[Any]) -> tuple[LedgerRow, ...]:
        # Sorting is left to Python: the database's collation does not sort by bytes.
        query = sql.SQL(
            "SELECT filename, CASE WHEN isfinite(applied_at) THEN applied_at::timestamp END,"
            " checksum, execution_time_ms, success, error_message FROM {}"
        ).format(self._identifier)
        try:
            rows = [LedgerRow(*row) for row in conn.execute(query)]
        except pg_errors.InsufficientPrivilege as error:
            raise LedgerError(
                f"the ledger {self.name} may not be read: {error.diag.message_primary}",
                hint=self.grants(conn),
            ) from error
        return tuple(sorted(rows, key=lambda row: row.filename.encode()))

    def _check_shape(self, facts: dict[str, Any]) -> None:
        columns: dict[str, str] = facts["columns"]
        wrong = [
            f"{name} should be {kinds[0]}, but is {columns.get(name, 'missing')}"
            for name, kinds in _COLUMNS.items()
            if not columns.get(name, "").startswith(kinds)
        ]
        wrong += [f"{name} is NOT NULL and has no default" for name in facts["demanding"]]
        if not facts["unique_name"]:
            wrong.append("filename has no unique index")
        if facts["kind"] not in ("r", "p"):
            wrong = ["it is not a table"]
        if wrong:
            raise LedgerError(
                f"the ledger {self.name} has another shape: {visible('; '.join(wrong))}",
                hint="name another table with --table, or give this one the columns it lacks",
            )

    def _check_writable(self, facts: dict[str, Any]) -> None:
        if facts["in_recovery"] or facts["read_only"]:
            why = "is a standby" if facts["in_recovery"] else "has default_transaction_read_only on"
            raise LedgerError(
                f"the server takes no writes: it {why}", hint="connect to the primary server"
            )
        if not facts["may_record"]:
            raise LedgerError(
                f"role {_readable(facts['role'])} may not write the ledger {self.name}",
                hint=self._grants(facts),
            )

    def _grants(self, facts: dict[str, Any]) -> str:
        role, schema = _readable(facts["role"]), _readable(self.schema)
        if not facts["schema_exists"]:
            return f"GRANT CREATE ON DATABASE {_readable(facts['database'])} TO {role};"
        if facts["kind"] is None:
            return f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role};"
        return (
            f"GRANT USAGE ON SCHEMA {schema} TO {role};"
            f" GRANT SELECT, INSERT, UPDATE ON {self.name} TO {role};"
            f" GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};"
        )

    # -- writing: statements for whoever holds the transaction

    @cached_property
    def create(self) -> tuple[bytes, bytes]:
        """Two statements that create the schema and the table where they are missing.

        ``IF NOT EXISTS`` would ask for privileges, and give a NOTICE, where nothing is missing.
        """
        schema = sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema))
        table = sql.SQL(_CREATE_TABLE).format(self._identifier)
        return (
            _unless("to_regnamespace", sql.Identifier(self.schema), schema),
            _unless("to_regclass", self._identifier, table),
        )

    @cached_property
    def insert_success(self) -> bytes:
        """Records a file that was never tried. Parameters: file name, checksum.

        A row that is there already is a unique violation, which undoes the file's transaction.
        """
        return self._statement(
            "INSERT INTO {table}"
            " (filename, applied_at, checksum, execution_time_ms, success, error_message)"
            " VALUES ($1, " + _NOW + ", $2, " + _SINCE_BEGIN + ", true, NULL)"
        )

    @cached_property
    def replace_by_success(self) -> bytes:
        """Records a file in the place of its failed try. Parameters: file name, checksum."""
        return self._replace(_SINCE_BEGIN, "true", "NULL")

    @cached_property
    def replace_by_failure(self) -> bytes:
        """Records a failed or unfinished try. Parameters: file name, checksum, ms, message."""
        return self._replace("$3::integer", "false", "$4")

    def _replace(self, ms: LiteralString, success: LiteralString, why: LiteralString) -> bytes:
        # The INSERT runs only where the UPDATE found no row that may be replaced; where the row is
        # a success it hits the unique index, so that a success is never overwritten.
        return self._statement(
            "WITH failed AS (UPDATE {table} SET applied_at = " + _NOW + ", checksum = $2,"
            " execution_time_ms = "
            + ms
            + ", success = "
            + success
            + ", error_message = "
            + why
            + " WHERE filename = $1 AND "
            + _REPLACEABLE
            + " RETURNING 1) INSERT INTO {table}"
            " (filename, applied_at, checksum, execution_time_ms, success, error_message)"
            " SELECT $1, "
            + _NOW
            + ", $2, "
            + ms
            + ", "
            + success
            + ", "
            + why
            + " WHERE NOT EXISTS (SELECT FROM failed)"
        )

    @cached_property
    def note_progress(self) -> bytes:
        """Notes how far a file without a transaction has got. Parameters: file name, message."""
        return self._statement(
            "UPDATE {table} SET error_message = $2 WHERE filename = $1 AND NOT success"
        )

    @cached_property
    def finish(self) -> bytes:
        """Makes an unfinished row a success. Parameter: file name."""
        return self._statement(
            "UPDATE {table} SET success = true, error_message = NULL, execution_time_ms = "
            + _milliseconds_since("applied_at::timestamptz")
            + " WHERE filename = $1 AND NOT success"
        )

    def touch(self, name: str) -> sql.Composed:
        """Writes a row as it is: committing that flushes every commit before it."""
        query = sql.SQL("UPDATE {} SET filename = filename WHERE filename = {}")
        return query.format(self._identifier, name)

    def _statement(self, text: LiteralString) -> bytes:
        return sql.SQL(text).format(table=self._identifier).as_bytes(None)


def _milliseconds_since(moment: LiteralString) -> LiteralString:
    """An expression, capped to what the column holds."""
    return "least(extract(epoch FROM " + _NOW + " - " + moment + ") * 1000, 2147483647)::integer"


_SINCE_BEGIN = _milliseconds_since("pg_catalog.now()")

_CREATE_TABLE: LiteralString = """CREATE TABLE {} (
    id SERIAL PRIMARY KEY,
    filename VARCHAR(255) NOT NULL UNIQUE,
    applied_at TIMESTAMP NOT NULL DEFAULT NOW(),
    checksum VARCHAR(64),
    execution_time_ms INTEGER,
    success BOOLEAN NOT NULL DEFAULT TRUE,
    error_message TEXT
)"""

_FACTS: LiteralString = """
SELECT json_build_object(
    'kind', c.relkind,
    'schema_exists', n.oid IS NOT NULL,
    'columns', (SELECT coalesce(json_object_agg(attname, format_type(atttypid, atttypmod)), '{}')
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
    'demanding', (SELECT coalesce(json_agg(attname), '[]') FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attnotnull
        AND NOT atthasdef AND attidentity = '' AND attname <> ALL (ARRAY['filename', 'applied_at',
            'checksum', 'execution_time_ms', 'success', 'error_message'])),
    'unique_name', EXISTS (SELECT FROM pg_index i JOIN pg_attribute a
        ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attname = 'filename'
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1
        AND i.indpred IS NULL AND i.indexprs IS NULL),
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
    'role', session_user,
    'database', current_database())
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = %s
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = %s
"""


def _split(name: str) -> tuple[str, str]:
    schema, dot, table = name.partition(".")
    if not dot:
        schema, table = "public", name
    parts = (schema, table)
    if any(not part or "\0" in part or "." in part or len(part.encode()) > 63 for part in parts):
        raise SettingsError(
            f"{visible(name)} does not name a table",
            hint="write --table schema.table, such as kb.schema_migrations",
        )
    return schema, table


def _readable(name: str) -> str:
    """A name as a person would write it in SQL; only to be shown."""
    if name.isidentifier() and name.isascii() and name == name.lower():
        return name
    return visible(sql.Identifier(name).as_string(None))


def _unless(found: LiteralString, name: sql.Identifier, statement: sql.Composed) -> bytes:
    body = sql.SQL("BEGIN IF pg_catalog." + found + "({}) IS NULL THEN EXECUTE {}; END IF; END")
    body_text = body.format(
        sql.Literal(name.as_string(None)), sql.Literal(statement.as_string(None))
    ).as_string(None)
    return sql.SQL("DO {}").format(sql.Literal(body_text)).as_bytes(None)
