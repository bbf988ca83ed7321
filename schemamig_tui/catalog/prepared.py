"""Asks the catalogs again and again, by queries whose plans the server keeps."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import psycopg

from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.reading import read_answer, text_cursor
from schemamig_tui.catalog.rows import QueryAnswer

_SAVEPOINT = "SAVEPOINT schemamig_schema"
_BACK = b"ROLLBACK TO SAVEPOINT schemamig_schema; RELEASE SAVEPOINT schemamig_schema"
# No two of a session may have the same name, which behind a pooler other programs have had, too.
_NAME = f"schemamig_{secrets.token_hex(4)}_{{}}"
_NUMBERS = count(1)


class Query(NamedTuple):
    """A query, and the texts of the values for its $1 and $2, where it has any."""

    sql: str
    values: tuple[str, ...] = ()


_SETTINGS = Query(session.SETTINGS), Query(session.PLANS)


class PreparedQueries:
    """Queries that are planned once: that takes longer than to find what they ask for.

    It is done by PREPARE and EXECUTE, because psycopg forgets its own at every ROLLBACK TO, and
    what is asked together travels as one text: so the server waits for us as seldom as can be.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._names: dict[str, str] = {}
        self._opening: list[str] = []

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        """The settings of ``reading.prepared``, for as long as it lasts, in an open transaction."""
        self._opening = [_SAVEPOINT, *(part for one in _SETTINGS for part in self._execute(one))]
        try:
            yield
        except BaseException:
            # Where the savepoint has not come to be, the error says why.
            with contextlib.suppress(psycopg.Error):
                self._close()
            raise
        self._close()

    def _close(self) -> None:
        if not self._opening:
            self._conn.execute(_BACK, prepare=False)
        self._opening = []

    def forget(self) -> None:
        """Prepare all queries anew, because somebody has said DEALLOCATE ALL."""
        self._names.clear()

    def ask(self, queries: Mapping[str, Query]) -> dict[str, QueryAnswer]:
        """The answers to several queries, in one round trip.

        Raises InvalidSqlStatementName, among others, where ``forget`` was not called.
        """
        if not queries:
            return {}
        parts, self._opening = self._opening, []
        names: dict[int, str] = {}
        for name, query in queries.items():
            parts += self._execute(query)
            names[len(parts) - 1] = name
        cursor = text_cursor(self._conn).execute("; ".join(parts).encode(), prepare=False)
        answers = {}
        for place in range(len(parts)):
            if place in names:
                answers[names[place]] = read_answer(cursor)
            cursor.nextset()
        return answers

    def _execute(self, query: Query) -> Iterator[str]:
        name = self._names.get(query.sql)
        if name is None:
            name = self._names[query.sql] = _NAME.format(next(_NUMBERS))
            yield f"PREPARE {name} AS {query.sql}"
        values = ", ".join(f"'{value}'" for value in query.values)
        yield f"EXECUTE {name}({values})" if values else f"EXECUTE {name}"
