"""The server goes away in the middle of a run."""

import os
import signal
import time
from pathlib import Path

import psycopg

from schemamig_tui.connect.embedded import Embedded
from tests.clusters import wait_until_gone
from tests.faults.conftest import Program

SLEEPS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
AGREE = (
    "SELECT (to_regclass('a') IS NULL) = (to_regclass('kb.schema_migrations') IS NULL),"
    " to_regclass('b')"
)
OURS = "application_name = 'schemamig-tui'"


def test_a_connection_cut_in_mid_run_is_recorded_as_a_failure(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a ();")
    program.write("0002_slow.sql", "CREATE TABLE b (); SELECT pg_sleep(60);")
    process = program.start()
    program.wait_until(SLEEPS)
    program.ask(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS} AND state = 'active'"
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 3, output
    assert "terminating connection" in output
    assert program.ask("SELECT filename FROM kb.schema_migrations WHERE success") == ["0001_a.sql"]
    (message,) = program.ask("SELECT error_message FROM kb.schema_migrations WHERE NOT success")
    assert "57P01" in str(message)
    assert program.ask("SELECT to_regclass('b')::text") == [None]


def test_both_connections_cut_at_once_are_survived_the_same_way(program: Program) -> None:
    program.write("0001_slow.sql", "SELECT pg_sleep(60);")
    process = program.start()
    program.wait_until(SLEEPS)
    program.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 3, output
    assert program.ask("SELECT count(*) FROM kb.schema_migrations WHERE NOT success") == [1]


def test_a_server_stopped_in_mid_run_says_that_nothing_could_be_recorded(
    program: Program, base: Path
) -> None:
    with Embedded(base, fast=True) as server:
        program.write("0001_a.sql", "CREATE TABLE a ();")
        program.write("0002_slow.sql", "CREATE TABLE b (); SELECT pg_sleep(60);")
        process = program.start(server.conninfo)
        with psycopg.connect(server.conninfo, autocommit=True) as conn:
            while conn.execute(SLEEPS.encode()).fetchone() != (True,):
                time.sleep(0.01)
            (data,) = conn.execute("SHOW data_directory").fetchone() or ("",)
        stop_server(Path(data))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 3, output
    assert output.count("Waiting up to 5 s for the server: the connection was lost: ") == 1
    why = "Cannot connect to the database postgres. DATABASE_URL: connection to server"
    assert f"the ledger could not record this failure: {why}" in output
    wait_until_gone(base)
    with (
        Embedded(base, fast=True) as server,
        psycopg.connect(server.conninfo, autocommit=True) as conn,
    ):
        # A crash may undo the commits that were not the last of a run, with their rows.
        assert conn.execute(AGREE.encode()).fetchone() == (True, None)
    wait_until_gone(base)


def stop_server(data: Path) -> None:
    """Stop the server at once, as a crash would."""
    pid = (data / "postmaster.pid").read_text().split()[0]
    os.kill(int(pid), signal.SIGQUIT)
