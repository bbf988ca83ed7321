"""The embedded PostgreSQL that scratch databases are made on: one folder for each major version.

One run at a time uses it, and finds nothing on it but remembered templates: the next run removes
whatever else a run has left, roles too.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from schemamig_tui.connect import binaries
from schemamig_tui.connect.binaries import Account, Binaries
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.errors import LockTimeout, SettingsError
from schemamig_tui.scratch.roles import put_away
from schemamig_tui.scratch.templates import templates

_LOCK = 0x73637261746368  # "scratch": advisory locks are told apart by a number
_POLL_SECONDS = 1.0
_LONGEST_WAIT = 600.0
# What a migration has set for all roles goes with the rest that a run has left.
_WHATEVER_IS_SET = "-c default_transaction_read_only=off -c statement_timeout=0"


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
    base: Path, programs: Binaries, on_wait: Callable[[float, str], None]
) -> Iterator[tuple[Embedded, psycopg.Connection[Any]]]:
    """The server, reserved, with templates and nothing else on it, and a connection to it.

    ``on_wait`` is called once a second while another run has it. Raises LockTimeout after ten
    minutes of that, ConnectionFailed, and what ``on_wait`` raises.
    """
    with (
        Embedded(base / str(programs.major), fast=True, programs=programs) as server,
        contextlib.closing(
            psycopg.connect(server.conninfo, autocommit=True, options=_WHATEVER_IS_SET)
        ) as reserving,
    ):
        reserve(reserving, _LOCK, on_wait)
        _tidy(reserving)
        # A session has what was set for its role as it began.
        with contextlib.closing(psycopg.connect(server.conninfo, autocommit=True)) as conn:
            yield server, conn


def reserve(
    conn: psycopg.Connection[Any], what: int, on_wait: Callable[[float, str], None]
) -> None:
    """Wait until no other run uses something that the number stands for, and reserve that.

    ``on_wait`` is called once a second. Raises what that raises, and LockTimeout after ten minutes.
    """
    deadline = time.monotonic() + _LONGEST_WAIT
    while conn.execute("SELECT pg_try_advisory_lock(%s)", [what]).fetchone() != (True,):
        left = deadline - time.monotonic()
        if left <= 0:
            raise LockTimeout(
                "another run has been using the same scratch for ten minutes",
                hint="end that run, or use --scratch server",
            )
        on_wait(left, "another run uses the same scratch")
        time.sleep(_POLL_SECONDS)


def _tidy(conn: psycopg.Connection[Any]) -> None:
    kept = templates(conn, private=True)
    databases = """
        SELECT datname FROM pg_database
        WHERE NOT datistemplate AND datname <> 'postgres' AND datname <> ALL (%s)
    """
    for (name,) in conn.execute(databases, [[one.name for one in kept]]).fetchall():
        # Where one cannot be removed (a subscription in it), its roles are in use as well.
        with contextlib.suppress(psycopg.ProgrammingError, psycopg.errors.ObjectInUse):
            query = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            conn.execute(query.format(sql.Identifier(name)))
    put_away(conn, {oid for one in kept for oid in one.roles})
