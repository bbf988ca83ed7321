"""A run of the tests that is killed leaves no server, no terminal and no program behind."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import shared, tools
from tests.clusters import memory

ROOT = Path(__file__).parents[2]
ENDLESS = """
import time
from tests.conftest import Database
from tests.tui.terminals import Terminal, terminal

def test_endless(terminal: Terminal, database: Database) -> None:
    terminal.environ["SCHEMAMIG_DSN"] = database.conninfo
    terminal.start()
    time.sleep(600)
"""
# How their commands begin: that of a shell or of a client of tmux names the program as well.
PROGRAMS = (
    re.compile(r"\S+/bin/postgres "),
    re.compile(r"\S+ -I -S \S+/supervisor\.py "),
    re.compile("tmux -S "),
    re.compile(rf"{re.escape(sys.executable)} -m schemamig_tui "),
)


def processes(mark: str) -> dict[int, str]:
    """The commands of all processes that have ``mark`` in their environment, by their pids."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (path / "environ").read_bytes():
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(path.name)] = command.decode(errors="replace")
    return found


def all_run(mark: str) -> bool:
    """Whether there are all the programs that such a test starts."""
    commands = processes(mark).values()
    return all(any(map(program.match, commands)) for program in PROGRAMS)


def until(what: Callable[[], object], explain: Callable[[], object]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.2)


@pytest.mark.usefixtures("on_linux")
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_killed_run_leaves_no_process_behind(tmp_path: Path, workers: str) -> None:
    tools.needs("tmux")
    test = tmp_path / "test_endless.py"
    test.write_text(ENDLESS)
    # The one variable that everything gets, also the server.
    environ = {**os.environ, "PATH": f"{os.environ['PATH']}:{tmp_path}"}
    command = [sys.executable, "-m", "pytest", "-q", "-c", ROOT / "pyproject.toml", "-n", workers]
    run = subprocess.Popen(
        [*command, "--rootdir", ROOT, "-p", "tests.conftest", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    mark = str(tmp_path)
    try:
        until(lambda: run.poll() is not None or all_run(mark), lambda: processes(mark))
        assert run.poll() is None
        run.kill()
        run.wait()
        until(lambda: not processes(mark), lambda: processes(mark))
    finally:
        for pid in processes(mark):
            os.kill(pid, signal.SIGKILL)
        run.wait()
        shared.remove_unused(memory())


def test_the_next_run_removes_the_folder_of_a_killed_one(tmp_path: Path) -> None:
    used, left = tmp_path / "smt-run-used", tmp_path / "smt-run-left"
    for folder in (used, left):
        folder.mkdir()
        (folder / "used.lock").touch()
    with (used / "used.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        shared.remove_unused(tmp_path)
        assert list(tmp_path.iterdir()) == [used]
