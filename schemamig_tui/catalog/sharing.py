"""Shares the long queries of a large schema between two connections, so that two cores work."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from schemamig_tui.catalog.reading import ask, prepared
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.errors import SchemamigError

Connect = Callable[[], psycopg.Connection[Any]]
"""Opens another connection to the same database, as the same role."""


class SharedQueries:
    """Queries of which a second connection takes one after the other, as soon as there is one.

    It is only a help: where it cannot be opened, or ends, the first one asks what is left. It sees
    nothing that an open transaction of the first one has changed.
    """

    def __init__(self, connect: Connect, queries: Mapping[str, str]) -> None:
        self._left = deque(queries.items())
        self._wanted = len(queries)
        self._answers: dict[str, QueryAnswer] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._help, args=(connect,), name="catalog", daemon=True).start()

    def answers(self, conn: psycopg.Connection[Any]) -> dict[str, QueryAnswer]:
        """All answers, after ``conn`` has asked as well. Raises what psycopg raises of ``conn``."""
        while True:
            self._ask(conn)
            with self._changed:
                # What is neither answered nor left is under way on the other connection.
                self._changed.wait_for(lambda: self._left or len(self._answers) == self._wanted)
                if not self._left:
                    return self._answers

    def _help(self, connect: Connect) -> None:
        with (
            contextlib.suppress(psycopg.Error, SchemamigError),
            contextlib.closing(connect()) as conn,
            prepared(conn),
        ):
            self._ask(conn)

    def _ask(self, conn: psycopg.Connection[Any]) -> None:
        """Ask over one connection until nothing is left."""
        while True:
            with self._changed:
                if not self._left:
                    return
                name, query = self._left.popleft()
            answer: dict[str, QueryAnswer] = {}
            try:
                answer = ask(conn, {name: query})
            finally:
                with self._changed:
                    self._answers |= answer
                    if not answer:
                        self._left.append((name, query))
                    self._changed.notify_all()
