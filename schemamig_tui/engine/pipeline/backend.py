"""A connection of a run, the server's process behind it, and our own settings in its session."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.pipeline.deadline import answered_within
from schemamig_tui.engine.pipeline.loss import ends_session
from schemamig_tui.errors import ConnectionLost
from schemamig_tui.limits import Limits
from schemamig_tui.patience import PATIENCE, SERVER_SIDE, ask_untimed

_NO_LIMITS = Limits()
_AT_REST = (TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.INERROR)

# The interval stands for all settings of ours: no server has it on by default.
_FACTS = sql.SQL("""
SELECT pg_catalog.pg_backend_pid(),
    extract(epoch FROM pg_catalog.pg_postmaster_start_time())::double precision,
    pg_catalog.current_setting('client_connection_check_interval', true)
""")
# What a pooler has set in a session of the server's to make it the one that we have asked for.
_SET_BY_POOLER = "SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session'"


@dataclass(frozen=True)
class Backend:
    """``conn``, and the process ``pid`` of the server that works for it.

    ``server`` is the start time of the server, which tells it from another one. ``pooled``: a
    pooler stands in between, and the pid that libpq knows is not that of a server process.
    ``equipped``: our settings came with the connection, so that RESET ALL keeps them.
    """

    conn: psycopg.Connection[Any]
    pid: int
    server: float
    pooled: bool
    equipped: bool

    @classmethod
    def of(cls, conn: psycopg.Connection[Any]) -> "Backend":
        """Ask the server who it is; that changes nothing. Raises psycopg.Error."""
        pid, server, interval = ask_untimed(conn, _FACTS).fetchall()[0]
        pooled = pid != conn.info.backend_pid
        return cls(conn, pid, server, pooled, equipped=not pooled and interval not in ("0", None))

    def require_server(self, server: float) -> None:
        """Raises ConnectionLost where it is on another server, whose pids mean other sessions."""
        if self.server != server:
            raise ConnectionLost(
                "a new connection leads to another server than the first one of the run",
                hint="of several hosts libpq takes any: target_session_attrs=primary, or one",
            )

    def give_back(self) -> None:
        """Leave nothing of ours in the session, where a pooler keeps it for others.

        A lock of ours would keep out the next run for ever. PgBouncer does the same as long as
        nobody has changed its server_reset_query. Nothing is raised.
        """
        if not self.pooled or self.conn.info.transaction_status not in _AT_REST:
            return
        with contextlib.suppress(psycopg.Error), answered_within(self.conn, PATIENCE.glance):
            if self.conn.info.transaction_status is not TransactionStatus.IDLE:
                self.conn.execute("ROLLBACK")
            self.conn.execute("DISCARD ALL")


def equip(backend: Backend, limits: Limits = _NO_LIMITS) -> bytes:
    """Make those of our settings that the connection lacks; returns what makes them again.

    The result is a part of a SELECT list for the time after a RESET ALL, and empty where a RESET
    ALL takes away nothing of ours. Of ``limits`` it sets lock_timeout and statement_timeout.
    A connection through a pooler lacks them all, as a pooler takes none.
    """
    if backend.equipped:
        return b""
    values = dict(SERVER_SIDE)
    if backend.pooled:
        values = {**dict(backend.conn.execute(_SET_BY_POOLER).fetchall()), **values}
    values = {**values, **limits.timeouts}
    try:
        backend.conn.execute(b"SELECT " + _calls(values))
    except psycopg.Error as error:
        if ends_session(error):
            raise
        # A server that runs on Windows cannot check; and before 14 there was nothing to set.
        for name in ("client_connection_check_interval", "idle_session_timeout"):
            del values[name]
        backend.conn.execute(b"SELECT " + _calls(values))
    return _calls(values)


def _calls(values: Mapping[str, str]) -> bytes:
    call = sql.SQL("pg_catalog.set_config({}, {}, false)")
    calls = (call.format(sql.Literal(name), sql.Literal(value)) for name, value in values.items())
    return sql.SQL(", ").join(calls).as_bytes(None)
