"""The roles of a server, as they are made on the embedded server for scratch databases.

Objects belong to roles by their oids. So the roles of a remembered database stay on the server.
While it is not in use they have names that are in nobody's way, and for each use they get their own
names again.
"""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

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
# The first oid that is not of the server itself, see access/transam.h; postgres has one below it.
_MADE = """
SELECT oid::int8, rolname FROM pg_catalog.pg_roles
WHERE oid >= 16384 AND rolname !~ '^schemamig_role_[0-9]+$'
"""


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

    def without(self, names: Collection[str]) -> "Roles":
        """Those of other names."""
        kept = {name: words for name, words in self.attributes.items() if name not in names}
        return Roles(kept, self.members)

    def create(self, conn: psycopg.Connection[Any], owner: str) -> None:
        """Make them on a server that has none; ``owner`` becomes one too, and a superuser."""
        there = {name for (name,) in conn.execute("SELECT rolname FROM pg_roles").fetchall()}
        wanted = {**{owner: ()}, **self.attributes}
        for name, attributes in wanted.items():
            if name not in there:
                words = sql.SQL(" ".join(("LOGIN", *attributes)))
                conn.execute(sql.SQL("CREATE ROLE {} ").format(sql.Identifier(name)) + words)
        conn.execute(sql.SQL("ALTER ROLE {} SUPERUSER LOGIN").format(sql.Identifier(owner)))
        for role, member in self.members:
            # Roles that a later version has made by itself may be missing.
            if {role, member} <= there | wanted.keys():
                names = map(sql.Identifier, (role, member))
                conn.execute(sql.SQL("GRANT {} TO {}").format(*names))


def roles_in_use(conn: psycopg.Connection[Any]) -> dict[int, str]:
    """The roles that somebody has made and that are not put away: their names by their oids."""
    return dict(conn.execute(_MADE).fetchall())


def put_away(conn: psycopg.Connection[Any], kept: Collection[int]) -> None:
    """Give the roles with these oids names that are in nobody's way, and remove all others.

    Settings that were given to all roles, or to postgres, are reset.
    """
    for oid, name in roles_in_use(conn).items():
        if oid in kept:
            _rename(conn, name, _put_away_name(oid))
    for (name,) in conn.execute(
        "SELECT rolname FROM pg_roles WHERE oid >= 16384 AND NOT oid = ANY (%s::oid[])", [[*kept]]
    ).fetchall():
        # It is the owner of what cannot be removed.
        with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    conn.execute("ALTER ROLE ALL RESET ALL")
    conn.execute("ALTER ROLE postgres RESET ALL")


def bring_back(conn: psycopg.Connection[Any], roles: Mapping[int, str]) -> None:
    """Give roles that are put away their own names again."""
    for oid, name in roles.items():
        _rename(conn, _put_away_name(oid), name)


def _put_away_name(oid: int) -> str:
    return f"schemamig_role_{oid}"


def _rename(conn: psycopg.Connection[Any], old: str, new: str) -> None:
    names = map(sql.Identifier, (old, new))
    conn.execute(sql.SQL("ALTER ROLE {} RENAME TO {}").format(*names))
