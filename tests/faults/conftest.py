"""The program as a process of its own, so that it can be killed."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Database
from tests.forked import fork_program


@dataclass
class Program:
    """Starts ``schemamig-tui --apply`` on a folder and a database."""

    folder: Path
    database: Database
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, sql: str) -> None:
        """Put a migration into the folder."""
        (self.folder / name).write_text(sql)

    def start(
        self, conninfo: str | None = None, *options: str, mode: str = "--apply"
    ) -> subprocess.Popen[str]:
        """Begin an apply."""
        process = fork_program(
            *(mode, "--dir", str(self.folder), *options),
            environ={**os.environ, "DATABASE_URL": conninfo or self.database.conninfo}
            | {"SCHEMAMIG_CONNECTION": "environment"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.started.append(process)
        return process

    def apply(self) -> tuple[int, str]:
        """Apply to the end; returns the exit code and all output."""
        process = self.start()
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def ask(self, query: str) -> list[object]:
        """The first column of the rows of a query."""
        with self.database.connect() as conn:
            return [row[0] for row in conn.execute(query.encode())]

    def wait_until(self, query: str, *, ended: bool = False) -> None:
        """Return when the query's answer is true; the program may have ``ended`` by then."""
        deadline = time.monotonic() + 60
        with self.database.connect() as conn:
            while True:
                try:
                    row = conn.execute(query.encode()).fetchone()
                except psycopg.errors.UndefinedTable:
                    row = None
                if row and row[0]:
                    return
                process = self.started[-1]
                assert ended or process.poll() is None, process.communicate()[0]
                assert time.monotonic() < deadline, query
                time.sleep(0.01)


@pytest.fixture
def program(tmp_path: Path, database: Database) -> Iterator[Program]:
    """The program, an empty folder and an empty database."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    program = Program(folder, database)
    yield program
    for process in program.started:
        process.kill()
        process.wait()
