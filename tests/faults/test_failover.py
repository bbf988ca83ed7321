"""Another server takes over in mid-run: what it does not have did not happen."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect import binaries
from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.conftest import short_folder, wait_until_gone
from tests.faults.conftest import Program

SLEEPS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def ask(server: Embedded, query: str) -> object:
    """The one value that a query has for an answer."""
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        cursor = conn.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]


def wait_for(server: Embedded, query: str) -> None:
    """Return when the answer to a query is neither false nor zero."""
    deadline = time.monotonic() + 30
    while not ask(server, query):
        assert time.monotonic() < deadline, query
        time.sleep(0.02)


@pytest.fixture
def pair() -> Iterator[tuple[Embedded, Embedded]]:
    """A primary server, and a standby that streams from it."""
    with short_folder() as one, short_folder() as two:
        with Embedded(one / "pg", fast=True) as primary:
            (two / "pg").mkdir(mode=0o755)
            data = two / "pg" / f"pg{primary.major}"
            account = binaries.server_account()
            data.mkdir(mode=0o700)
            os.chown(data, *account)
            source = ["-h", primary.parameters["host"], "-U", "postgres"]
            copy = [*source, "-D", data, "-c", "fast", "-R", "--no-sync"]
            done = account.run(tools.client("pg_basebackup", primary.bindir), *copy)
            assert done.returncode == 0, done.stderr
            with Embedded(two / "pg", fast=True) as standby:
                yield primary, standby
        wait_until_gone(two / "pg")
        wait_until_gone(one / "pg")


def test_a_standby_that_lagged_and_took_over_is_believed_and_not_before_it_has(
    program: Program, pair: tuple[Embedded, Embedded]
) -> None:
    primary, standby = pair
    program.write("0001_a.sql", "CREATE TABLE a (x int);")
    assert start(program, pair).wait(60) == 0
    wait_for(standby, "SELECT to_regclass('kb.schema_migrations') IS NOT NULL")
    # From now on it gets nothing any more.
    ask(standby, "ALTER SYSTEM SET primary_conninfo = ''")
    ask(standby, "SELECT pg_reload_conf()")
    wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
    program.write("0002_b.sql", "CREATE TABLE b (); INSERT INTO a VALUES (2);")
    program.write("0003_c.sql", "INSERT INTO a VALUES (3); SELECT pg_sleep(60); VACUUM a;")
    process = start(program, pair)
    wait_for(primary, SLEEPS)
    data = ask(primary, "SHOW data_directory")
    (pid, *_) = (Path(str(data)) / "postmaster.pid").read_text().split()
    os.kill(int(pid), signal.SIGQUIT)
    time.sleep(0.5)
    # It answers, but as long as it is a standby it may only be behind.
    assert process.poll() is None
    assert ask(standby, "SELECT pg_promote()")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 3, output
    assert "Lost: 0002_b.sql" in output
    assert "  Lost: 1\n  Failed: 1\n  Total applied: 1 migration\n" in output
    assert "what was applied stays" not in output
    place = program.folder / "0002_b.sql"
    assert f"hint: the next --apply goes on with {place}" in output
    program.write("0003_c.sql", "INSERT INTO a VALUES (3); SELECT pg_sleep(0); VACUUM a;")
    assert start(program, pair).wait(60) == 0
    with psycopg.connect(standby.conninfo) as conn:
        assert conn.execute("SELECT x FROM a ORDER BY x").fetchall() == [(2,), (3,)]


def start(program: Program, pair: tuple[Embedded, Embedded]) -> "subprocess.Popen[str]":
    """Apply on whichever of the two servers answers first."""
    hosts = ",".join(server.parameters["host"] for server in pair)
    return program.start(f"host={hosts} port=5432 user=postgres dbname=postgres")
