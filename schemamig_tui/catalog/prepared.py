"""Asks the catalogs again and again, by queries whose plans the server keeps."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import psycopg

from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.reading import AnswerReader
from schemamig_tui.catalog.rows import QueryAnswer

_BACK = ("ROLLBACK TO SAVEPOINT schemamig_schema", "RELEASE SAVEPOINT schemamig_schema")
# No two of a session may have the same name, which behind a pooler other programs have had, too.
_NAME = f"schemamig_{secrets.token_hex(4)}_{{}}"
_NUMBERS = count(1)


class Query(NamedTuple):
    """A query, and the texts of the values for its $1 and $2, where it has any."""

    sql: str
    values: tuple[str, ...] = ()


class SentStatement(NamedTuple):
    """A statement to send, and the name of the query that its answer is for, if it has any."""

    sql: str
    name: str | None = None


_SETTINGS = Query(session.LOOKUPS)


class PreparedQueries:
    """Queries that are planned once: that takes longer than to find what they ask for.

    It is done by PREPARE and EXECUTE, because psycopg forgets its own at every ROLLBACK TO, and
    what is asked together travels as one text: so the server waits for us as seldom as can be.
    Whoever sends the ``statements`` in another way reads the answers with ``reader``.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._names: dict[str, str] = {}
        self._opening: list[SentStatement] = []
        self.reader = AnswerReader(conn)

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        """The settings of ``reading.prepared``, for as long as it lasts, in an open transaction."""
        self._opening = [*self.opening()]
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
            self.close()
        self._opening = []

    def close(self) -> None:
        """Go back to where ``opening`` was, over the connection."""
        self._conn.execute("; ".join(_BACK).encode(), prepare=False)

    def forget(self) -> None:
        """Prepare all queries anew, because somebody has said DEALLOCATE ALL."""
        self._names.clear()

    def ask(self, queries: Mapping[str, Query]) -> dict[str, QueryAnswer]:
        """The answers to several queries, in one round trip.

        Raises InvalidSqlStatementName, among others, where ``forget`` was not called.
        """
        if not queries:
            return {}
        statements, self._opening = [*self._opening, *self.statements(queries)], []
        text = "; ".join(statement.sql for statement in statements)
        cursor = self._conn.execute(text.encode(), prepare=False)
        answers = {}
        for statement in statements:
            if statement.name is not None:
                answers[statement.name] = self.reader.read(cursor.pgresult)
            cursor.nextset()
        return answers

    def opening(self) -> Iterator[SentStatement]:
        """What goes before the queries, and sets what they need."""
        yield SentStatement("SAVEPOINT schemamig_schema")
        yield from self._execute(_SETTINGS)

    def statements(self, queries: Mapping[str, Query]) -> Iterator[SentStatement]:
        """What asks for several queries."""
        for name, query in queries.items():
            yield from self._execute(query, name)

    def closing(self) -> Iterator[SentStatement]:
        """What goes behind the queries: no setting and no lock of theirs is left."""
        yield from map(SentStatement, _BACK)

    def _execute(self, query: Query, answers: str | None = None) -> Iterator[SentStatement]:
        name = self._names.get(query.sql)
        if name is None:
            name = self._names[query.sql] = _NAME.format(next(_NUMBERS))
            yield SentStatement(f"PREPARE {name} AS {query.sql}")
        values = ", ".join(f"'{value}'" for value in query.values)
        yield SentStatement(f"EXECUTE {name}({values})" if values else f"EXECUTE {name}", answers)
