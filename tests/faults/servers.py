"""Servers of a test's own: one that loses what it has committed, and one with a standby."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import pq

from schemamig_tui.connect import binaries
from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.clusters import short_folder, wait_until_gone, with_cluster
from tests.conftest import copying, empty_template

_WAL_WRITER = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
_QUIET = (
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET bgwriter_lru_maxpages = 0",
    "SELECT pg_reload_conf()",
)


def ask(server: Embedded, query: str) -> object:
    """The one value that a query has for an answer."""
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        return _answer(conn, query)


def _answer(conn: psycopg.Connection, query: str) -> object:
    cursor = conn.execute(query.encode())
    row = cursor.fetchone() if cursor.description else None
    return row and row[0]


def create_databases(server: Embedded, *names: str) -> None:
    """Make empty databases."""
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        template = empty_template(server, conn)
        for name in names:
            conn.execute(copying(server, template, name))


def wait_for(server: Embedded, query: str) -> None:
    """Return when the answer to a query is neither false nor zero."""
    deadline = time.monotonic() + 30
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        while not _answer(conn, query):
            assert time.monotonic() < deadline, query
            time.sleep(0.02)


def wait_until_back(server: Embedded) -> None:
    """Return when a server that has crashed takes connections again."""
    deadline = time.monotonic() + 30
    while pq.PGconn.ping(server.conninfo.encode()) != pq.Ping.OK:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def crash(server: Embedded, wal_writer: int) -> None:
    """Have a server crash whose WAL writer is this, and return when it is back."""
    os.kill(wal_writer, signal.SIGKILL)
    deadline = time.monotonic() + 30
    found: object = wal_writer
    while found in (None, wal_writer):
        assert time.monotonic() < deadline
        with contextlib.suppress(psycopg.OperationalError):
            found = ask(server, _WAL_WRITER)
        time.sleep(0.02)


@contextlib.contextmanager
def quiet_server() -> Iterator[Embedded]:
    """A server that writes nothing to the disk by itself, but for its WAL writer."""
    with short_folder() as folder:
        # Where the buffers are all in use, it writes them, and the WAL for that.
        base = with_cluster(folder / "pg", "shared_buffers = 128MB\n")
        with Embedded(base, fast=True) as server:
            for query in _QUIET:
                ask(server, query)
            yield server
        wait_until_gone(folder / "pg")


@contextlib.contextmanager
def nothing_written(server: Embedded) -> Iterator[int]:
    """Stop the WAL writer of a ``quiet_server``; gives its pid, for a crash by SIGKILL.

    What is committed from now on is on the disk after a CHECKPOINT only.
    """
    pid = ask(server, _WAL_WRITER)
    assert isinstance(pid, int)
    ask(server, "CHECKPOINT")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def primary_and_standby() -> Iterator[tuple[Embedded, Embedded]]:
    """A primary server, and a standby that streams from it."""
    with short_folder() as one, short_folder() as two:
        with Embedded(with_cluster(one / "pg"), fast=True) as primary:
            (two / "pg").mkdir(mode=0o755)
            data = two / "pg" / f"pg{primary.major}"
            account = binaries.server_account()
            data.mkdir(mode=0o700)
            os.chown(data, *account)
            source = ["-h", primary.parameters["host"], "-U", "postgres"]
            copy = [*source, "-D", data, "-c", "fast", "-R", "--no-sync"]
            done = account.run(tools.client("pg_basebackup", primary.bindir), *copy)
            assert done.returncode == 0, done.stderr
            # What it writes there itself are all options of its own libpq, which the server's, if
            # it is older, does not know. The last line wins.
            with (data / "postgresql.auto.conf").open("a") as settings:
                settings.write(f"primary_conninfo = 'host={source[1]} user=postgres'\n")
            with Embedded(two / "pg", fast=True) as standby:
                yield primary, standby
        wait_until_gone(two / "pg")
        wait_until_gone(one / "pg")


def leave_behind(primary: Embedded, standby: Embedded) -> None:
    """Have the standby get nothing any more once it has all that there is now."""
    ask(primary, "CHECKPOINT")  # only what is flushed is sent
    now = ask(primary, "SELECT pg_current_wal_flush_lsn()")
    wait_for(standby, f"SELECT pg_last_wal_replay_lsn() >= '{now}'")
    ask(standby, "ALTER SYSTEM SET primary_conninfo = ''")
    ask(standby, "SELECT pg_reload_conf()")
    wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")


def stop(server: Embedded) -> None:
    """Stop a server at once, as a crash of the machine would."""
    data = ask(server, "SHOW data_directory")
    (pid, *_) = (Path(str(data)) / "postmaster.pid").read_text().split()
    os.kill(int(pid), signal.SIGQUIT)
