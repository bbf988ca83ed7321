"""Checks that a pooler, where there is one, gives a connection one session for all of its life.

A run needs that: locks, settings and the order of its statements belong to a session. PgBouncer
tells its ``pool_mode`` only in its admin console, and in a quiet pool the same session serves one
transaction after the other. A notification tells the modes apart: with session pooling, a session
that listens receives it while idle, and passes it on to its client; where the session is given back
after each transaction, an idle client has no session that could.
"""

from typing import Any

import psycopg

from schemamig_tui import patience
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.errors import ConnectionFailed, PoolingRefused
from schemamig_tui.text import one_line

_PID = "SELECT pg_catalog.pg_backend_pid()"


def require_session_pooling(first: Backend, second: psycopg.Connection[Any]) -> None:
    """Raises PoolingRefused where ``first``, behind a pooler, has no session of its own.

    Raises ConnectionFailed where the pooler has no session left for the ``second`` one.
    """
    try:
        pid = _pid(second)
    except psycopg.OperationalError as error:
        raise ConnectionFailed(
            "A run needs two connections, and the pooler has no session for the second one:"
            f" {one_line(error)}",
            hint="Raise its pool_size (default_pool_size), or end other sessions.",
        ) from error
    # Where one session serves both connections, or two serve one, nothing more has to be asked.
    if pid == first.pid or _pid(first.conn) != first.pid or not _is_notified(first, second):
        raise _refusal()


def _pid(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute(_PID).fetchone()
    return int(row[0]) if row else -1


def _is_notified(first: Backend, second: psycopg.Connection[Any]) -> bool:
    channel = f"schemamig_tui_{first.pid}"
    first.conn.execute(f"LISTEN {channel}".encode())
    second.execute("SELECT pg_catalog.pg_notify(%s, '')", (channel,))
    came = list(first.conn.notifies(timeout=patience.PATIENCE.proof, stop_after=1))
    first.conn.execute(f"UNLISTEN {channel}".encode())
    return bool(came)


def _refusal() -> PoolingRefused:
    return PoolingRefused(
        "a connection pooler gives every transaction another session of the server;"
        " a run needs one session from its beginning to its end",
        hint="connect to the server itself, or to a pool with pool_mode = session (PgBouncer)",
    )
