"""Proves that a server is the one in a container, before it gets a password.

The proof is that the process which serves our connection is among the container's processes.
Addresses prove little: every engine hands out the same ones. While the server waits for a
password, its process has the name of the database in its title: so we ask for a database of a name
that nobody else would use, look for that name, and leave. A server that wants no password lets us
in at once, on a connection that has none to give, and there it is asked for its process.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect import password_file
from schemamig_tui.connect.greeting import greeting
from schemamig_tui.connect.target import reason
from schemamig_tui.errors import ConnectionFailed

if TYPE_CHECKING:
    from schemamig_tui.connect.container import Container
    from schemamig_tui.connect.docker_api import DockerApi

_SECONDS = 2  # the least that libpq knows
_REQUIRES_AUTH = 160000  # the libpq from which on there is require_auth
_TITLES = ["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null; true"]
# Neither PGPASSWORD nor a password file steps in for one.
_NO_PASSWORD = {"password": "", "passfile": password_file.NONE}


def prove(
    api: "DockerApi", container: "Container", parameters: Mapping[str, str]
) -> dict[str, str]:
    """What to add to libpq's ``parameters``, with which the container's server lets us in.

    It holds libpq to the way in which this one has asked for the password: a server that comes in
    its place, and wants it in the clear, does not get it. Raises ConnectionFailed if the server is
    not known to be the container's, or does not let us in.
    """
    if container.shares_processes:
        raise ConnectionFailed("its processes are not the container's alone, which proves nothing")
    with _greeting(parameters, parameters["dbname"]) as method:
        pass
    if method == "none":
        with _connection({**parameters, **_NO_PASSWORD}) as conn:
            if not _serves(api, container, conn):
                raise _unproven()
        return _NO_PASSWORD
    name = f"schemamig_proof_{secrets.token_hex(8)}"
    with _greeting(parameters, name):
        titles = api.output(container.id, _TITLES) or b""
    if name.encode() not in titles:
        raise _unproven()
    knows = pq.version() >= _REQUIRES_AUTH and not os.environ.get("PGREQUIREAUTH")
    held = {"require_auth": method} if knows else {}
    with _connection({**parameters, **held}):  # whether it takes the password
        return held


def _greeting(
    parameters: Mapping[str, str], database: str
) -> contextlib.AbstractContextManager[str]:
    host, port = parameters["host"], int(parameters["port"])
    return greeting(host, port, parameters["user"], database, seconds=_SECONDS)


@contextlib.contextmanager
def _connection(parameters: Mapping[str, str]) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(make_conninfo(**parameters, connect_timeout=_SECONDS)) as conn:
            yield conn
    except (psycopg.Error, UnicodeError) as error:
        # Where it is has been said already.
        raise ConnectionFailed(reason(error).rpartition(" failed: ")[2]) from error


def _serves(api: "DockerApi", container: "Container", conn: psycopg.Connection[Any]) -> bool:
    """Whether the process that serves ``conn`` is one of the container's."""
    row = conn.execute("SELECT pg_catalog.inet_client_port()").fetchone()
    # Such as "postgres: spec spec 172.17.0.1(40123) SELECT": the port is that of the connection,
    # and at this moment there is no other one like it.
    title = api.output(container.id, ["cat", f"/proc/{conn.info.backend_pid}/cmdline"])
    return title is not None and row is not None and f"({row[0]})".encode() in title


def _unproven() -> ConnectionFailed:
    return ConnectionFailed("the server that answers there is not known to be the container's")
