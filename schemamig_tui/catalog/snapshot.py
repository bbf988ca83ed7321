"""Read the schema of a database from pg_catalog, within whatever transaction is open."""

import time
from collections.abc import Mapping
from typing import Any, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.errors import InternalError_, LockNotAvailable

from schemamig_tui.catalog import rows
from schemamig_tui.catalog.kinds import KINDS, PARTS, Kind, of_server
from schemamig_tui.catalog.objects import Object, Schema
from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.queries.database import MEMBERS
from schemamig_tui.catalog.queries.fragments import Server
from schemamig_tui.catalog.rows import Answer

_PATIENCE, _PAUSE = 2.0, 0.02  # seconds
_SYSTEM = "system"
_MEMBERS = "members"


def snapshot(conn: psycopg.Connection[Any]) -> Schema:
    """Read what people have created in the database: two round trips, a handful of queries.

    An open transaction is seen with all it has changed, and stays as it is: everything happens
    behind a savepoint that is rolled back, which takes back the settings and the AccessShare locks
    that the server takes to write out a definition. Without one, a transaction is opened and
    rolled back. Works under any role, search_path or setting of the session.

    The server's functions look at the newest catalog and not at the query's snapshot, so they fail
    when another session drops something at the same moment, and they wait for one that holds a
    table exclusively. Then all is let go and read again, for two seconds; never does it wait long
    enough with locks in its hands to make the other session die of a deadlock.

    Raises what psycopg raises: LockNotAvailable after those two seconds, and what comes of a
    cancelled query or a lost connection.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _read(conn)
        except (InternalError_, LockNotAvailable):
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)


def catalog_writes(conn: psycopg.Connection[Any]) -> int | None:
    """How many rows of the catalogs the open transaction has written, to whatever end it did so.

    Where that is the same as before, no snapshot is needed to know that the transaction has not
    changed the schema since. None where the server does not count (``track_counts``). Raises what
    psycopg raises.
    """
    ((writes,),) = conn.execute(session.WRITES, prepare=False).fetchall()
    return cast(int | None, writes)


class _AnyText(Loader):
    """Text of a database in SQL_ASCII, which may hold any bytes."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode(errors="backslashreplace")


def _read(conn: psycopg.Connection[Any]) -> Schema:
    with conn.transaction(force_rollback=True):
        server = _prepare(conn)
        queries = {name: kind.sql(server) for name, kind in _all_kinds(server).items()}
        answers = _ask(conn, {_SYSTEM: session.SYSTEM, _MEMBERS: MEMBERS, **queries})
    return _schema(server, answers)


def _all_kinds(server: Server) -> dict[str, Kind]:
    return of_server(KINDS, server) | of_server(PARTS, server)


def _prepare(conn: psycopg.Connection[Any]) -> Server:
    """Set what the texts of definitions depend on, for this transaction."""
    ((superuser, _),) = conn.execute(session.SETTINGS, prepare=False).fetchall()
    return Server(conn.info.server_version // 10000, superuser)


def _ask(conn: psycopg.Connection[Any], queries: Mapping[str, str]) -> dict[str, Answer]:
    with conn.pipeline():
        # Never prepared: a migration may say DEALLOCATE ALL behind psycopg's back.
        cursors = {
            name: _cursor(conn).execute(query, prepare=False) for name, query in queries.items()
        }
    return {name: _answer(cursor) for name, cursor in cursors.items()}


def _cursor(conn: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    cursor = conn.cursor()
    if conn.info.parameter_status("server_encoding") == "SQL_ASCII":
        cursor.adapters.register_loader("text", _AnyText)
    return cursor


def _answer(cursor: psycopg.Cursor[Any]) -> Answer:
    return Answer([column.name for column in cursor.description or ()], cursor.fetchall())


def _schema(server: Server, answers: Mapping[str, Answer]) -> Schema:
    ((database,),) = answers[_SYSTEM].rows
    return Schema(
        database=database,
        objects={
            name: _objects(name, kind, answers) for name, kind in of_server(KINDS, server).items()
        },
        members={(catalog, oid): extension for catalog, oid, extension in answers[_MEMBERS].rows},
    )


def _objects(name: str, kind: Kind, answers: Mapping[str, Answer]) -> tuple[Object, ...]:
    owners = rows.names(answers[name]) if kind.parts else {}
    parts = [rows.parts(PARTS[part], answers[part], owners) for part in kind.parts]
    return rows.objects(kind, answers[name], parts)
