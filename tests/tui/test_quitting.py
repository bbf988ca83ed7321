"""How the program ends in a real terminal: at once if asked twice, with a telling exit code."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clusters import wait_until_gone, with_cluster
from tests.conftest import Database
from tests.tui.terminals import Terminal

ASLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$;"


@contextmanager
def frozen(base: Path) -> Iterator[None]:
    """Stop all processes of an embedded server, and let them go on afterwards."""
    (data,) = base.glob("pg[0-9]*")
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = (postmaster, *map(int, children))
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("by", ["key", "signal"])
def test_asked_again_it_ends_at_once_though_the_server_is_frozen(
    terminal: Terminal, by: str
) -> None:
    base = with_cluster(terminal.folder / "pg")
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.write("0002_b.sql", ASLEEP)
    terminal.start("--embedded", str(base))
    terminal.until("1 Pending 2", seconds=60)
    terminal.approve("Apply 2 migrations?")
    terminal.until("NOTICE: asleep")
    program = terminal.program
    with frozen(base):
        if by == "key":
            terminal.press("q")
            terminal.until("A run is on")
            terminal.press("y")
            terminal.until("cancelling ")
            terminal.press("q")
            screen = terminal.until("ended with 1")
        else:
            os.kill(program, signal.SIGTERM)
            terminal.until("cancelling ")
            os.kill(program, signal.SIGTERM)
            screen = terminal.until("ended with 143")
        assert "1 migration applied, a run was cancelled and not waited for" in screen
        assert not Path(f"/proc/{program}").exists()
        assert terminal.tmux("display-message", "-p", "#{mouse_any_flag}").strip() == "0"
    wait_until_gone(base)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_nothing_runs_is_told_by_the_exit_code(
    terminal: Terminal, database: Database, number: signal.Signals, code: int
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.start()
    terminal.until("No migration yet")
    os.kill(terminal.program, number)
    screen = terminal.until(f"ended with {code}")
    assert f"0 migrations applied; database {database.name} at " in screen


def test_the_exit_code_tells_that_the_last_run_has_failed(
    terminal: Terminal, database: Database
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.write("0001_a.sql", "SELECT nothing;")
    terminal.start()
    terminal.until("1 Pending 1")
    terminal.approve("Apply 1 migration?")
    terminal.until("2 Failed 1")
    terminal.until("Done: ")
    terminal.press("q")
    assert "0 migrations applied, 1 failed; database " in terminal.until("ended with 1")
