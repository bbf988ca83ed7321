"""A bound on the time that an answer may take: a connection that stays silent is cut."""

import array
import contextlib
import fcntl
import os
import socket
import termios
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import pq

from schemamig_tui import patience
from schemamig_tui.units import lasting

# Seconds from one look at whether the user has asked to stop to the next.
_LOOK_S = 0.1


@contextlib.contextmanager
def answered_within(conn: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Cut ``conn`` where the ``with`` block takes longer, so that nobody waits for ever.

    It finds what TCP does not: a proxy that acknowledges everything and leads nowhere. A
    cancellation that comes meanwhile leaves ``Patience.report`` at the most. Raises
    psycopg.OperationalError when the time is over. Nobody else may close the connection meanwhile.
    """
    lock = threading.Lock()
    over = threading.Event()
    began = time.monotonic()
    cancelled_at = patience.cancellation()
    cut_after: float | None = None

    def end() -> None:
        nonlocal cut_after
        limit = seconds
        while (left := began + limit - time.monotonic()) > 0:
            if over.wait(min(left, _LOOK_S)):
                return
            at = cancelled_at()
            if at is not None and at > began:
                limit = min(seconds, at - began + patience.PATIENCE.report)
        with lock:
            if not over.is_set():
                cut_after = limit
                cut(conn)

    threading.Thread(target=end, name="deadline", daemon=True).start()
    try:
        yield
    except psycopg.OperationalError as error:
        if cut_after is not None:
            message = f"the server has not answered within {lasting(cut_after)}"
            raise psycopg.OperationalError(message) from error
        raise
    finally:
        with lock:
            over.set()


def cut(conn: psycopg.Connection[Any]) -> None:
    """End the connection below libpq: whoever waits for it, in whatever thread, finds its end."""
    with contextlib.suppress(OSError, psycopg.Error), _socket(conn.pgconn) as line:
        line.shutdown(socket.SHUT_RDWR)


def unacknowledged(conn: psycopg.Connection[Any]) -> int:
    """How many bytes the other side has not acknowledged yet; 0 where the system does not say.

    While they become fewer, the line is slow and not silent (SIOCOUTQ in tcp(7)).
    """
    answer = array.array("i", [0])
    with contextlib.suppress(OSError, psycopg.Error):
        fcntl.ioctl(conn.fileno(), termios.TIOCOUTQ, answer)
    return answer[0]


@contextlib.contextmanager
def sending_ahead(pgconn: pq.abc.PGconn) -> Iterator[None]:
    """Do without tcp_user_timeout, because a peer may be there and not read what it is sent.

    Linux also counts the time in which the peer acknowledges everything but keeps its window closed
    (seen on 6.18: a peer that reads nothing is cut after 3.5 s with a timeout of 3).
    """
    before = _user_timeout(pgconn, 0)
    try:
        yield
    finally:
        if before:
            _user_timeout(pgconn, before)


def _user_timeout(pgconn: pq.abc.PGconn, ms: int) -> int:
    """Set tcp_user_timeout, where the system has it; returns its value before."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and pgconn.status == pq.ConnStatus.OK:
        with contextlib.suppress(OSError), _socket(pgconn) as line:
            if line.family in (socket.AF_INET, socket.AF_INET6):
                before = line.getsockopt(socket.IPPROTO_TCP, option)
                line.setsockopt(socket.IPPROTO_TCP, option, ms)
                return before
    return 0


def _socket(pgconn: pq.abc.PGconn) -> socket.socket:
    """Another descriptor for the socket of a connection, for its caller to close."""
    return socket.socket(fileno=os.dup(pgconn.socket))
