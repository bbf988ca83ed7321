"""A connection that does not wait without end for a server that is gone.

TCP notices a dead network (see ``schemamig_tui.patience``), but not a proxy that lives and leads
nowhere. So the server is asked on another connection whether it works on the query. The results of
a pipeline are not awaited here; for these see ``engine.watch.silence``.
"""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg

from schemamig_tui import patience
from schemamig_tui.severity import is_fatal, severity_of
from schemamig_tui.units import lasting

# What it warns of, such as a connection that is lost in a pipeline, is raised as well. Without a
# handler it goes to stderr, and there through the UI.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_WAITS = f"""
SELECT {patience.WAITS_FOR_CLIENT} FROM pg_catalog.pg_stat_activity
WHERE pid OPERATOR(pg_catalog.=) %s
"""

Answer = TypeVar("Answer")
_Waiting = Generator[Any, Any, Answer]


class _BriefConnection(psycopg.Connection[Any]):
    """A connection for one question, which can do without the answer."""

    def wait(  # type: ignore[override]  # its further parameters differ with the version
        self, gen: _Waiting[Answer], *args: float, **kwargs: float
    ) -> Answer:
        seconds = patience.PATIENCE.glance
        return super().wait(_bounded(self, gen, seconds, lambda: False), *args, **kwargs)


class PatientConnection(psycopg.Connection[Any]):
    """Waits for the answer to a query as long as the server works on it.

    Raises psycopg.OperationalError, and is closed, where the server does not and nothing has come
    for ``Patience.silence``; after a cancellation, where nothing has come for ``Patience.hurried``,
    whatever the server does; and where the server has ended the session. ``conninfo`` leads to the
    same server.
    """

    conninfo = ""

    def wait(  # type: ignore[override]  # its further parameters differ with the version
        self, gen: _Waiting[Answer], *args: float, **kwargs: float
    ) -> Answer:
        """Wait as psycopg does, but not for ever."""
        seconds = patience.PATIENCE.silence
        return super().wait(_bounded(self, gen, seconds, self._is_at_work), *args, **kwargs)

    def _is_at_work(self) -> bool:
        """Whether the server says on another connection that it does not wait for us.

        Behind a pooler the pid that we know is none of the server's, so nobody can be asked about
        it.
        """
        limit = math.ceil(patience.PATIENCE.glance)
        with (
            contextlib.suppress(psycopg.Error),
            contextlib.closing(
                _BriefConnection.connect(self.conninfo, connect_timeout=limit)
            ) as other,
        ):
            row = other.execute(_WAITS, (self.info.backend_pid,)).fetchone()
            return row is not None and not row[0]
        return False


def _bounded(
    conn: psycopg.Connection[Any],
    gen: _Waiting[Answer],
    seconds: float,
    goes_on: Callable[[], bool],
) -> _Waiting[Answer]:
    """Wait as ``gen`` does, which psycopg wakes every 0.1 s; give up after so long a silence."""
    since = time.monotonic()
    cancelled_at = patience.cancellation()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            now = time.monotonic()
            if ready:
                since = now
            elif (at := cancelled_at()) and now - max(at, since) >= patience.PATIENCE.hurried:
                raise _no_answer(conn, patience.PATIENCE.hurried)
            elif now - since >= seconds:
                if not goes_on():
                    raise _no_answer(conn, seconds)
                since = time.monotonic()
            wanted = gen.send(ready)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    except psycopg.Error as error:
        # psycopg takes the classes by the SQLSTATE, and what ends a session for the time that a
        # transaction took has one of an error in it (25P03, 25P04).
        if is_fatal(severity_of(error.diag)):
            conn.pgconn.finish()
            raise psycopg.OperationalError(str(error)) from error
        raise


def _no_answer(conn: psycopg.Connection[Any], seconds: float) -> psycopg.OperationalError:
    conn.pgconn.finish()
    return psycopg.OperationalError(f"the server has not answered for {lasting(seconds)}")
