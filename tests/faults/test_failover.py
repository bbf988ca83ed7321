"""Another server takes over in mid-run: what it does not have did not happen."""

import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.faults.conftest import Program
from tests.faults.servers import ask, leave_behind, primary_and_standby, stop, wait_for

SLEEPS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.fixture
def pair() -> Iterator[tuple[Embedded, Embedded]]:
    """A primary server, and a standby that streams from it."""
    with primary_and_standby() as servers:
        yield servers


def test_a_standby_that_lagged_and_took_over_is_believed_and_not_before_it_has(
    program: Program, pair: tuple[Embedded, Embedded]
) -> None:
    primary, standby = pair
    program.write("0001_a.sql", "CREATE TABLE a (x int);")
    assert start(program, pair).wait(60) == 0
    leave_behind(primary, standby)
    program.write("0002_b.sql", "CREATE TABLE b (); INSERT INTO a VALUES (2);")
    program.write("0003_c.sql", "INSERT INTO a VALUES (3); SELECT pg_sleep(60); VACUUM a;")
    process = start(program, pair)
    wait_for(primary, SLEEPS)
    stop(primary)
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
