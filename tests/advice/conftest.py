"""Pending files, and the advice on them from a real database."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.advice.advice import Advice
from schemamig_tui.advice.advise import advise
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import Script, parse
from tests.conftest import Database


@dataclass
class Pending:
    """A folder of pending files."""

    folder: Path

    def write(self, *files: str | bytes) -> list[Script]:
        """Put files into the folder: ``0001.sql``, ``0002.sql`` and so on."""
        for number, text in enumerate(files, 1):
            content = text if isinstance(text, bytes) else text.encode()
            (self.folder / f"{number:04}.sql").write_bytes(content)
        return [parse(file) for file in scan(self.folder)]


@dataclass
class Desk(Pending):
    """Where advice is asked for: pending files and a database."""

    database: Database
    login: str | None = None

    def connect(self) -> psycopg.Connection:
        """A new connection of the login role."""
        return self.database.connect(**({"user": self.login} if self.login else {}))

    def advice(self, *files: str | bytes, older_than: float = 60) -> list[Advice]:
        """The advice on these files, as the login role gets it."""
        scripts = self.write(*files)
        with self.connect() as conn:
            return list(advise(conn, scripts, older_than=older_than))

    def warnings(self, *files: str | bytes, older_than: float = 60) -> list[str]:
        """The messages of the warnings."""
        found = self.advice(*files, older_than=older_than)
        return [advice.message for advice in found if advice.severity == "warning"]

    def prepare(self, *statements: str) -> None:
        """Change the database, as its superuser."""
        with self.database.session() as conn:
            for statement in statements:
                conn.execute(statement.encode())

    @contextlib.contextmanager
    def session(self, *statements: str, application: str = "other") -> Iterator[psycopg.Connection]:
        """Another session, in a transaction in which it has run these statements."""
        with self.database.connect(application_name=application) as conn:
            conn.execute("BEGIN")
            for statement in statements:
                conn.execute(statement.encode())
            yield conn


@pytest.fixture
def pending(tmp_path: Path) -> Pending:
    """An empty folder."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    return Pending(folder)


@pytest.fixture
def desk(pending: Pending, database: Database) -> Desk:
    """An empty folder and an empty database."""
    return Desk(pending.folder, database)


@pytest.fixture
def limited(desk: Desk) -> Iterator[str]:
    """A role without any privilege, as which the advice is asked for."""
    role = f"limited_{desk.database.name}"
    desk.prepare(f"CREATE ROLE {role} LOGIN")
    desk.login = role
    yield role
    desk.prepare(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
