"""How long a server may be silent, and the settings by which both ends of a connection notice it.

A statement may take as long as it takes; but nobody must wait without end for a server or a network
that has gone silent. TCP notices a dead network (``CLIENT_SIDE``), and the server notices a client
that has vanished (``SERVER_SIDE``). A connection that a proxy keeps up, though it leads nowhere, is
noticed by asking on the second connection, see ``engine.watch.silence``.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql


class Patience(NamedTuple):
    """Times in seconds.

    ``glance`` limits a question whose answer we can do without, ``answer`` the work of a run after
    a failure. After ``doubt`` without a word, the server is asked about a session; the session is
    lost after a silence of ``silence``, if the server waits for us or cannot be asked. A lost
    server has ``come_back`` to come back, and then ``settle`` to end what it was sent. After a
    signal it has ``confirm`` to say that it has cancelled, and ``report`` to say what it has
    committed: together less than the ten seconds that ``docker stop`` leaves. A question of our own
    has ``hurried`` then. ``proof`` is how long a notification may take from one session to another.
    """

    glance: float = 10.0
    answer: float = 60.0
    doubt: float = 20.0
    silence: float = 90.0
    come_back: float = 5.0
    settle: float = 10.0
    confirm: float = 4.0
    report: float = 3.0
    hurried: float = 2.0
    proof: float = 5.0


PATIENCE = Patience()

LEAST = 0.1
"""Seconds, of which a server that is there needs fewer to answer."""

CancelledAt = Callable[[], float | None]
"""When the user has asked to stop, by time.monotonic; None: that has not been."""

_CANCELLED_AT: ContextVar[CancelledAt] = ContextVar("cancelled_at", default=lambda: None)


@contextlib.contextmanager
def hurried_by(cancelled_at: CancelledAt) -> Iterator[None]:
    """In the ``with`` block, the waits of this thread end soon after a cancellation."""
    token = _CANCELLED_AT.set(cancelled_at)
    try:
        yield
    finally:
        _CANCELLED_AT.reset(token)


def cancellation() -> CancelledAt:
    """A function for any thread that tells when the work of this thread was cancelled."""
    return _CANCELLED_AT.get()


def to_recover(cancelled_at: float | None) -> float:
    """How many seconds the server still has to roll back and to record, also after a cancellation.

    After a cancellation all steps together have ``confirm`` and ``report``.
    """
    if cancelled_at is None:
        return PATIENCE.answer
    left = cancelled_at + PATIENCE.confirm + PATIENCE.report - time.monotonic()
    return max(LEAST, min(PATIENCE.report, left))


def doubled(first: float, times: int, most: float) -> float:
    """A wait of ``first`` seconds that has doubled so many times, and is ``most`` at the most."""
    # No float is as long as after some 1,030 doublings, which a night without a lock comes to.
    return min(most, first * 2.0 ** min(times, 60))


# Seconds: silent after 30, asked three times, given up after 60.
_IDLE, _INTERVAL, _COUNT = 30, 10, 3

CLIENT_SIDE = {
    "keepalives_idle": f"{_IDLE}",
    "keepalives_interval": f"{_INTERVAL}",
    "keepalives_count": f"{_COUNT}",
    "tcp_user_timeout": f"{(_IDLE + _COUNT * _INTERVAL) * 1000}",
}
"""Parameters of libpq. While statements are sent ahead, tcp_user_timeout does not hold: it would
also cut a connection to a server that is too busy to read them (tcp(7)), see
``engine.pipeline.pipeline``."""

SERVER_SIDE = {
    # Not meant for a session that waits for another run, or before it tries again.
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": f"{_IDLE}",
    "tcp_keepalives_interval": f"{_INTERVAL}",
    "tcp_keepalives_count": f"{_COUNT}",
    # Without it what was sent, and never acknowledged, is sent again for a quarter of an hour. With
    # it the three probes do not count (tcp_keepalive_timer in Linux), and it holds as well for a
    # client that lives and does not read, as behind a pager: so it is twice their time.
    "tcp_user_timeout": f"{2 * (_IDLE + _COUNT * _INTERVAL) * 1000}",
    # While a statement runs. Last, as a server that runs on Windows refuses it.
    "client_connection_check_interval": "10000",
}
"""Settings of our sessions, which any role may make; in the units that they have by default."""


def ask_untimed(
    conn: "psycopg.Connection[Any]", query: "sql.SQL | sql.Composed"
) -> "psycopg.Cursor[Any]":
    """Ask a question of ours without the role's transaction_timeout, which is not meant for it.

    Setting and question are one transaction, so that nothing is left in the session of a pooler.
    Raises psycopg.Error.
    """
    from psycopg import sql

    cursor = conn.execute(sql.SQL(no_transaction_timeout(conn)) + query)
    while cursor.nextset():
        pass
    return cursor


def no_transaction_timeout(conn: "psycopg.Connection[Any]") -> LiteralString:
    """SQL that lifts the transaction_timeout of its transaction, with a semicolon at its end.

    Empty for a server that has no such setting.
    """
    has_it = conn.info.server_version >= _HAS_TRANSACTION_TIMEOUT
    return "SET LOCAL transaction_timeout = 0; " if has_it else ""


_HAS_TRANSACTION_TIMEOUT = 170000

NO_TRANSACTION_TIMEOUT: LiteralString = (
    "CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL"
    " THEN pg_catalog.set_config('transaction_timeout', '0', false) END"
)
"""Lifts the limit of transactions for a session, where the server has one: PostgreSQL 17 on."""

WAITS_FOR_CLIENT = (
    "coalesce(wait_event OPERATOR(pg_catalog.=) ANY (ARRAY['ClientRead', 'ClientWrite']), false)"
)
"""Whether a session of pg_stat_activity waits for its client. It is hidden from a role that may not
see the session: then that is taken to be at work.

The state does not tell: a session in the middle of a COPY, or of a pipeline whose next message does
not come, is active (PostgreSQL reports it idle when it is ready for a query)."""
