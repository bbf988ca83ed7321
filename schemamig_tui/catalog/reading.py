"""Asks the catalogs, behind a savepoint, and patiently."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.errors import InternalError_, LockNotAvailable

from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.queries.fragments import Server
from schemamig_tui.catalog.rows import QueryAnswer

PATIENCE = 2.0
"""For how many seconds something is read again that another session is just changing."""
_PAUSE = 0.02

T = TypeVar("T")


def patiently(read: Callable[[], T]) -> T:
    """What ``read`` returns, which reads in a transaction of its own.

    The server's functions look at the newest catalog and not at the query's snapshot, so they fail
    when another session drops something at the same moment, and they wait for one that holds a
    table exclusively. Then all is let go and read again; never does it wait long enough with locks
    in its hands to make the other session die of a deadlock.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return read()
        except (InternalError_, LockNotAvailable):
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)


@contextlib.contextmanager
def prepared(conn: psycopg.Connection[Any]) -> Iterator[Server]:
    """A transaction with the settings that make definitions the same in every session.

    It is rolled back, and takes the settings with it, and the AccessShare locks that the server
    takes to write out a definition. Where a transaction is open, it is one inside it.
    """
    with conn.transaction(force_rollback=True):
        ((superuser, _),) = conn.execute(session.SETTINGS, prepare=False).fetchall()
        yield Server(conn.info.server_version // 10000, superuser)


@contextlib.contextmanager
def prepared_again(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """As ``prepared``, where it is known already what server it is: nothing is waited for."""
    with conn.pipeline(), conn.transaction(force_rollback=True):
        conn.execute(session.SETTINGS, prepare=False)
        yield


def ask(conn: psycopg.Connection[Any], queries: Mapping[str, str]) -> dict[str, QueryAnswer]:
    """The answers to several queries, in one round trip."""
    with conn.pipeline():
        # Never prepared: a migration may say DEALLOCATE ALL behind psycopg's back.
        cursors = {
            name: _cursor(conn).execute(query, prepare=False) for name, query in queries.items()
        }
    return {name: _answer(cursor) for name, cursor in cursors.items()}


class Query(NamedTuple):
    """A query, and the texts of the values for its $1 and $2, where it has any."""

    sql: str
    values: tuple[str, ...] = ()


# No two of a session may have the same name.
_NUMBERS = count(1)


class PreparedQueries:
    """Asks queries whose plans the server keeps: to make them takes longer than to follow them.

    It is done by PREPARE and EXECUTE, because psycopg forgets its own at every ROLLBACK TO.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._names: dict[str, str] = {}

    def forget(self) -> None:
        """Prepare all queries anew, because somebody has said DEALLOCATE ALL."""
        self._names.clear()

    def ask(self, queries: Mapping[str, Query]) -> dict[str, QueryAnswer]:
        """The answers to several queries, in one round trip.

        Raises InvalidSqlStatementName, among others, where ``forget`` was not called.
        """
        if not queries:
            return {}
        with self._conn.pipeline():
            cursors = {name: self._execute(query) for name, query in queries.items()}
        return {name: _answer(cursor) for name, cursor in cursors.items()}

    def _execute(self, query: Query) -> psycopg.Cursor[Any]:
        name = self._names.get(query.sql)
        if name is None:
            name = self._names[query.sql] = f"schemamig_{next(_NUMBERS)}"
            self._conn.execute(f"PREPARE {name} AS {query.sql}".encode(), prepare=False)
        values = ", ".join(f"'{value}'" for value in query.values)
        execute = f"EXECUTE {name}({values})" if values else f"EXECUTE {name}"
        return _cursor(self._conn).execute(execute.encode(), prepare=False)


class _AnyText(Loader):
    """Text of a database in SQL_ASCII, which may hold any bytes."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode(errors="backslashreplace")


def _cursor(conn: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    cursor = conn.cursor()
    if conn.info.parameter_status("server_encoding") == "SQL_ASCII":
        cursor.adapters.register_loader("text", _AnyText)
    return cursor


def _answer(cursor: psycopg.Cursor[Any]) -> QueryAnswer:
    return QueryAnswer([column.name for column in cursor.description or ()], cursor.fetchall())
