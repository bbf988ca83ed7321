"""A signal ends the program in a bounded time, whatever the server does, or does not."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from unittest import mock

import pytest

from schemamig_tui import patience
from schemamig_tui.errors import ExitCode
from tests.faults.conftest import Program
from tests.faults.proxy import Proxy

SLEEPER = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


class Frozen:
    """Processes of the server that are stopped, until the end."""

    def __init__(self) -> None:
        self._pids: list[int] = []

    def freeze(self, pid: int) -> None:
        """Stop one."""
        os.kill(pid, signal.SIGSTOP)
        self._pids.append(pid)

    def thaw(self) -> None:
        """Have them all go on."""
        while self._pids:
            os.kill(self._pids.pop(), signal.SIGCONT)


@pytest.fixture
def frozen() -> Iterator[Frozen]:
    """No process of the server stays stopped."""
    frozen = Frozen()
    yield frozen
    frozen.thaw()


def start(
    program: Program,
    conninfo: str | None = None,
    *options: str,
    report: float = 2.5,
    settle: float = 0.3,
) -> "subprocess.Popen[str]":
    """Begin an apply that is not patient."""
    quick = patience.Patience(confirm=0.3, report=report, settle=settle, hurried=0.2)
    with mock.patch.object(patience, "PATIENCE", quick):
        return program.start(conninfo, *options)


def sleeper(program: Program) -> int:
    """The process that runs a migration which sleeps."""
    program.wait_until(f"SELECT EXISTS ({SLEEPER})")
    (pid,) = program.ask(SLEEPER)
    return int(str(pid))


def test_the_first_signal_does_not_wait_for_a_session_that_is_frozen(
    program: Program, frozen: Frozen
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (); SELECT pg_sleep(60);")
    process = start(program)
    pid = sleeper(program)
    frozen.freeze(pid)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "cancelled by the user, and the server has not confirmed" in output
    assert f"the server has not ended the session of the run, pid {pid}" in output
    assert "the server could not be asked what it has kept" in output
    frozen.thaw()
    program.wait_until(f"SELECT {pid} <> ALL (SELECT pid FROM pg_stat_activity)", ended=True)
    assert program.ask("SELECT to_regclass('a')::text") == [None]


def test_what_was_committed_is_told_where_only_the_second_connection_is_frozen(
    program: Program, frozen: Frozen
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (); SELECT pg_sleep(60);")
    process = start(program)
    (other,) = program.ask(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'schemamig-tui'"
        f" AND pid <> {sleeper(program)}"
    )
    frozen.freeze(int(str(other)))
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "ERROR 57014: canceling statement due to user request" in output
    assert program.ask("SELECT success FROM kb.schema_migrations") == [False]


def test_a_signal_ends_the_wait_for_a_session_that_was_lost(
    program: Program, frozen: Frozen
) -> None:
    program.write("0001_a.sql", "SELECT pg_sleep(60);")
    with Proxy(program.database.conninfo) as proxy:
        process = start(program, proxy.conninfo, settle=60)
        pid = sleeper(program)
        frozen.freeze(pid)
        proxy.lines[0].close()
        # A signal that came before it waits would only make the wait shorter.
        asks = "application_name = 'schemamig-tui' AND query LIKE '%pg_locks%''advisory''%'"
        program.wait_until(f"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE {asks})")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert f"the server has not ended the session of the run, pid {pid}" in output
    assert "Migration Summary" in output


def test_the_second_signal_ends_it_at_once(program: Program, frozen: Frozen) -> None:
    program.write("0001_a.sql", "SELECT pg_sleep(60);")
    process = start(program, report=60)
    frozen.freeze(sleeper(program))
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert process.returncode == ExitCode.INTERRUPTED
    assert output.endswith("interrupted\n")


def test_a_signal_ends_a_wait_that_nothing_else_does(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program.apply()[0] == 0
    program.write("0002_b.sql", "SELECT 2;")
    with program.database.connect() as conn, conn.transaction():
        conn.execute("LOCK TABLE kb.schema_migrations")
        process = start(program)
        program.wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "error: interrupted: the server has not answered for 0.2 s" in output


def test_a_signal_while_a_question_is_silent_ends_the_run_with_its_last_event(
    program: Program,
) -> None:
    program.write("0001_a.sql", "-- schemamig: no-transaction\nSELECT 1;")
    with Proxy(program.database.conninfo) as proxy:
        proxy.swallow_from = b"login"
        process = start(program, proxy.conninfo, "--json")
        deadline = time.monotonic() + 20
        while not any(line.swallowed for line in proxy.lines):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert [event["event"] for event in events][-2:] == ["run_started", "run_finished"]
    assert events[-1]["cancelled"]
