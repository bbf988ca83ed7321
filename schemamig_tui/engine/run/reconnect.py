"""Connects again after a connection was lost, and ends what the server still does for that one."""

import math
import time
from typing import Any

import psycopg

from schemamig_tui import patience
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.connect import Connect, connect_within
from schemamig_tui.engine.pipeline.loss import server_refused
from schemamig_tui.engine.watch.run_lock import AdvisoryLock, Queue
from schemamig_tui.errors import ConnectionFailed, Interrupted, LockTimeout

_GLANCE_S = 0.05
# How long the server may count a connection that we have closed.
_CLOSE_S = 5.0
# How long a session that has been told to end may take for it.
_END_S = 1.0


def connect_in_place(connect: Connect) -> psycopg.Connection[Any]:
    """A new connection in the place of one that has just been closed.

    The server may still count the closed one, whose process ends a moment later, and a role, a
    database or the server may have room for no more: then it tries again. Raises ConnectionFailed;
    after a cancellation, at once.
    """
    deadline = time.monotonic() + _CLOSE_S
    cancelled_at = patience.cancellation()
    while True:
        try:
            return connect_within(connect, math.inf)
        except ConnectionFailed as error:
            over = time.monotonic() > deadline or cancelled_at() is not None
            if not server_refused(error.message) or over:
                raise
        time.sleep(_GLANCE_S)


def take_over(
    conn: psycopg.Connection[Any],
    lock: AdvisoryLock,
    lost: Backend,
    seconds: float,
    cancellation: Cancellation,
) -> None:
    """Take the work lock of the ``lost`` session, when it has done what it was sent.

    Where that takes longer than so many seconds, or a cancellation comes, the session is
    terminated, because no event would report what it still does. Raises LockTimeout where it does
    not end.
    """
    # One that has come before is why there are so few seconds.
    news = Cancellation() if cancellation.requested else cancellation
    try:
        _wait(conn, lock, seconds, news)
        return
    except (LockTimeout, Interrupted):
        holder = lock.holder(conn)
        if holder is None or holder.pid != lost.pid or Backend.of(conn).server != lost.server:
            raise
    conn.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (lost.pid,))
    try:
        _wait(conn, lock, _END_S, Cancellation())
    except LockTimeout:
        message = f"the server has not ended the session of the run, pid {lost.pid}"
        raise LockTimeout(message) from None


def _wait(
    conn: psycopg.Connection[Any], lock: AdvisoryLock, seconds: float, cancellation: Cancellation
) -> None:
    Queue(cancellation, lambda awaited: None, seconds).await_lock(lock, conn)
