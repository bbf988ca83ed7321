"""The second connection of a run: it holds the run lock, asks for the observer, and cancels.

Where it is lost in mid-run, a new one replaces it, without the run lock: see ``watch.run_lock``.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg

from schemamig_tui import patience
from schemamig_tui.engine.pipeline.backend import Backend, equip
from schemamig_tui.engine.pipeline.deadline import answered_within
from schemamig_tui.engine.watch.pooling import require_session_pooling
from schemamig_tui.engine.watch.second_connection import explain
from schemamig_tui.errors import ConnectionFailed, SchemamigError

# How many seconds a thread waits for another one that is asking.
_TURN = 0.2

# Its lock must last as long as a migration takes, and none of its questions may keep it from
# cancelling: so none of the role's timeouts holds, but one of its own for each question. Nor does
# its search_path: no function or operator of somebody else is to be found in any of them.
_SETTINGS = f"""
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
    pg_catalog.set_config('statement_timeout', '5s', false),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
    {patience.NO_TRANSACTION_TIMEOUT}
"""

About = ParamSpec("About")
Answer = TypeVar("Answer")


class Aside(SchemamigError):
    """The second connection is closed for a while, so as not to stand in the way."""


class Watch:
    """The second connection of a run, whose first one is ``first``.

    Two threads may use it: that of the run, to cancel, and that of the observer. Raises
    ConnectionFailed when it cannot be made, and PoolingRefused where a pooler gives no session.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], first: Backend) -> None:
        self._connect = connect
        self._server = first.server
        self._turn = threading.Lock()
        self._over = False
        self._aside = False
        try:
            conn = connect()
        except ConnectionFailed as error:
            raise explain(first.conn, error) from error
        if first.pooled:
            require_session_pooling(first, conn)
        self.conn = self._prepared(conn)

    def _prepared(self, conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
        try:
            backend = Backend.of(conn)
            backend.require_server(self._server)
            self._backend = backend
            equip(backend)
            conn.execute(_SETTINGS)
        except BaseException:
            conn.close()
            raise
        return conn

    def ask(
        self,
        question: Callable[Concatenate[psycopg.Connection[Any], About], Answer],
        *about: About.args,
        **named: About.kwargs,
    ) -> Answer:
        """Call ``question`` with the connection and what it is about, such as a session.

        Raises psycopg.Error, also when the answer takes longer than five seconds; after the
        connection was lost, what ``connect`` raises; and Aside while the connection is closed.
        """
        with self._turn:
            if self._aside:
                raise Aside("the second connection is closed while a database is copied")
            try:
                if self.conn.closed and not self._over:
                    self.conn = self._prepared(self._connect())
                with answered_within(self.conn, patience.PATIENCE.glance):
                    return question(self.conn, *about, **named)
            finally:
                if self._over:
                    self._close()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Close the connection for the ``with`` block, so that the database has one session less.

        That gives up the run lock; the work lock, on the run's own connection, keeps other runs
        out.
        """
        with self._turn:
            self._aside = True
            self._close()
        try:
            yield
        finally:
            self._aside = False

    def cancel(self, backend: Backend) -> None:
        """Ask the server to cancel what it is doing for ``backend``; nothing is raised."""
        if self._turn.acquire(timeout=_TURN):
            try:
                with answered_within(self.conn, patience.PATIENCE.confirm / 2):
                    self.conn.execute("SELECT pg_cancel_backend(%s)", (backend.pid,))
                return
            except psycopg.Error:
                pass
            finally:
                self._turn.release()
        # This connection is gone, or gives no answer; libpq can ask on a new one.
        with contextlib.suppress(psycopg.Error):
            backend.conn.cancel_safe(timeout=patience.PATIENCE.confirm)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        # A question that hangs on a dead line is not waited for: whoever asks it closes then.
        if self._turn.acquire(timeout=_TURN):
            self._close()
            self._turn.release()

    def _close(self) -> None:
        self._backend.give_back()
        self.conn.close()
