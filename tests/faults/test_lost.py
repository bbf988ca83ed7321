"""The server goes away in the middle of a run."""

import signal
import subprocess

import psycopg
from tests.conftest import short_folder, wait_until_gone
from tests.faults.conftest import Program

from schemamig_tui.connect.embedded import Embedded

SLEEPS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
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
    program: Program,
) -> None:
    with short_folder() as folder:
        with Embedded(folder / "pg", fast=True) as server:
            program.write("0001_a.sql", "CREATE TABLE a ();")
            program.write("0002_slow.sql", "CREATE TABLE b (); SELECT pg_sleep(60);")
            process = program.start(server.conninfo)
            with psycopg.connect(server.conninfo, autocommit=True) as conn:
                while not conn.execute(SLEEPS.encode()).fetchone() == (True,):
                    pass
                (data,) = conn.execute("SHOW data_directory").fetchone() or ("",)
            stop_server(data)
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 3, output
        assert "not recorded" in output
        wait_until_gone(folder / "pg")
        with Embedded(folder / "pg", fast=True) as server:
            with psycopg.connect(server.conninfo, autocommit=True) as conn:
                rows = conn.execute("SELECT filename, success FROM kb.schema_migrations").fetchall()
                assert rows == [("0001_a.sql", True)]
                assert conn.execute("SELECT to_regclass('b')").fetchone() == (None,)
        wait_until_gone(folder / "pg")


def stop_server(data: str) -> None:
    """Stop the server at once, as a crash would."""
    with open(f"{data}/postmaster.pid") as file:
        pid = int(file.readline())
    subprocess.run(["kill", f"-{signal.SIGQUIT.value}", str(pid)], check=True)
