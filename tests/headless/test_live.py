"""A run while it happens: its output, signals, other runs, and a reader that goes away."""

import signal
import subprocess
import time
from pathlib import Path
from typing import IO

import pytest

from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.headless.conftest import Program, named

SLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(%s); END $$;"


def read_until(stream: IO[str] | None, text: str) -> str:
    """Read lines up to the first with ``text`` in it, and return them."""
    assert stream is not None
    lines = ""
    for line in stream:
        lines += line
        if text in line:
            return lines
    raise AssertionError(f"{text!r} never came, but:\n{lines}")


def recorded(database: Database) -> list[tuple[str, bool]]:
    with database.connect() as conn:
        query = "SELECT filename, success FROM kb.schema_migrations ORDER BY filename"
        return conn.execute(query).fetchall()


def test_a_notice_is_shown_before_its_migration_ends(program: Program) -> None:
    program.write("0001_a.sql", SLEEP % 30)
    process = program.start("--apply")
    assert read_until(process.stdout, "NOTICE: asleep") == (
        "Applying 1 pending migration(s)...\n\n  Applying: 0001_a.sql\n    NOTICE: asleep\n"
    )
    assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_the_run_and_keeps_what_is_applied(
    program: Program, database: Database, number: signal.Signals
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program.write("0002_b.sql", SLEEP % 30)
    program.write("0003_c.sql", "SELECT 1;")
    process = program.start("--apply")
    read_until(process.stdout, "NOTICE: asleep")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "\ncancelling... (once more ends the program at once)\n" in err
    assert err.endswith(
        "Cancelled.\n"
        "hint: what was applied stays; the next --apply goes on with migrations/0002_b.sql\n"
    )
    assert "  Success: 1\n  Failed: 1\n  Remaining: 1\n" in out
    assert recorded(database) == [("0001_a.sql", True), ("0002_b.sql", False)]


def test_a_second_signal_ends_the_program_at_once(program: Program) -> None:
    program.write(
        "0001_stubborn.sql",
        """
        DO $$ BEGIN
            FOR i IN 1..3 LOOP
                BEGIN
                    RAISE NOTICE 'try %', i;
                    PERFORM pg_sleep(20);
                EXCEPTION WHEN query_canceled THEN
                END;
            END LOOP;
        END $$;""",
    )
    process = program.start("--apply")
    read_until(process.stdout, "NOTICE: try 1")
    process.send_signal(signal.SIGINT)
    read_until(process.stdout, "NOTICE: try 2")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == ExitCode.INTERRUPTED
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err


def wait_for_handlers(process: "subprocess.Popen[str]") -> None:
    """Until then it is Python that is starting, and not yet the program."""
    while True:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


@pytest.mark.parametrize("mode", ["--list", "--apply"])
@pytest.mark.parametrize("delay", [0.0, 0.03, 0.1, 0.2, 0.3])
def test_ctrl_c_shows_no_traceback_at_any_time(program: Program, mode: str, delay: float) -> None:
    program.write("0001_a.sql", SLEEP % 30)
    process = program.start_python(mode)
    wait_for_handlers(process)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode in (ExitCode.INTERRUPTED, ExitCode.DONE)
    assert "Traceback" not in err


@pytest.mark.parametrize("mode", ["--list", "--apply"])
def test_a_signal_ends_the_wait_for_a_server(program: Program, mode: str) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    process = program.start(mode, "--wait", "60", SCHEMAMIG_DSN=f"host={program.folder}")
    read_until(process.stderr, "Waiting up to 60s for the server: ")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "interrupted" in err


def test_a_signal_that_the_parent_ignores_stays_ignored(program: Program) -> None:
    program.write("0001_a.sql", SLEEP % 1)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = program.start_python("--apply")
    finally:
        signal.signal(signal.SIGHUP, before)
    read_until(process.stdout, "NOTICE: asleep")
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=20)
    assert process.returncode == ExitCode.DONE


def test_a_second_run_says_for_whom_it_waits_and_then_has_nothing_to_do(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", f"{SLEEP % 0}\nSELECT FROM gate;")
    with database.connect() as conn:
        conn.execute("CREATE TABLE gate ()")
        conn.execute("BEGIN; LOCK TABLE gate")
        first = program.start("--apply")
        read_until(first.stdout, "NOTICE: asleep")
        second = program.start("--apply")
        waiting = read_until(second.stderr, "Waiting for another run to end")
        assert "to end: schemamig-tui of postgres, pid " in waiting
    out, _ = second.communicate(timeout=20)
    assert second.returncode == ExitCode.DONE
    assert out == "Nothing to do: no migration is pending (1 migration applied).\n"
    first.communicate(timeout=20)
    assert first.returncode == ExitCode.DONE


def test_a_run_that_waits_too_long_for_another_is_4(program: Program) -> None:
    program.write("0001_a.sql", SLEEP % 30)
    read_until(program.start("--apply").stdout, "NOTICE: asleep")
    second = program("--apply", "--run-lock-timeout", "200ms")
    assert second.code == ExitCode.LOCKED
    assert second.err.splitlines()[-1].startswith(("error: ", "hint: "))


def test_a_run_goes_on_to_its_end_when_nobody_reads_its_output(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", SLEEP % 0.5)
    program.write("0002_b.sql", SLEEP % 0)
    process = program.start("--apply")
    read_until(process.stdout, "NOTICE: asleep")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=20) == ExitCode.DONE
    assert process.stderr is not None
    assert process.stderr.read() == named(database)
    assert recorded(database) == [("0001_a.sql", True), ("0002_b.sql", True)]


def test_a_list_whose_reader_has_had_enough_ends_quietly(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program("--apply")
    with database.connect() as conn:
        conn.execute(
            "INSERT INTO kb.schema_migrations (filename)"
            " SELECT repeat('x', 200) || i FROM generate_series(1, 2000) i"
        )
    process = program.start("--list")
    assert process.stdout is not None
    assert process.stdout.readline() == "Applied Migrations:\n"
    process.stdout.close()
    assert process.wait(timeout=20) == ExitCode.DONE
    assert process.stderr is not None
    assert process.stderr.read() == named(database)


def test_a_disk_that_is_full_is_said_and_is_2(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    with Path("/dev/full").open("w") as full:
        process = program.start("--list", stdout=full)
        _, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.USAGE
    assert err.endswith("error: stdout could not be written: No space left on device\n")
