"""Makes connections by a function of the caller, who knows where the database is."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

from schemamig_tui import patience
from schemamig_tui.errors import ConnectionFailed

Connect = Callable[[], psycopg.Connection[Any]]
"""Makes a new connection in autocommit mode. Raises ConnectionFailed."""

_Made = psycopg.Connection[Any] | Exception

_GLANCE_S = 0.05


def connect_within(connect: Connect, seconds: float) -> psycopg.Connection[Any]:
    """A new connection, or ConnectionFailed when that takes longer, or a cancellation comes.

    It is made in a thread that nobody waits for, because nothing can interrupt the system while it
    looks up a name, or waits for a network that does not answer.
    """
    made: queue.SimpleQueue[_Made] = queue.SimpleQueue()
    lock = threading.Lock()
    given_up = False

    def make() -> None:
        try:
            outcome: _Made = connect()
        except Exception as error:  # it belongs to the one who waits
            outcome = error
        with lock:
            if given_up and isinstance(outcome, psycopg.Connection):
                outcome.close()
            made.put(outcome)

    threading.Thread(target=make, name="connect", daemon=True).start()
    deadline = time.monotonic() + seconds
    cancelled_at = patience.cancellation()
    before = cancelled_at()
    while time.monotonic() < deadline and cancelled_at() == before:
        with contextlib.suppress(queue.Empty):
            return _outcome(made.get(timeout=_GLANCE_S))
    with lock:
        given_up = True
    with contextlib.suppress(queue.Empty):  # it may have come just now
        return _outcome(made.get_nowait())
    raise ConnectionFailed("the server has not answered yet")


def _outcome(made: _Made) -> psycopg.Connection[Any]:
    if isinstance(made, Exception):
        raise made
    return made
