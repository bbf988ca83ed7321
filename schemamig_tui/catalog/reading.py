"""Runs queries on the catalogs in a transaction of its own, and again when others interfere."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader, Transformer
from psycopg.errors import InternalError_, LockNotAvailable
from psycopg.pq.abc import PGresult

from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.queries.fragments import Server
from schemamig_tui.catalog.rows import QueryAnswer

PATIENCE = 2.0
"""For how many seconds something is read again that another session is just changing."""
_PAUSE = 0.02

T = TypeVar("T")


def patiently(read: Callable[[], T]) -> T:
    """Call ``read``, which reads in a transaction of its own, until others do not interfere.

    Functions of the server look at the newest catalog and not at the snapshot of the query. So they
    fail when another session drops something at the same moment, and they wait for a session that
    holds a table exclusively. Then all locks are released, and everything is read again. They are
    never held long enough for the server to end the other session because of a deadlock.
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


def ask(conn: psycopg.Connection[Any], queries: Mapping[str, str]) -> dict[str, QueryAnswer]:
    """The answers to several queries, in one round trip."""
    if not queries:
        return {}
    with conn.pipeline():
        # Never prepared: a migration may say DEALLOCATE ALL behind psycopg's back.
        cursors = {name: conn.execute(query, prepare=False) for name, query in queries.items()}
    reader = AnswerReader(conn)
    return {name: reader.read(cursor.pgresult) for name, cursor in cursors.items()}


class _AnyText(Loader):
    """Text of a database in SQL_ASCII, which may hold any bytes."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode(errors="backslashreplace")


class AnswerReader:
    """Reads what the server has answered, under the settings of ``prepared``.

    So it does text that is in no encoding that anybody knows.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        cursor = conn.cursor()
        if conn.info.parameter_status("server_encoding") == "SQL_ASCII":
            cursor.adapters.register_loader("text", _AnyText)
        self._transformer = Transformer(cursor)

    def read(self, *results: PGresult | None) -> QueryAnswer:
        """The answer, of which libpq may have made several results, or none where it is empty."""
        columns: list[str] = []
        rows: list[tuple[Any, ...]] = []
        for result in filter(None, results):
            # The description of a cursor says much more, which takes longer than the rows.
            names = (result.fname(column) or b"" for column in range(result.nfields))
            columns = [name.decode() for name in names]
            self._transformer.set_pgresult(result)
            rows += self._transformer.load_rows(0, result.ntuples, tuple)
        return QueryAnswer(columns, rows)
