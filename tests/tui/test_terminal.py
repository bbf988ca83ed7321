"""The program in a real terminal, from its start to its end, without a test inside it."""

import contextlib
import os
import re
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.clusters import wait_until_gone, with_cluster
from tests.conftest import Database
from tests.tui.terminals import Terminal


def test_a_session_from_apply_to_mend_and_retry(terminal: Terminal, database: Database) -> None:
    editor = terminal.folder / "editor"
    editor.write_text('#!/bin/sh\necho "$@" > edited\nexec sed -i s/nothing/2/ "$1"\n')
    editor.chmod(0o755)
    terminal.environ |= {"SCHEMAMIG_DSN": database.conninfo, "EDITOR": str(editor)}
    terminal.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'first is here'; END $$;")
    broken = terminal.write("0002_b.sql", "SELECT 1;\nSELECT nothing;")
    terminal.start()
    terminal.until("2 Failed 0")
    terminal.approve("Apply 2 migrations?")
    screen = terminal.until("▶2 │ SELECT nothing;")
    assert "UndefinedColumn" in screen
    assert "3 Applied 1" in screen
    terminal.press("5", "g")
    terminal.until("NOTICE: first is here")
    terminal.press("2", "e")
    terminal.until("The file has changed since: a retries it")
    assert str(broken) in (terminal.folder / "edited").read_text()
    terminal.press("a")
    terminal.until("failed before")
    terminal.press("y")
    terminal.until("1 migration applied in")
    terminal.press("q")
    screen = terminal.until("ended with 0")
    assert f"2 migrations applied, 1 failed; database {database.name} " in screen
    assert "Traceback" not in screen


def test_the_pager_gets_the_terminal_and_what_the_pane_shows(
    terminal: Terminal, database: Database
) -> None:
    pager = terminal.folder / "pager"
    pager.write_text('#!/bin/sh\nsed "s/^/paged: /" "$1"\nread answer\n')
    pager.chmod(0o755)
    terminal.environ |= {"SCHEMAMIG_DSN": database.conninfo, "PAGER": str(pager)}
    terminal.write("0001_a.sql", "SELECT 'to be read';")
    terminal.start()
    terminal.until("SELECT 'to be read';")
    terminal.press("o")
    terminal.until("paged: 1 SELECT 'to be read';")
    terminal.press("Enter")
    terminal.until("1 Pending 1")


def test_the_terminal_is_as_it_was_after_a_signal(terminal: Terminal, database: Database) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$;")
    terminal.start()
    terminal.until("1 Pending 1")
    terminal.approve("Apply 1 migration?")
    terminal.until("NOTICE: asleep")
    os.kill(terminal.program, signal.SIGTERM)
    screen = terminal.until("ended with 143")
    assert "0 migrations applied, 1 cancelled; database " in screen
    assert "Pending" not in screen  # what was on the terminal before is there again
    assert terminal.tmux("display-message", "-p", "#{mouse_any_flag}").strip() == "0"
    with database.connect() as conn:
        rows = conn.execute("SELECT success FROM kb.schema_migrations").fetchall()
    assert rows == [(False,)]


@pytest.mark.parametrize("editor", ["no-such-editor --wait", "/etc", "no-such-editor 'quote"])
def test_an_editor_that_is_not_there_is_said_and_all_goes_on(
    terminal: Terminal, database: Database, editor: str
) -> None:
    terminal.environ |= {"SCHEMAMIG_DSN": database.conninfo, "VISUAL": editor}
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start()
    terminal.until("1 Pending 1")
    terminal.press("e")
    terminal.until("editor")
    terminal.press("q")
    terminal.until("ended with 0")


def test_what_is_typed_in_the_editor_is_the_editors(terminal: Terminal, database: Database) -> None:
    editor = terminal.folder / "editor"
    editor.write_text("#!/bin/sh\necho editing\nread answer\nexec sleep 1000\n")
    editor.chmod(0o755)
    terminal.environ |= {"SCHEMAMIG_DSN": database.conninfo, "EDITOR": str(editor)}
    terminal.write("0001_a.sql", "SELECT pg_sleep(3);")
    terminal.start()
    terminal.until("1 Pending 1")
    terminal.approve("Apply 1 migration?")
    terminal.until("Cancel run")
    terminal.press("e")
    terminal.until("editing")
    terminal.press("a", "Enter", "C-c")
    terminal.until("SIGINT")  # the end of a toast, which is folded
    terminal.until("1 migration applied in")
    terminal.press("q")
    terminal.until("ended with 0")


def test_a_terminal_that_goes_while_the_editor_has_it_ends_the_program(
    terminal: Terminal, database: Database
) -> None:
    editor = terminal.folder / "editor"
    editor.write_text("#!/bin/sh\necho editing\nexec sleep 1000\n")
    editor.chmod(0o755)
    terminal.environ |= {"SCHEMAMIG_DSN": database.conninfo, "EDITOR": str(editor)}
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start()
    terminal.until("1 Pending 1")
    shell = terminal.tmux("display-message", "-p", "#{pane_pid}").strip()
    (program,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    terminal.press("e")
    terminal.until("editing")
    terminal.tmux("kill-server")
    deadline = time.monotonic() + 30
    while Path(f"/proc/{program}").exists():
        assert time.monotonic() < deadline, "the program goes on without a terminal"
        time.sleep(0.05)


def test_ctrl_z_goes_back_to_the_shell_also_from_the_editor(
    terminal: Terminal, database: Database
) -> None:
    editor = terminal.folder / "editor"
    editor.write_text("#!/bin/sh\necho editing\nread answer\necho answered\nsleep 0.5\n")
    editor.chmod(0o755)
    terminal.environ |= {
        "SCHEMAMIG_DSN": database.conninfo,
        "EDITOR": str(editor),
        "PS1": "shell> ",
    }
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start_shell()
    terminal.until("shell>")
    terminal.press(f"{sys.executable} -m schemamig_tui", "Enter")
    terminal.until("1 Pending 1")
    terminal.press("C-z")
    terminal.until("Stopped")
    terminal.press("clear; fg", "Enter")
    terminal.until("1 Pending 1")
    terminal.press("e")
    terminal.until("editing")
    terminal.press("C-z")
    terminal.until("Stopped")
    terminal.press("clear; fg", "Enter")
    # What is typed before the shell has handed the terminal over ends in no newline.
    terminal.press_until("Enter", "answered")
    terminal.until("1 Pending 1")
    terminal.press("q")
    terminal.until("shell>")


def test_a_stop_that_it_was_not_asked_about_loses_no_key_and_keeps_nothing_open(
    terminal: Terminal, database: Database
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start()
    terminal.until("1 Pending 1")
    program = Path(f"/proc/{terminal.program}")
    threads = len([*program.glob("task/*")])
    for _ in range(3):
        os.kill(terminal.program, signal.SIGSTOP)
        os.kill(terminal.program, signal.SIGCONT)
        time.sleep(0.5)
    assert len([*program.glob("task/*")]) <= threads
    for key, shown in (("?", "In a list"), ("Escape", "1 SELECT 1;"), ("q", "ended with 0")):
        terminal.press(key)
        terminal.until(shown)
    with Path(terminal.tmux("display-message", "-p", "#{pane_tty}").strip()).open() as tty:
        assert termios.tcgetattr(tty)[3] & termios.ICANON


def test_it_ends_on_a_signal_behind_which_it_is_told_to_go_on(
    terminal: Terminal, database: Database
) -> None:
    """As by systemd, which would have a process that was stopped see the signal."""
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.start()
    terminal.until("No migration yet")
    program = terminal.program
    os.kill(program, signal.SIGTERM)
    os.kill(program, signal.SIGCONT)
    terminal.until("ended with 143")


def test_the_program_ends_with_its_terminal_when_the_run_is_cancelled(
    terminal: Terminal, database: Database
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    stubborn = "PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(3);"
    terminal.write("0001_a.sql", f"DO $$ BEGIN RAISE NOTICE 'asleep'; {stubborn} END $$;")
    terminal.start()
    terminal.until("1 Pending 1")
    terminal.approve("Apply 1 migration?")
    terminal.until("NOTICE: asleep")
    program = Path(f"/proc/{terminal.program}")
    terminal.tmux("kill-server")
    deadline = time.monotonic() + 60
    while program.exists():
        assert time.monotonic() < deadline, "the program is still there"
        time.sleep(0.05)


@pytest.mark.parametrize(("flags", "colored"), [([], True), (["--no-color"], False)])
def test_no_color_leaves_greys(
    terminal: Terminal, database: Database, flags: list[str], colored: bool
) -> None:
    terminal.environ |= {"SCHEMAMIG_DSN": database.conninfo, "COLORTERM": "truecolor"}
    terminal.start(*flags)
    terminal.until("No migration yet")
    colors = re.findall(r"8;2;(\d+);(\d+);(\d+)", terminal.tmux("capture-pane", "-p", "-e"))
    assert colors
    assert any(len(set(color)) > 1 for color in colors) == colored


def test_a_server_that_dies_in_mid_run_is_back_without_a_restart(
    terminal: Terminal,
) -> None:
    base = with_cluster(terminal.folder / "pg")
    terminal.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(4); END $$;")
    terminal.start("--embedded", str(base))
    terminal.until("1 Pending 1", seconds=60)
    terminal.approve("Apply 1 migration?")
    terminal.until("NOTICE: asleep")
    kill_server(base)
    terminal.until("Waiting up to 5 s for the server: the connection was lost")
    terminal.until("08006: ", seconds=60)
    screen = terminal.until("No run is recorded yet", seconds=60)
    assert "1 Pending 1" in screen
    assert "The ledger could not record this failure" in screen
    terminal.approve("Apply 1 migration?")
    terminal.until("1 migration applied in", seconds=60)
    terminal.press("q")
    terminal.until("ended with 0")
    wait_until_gone(base)


def kill_server(base: Path) -> None:
    """Kill the server with all its processes, as a crash of its machine would."""
    (data,) = base.glob("pg[0-9]*")
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for pid in (postmaster, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):  # it has noticed that the first has gone
            os.kill(pid, signal.SIGKILL)


def test_a_small_terminal_names_the_database_and_one_that_is_too_small_says_so(
    terminal: Terminal, database: Database
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start(columns=40, rows=12)
    screen = terminal.until("0001_a.sql")
    assert database.name in screen.splitlines()[0]
    terminal.tmux("resize-window", "-x", "25", "-y", "8")
    terminal.until("25x8")
    terminal.tmux("resize-window", "-x", "40", "-y", "12")
    terminal.until("0001_a.sql")
    terminal.press("q")
    terminal.until("ended with 0")


def test_what_is_typed_ahead_opens_the_dialog_when_there_is_something_to_ask_and_answers_nothing(
    terminal: Terminal, database: Database
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start()
    terminal.press("a", "y")
    terminal.until("What was typed before this was shown answers nothing")
    assert "Apply 1 migration?" in terminal.screen
    assert "1 Pending 1" in terminal.screen


def test_escape_and_the_key_right_behind_it_are_two_keys_and_a_byte_of_no_key_is_none(
    terminal: Terminal, database: Database
) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.write("0001_a.sql", "SELECT 1;")
    terminal.start()
    terminal.press("a")
    terminal.until("Apply 1 migration?")
    terminal.press("-H", *_bytes("\x1b?"))
    terminal.until("Next migration")
    terminal.press("-H", "ff", *_bytes("\x1b5?"))
    terminal.until("A line down")
    terminal.press("-H", *_bytes("\x1bq"))
    terminal.until("ended with 0")


def _bytes(typed: str) -> list[str]:
    """What is typed, as tmux takes bytes that arrive together."""
    return [f"{byte:x}" for byte in typed.encode()]
