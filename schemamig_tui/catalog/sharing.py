"""Shares the long queries of a large schema between two connections, so that two cores work."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import psycopg

from schemamig_tui.catalog.reading import ask, prepared
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.errors import SchemamigError

Connect = Callable[[], psycopg.Connection[Any]]
"""Opens another connection to the same database, as the same role."""
NamedAnswer = tuple[str, QueryAnswer]


class SharedQueries:
    """Queries of which a second connection takes one after the other, as soon as there is one.

    It is only a help: where it cannot be opened, or ends, the first one asks what is left. It sees
    nothing that an open transaction of the first one has changed.
    """

    def __init__(self, connect: Connect, queries: Mapping[str, str]) -> None:
        self._left = deque(queries.items())
        self._unanswered = len(queries)
        self._answers: SimpleQueue[NamedAnswer | None] = SimpleQueue()
        self._changed = threading.Condition()
        threading.Thread(target=self._help, args=(connect,), name="catalog", daemon=True).start()

    @contextlib.contextmanager
    def answers(self, conn: psycopg.Connection[Any]) -> Iterator[Iterator[NamedAnswer]]:
        """All answers, each as soon as it has come, while ``conn`` asks as well.

        Raises what psycopg raises of ``conn``, at the end.
        """
        with ThreadPoolExecutor(1, "catalog") as pool:
            asking = pool.submit(self._ask_for_all, conn)
            yield iter(self._answers.get, None)
            asking.result()

    def _ask_for_all(self, conn: psycopg.Connection[Any]) -> None:
        try:
            while True:
                self._ask(conn)
                with self._changed:
                    # What is neither answered nor left is under way on the other connection.
                    self._changed.wait_for(lambda: self._left or not self._unanswered)
                    if not self._left:
                        return
        finally:
            self._answers.put(None)

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
            answer = None
            try:
                answer = ask(conn, {name: query})[name]
            finally:
                with self._changed:
                    if answer is not None:
                        self._answers.put((name, answer))
                        self._unanswered -= 1
                    else:
                        self._left.append((name, query))
                    self._changed.notify_all()
