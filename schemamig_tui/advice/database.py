"""Asks the database read-only questions that are bounded in time and allowed to fail."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from schemamig_tui.advice.advice import Advice, note
from schemamig_tui.limits import milliseconds
from schemamig_tui.text import one_line

Row = TypeVar("Row")

TIMEOUT = 2.0
"""How long a question may take, in seconds, where nothing else is said."""

# Where a server can compile its plans, that takes seconds for one of these questions, which look
# expensive to it: seen on Debian's PostgreSQL 15.
_LIMITS = """
SELECT pg_catalog.set_config('statement_timeout', %(timeout)s, true),
    pg_catalog.set_config('lock_timeout', '300ms', true),
    pg_catalog.set_config('transaction_read_only', 'on', true),
    pg_catalog.set_config('row_security', %(row_security)s, true),
    pg_catalog.set_config('jit', 'off', true),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true),
    CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL -- PostgreSQL 17
        THEN pg_catalog.set_config('transaction_timeout', '0', true) END
"""
# In front of a path that names pg_catalog behind other schemas, which may have catalogs and
# functions of the same names. No operator is looked up yet. An empty path ends in a comma.
_SERVERS_NAMES_FIRST = """
SELECT pg_catalog.set_config('search_path', pg_catalog.rtrim(pg_catalog.concat(
    'pg_catalog, ', pg_catalog.current_setting('search_path')), ', '), true)
"""
_SEARCH_PATH = "SELECT (current_schemas(false))[2:]::text[] AS schemas"  # without pg_catalog


@dataclass(frozen=True, slots=True)
class _Schemas:
    schemas: list[str]


class Database:
    """Asks questions in read-only transactions; one that fails becomes a note.

    ``timeout`` is how many seconds one may take; None: as long as it takes.
    """

    def __init__(self, conn: psycopg.Connection[Any], timeout: float | None = TIMEOUT) -> None:
        self._conn = conn
        self.timeout = timeout
        self.unknown: list[Advice] = []

    @property
    def major(self) -> int:
        """The server's major version."""
        return self._conn.info.server_version // 10000

    @property
    def maintain(self) -> str | None:
        """The privilege that lets others than its owner keep a table up; it came with 17."""
        return "MAINTAIN" if self.major >= 17 else None

    def search_path(self) -> tuple[str, ...] | None:
        """The schemas of the search_path that are there; None: they cannot be found out."""
        try:
            with self.asking():
                found = self.ask("the search_path", _Schemas, _SEARCH_PATH)
        except psycopg.Error:
            if self._conn.closed:
                raise
            return None  # the other questions fail as well, and say so
        return next((tuple(row.schemas) for row in found), None)

    @contextlib.contextmanager
    def asking(self, *, at_most: float | None = None, all_rows: bool = False) -> Iterator[None]:
        """The transaction around questions.

        One may take ``at_most`` so many seconds, if that is less than ``timeout``. ``all_rows``:
        they are about rows, in the words of the files, so the search_path stays as it is for those,
        and one fails where a policy would hide rows.
        """
        limits = [limit for limit in (self.timeout, at_most) if limit is not None]
        timeout = f"{milliseconds(min(limits))}ms" if limits else "0"
        row_security = "off" if all_rows else "on"
        with self._conn.transaction(force_rollback=True):
            self._conn.execute(_LIMITS, {"timeout": timeout, "row_security": row_security})
            if not all_rows:
                self._conn.execute(_SERVERS_NAMES_FIRST)
            yield

    def ask(
        self, about: str, row: type[Row], query: str, parameters: Mapping[str, object] | None = None
    ) -> Sequence[Row]:
        """The rows of a query, as values of the class ``row``, whose fields its columns name.

        When the query fails there are none, and ``unknown`` says that nothing could be found out
        ``about`` that. Raises OperationalError when the connection is lost.
        """
        try:
            with self._conn.transaction(), self._conn.cursor(row_factory=class_row(row)) as cursor:
                return cursor.execute(query.encode(), parameters).fetchall()
        # A server without an encoding (SQL_ASCII) may send what is not UTF-8.
        except (psycopg.Error, UnicodeError) as error:
            if self._conn.closed:
                raise
            what = f"Nothing could be found out about {about}: {one_line(error)}."
            self.unknown.append(note(what))
            return ()
