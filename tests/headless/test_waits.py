"""What is reported, and what ends a run, when sessions are in each other's way."""

import contextlib
import time
from collections.abc import Iterator

import psycopg
import pytest

from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.headless.conftest import Program
from tests.headless.test_live import read_until

ALTER = "SELECT 1;\nALTER TABLE busy ADD x int;"
LOCK = "LOCK TABLE busy;\nSELECT pg_sleep(60);"


@contextlib.contextmanager
def holding(database: Database, lock: str) -> Iterator[int]:
    """A session of psql, its pid, that has done ``lock`` in a transaction until the end."""
    with database.connect(application_name="psql") as conn:
        conn.execute("BEGIN")
        conn.execute(lock.encode())
        yield conn.info.backend_pid


def await_lock(conn: psycopg.Connection) -> None:
    """Return when somebody has locked the table."""
    query = "SELECT FROM pg_locks WHERE relation = 'busy'::regclass AND granted"
    while not conn.execute(query).fetchall():
        time.sleep(0.01)


@pytest.fixture
def busy(database: Database) -> Database:
    """A database with a table that others use."""
    with database.connect() as conn:
        conn.execute("CREATE TABLE busy (id int)")
    return database


def test_a_run_says_who_is_in_its_way(program: Program, busy: Database) -> None:
    program.write("0001_a.sql", ALTER)
    with holding(busy, "SELECT FROM busy") as pid:
        process = program.start("--apply")
        seen = read_until(process.stderr, "    line 2: blocked for ")
        assert seen.endswith(" s: AccessExclusiveLock on table public.busy\n")
        who = read_until(process.stderr, "by pid")
        assert f"by pid {pid}, psql of postgres" in who
        assert "idle in transaction" in who
        assert who.endswith(": SELECT FROM busy\n")
    out, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.DONE
    assert "no longer blocked" in err
    assert "blocked" not in out


def test_a_run_says_who_waits_behind_it(program: Program, busy: Database) -> None:
    program.write("0001_a.sql", LOCK)
    process = program.start("--apply")
    with contextlib.closing(busy.connect()) as other:
        await_lock(other)
        other.pgconn.send_query(b"SELECT FROM busy")
        seen = read_until(process.stderr, "1 session waits behind this statement")
        assert "    line 2: 1 session waits" in seen
        assert f"pid {other.info.backend_pid}" in read_until(process.stderr, "    - pid")
        process.terminate()
        process.communicate(timeout=20)


def test_a_lock_timeout_is_tried_again_until_there_are_no_retries_left(
    program: Program, busy: Database
) -> None:
    program.write("0001_a.sql", ALTER)
    limits = "--lock-timeout", "300ms", "--lock-retries", "1"
    with holding(busy, "SELECT FROM busy") as pid:
        ended = program("--apply", *limits)
    assert ended.code == ExitCode.LOCKED
    assert "Trying again in " in ended.out
    assert "(retry 1 of 1)" in ended.out
    assert ended.err.count(f"by pid {pid}, psql of postgres") == 2
    assert "no longer blocked" not in ended.err
    assert "55P03" in ended.err
    assert program("--apply", *limits).code == ExitCode.DONE


def test_a_retry_that_finds_the_table_free_ends_well(program: Program, busy: Database) -> None:
    program.write("0001_a.sql", ALTER)
    with holding(busy, "SELECT FROM busy"):
        process = program.start("--apply", "--lock-timeout", "100ms", "--lock-retries", "50")
        read_until(process.stdout, "Trying again in ")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.DONE
    assert "Success: 1" in out


def test_a_statement_gives_way_to_those_who_wait_behind_it(
    program: Program, busy: Database
) -> None:
    program.write("0001_a.sql", LOCK)
    process = program.start("--apply", "--max-blocking", "0.2")
    with busy.connect() as other:
        await_lock(other)
        other.execute("SELECT FROM busy")  # waits, and gets it
    _, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.LOCKED
    assert "57014" in err
    assert "waited behind" in err


def test_programs_are_told_too(program: Program, busy: Database) -> None:
    program.write("0001_a.sql", ALTER)
    with holding(busy, "SELECT FROM busy") as pid:
        ended = program("--apply", "--json", "--lock-timeout", "500ms", "--lock-retries", "1")
    seen = [event for event in ended.events if event["event"] == "blocked_seen"]
    assert seen[0]["statement"] == 2
    assert seen[0]["line"] == 2
    assert seen[0]["blocked"]["lock"] == "AccessExclusiveLock"
    assert seen[0]["blocked"]["by"][0]["pid"] == pid
    (retried,) = [event for event in ended.events if event["event"] == "file_retried"]
    assert retried["failure"]["sqlstate"] == "55P03"
    assert retried["blocked"]["on"] == "table public.busy"
    assert (retried["retry"], retried["retries"]) == (1, 1)
