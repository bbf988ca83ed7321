"""The program as its users start it: a process of its own, with a folder and a database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

import schemamig_tui
from schemamig_tui.cli import main
from tests.conftest import Database

PACKAGE_ROOT = Path(schemamig_tui.__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """What a process has left."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def errors(self) -> list[str]:
        """Each error on its stderr, with what to do about it."""
        return self.err.split("error: ")[1:]


@dataclass
class Program:
    """Starts schemamig-tui in ``folder``, where ``migrations`` is, connected to a database."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, sql: str) -> Path:
        """Write a migration."""
        path = self.folder / "migrations" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql, encoding="utf-8")
        return path

    def start(
        self, *arguments: str, stdout: int | IO[str] = subprocess.PIPE, **environ: str
    ) -> "subprocess.Popen[str]":
        """Start it, with a pipe for stderr and, by default, for stdout."""
        process = subprocess.Popen(
            [sys.executable, "-m", "schemamig_tui", *arguments],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def __call__(self, *arguments: str, **environ: str) -> Ended:
        """Run it to its end."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)


def named(database: Database) -> str:
    """The line on stderr that says which database it is."""
    with database.connect() as conn:
        version = (conn.info.parameter_status("server_version") or "").partition(" ")[0]
        place = f"{conn.info.host}:{conn.info.port}, role {conn.info.user}"
    return f"Database: {database.name} at {place}, PostgreSQL {version}, from SCHEMAMIG_DSN\n"


@pytest.fixture
def program(tmp_path: Path, database: Database) -> Iterator[Program]:
    """The program with an empty database and no migrations yet."""
    (tmp_path / ".git").mkdir()  # no pyproject.toml above it counts
    (tmp_path / "migrations").mkdir()
    environ = {
        **os.environ,
        "PYTHONPATH": str(PACKAGE_ROOT),
        "PYTHONUTF8": "1",
        "SCHEMAMIG_DSN": database.conninfo,
    }
    program = Program(tmp_path, environ)
    yield program
    for process in program.started:
        process.kill()
        process.communicate()


Run = Callable[..., Ended]


@pytest.fixture
def run(
    tmp_path: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command in this process, which is quick, with an empty database and ``migrations``."""
    (tmp_path / ".git").mkdir()  # no pyproject.toml above it counts
    (tmp_path / "migrations").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEMAMIG_DSN", database.conninfo)

    def run(*arguments: str) -> Ended:
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run
