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

Reading creates nothing. Writing is done by statements that the caller sends (``ledger.writes``),
because a row has to travel in the same transaction as its migration.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from schemamig_tui.engine.ledger.rows import LedgerRefusal, LedgerRow, LedgerState, as_moment
from schemamig_tui.engine.ledger.shape import (
    Facts,
    ask,
    grants,
    read_facts,
    readable,
    reading_grants,
    rules,
    uncreatable,
    unusable,
    unwritable,
)
from schemamig_tui.engine.ledger.writes import LedgerWrites
from schemamig_tui.errors import LedgerError, SettingsError
from schemamig_tui.text import one_line, visible

NO_NAME: LiteralString = "NULL"
"""What stands for the name of a file in a row that has none."""

_EXISTS: LiteralString = (
    "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = {} AND c.relname = {}"
)
# Where a version of a row is, and which transaction has written it, no other one has in common.
_STAMP: LiteralString = (
    "SELECT count(*), coalesce(bit_xor(hashtextextended("
    "concat_ws(' ', tableoid, ctid, xmin), 0)), 0) FROM {}"
)
# Sorting is left to Python: the database's collation does not sort by bytes.
_ROWS: LiteralString = (
    "SELECT coalesce(filename, '" + NO_NAME + "'), applied_at::text, checksum,"
    " execution_time_ms, success, error_message FROM {}"
)


class Ledger:
    """The ledger of a database, by its name. Raises SettingsError for a name that is none."""

    def __init__(self, name: str) -> None:
        self.schema, self.table = _split(name)
        self.name = f"{readable(self.schema)}.{readable(self.table)}"
        self.identifier = sql.Identifier(self.schema, self.table)

    @cached_property
    def writes(self) -> LedgerWrites:
        """The statements that write it."""
        return LedgerWrites(self.schema, self.identifier)

    @property
    def has_no_triggers(self) -> str:
        """A condition for any search_path: no trigger may run when rows are written."""
        table = sql.Literal(self.identifier.as_string(None)).as_string(None)
        return (
            "NOT EXISTS (SELECT FROM pg_catalog.pg_class"
            " WHERE (relhastriggers OR relkind OPERATOR(pg_catalog.=) 'p')"
            f" AND oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({table}))"
        )

    def read(self, conn: psycopg.Connection[Any]) -> tuple[LedgerRow, ...]:
        """All rows in the byte order of their file names; none where there is no table.

        Raises LedgerError where the table has another shape or not all of it may be read.
        """
        return self.inspect(conn).rows

    def inspect(self, conn: psycopg.Connection[Any]) -> LedgerState:
        """Read the ledger, and find out whether a migration could be recorded.

        Raises LedgerError for a table that cannot be the ledger, or not all of which may be read.
        """
        facts = self.facts(conn)
        if refusal := unusable(facts, self.name):
            raise refusal.error
        exists = facts.kind is not None
        return LedgerState(
            database=facts.database,
            exists=exists,
            schema_exists=facts.schema_exists,
            uncreatable=uncreatable(facts, self.schema, self.name),
            unwritable=unwritable(facts, self.schema, self.name),
            rules=rules(facts, self.name),
            has_triggers=facts.has_triggers,
            rows=self._rows(conn) if exists else (),
        )

    def stamp(self, conn: psycopg.Connection[Any]) -> tuple[int, int] | None:
        """A value that stays the same as long as no row is written; None where there is no table.

        The server looks at every row for it, but sends none. Raises psycopg.Error.
        """
        exists = ask(conn, _EXISTS, *self._literals).fetchone()
        if exists is None:
            return None
        row = ask(conn, _STAMP, self.identifier).fetchone()
        assert row is not None
        return row[0], row[1]

    @property
    def _literals(self) -> tuple[sql.Literal, sql.Literal]:
        return sql.Literal(self.schema), sql.Literal(self.table)

    def facts(self, conn: psycopg.Connection[Any]) -> Facts:
        """What the catalog says of the table."""
        return read_facts(conn, self.schema, self.table)

    def grants(self, conn: psycopg.Connection[Any]) -> str:
        """The GRANTs that let the role of ``conn`` keep the ledger."""
        return grants(self.facts(conn), self.schema, self.name)

    def _rows(self, conn: psycopg.Connection[Any]) -> tuple[LedgerRow, ...]:
        try:
            found = ask(conn, _ROWS, self.identifier).fetchall()
        except psycopg.OperationalError:
            raise
        except psycopg.errors.InsufficientPrivilege as error:
            facts = self.facts(conn)
            raise LedgerError(
                f"role {readable(facts.role)} may not read the ledger {self.name}:"
                f" {error.diag.message_primary}",
                hint=reading_grants(facts, self.schema, self.name),
            ) from error
        except psycopg.Error as error:
            why = one_line(error)
            raise LedgerError(f"the ledger {self.name} cannot be read: {why}") from error
        rows = [LedgerRow(name, as_moment(at), *others) for name, at, *others in found]
        if twice := _doubled(rows):
            literal = visible(sql.Literal(twice).as_string(None))
            raise LedgerError(
                f"the ledger {self.name} has more than one row of {visible(twice)}",
                hint="leave the one that is right, and delete the others, which may be in a table"
                f" that inherits from it: SELECT tableoid::regclass, ctid, * FROM {self.name}"
                f" WHERE filename = {literal};",
            )
        return tuple(sorted(rows, key=lambda row: row.filename.encode()))


def _doubled(rows: Iterable[LedgerRow]) -> str | None:
    """The first file name that two rows have: no index is unique across tables that inherit."""
    seen: set[str] = set()
    for row in rows:
        if row.filename in seen and row.filename != NO_NAME:
            return row.filename
        seen.add(row.filename)
    return None


def unsettled(rows: Iterable[LedgerRow], ledger: Ledger) -> LedgerRefusal | None:
    """The refusal where a row does not say whether its migration was a success."""
    row = next((row for row in rows if row.success is None), None)
    if row is None:
        return None
    literal = visible(sql.Literal(row.filename).as_string(None))
    this_row = f"filename = {literal}" if row.filename != NO_NAME else "filename IS NULL"
    return LedgerRefusal(
        f"the ledger {ledger.name} does not say whether {visible(row.filename)} was applied:"
        " its success is NULL",
        f"find out, and UPDATE {ledger.name} SET success = true (or false, to have it run again)"
        f" WHERE {this_row};",
    )


# A surrogate stands for a byte that is not UTF-8.
_UNFIT = re.compile("[\0.\ud800-\udfff]")


def _split(name: str) -> tuple[str, str]:
    schema, dot, table = name.partition(".")
    if not dot:
        schema, table = "public", name
    parts = (schema, table)
    if any(_UNFIT.search(part) or not 0 < len(part.encode()) <= 63 for part in parts):
        raise SettingsError(
            f"{visible(name)} does not name a table",
            hint="write --table schema.table, such as kb.schema_migrations",
        )
    if schema.startswith("pg_"):
        raise SettingsError(
            f"{visible(name)} is in a schema of the server's own, which takes no table that stays",
            hint="name another schema, such as kb.schema_migrations",
        )
    return schema, table
