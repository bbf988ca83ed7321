"""The statements that write the ledger; the caller sends them in the transaction of a migration.

Each statement that writes a row checks that the table has kept it: otherwise a trigger that returns
NULL, or one that changes the row, would let the server report success for a migration that no row
stands for. Where the row is not there, a cast fails on the server, and so the transaction fails
without a round trip. Everything in here is qualified, operators too: a role, a database or a file
may have set a search_path that finds others of the same name before those of pg_catalog.

File names are compared as bytes (COLLATE "C"), next to the comparison that can use the index: the
column may have a collation that does not tell a.sql from A.sql.
"""

from functools import cached_property
from typing import LiteralString

from psycopg import sql

from schemamig_tui.engine.ledger.rows import MD5_OF_NOTHING
from schemamig_tui.engine.ledger.wording import CHAINED, IF_CHANGED, STARTS

SWALLOWED = "the ledger has not kept the row"
"""What the cast complains of. The message around it is in the language of the server."""

GONE = "the ledger has no unfinished row"
"""What it complains of where the row that an update is about is not there, or is a success."""

TAKEN = "another run has written the row"
"""What the cast of the fence complains of."""

_NOW: LiteralString = "pg_catalog.clock_timestamp()"
_THIS_FILE: LiteralString = (
    "filename OPERATOR(pg_catalog.=) $1"
    ' AND filename COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) $1'
)
# A failed try, or the success of a file that was empty then and is not now.
_REPLACEABLE: LiteralString = (
    "(NOT success OR (pg_catalog.lower(checksum) OPERATOR(pg_catalog.=) '"
    + MD5_OF_NOTHING
    + "' AND $2 OPERATOR(pg_catalog.<>) '"
    + MD5_OF_NOTHING
    + "'))"
)
_SAME_CHECKSUM: LiteralString = " AND checksum OPERATOR(pg_catalog.=) $2"
_SUCCESS: LiteralString = "success" + _SAME_CHECKSUM
_FAILURE: LiteralString = (
    "NOT success" + _SAME_CHECKSUM + " AND error_message OPERATOR(pg_catalog.=) $4"
)
_IN_COLUMNS: LiteralString = (
    "(filename, applied_at, checksum, execution_time_ms, success, error_message)"
)


class LedgerWrites:
    """The statements for one table.

    Those that write a row return its execution_time_ms, and fail where the table has not kept it.
    """

    def __init__(self, schema: str, identifier: sql.Identifier) -> None:
        self._schema = sql.Identifier(schema)
        self._identifier = identifier

    @cached_property
    def create(self) -> tuple[bytes, bytes]:
        """Two statements that create the schema and the table where they are missing.

        They do without ``IF NOT EXISTS``, which needs privileges and gives a NOTICE where nothing
        is missing.
        """
        schema = sql.SQL("CREATE SCHEMA {}").format(self._schema)
        table = sql.SQL(_CREATE_TABLE).format(self._identifier)
        return (
            _unless("to_regnamespace", self._schema, schema),
            _unless("to_regclass", self._identifier, table),
        )

    @cached_property
    def insert_success(self) -> bytes:
        """Records a file that was never tried. Parameters: file name, checksum.

        A row that is there already is a unique violation, which undoes the file's transaction.
        """
        return self._write(
            "written AS (INSERT INTO {table} "
            + _IN_COLUMNS
            + " VALUES ($1, "
            + _NOW
            + ", $2, "
            + _SINCE_BEGIN
            + ", true, NULL)"
            + _returning(_SUCCESS)
            + ")",
            "written",
        )

    @cached_property
    def replace_by_success(self) -> bytes:
        """Records a file in the place of its failed try. Parameters: file name, checksum."""
        return self._replace(_SINCE_BEGIN, "true", "NULL", _SUCCESS)

    @cached_property
    def overwrite_by_success(self) -> bytes:
        """As ``replace_by_success``, where the file has made the ledger, and any row in it."""
        return self._replace(_SINCE_BEGIN, "true", "NULL", _SUCCESS, "true")

    @cached_property
    def replace_by_failure(self) -> bytes:
        """Records a failed or unfinished try. Parameters: file name, checksum, ms, message."""
        return self._replace("$3::integer", "false", "$4", _FAILURE)

    @cached_property
    def overwrite_by_failure(self) -> bytes:
        """As ``replace_by_failure``, where the file has made the ledger."""
        return self._replace("$3::integer", "false", "$4", _FAILURE, "true")

    def _replace(
        self,
        ms: LiteralString,
        success: LiteralString,
        why: LiteralString,
        kept: LiteralString,
        replaceable: LiteralString = _REPLACEABLE,
    ) -> bytes:
        # The INSERT runs only where the UPDATE found no row that may be replaced; where the row is
        # a success it hits the unique index, so that a success is never overwritten.
        returning = _returning(kept)
        return self._write(
            "failed AS (UPDATE {table} SET applied_at = "
            + _NOW
            + ", checksum = $2, execution_time_ms = "
            + ms
            + ", success = "
            + success
            + ", error_message = "
            + why
            + " WHERE "
            + _THIS_FILE
            + " AND "
            + replaceable
            + returning
            + "), fresh AS (INSERT INTO {table} "
            + _IN_COLUMNS
            + " SELECT $1, "
            + _NOW
            + ", $2, "
            + ms
            + ", "
            + success
            + ", "
            + why
            + " WHERE NOT EXISTS (SELECT FROM failed)"
            + returning
            + ")",
            "(SELECT ms FROM failed UNION ALL SELECT ms FROM fresh) AS written",
        )

    @cached_property
    def note_progress(self) -> bytes:
        """Notes how far a file without a transaction has got; the lines about its session stay.

        Parameters: file name, the first lines of the message.
        """
        return self._note(
            "pg_catalog.substr(error_message, pg_catalog.strpos(error_message,"
            " pg_catalog.concat(pg_catalog.chr(10), '" + STARTS + "')))"
        )

    @cached_property
    def note_session(self) -> bytes:
        """Notes how far a file without a transaction has got, and the state of its session.

        The session is what ``session_capture`` has asked for in the same transaction. Parameters:
        file name, the first lines of the message, those about the session up to what is known of
        it; whether that is sure (NULL: if it is as at the last note), whether the transaction is to
        be chained.
        """
        return self._note(
            "CASE WHEN $5::pg_catalog.bool THEN pg_catalog.concat(pg_catalog.chr(10), '"
            + CHAINED
            + "', pg_catalog.current_setting('schemamig.modes')) END, $3::pg_catalog.text,"
            " CASE WHEN coalesce($4::pg_catalog.bool, pg_catalog.right(error_message,"
            " pg_catalog.length(" + _SESSION + ")) OPERATOR(pg_catalog.=) " + _SESSION + ")"
            " THEN '' ELSE '" + IF_CHANGED + "' END, " + _SESSION
        )

    @cached_property
    def note_restart(self) -> bytes:
        """Notes that a file is being tried again. Parameter: file name."""
        return self._update("applied_at = " + _NOW, "NOT success")

    @cached_property
    def fence(self) -> bytes:
        """Locks the row of a file, and fails where this run was not the last to write it.

        The server may still run a batch of a client that is dead. That batch is over when the row
        can be locked, and then its note is in the row. Parameters: file name, a text that only this
        run writes.
        """
        return self._fence("OPERATOR(pg_catalog.>) 0")

    @cached_property
    def first_fence(self) -> bytes:
        """As ``fence``, before the first batch: it fails where the row has the text."""
        return self._fence("OPERATOR(pg_catalog.=) 0")

    def _fence(self, found: LiteralString) -> bytes:
        query: LiteralString = (
            "WITH held AS MATERIALIZED (SELECT error_message FROM {table} WHERE "
            + _THIS_FILE
            + " AND NOT success FOR UPDATE)"
            " SELECT coalesce((SELECT '1' FROM held WHERE pg_catalog.strpos(error_message, $2) "
            + found
            + "), {taken})::integer"
        )
        composed = sql.SQL(query).format(table=self._identifier, taken=sql.Literal(TAKEN))
        return composed.as_bytes(None)

    def _note(self, further: LiteralString) -> bytes:
        return self._update(
            "error_message = pg_catalog.concat($2::pg_catalog.text, " + further + ")",
            "NOT success AND pg_catalog.starts_with(error_message, $2::pg_catalog.text)",
        )

    @cached_property
    def finish(self) -> bytes:
        """Makes an unfinished row a success. Parameter: file name."""
        since = _milliseconds_since("applied_at::timestamp with time zone")
        return self._update(
            "success = true, error_message = NULL, execution_time_ms = " + since, "success"
        )

    def _update(self, change: LiteralString, kept: LiteralString) -> bytes:
        return self._write(
            "written AS (UPDATE {table} SET "
            + change
            + " WHERE "
            + _THIS_FILE
            + " AND NOT success"
            + _returning(kept)
            + ")",
            "written",
            "CASE WHEN EXISTS (SELECT FROM {table} WHERE "
            + _THIS_FILE
            + " AND NOT success) THEN {swallowed} ELSE {gone} END",
        )

    @cached_property
    def kept(self) -> bytes:
        """Fails where the row of a file is not there any more: an AFTER trigger may delete it.

        Parameters: file name, checksum, whether it is a success.
        """
        query: LiteralString = (
            "SELECT coalesce((SELECT '1' FROM {table} WHERE "
            + _THIS_FILE
            + _SAME_CHECKSUM
            + " AND success OPERATOR(pg_catalog.=) $3::pg_catalog.bool), {swallowed})::integer"
        )
        composed = sql.SQL(query).format(table=self._identifier, swallowed=sql.Literal(SWALLOWED))
        return composed.as_bytes(None)

    @cached_property
    def recorded(self) -> bytes:
        """Asks for the names and checksums in the successful rows of some files.

        Parameter: the names, as an array. One row more has, in its third column, how many
        successful rows there are in all.
        """
        query: LiteralString = (
            "SELECT NULL, NULL, pg_catalog.count(*) FROM {table} WHERE success"
            " UNION ALL SELECT filename, checksum, NULL FROM {table}"
            " WHERE success AND filename OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])"
        )
        return sql.SQL(query).format(table=self._identifier).as_bytes(None)

    def touch(self, name: str) -> sql.Composed:
        """Writes a row without a change: a durable commit of that flushes all commits before."""
        query = sql.SQL("UPDATE {} SET filename = filename WHERE filename = {}")
        return query.format(self._identifier, name)

    def _write(
        self, writing: LiteralString, written: LiteralString, why: LiteralString = "{swallowed}"
    ) -> bytes:
        # More than one row fails as well: a subquery has one.
        query: LiteralString = (
            "WITH "
            + writing
            + " SELECT coalesce((SELECT ms::pg_catalog.text FROM "
            + written
            + "), "
            + why
            + ")::integer"
        )
        composed = sql.SQL(query).format(
            table=self._identifier, swallowed=sql.Literal(SWALLOWED), gone=sql.Literal(GONE)
        )
        return composed.as_bytes(None)


def _returning(kept: LiteralString) -> LiteralString:
    """The time of the row that was written, or NULL where the row is not as it was sent."""
    named: LiteralString = "filename OPERATOR(pg_catalog.=) $1 AND "
    return " RETURNING CASE WHEN " + named + kept + " THEN execution_time_ms END AS ms"


def _milliseconds_since(moment: LiteralString) -> LiteralString:
    """An expression within the range of the column: clocks may be set back, or forward by years."""
    since: LiteralString = _NOW + " OPERATOR(pg_catalog.-) " + moment
    ms: LiteralString = "extract(epoch FROM " + since + ") OPERATOR(pg_catalog.*) 1000"
    return "least(greatest(" + ms + ", 0), 2147483647)::integer"


_SESSION: LiteralString = "pg_catalog.concat(': ', pg_catalog.current_setting('schemamig.session'))"
_SINCE_BEGIN = _milliseconds_since("pg_catalog.now()")

_CREATE_TABLE: LiteralString = """CREATE TABLE {} (
    id SERIAL PRIMARY KEY,
    filename VARCHAR(255) NOT NULL UNIQUE,
    applied_at TIMESTAMP NOT NULL DEFAULT pg_catalog.now(),
    checksum VARCHAR(64),
    execution_time_ms INTEGER,
    success BOOLEAN NOT NULL DEFAULT TRUE,
    error_message pg_catalog.text
)"""


def _unless(found: LiteralString, name: sql.Identifier, statement: sql.Composed) -> bytes:
    body = sql.SQL("BEGIN IF pg_catalog." + found + "({}) IS NULL THEN EXECUTE {}; END IF; END")
    body_text = body.format(
        sql.Literal(name.as_string(None)), sql.Literal(statement.as_string(None))
    ).as_string(None)
    return sql.SQL("DO {}").format(sql.Literal(body_text)).as_bytes(None)
