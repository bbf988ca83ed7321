"""Reads what the ledger of another tool holds. It is never written.

The tables are those that the tools make themselves: goose, dbmate and golang-migrate in their
PostgreSQL drivers, sqlx in ``sqlx-postgres``, Flyway in ``createMetaDataTable.sql``, and
node-pg-migrate in ``runner.ts``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from schemamig_tui.authoring.adopt.names import Version
from schemamig_tui.authoring.adopt.tools import Tool, flyway_key, flyway_version
from schemamig_tui.errors import LedgerError
from schemamig_tui.text import one_line, visible


@dataclass(frozen=True)
class TheirRow:
    """What a ledger holds of a migration, where it holds that.

    ``applied_at`` is a timestamp as the server writes it, in the zone of the session, ``ms`` how
    long it took, and ``checksum`` the tool's own of the file, in hex.
    """

    applied_at: str | None = None
    ms: int | None = None
    checksum: str | None = None


@dataclass(frozen=True)
class TheirLedger:
    """What is applied: ``rows`` by what the tool calls a migration, and all up to a version.

    ``table`` is its name, safe to show.
    """

    table: str
    rows: Mapping[str, TheirRow] = field(default_factory=dict)
    up_to: Version | None = None
    up_to_row: TheirRow = field(default_factory=TheirRow)

    def row(self, key: str, version: Version) -> TheirRow | None:
        """What it holds of a migration; None: that is not applied."""
        if found := self.rows.get(key):
            return found
        return self.up_to_row if self.up_to is not None and version <= self.up_to else None


_Rows = Sequence[Mapping[str, Any]]


class _TheirTable(NamedTuple):
    """The table of a tool, by its columns and those that it does not have, and how it is read."""

    table: str
    columns: tuple[str, ...]
    query: LiteralString
    read: Callable[[str, _Rows], TheirLedger]
    not_columns: tuple[str, ...] = ()


def read_their_ledger(conn: psycopg.Connection[Any], tool: Tool) -> TheirLedger | None:
    """What the ledger of ``tool`` holds; None: there is none in this database.

    ``conn`` is in a transaction, which ends without row level security. Raises LedgerError where
    the role may not read all of it, where more than one table could be it, and for a migration
    that has failed half-way, which only that tool can settle.
    """
    source = _TABLES[tool.name]
    cursor = conn.cursor(row_factory=dict_row)
    try:
        tables = cursor.execute(
            _FIND,
            {
                "name": source.table,
                "columns": [*source.columns],
                "number": len(source.columns),
                "others": [*source.not_columns],
            },
        ).fetchall()
        if not tables:
            return None
        first = tables[0]
        shown = visible(f"{first['schema']}.{source.table}")
        if len(tables) > 1 and not first["visible"]:
            places = ", ".join(visible(one["schema"]) for one in tables)
            raise LedgerError(
                f"more than one table could be the ledger of {tool.name}: {source.table} is in the"
                f" schemas {places}",
                hint="put the right schema into the search_path, as PGOPTIONS='-c search_path=...'",
            )
        table = sql.Identifier(first["schema"], source.table)
        cursor.execute("SET LOCAL row_security = off")
        rows = cursor.execute(sql.SQL(source.query).format(table)).fetchall()
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise LedgerError(
            f"the ledger of {tool.name} cannot be read: {one_line(error)}",
            hint="connect as a role that may read all of it, such as its owner",
        ) from error
    return source.read(shown, rows)


_FIND: LiteralString = """
SELECT n.nspname AS schema, pg_catalog.pg_table_is_visible(c.oid) AS visible
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = %(name)s AND c.relkind IN ('r', 'p')
AND %(number)s = (SELECT count(*) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = ANY (%(columns)s))
AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = ANY (%(others)s))
ORDER BY 2 DESC, 1"""


def _goose(table: str, rows: _Rows) -> TheirLedger:
    # Its first row has the version 0, of no file. Older ones keep a row for each way, in order.
    applied: dict[str, TheirRow] = {}
    for row in rows:
        applied.pop(row["version"], None)
        if row["is_applied"] and row["version"] != "0":
            applied[row["version"]] = TheirRow(row["applied_at"])
    return TheirLedger(table, applied)


def _dbmate(table: str, rows: _Rows) -> TheirLedger:
    versions = (row["version"] for row in rows)
    return TheirLedger(
        table, {str(int(one)) if one.isdecimal() else one: TheirRow() for one in versions}
    )


def _golang_migrate(table: str, rows: _Rows) -> TheirLedger:
    if not rows:
        return TheirLedger(table)
    version = rows[0]["version"]
    if rows[0]["dirty"]:
        raise _unsettled(
            table,
            f"version {version} is dirty: it has failed, and may be applied in part",
            "put the schema right, and run migrate force with the version that it has then",
        )
    return TheirLedger(table, {str(version): TheirRow()}, up_to=(version,))


def _sqlx(table: str, rows: _Rows) -> TheirLedger:
    for row in rows:
        if not row["success"]:
            raise _unsettled(
                table,
                f"version {row['version']} has failed, and may be applied in part",
                "put the schema right, and remove the row or set its success to true",
            )
    return TheirLedger(
        table,
        {row["version"]: TheirRow(row["applied_at"], row["ms"], row["checksum"]) for row in rows},
    )


def _flyway(table: str, rows: _Rows) -> TheirLedger:
    applied: dict[str, TheirRow] = {}
    failed: set[str] = set()
    baseline: Version | None = None
    of_baseline = TheirRow()
    for row in rows:
        if row["version"] is None or row["type"] == "SCHEMA":
            continue  # something that is repeated, or the schema that Flyway has made
        key, version = flyway_key(row["version"]), flyway_version(row["version"])
        at = TheirRow(row["applied_at"], row["ms"])
        applied.pop(key, None)
        failed.discard(key)
        if not row["success"]:
            failed.add(key)
        elif row["type"] in ("BASELINE", "SQL_BASELINE"):
            if baseline is None or version > baseline:
                baseline, of_baseline = version, TheirRow(row["applied_at"])
        elif not row["type"].startswith("UNDO") and row["type"] != "DELETE":
            applied[key] = at
    if failed:
        raise _unsettled(
            table,
            f"version {min(failed)} has failed, and may be applied in part",
            "put the schema right, and run flyway repair",
        )
    return TheirLedger(table, applied, baseline, of_baseline)


def _node_pg_migrate(table: str, rows: _Rows) -> TheirLedger:
    return TheirLedger(table, {row["version"]: TheirRow(row["applied_at"]) for row in rows})


def _unsettled(table: str, what: str, hint: str) -> LedgerError:
    return LedgerError(f"in {table}, {what}", hint=hint)


_TABLES = {
    "goose": _TheirTable(
        "goose_db_version",
        ("id", "version_id", "is_applied", "tstamp"),
        "SELECT version_id::text AS version, is_applied, tstamp::timestamp::text AS applied_at"
        " FROM {} ORDER BY id",
        _goose,
    ),
    "dbmate": _TheirTable(
        "schema_migrations",
        ("version",),
        "SELECT version::text FROM {} ORDER BY 1",
        _dbmate,
        not_columns=("dirty",),
    ),
    "golang-migrate": _TheirTable(
        "schema_migrations",
        ("version", "dirty"),
        "SELECT version, dirty FROM {} LIMIT 1",
        _golang_migrate,
    ),
    "sqlx": _TheirTable(
        "_sqlx_migrations",
        ("version", "installed_on", "success", "checksum", "execution_time"),
        "SELECT version::text, success, installed_on::timestamp::text AS applied_at,"
        " encode(checksum, 'hex') AS checksum,"
        " least(greatest(execution_time / 1000000, 0), 2147483647)::int AS ms"
        " FROM {} ORDER BY installed_on",
        _sqlx,
    ),
    "Flyway": _TheirTable(
        "flyway_schema_history",
        ("installed_rank", "version", "type", "installed_on", "execution_time", "success"),
        "SELECT version, type, success, installed_on::timestamp::text AS applied_at,"
        " greatest(execution_time, 0)::int AS ms FROM {} ORDER BY installed_rank",
        _flyway,
    ),
    "node-pg-migrate": _TheirTable(
        "pgmigrations",
        ("id", "name", "run_on"),
        "SELECT name AS version, run_on::timestamp::text AS applied_at FROM {} ORDER BY id",
        _node_pg_migrate,
    ),
}


def their_table(tool: Tool) -> str:
    """The name that the table has unless it is configured."""
    return _TABLES[tool.name].table
