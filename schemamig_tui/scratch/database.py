"""Makes a database for a moment, and removes it, also those that a killed program has left."""

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from schemamig_tui.engine.pipeline.loss import ends_session
from schemamig_tui.errors import SchemamigError, SettingsError
from schemamig_tui.text import one_line

_PREFIX = "schemamig_scratch_"

# Whoever uses one is connected to it all the time. Of other roles' sessions only the database and
# the role can be seen, so any session counts but those of autovacuum, which gives way.
_LEFT = """
SELECT datname FROM pg_catalog.pg_database d
WHERE datname ~ '^schemamig_scratch_[0-9a-f]{16}$' AND pg_catalog.pg_has_role(datdba, 'MEMBER')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_stat_activity a
        WHERE a.datid = d.oid AND backend_type IS DISTINCT FROM 'autovacuum worker'
    )
"""
_SETTLED = """
SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
"""
_MAY_CREATE = """
SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user
"""


@contextlib.contextmanager
def scratch_database(conn: psycopg.Connection[Any], owner: str | None = None) -> Iterator[str]:
    """An empty database beside that of ``conn``, with its encoding and its locale: the name.

    It belongs to ``owner``, or to the role of ``conn``, and is removed at the end of the ``with``
    block. Somebody has to stay connected to it meanwhile: a database without a session counts as
    left behind, and the next run removes it. Raises SettingsError where the role may not make one,
    and SchemamigError where it cannot be made.
    """
    name = _PREFIX + secrets.token_hex(8)
    try:
        _require_createdb(conn)
        remove_left(conn)
        _create(conn, name, owner)
    except psycopg.Error as error:
        if ends_session(error):
            raise
        raise SchemamigError(f"no scratch database can be made: {one_line(error)}") from error
    try:
        yield name
    except BaseException:
        with contextlib.suppress(psycopg.Error):  # what has happened before matters more
            _drop(conn, name, forced=True)
        raise
    try:
        _drop(conn, name, forced=True)
    except psycopg.Error as error:
        raise SchemamigError(
            f"the scratch database {name} could not be removed: {one_line(error)}",
            hint="the next run with the same --scratch tries it again",
        ) from error


def remove_left(conn: psycopg.Connection[Any]) -> None:
    """Remove the scratch databases that nobody is connected to. Raises psycopg.OperationalError."""
    for (name,) in conn.execute(_LEFT).fetchall():
        # One that is just being made has no session yet, and what holds it may have come now.
        with contextlib.suppress(psycopg.ProgrammingError, psycopg.errors.ObjectInUse):
            _drop(conn, name, forced=False)


def _require_createdb(conn: psycopg.Connection[Any]) -> None:
    if conn.execute(_MAY_CREATE).fetchone() != (True,):
        raise SettingsError(
            "this role may not make a scratch database on the server: it lacks CREATEDB",
            hint="leave out --scratch server for a scratch on the embedded PostgreSQL, or give the"
            " role CREATEDB",
        )


def _create(conn: psycopg.Connection[Any], name: str, owner: str | None) -> None:
    ((encoding, collate, ctype),) = conn.execute(_SETTLED).fetchall()
    # template1 may hold what people have put there, which no migration has made.
    query = sql.SQL(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
    ).format(sql.Identifier(name), *map(sql.Literal, (encoding, collate, ctype)))
    if owner is not None:
        query += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
    conn.execute(query)


def _drop(conn: psycopg.Connection[Any], name: str, *, forced: bool) -> None:
    force = sql.SQL(" WITH (FORCE)" if forced else "")
    conn.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)) + force)
