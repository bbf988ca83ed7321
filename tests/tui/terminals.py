"""A real terminal, with the program in it."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import schemamig_tui
from tests import tools
from tests.endings import at_the_end

PACKAGE_ROOT = Path(schemamig_tui.__file__).parents[1]


@dataclass
class Terminal:
    """A terminal of its own, in which the program runs in ``folder``."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    _viewer: subprocess.Popen[str] | None = None

    def tmux(self, *arguments: str) -> str:
        """Run a command of tmux on our own server, and return its output."""
        command = [*self._client, *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    @property
    def _client(self) -> list[str]:
        # -N: a command that outlives a killed run of the tests starts no server of its own.
        return ["tmux", "-N", "-u", "-S", str(self.folder / "tmux")]

    def start(self, *arguments: str, columns: int = 120, rows: int = 36) -> None:
        """Start the program."""
        variables = [f"-e{name}={value}" for name, value in self.environ.items()]
        program = [sys.executable, "-m", "schemamig_tui", *arguments]
        size = ["-x", str(columns), "-y", str(rows), "-c", str(self.folder)]
        shell = 'unset COLUMNS LINES; "$@"; echo ended with $?; exec sleep 1000'
        self.tmux("new-session", "-d", *size, *variables, "sh", "-c", shell, "sh", *program)

    def start_shell(self) -> None:
        """Start a shell that a user types into."""
        variables = [f"-e{name}={value}" for name, value in self.environ.items()]
        size = ["-x", "120", "-y", "36", "-c", str(self.folder)]
        self.tmux("new-session", "-d", *size, *variables, "bash", "--norc", "-i")

    @property
    def program(self) -> int:
        """The pid of the program."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        (program,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(program)

    @property
    def screen(self) -> str:
        """What it shows.

        It is asked again and again, of one client in tmux's control mode: one for each time would
        take twenty times as long. The client answers between ``%begin`` and ``%end``, with the flag
        1 behind its number where that is the answer to a command of its own.
        """
        if self._viewer is None:
            command = [*self._client, "-C", "attach-session", "-f", "no-output,ignore-size"]
            pipe = subprocess.PIPE
            self._viewer = subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8")
        assert self._viewer.stdin
        assert self._viewer.stdout
        self._viewer.stdin.write("capture-pane -p\n")
        self._viewer.stdin.flush()
        lines = iter(self._viewer.stdout.readline, "")
        begin = next(line for line in lines if line.startswith("%begin ") and line.endswith(" 1\n"))
        return "".join(itertools.takewhile(begin.replace("%begin", "%end").__ne__, lines))

    def close(self) -> None:
        """Look at it no more."""
        if self._viewer is not None:
            self._viewer.communicate()

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.tmux("send-keys", *keys)

    def until(self, text: str, seconds: float = 30) -> str:
        """Wait for a text to be shown, and return the screen."""
        deadline = time.monotonic() + seconds
        while text not in (screen := self.screen):
            assert time.monotonic() < deadline, f"{text!r} never came:\n{screen}"
            time.sleep(0.05)
        return screen

    def press_until(self, key: str, text: str, seconds: float = 30) -> None:
        """Press a key again and again until a text is shown."""
        deadline = time.monotonic() + seconds
        while text not in (screen := self.screen):
            assert time.monotonic() < deadline, f"{text!r} never came:\n{screen}"
            self.press(key)
            time.sleep(0.2)

    def write(self, name: str, sql: str) -> Path:
        """Write a migration."""
        path = self.folder / "migrations" / name
        path.write_text(sql)
        return path

    def approve(self, title: str) -> None:
        """Apply what is pending: open the dialog of this title, and say yes to its plan."""
        self.press("a")
        self.until(title)
        self.until("in the database is in the way")
        self.press("y")


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    """A terminal with an empty folder of migrations."""
    tools.needs("tmux")
    (folder / "migrations").mkdir()
    (folder / ".git").mkdir()  # no pyproject.toml above it counts
    environ = {
        "PYTHONPATH": str(PACKAGE_ROOT),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    server = ("tmux", "-S", folder / "tmux", "-f", os.devnull)
    stays = ("start-server", ";", "set-option", "-g", "exit-empty", "off")
    with at_the_end(*server, "kill-server", start=(*server, *stays)):
        terminal = Terminal(folder, environ)
        yield terminal
        terminal.close()
