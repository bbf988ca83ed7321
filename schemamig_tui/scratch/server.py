"""The embedded PostgreSQL that scratch databases are made on: one folder for each major version.

It is for one run at a time, which finds it empty: whatever a run has left, roles too, is removed by
the next one.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from schemamig_tui.connect import binaries
from schemamig_tui.connect.binaries import Account, Binaries
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.errors import LockTimeout, SettingsError

_LOCK = 0x73637261746368  # "scratch": advisory locks are told apart by a number
_POLL_SECONDS = 1.0
_LONGEST_WAIT = 600.0

_ROLES = """
SELECT rolname, rolcreatedb, rolcreaterole, rolinherit, rolreplication, rolbypassrls, rolsuper
FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname
"""
_MEMBERS = """
SELECT r.rolname, m.rolname FROM pg_catalog.pg_auth_members am
JOIN pg_catalog.pg_roles r ON r.oid = am.roleid JOIN pg_catalog.pg_roles m ON m.oid = am.member
ORDER BY 1, 2
"""
_ATTRIBUTES = ("CREATEDB", "CREATEROLE", "INHERIT", "REPLICATION", "BYPASSRLS", "SUPERUSER")


@dataclass(frozen=True)
class Roles:
    """The roles of a server: the words of each behind its name, and who belongs to which."""

    attributes: dict[str, tuple[str, ...]]
    members: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, conn: psycopg.Connection[Any]) -> "Roles":
        """Those that people have made. Any role may see them, without their passwords."""
        attributes = {
            name: tuple(
                word if has else f"NO{word}" for word, has in zip(_ATTRIBUTES, have, strict=True)
            )
            for name, *have in conn.execute(_ROLES).fetchall()
        }
        return cls(attributes, tuple(conn.execute(_MEMBERS).fetchall()))


def choose(major: int, extensions: Iterable[str], account: Account) -> Binaries:
    """The installed PostgreSQL that is best for a database of version ``major``.

    It has all the extensions, and is of the same version, or else the first one that runs. Raises
    SettingsError where the extensions are not there, ConnectionFailed where there is no PostgreSQL.
    """
    wanted = sorted(set(extensions) - {"plpgsql"})
    found = binaries.choices(account)
    best = max(
        found,
        key=lambda one: (
            sum(binaries.has_extension(one.directory, name) for name in wanted),
            one.major == major,
        ),
        default=None,
    )
    if best is None:
        return binaries.find(account)  # which says what is missing
    missing = [name for name in wanted if not binaries.has_extension(best.directory, name)]
    if missing:
        raise SettingsError(
            f"the scratch has no {', '.join(missing)}: the database has the extension"
            f"{'s' if len(missing) > 1 else ''}, and no PostgreSQL on this machine does",
            hint="use --scratch server, or --scratch DSN with a server that has them",
        )
    return best


@contextlib.contextmanager
def scratch_server(
    base: Path,
    programs: Binaries,
    roles: Roles,
    owner: str,
    on_wait: Callable[[float, str], None],
) -> Iterator[tuple[Embedded, psycopg.Connection[Any]]]:
    """The server, with ``roles`` and nothing else on it, and the connection that reserves it.

    ``owner`` is a superuser there, who can do what somebody else has done on the other server.
    ``on_wait`` is called once a second while another run has it. Raises LockTimeout after ten
    minutes of that, ConnectionFailed, and what ``on_wait`` raises.
    """
    with (
        Embedded(base / str(programs.major), fast=True, programs=programs) as server,
        contextlib.closing(psycopg.connect(server.conninfo, autocommit=True)) as conn,
    ):
        _reserve(conn, on_wait)
        _empty(conn)
        _create_roles(conn, roles, owner)
        yield server, conn


def _reserve(conn: psycopg.Connection[Any], on_wait: Callable[[float, str], None]) -> None:
    deadline = time.monotonic() + _LONGEST_WAIT
    while conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        left = deadline - time.monotonic()
        if left <= 0:
            raise LockTimeout(
                "another run has been using the embedded scratch server for ten minutes",
                hint="end that run, or use --scratch server",
            )
        on_wait(left, "another run uses the scratch server")
        time.sleep(_POLL_SECONDS)


def _empty(conn: psycopg.Connection[Any]) -> None:
    databases = """
        SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'
    """
    for (name,) in conn.execute(databases).fetchall():
        # Where one cannot be removed (a subscription in it), its roles are in use as well.
        with contextlib.suppress(psycopg.ProgrammingError, psycopg.errors.ObjectInUse):
            query = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            conn.execute(query.format(sql.Identifier(name)))
    roles = "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres'"
    for (name,) in conn.execute(roles).fetchall():
        with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _create_roles(conn: psycopg.Connection[Any], roles: Roles, owner: str) -> None:
    there = {name for (name,) in conn.execute("SELECT rolname FROM pg_roles").fetchall()}
    wanted = {**{owner: ()}, **roles.attributes}
    for name, attributes in wanted.items():
        if name not in there:
            words = sql.SQL(" ".join(("LOGIN", *attributes)))
            conn.execute(sql.SQL("CREATE ROLE {} ").format(sql.Identifier(name)) + words)
    conn.execute(sql.SQL("ALTER ROLE {} SUPERUSER LOGIN").format(sql.Identifier(owner)))
    for role, member in roles.members:
        # Roles that a later version has made by itself may be missing.
        if {role, member} <= there | wanted.keys():
            names = map(sql.Identifier, (role, member))
            conn.execute(sql.SQL("GRANT {} TO {}").format(*names))
