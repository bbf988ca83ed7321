"""Which database a connection leads to: what people, logs and programs are shown of it."""

import contextlib
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from schemamig_tui.patience import ask_untimed

# A schema in front of pg_catalog may have a type of the name text.
_WHO = sql.SQL(
    "SELECT pg_catalog.current_database()::pg_catalog.text, current_user::pg_catalog.text,"
    " session_user::pg_catalog.text"
)


class Location(NamedTuple):
    """What is known of a server before it is asked.

    ``source`` is the flag, the variable or the key that has named it. ``container`` is the Docker
    container that it runs in, and ``route`` how that is reached; ``embedded`` is the folder of a
    private one.
    """

    source: str
    container: str | None = None
    route: str | None = None
    embedded: str | None = None


class Identity(NamedTuple):
    """A database and the way to it. It never holds a password.

    ``database``, ``role`` and ``login`` are the server's own words: a pooler may know the database
    by another name, and the login may have the rights of another role (ALTER ROLE ... SET role).
    ``version`` is that of the server, such as 18.1. ``host`` and ``port`` are as we have reached
    them, because behind a proxy or in a cloud the server knows itself by others; where it is a
    Unix socket, ``host`` is its folder. ``location`` says how we came there.
    """

    database: str
    role: str
    login: str
    version: str
    host: str
    port: int
    location: Location

    @property
    def address(self) -> str:
        """Where it is, in a few words: the container, the embedded server, or host and port."""
        if self.location.container is not None:
            return f"container {self.location.container}"
        if self.location.embedded is not None:
            return "embedded"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def who(self) -> str:
        """The role, and who has logged in where that is another one."""
        return self.role if self.role == self.login else f"{self.role} (login {self.login})"

    def __str__(self) -> str:
        """All of it in one line, for a log."""
        location = self.location
        if location.container is not None:
            where = f"in {self.address} ({location.route})"
        elif location.embedded is not None:
            where = f"embedded in {location.embedded}"
        else:
            where = f"at {self.address}"
        return (
            f"{self.database} {where}, role {self.who}, PostgreSQL {self.version},"
            f" from {location.source}"
        )


def identify(conn: psycopg.Connection[Any], location: Location) -> Identity:
    """Ask the server of ``conn`` which database it is. Raises psycopg.Error."""
    info = conn.info
    database, role, login = info.dbname, info.user, info.user
    # A statement_timeout of the role, of a millisecond say, is not meant for us.
    with contextlib.suppress(psycopg.errors.QueryCanceled):
        database, role, login = ask_untimed(conn, _WHO).fetchone() or (database, role, login)
    version = conn.pgconn.parameter_status(b"server_version") or b"?"
    return Identity(
        database=database,
        role=role,
        login=login,
        version=version.decode().partition(" ")[0],
        host=info.host or info.hostaddr,
        port=info.port,
        location=location,
    )
