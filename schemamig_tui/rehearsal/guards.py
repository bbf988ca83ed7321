"""Limits a rehearsal, so that it does not block others for too long."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui import units
from schemamig_tui.engine.activity import Victims
from schemamig_tui.engine.pipeline.timeouts import without_statement_timeout
from schemamig_tui.engine.wording import victims
from schemamig_tui.rehearsal.defaults import OF_NEW_SESSIONS, STRONGEST_FIRST

# The server ends a rehearsal whose program has been stopped, or cannot be reached any more.
_IDLE = 60.0
# Our clock and the server's need not run at quite the same speed.
_NEARLY = 0.9
# A query of our own may take longer than a statement that has fewer seconds.
_SHORT = 1.0

_TRANSACTION_TIMEOUT = "25P04"  # psycopg knows it since it knows PostgreSQL 17
_TRACKING = (("track_counts", "on"), ("track_functions", "pl"))
# RESET goes back to reset_val; source is where the present value is from, which may be a SET.
_OF_SESSION = f"""
SELECT s.name, pg_catalog.float8div(s.reset_val::pg_catalog.float8, 1000), coalesce((
    SELECT CASE
        WHEN d.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN CASE
            WHEN d.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'ALTER ROLE ALL'
            ELSE pg_catalog.format('ALTER DATABASE %I', b.datname) END
        WHEN d.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid
            THEN pg_catalog.format('ALTER ROLE %I', r.rolname)
        ELSE pg_catalog.format('ALTER ROLE %I IN DATABASE %I', r.rolname, b.datname) END
    {OF_NEW_SESSIONS}
        AND pg_catalog.split_part(c, '=', 1) OPERATOR(pg_catalog.=) s.name
    ORDER BY {STRONGEST_FIRST}
    LIMIT 1
), 'the settings of the server or of the connection')
FROM pg_catalog.pg_settings s
WHERE s.name OPERATOR(pg_catalog.=) ANY (
    ARRAY['lock_timeout', 'statement_timeout', 'transaction_timeout'])
    AND s.reset_val OPERATOR(pg_catalog.<>) '0'
""".encode()


@dataclass(frozen=True)
class OwnLimit:
    """A limit, in seconds, that every new session of the role in the database has.

    ``source`` says what has set it: ``ALTER ROLE name IN DATABASE name``, ``ALTER ROLE name``,
    ``ALTER DATABASE name``, ``ALTER ROLE ALL``, or roughly where else.
    """

    seconds: float
    source: str


def own_limits(conn: psycopg.Connection[Any]) -> dict[str, OwnLimit]:
    """The limits that a session begins with, by the names of their settings, where it has any."""
    found = without_statement_timeout(conn, lambda: conn.execute(_OF_SESSION, prepare=False))
    return {name: OwnLimit(*limit) for name, *limit in found}


def trackable(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """The settings that make the server count rows and calls, as far as the role may set them.

    They are ``track_counts`` (rows) and ``track_functions`` (calls). A transaction has to be open.
    """
    found = {}
    for name, value in _TRACKING:
        with contextlib.suppress(pg_errors.InsufficientPrivilege):
            with conn.transaction(force_rollback=True):
                conn.execute(f"SET LOCAL {name} = {value}".encode())
            found[name] = value
    return found


@dataclass(frozen=True)
class Guards:
    """Limits in seconds: of a wait for a ``lock``, and of a ``statement``, where it has one.

    ``version`` is that of the server, such as 150004. ``own`` are limits by ``own_limits``, which
    hold in a run as well: where one of them is shorter than ours, it is the ``lock`` or
    ``statement``. ``tracking`` has the settings of ``trackable`` that the server does not have by
    itself.
    """

    lock: float | None
    statement: float | None
    version: int
    own: Mapping[str, OwnLimit] = field(default_factory=dict)
    tracking: Mapping[str, str] = field(default_factory=dict)

    def within(self, name: str, own: OwnLimit | None) -> "Guards":
        """These limits, but a limit of the session's own where ours is longer."""
        ours = {"lock_timeout": self.lock, "statement_timeout": self.statement}.get(name)
        if own is None or (ours is not None and ours <= own.seconds):
            return self
        held = replace(self, own={**self.own, name: own})
        match name:
            case "lock_timeout":
                return replace(held, lock=own.seconds)
            case "statement_timeout":
                return replace(held, statement=own.seconds)
        return held

    @property
    def are_short(self) -> bool:
        """Whether the limit of statements is too short for our own work."""
        return self.statement is not None and self.statement < _SHORT

    @property
    def for_us(self) -> bytes:
        """As ``query``, for our own work between two files: without a short limit of statements."""
        return replace(self, statement=0).query if self.are_short else self.query

    @property
    def for_statements(self) -> bytes | None:
        """The query in front of the statements of a file, where ``for_us`` is not ``query``."""
        return self.query if self.are_short else None

    @property
    def of_transactions(self) -> bytes | None:
        """Begins to count the time of a transaction, where the role's own has a limit."""
        limit = self.own.get("transaction_timeout")
        if limit is None:
            return None
        # Where it has been 0, the server begins anew: see assign_transaction_timeout().
        values = 0, round(limit.seconds * 1000)
        calls = (f"pg_catalog.set_config('transaction_timeout', '{ms}', true)" for ms in values)
        return f"SELECT {', '.join(calls)}".encode()

    @property
    def query(self) -> bytes:
        """Sets the limits for the transaction that is open."""
        settings: dict[str, float] = {"idle_in_transaction_session_timeout": _IDLE}
        if self.lock is not None:
            settings["lock_timeout"] = self.lock
        if self.statement is not None:
            settings["statement_timeout"] = self.statement
        if self.version >= 170000:
            # In a run it is for each file.
            settings["transaction_timeout"] = 0
        calls = [
            f"pg_catalog.set_config('{name}', '{round(seconds * 1000)}', true)"
            for name, seconds in settings.items()
        ]
        for name, value in self.tracking.items():
            calls.append(f"pg_catalog.set_config('{name}', '{value}', true)")
        return f"SELECT {', '.join(calls)}".encode()

    def hint(
        self, sqlstate: str | None, gave_way: Victims | None = None, seconds: float = 0
    ) -> str | None:
        """The hint for an error that only comes from our limits, and not in a run.

        ``gave_way`` are the sessions for which the rehearsal has cancelled a statement itself.
        ``seconds`` is how long the statement took, at the most, until it failed: some other limit
        may be shorter.
        """
        if sqlstate == pg_errors.LockNotAvailable.sqlstate:
            if self.lock is None or seconds < _NEARLY * self.lock:
                return None
            if limit := self.own.get("lock_timeout"):
                return _as_in_a_run("waits for a lock", "lock_timeout", limit)
            return f"A rehearsal waits for a lock for {units.limit(self.lock)} (--lock-timeout)."
        if sqlstate == pg_errors.OutOfMemory.sqlstate:
            return "A rehearsal holds the locks of all its files: rehearse fewer at a time (--to)."
        if sqlstate == pg_errors.QueryCanceled.sqlstate:
            if gave_way:
                return f"It was cancelled by itself: {victims(gave_way)} (--max-blocking)."
            if self.statement is not None and seconds >= _NEARLY * self.statement:
                if limit := self.own.get("statement_timeout"):
                    return _as_in_a_run("takes", "statement_timeout", limit)
                most = units.limit(self.statement)
                return f"A rehearsal lets a statement run for {most} (--statement-timeout)."
        return None

    def hint_of_transaction(self, sqlstate: str | None, seconds: float) -> str | None:
        """The hint for the end of a session whose transaction took ``seconds``, at the most."""
        limit = self.own.get("transaction_timeout")
        if limit is None or sqlstate != _TRANSACTION_TIMEOUT or seconds < _NEARLY * limit.seconds:
            return None
        return _as_in_a_run("takes", "transaction_timeout", limit, "transaction")


def _as_in_a_run(does: str, setting: str, limit: OwnLimit, what: str = "statement") -> str:
    most = units.limit(limit.seconds)
    return f"In a run as well no {what} {does} longer than {most}: {setting}, by {limit.source}."
