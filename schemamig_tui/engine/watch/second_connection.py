"""Explains why the second connection of a run cannot be made, though the first one was."""

from typing import Any, NamedTuple

import psycopg

from schemamig_tui.engine.pipeline.loss import server_refused
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.text import visible

# The sessions of others are counted, too: that they are there is shown to everybody.
_QUERY = """
SELECT pg_catalog.current_setting('max_connections')::int,
    pg_catalog.current_setting('superuser_reserved_connections')::int OPERATOR(pg_catalog.+)
        coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0),
    (SELECT pg_catalog.count(a.usesysid) FROM pg_catalog.pg_stat_activity a),
    r.rolname, r.rolconnlimit,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.usesysid OPERATOR(pg_catalog.=) r.oid),
    d.datname, d.datconnlimit,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.datid OPERATOR(pg_catalog.=) d.oid)
FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
WHERE r.rolname OPERATOR(pg_catalog.=) session_user
    AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
"""


def explain(first: psycopg.Connection[Any], error: ConnectionFailed) -> ConnectionFailed:
    """The error for a second connection that failed with ``error`` while ``first`` is open."""
    heading, _, reasons = error.message.partition("\n")
    message = f"A run needs two connections, and the second one failed.\n{reasons or heading}"
    hint = error.hint
    # A server also refuses a password that was changed meanwhile, or while it shuts down.
    row = first.execute(_QUERY).fetchone() if server_refused(error.message) else None
    if row and (limits := _reached(_ConnectionLimits(*row))):
        hint = f"End other sessions, or raise the limit that is reached: {limits}."
    return ConnectionFailed(message, hint=hint)


class _ConnectionLimits(NamedTuple):
    """The limits of connections, and how many of them are in use: the columns of the query."""

    most: int
    reserved: int
    used: int
    role: str
    role_limit: int
    of_role: int
    database: str
    database_limit: int
    in_database: int


def _reached(found: _ConnectionLimits) -> str:
    """The limits that leave no room for one more connection of an ordinary role."""
    limits = []
    if found.used >= found.most - found.reserved:
        limits.append(f"max_connections is {found.most}, with {found.reserved} of them reserved")
    for what, limit, used in (
        (f"role {found.role}", found.role_limit, found.of_role),
        (f"database {found.database}", found.database_limit, found.in_database),
    ):
        if 0 <= limit <= used:
            limits.append(f"the CONNECTION LIMIT of {what} is {limit}, with {used} in use")
    return visible("; ".join(limits))
