"""The program as its users start it, with a folder and a database."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from unittest import mock

import psycopg
import pytest

import schemamig_tui
from schemamig_tui.cli import main
from tests.conftest import Database
from tests.forked import fork_program
from tests.reference.event_schema import validate_event

PACKAGE_ROOT = Path(schemamig_tui.__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """What the program has left."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its stdout as JSON lines, each as the published schema has it."""
        events = [json.loads(line) for line in self.out.splitlines()]
        for event in events:
            validate_event(event)
        return events

    @property
    def errors(self) -> list[str]:
        """Each error on its stderr, with what to do about it."""
        return self.err.split("error: ")[1:]


@dataclass
class Program:
    """Runs schemamig-tui in ``folder``, where ``migrations`` is, connected to a database.

    Called, it runs within the process of the tests. ``run`` and ``start`` are for what only a
    process of its own has, such as signals; ``start_python`` is for what an interpreter of its own
    has, such as an encoding of its output, and takes fifty times as long to begin.
    """

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, sql: str) -> Path:
        """Write a migration."""
        path = self.folder / "migrations" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql, encoding="utf-8")
        return path

    def __call__(self, *arguments: str, **environ: str) -> Ended:
        """Run it to its end."""
        # As PYTHONUTF8 makes those of a process.
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape")
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, {**self.environ, **environ}, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(arguments)
        return Ended(code, *(_written(stream) for stream in (out, err)))

    def run(self, *arguments: str, **environ: str) -> Ended:
        """Run it to its end in a process of its own."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def start(
        self, *arguments: str, stdout: int | IO[str] = subprocess.PIPE, **environ: str
    ) -> "subprocess.Popen[str]":
        """Start a process, with a pipe for stderr and, by default, for stdout."""
        process = fork_program(
            *arguments,
            environ={**self.environ, **environ},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def start_python(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """Start an interpreter, with pipes for stdout and stderr."""
        process = subprocess.Popen(
            [sys.executable, "-m", "schemamig_tui", *arguments],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.started.append(process)
        return process


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def scratch_databases(conninfo: str) -> list[str]:
    """The scratch databases on a server."""
    with psycopg.connect(conninfo) as conn:
        names = conn.execute("SELECT datname FROM pg_database WHERE datname ~ '^schemamig_scratch'")
        return [name for (name,) in names]


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
