"""A folder of migrations and a database to run them on."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.engine.events import Event, FileFailed, RunFinished
from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.errors import ConnectionFailed
from tests.conftest import Database

LEDGER = "kb.schema_migrations"
Kind = TypeVar("Kind")


@dataclass
class Workshop:
    """What the engine tests work with: files in, events and rows out."""

    folder: Path
    database: Database
    events: list[Event] = field(default_factory=list)
    login: str | None = None
    lock_timeout: str | None = None

    def connect(self) -> psycopg.Connection:
        """A connection as a run gets it through a pooler: none of our settings came with it.

        It is of ``login`` and with ``lock_timeout``, where set. Raises ConnectionFailed.
        """
        parameters: dict[str, str] = {}
        if self.login:
            parameters["user"] = self.login
        if self.lock_timeout:
            parameters["options"] = f"-c lock_timeout={self.lock_timeout}"
        try:
            conn = self.database.connect(**parameters)
            conn.execute("SET idle_session_timeout = 0")
            return conn
        except psycopg.OperationalError as error:
            raise ConnectionFailed(str(error)) from error

    def write(self, name: str, sql: str | bytes) -> Path:
        """Put a migration into the folder."""
        path = self.folder / name
        path.write_bytes(sql if isinstance(sql, bytes) else sql.encode())
        return path

    def runner(self, table: str = LEDGER, **options: Any) -> Runner:
        """A run that notes its events here, and none of an earlier one's."""
        self.events.clear()
        return Runner(self.connect, self.folder, table, self.events.append, **options)

    def apply(self, to: str | None = None, **options: Any) -> RunFinished:
        """Apply what is pending."""
        return self.runner(**options).apply_pending(Selection(to))

    def applies(self, name: str, sql: str | bytes) -> RunFinished:
        """Write a migration and apply it, which has to succeed."""
        self.write(name, sql)
        finished = self.apply()
        assert finished.failed is None, self.failure
        return finished

    def fails(self, name: str, sql: str | bytes) -> FileFailed:
        """Write a migration and apply it, which has to fail at it."""
        self.write(name, sql)
        finished = self.apply()
        assert finished.failed == name
        return self.failure

    def events_of(self, kind: type[Kind]) -> list[Kind]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def failure(self) -> FileFailed:
        """The one failure of the last run."""
        (failed,) = self.events_of(FileFailed)
        return failed

    @property
    def rows(self) -> dict[str, LedgerRow]:
        """The ledger, by file name."""
        with self.database.session() as conn:
            return {row.filename: row for row in Ledger(LEDGER).read(conn)}

    def ask(self, query: str) -> list[Any]:
        """The first column of a query's rows, asked in another session."""
        with self.database.session() as conn:
            cursor = conn.execute(query.encode())
            while cursor.nextset():
                pass
            return [row[0] for row in cursor] if cursor.description else []


@contextlib.contextmanager
def limited_role(shop: Workshop) -> Iterator[str]:
    """A role without any privilege, as which the runs log in."""
    role = f"limited_{shop.database.name}"
    shop.ask(f"CREATE ROLE {role} LOGIN")
    shop.login = role
    try:
        yield role
    finally:
        shop.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")


@contextlib.contextmanager
def in_encoding(shop: Workshop, encoding: str) -> Iterator[Workshop]:
    """The same folder with a database in another encoding, for clients that use UTF-8."""
    name = f"{shop.database.name}_{encoding.lower()}"
    with shop.database.connect() as admin:
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LOCALE 'C'".encode()
        )
        conninfo = make_conninfo(shop.database.conninfo, dbname=name, client_encoding="UTF8")
        try:
            yield Workshop(shop.folder, Database(name, conninfo))
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Workshop:
    """An empty folder and an empty database."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    return Workshop(folder, database)
