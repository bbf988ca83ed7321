"""A real PostgreSQL for the tests: one private server a run, a fresh database a test.

``SCHEMAMIG_PG_BINDIR`` chooses its programs, for instance to test with another major version.
"""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.errors import ConnectionFailed
from tests import tools

_SETTING = re.compile(r"PG|POSTGRES_|DATABASE_URL$|SCHEMAMIG_(?!PG_BINDIR$)")


@dataclass(frozen=True)
class Database:
    """An empty database of its own for one test, on the server of the run."""

    name: str
    conninfo: str = field(repr=False)

    def connect(self, **parameters: str | int | None) -> psycopg.Connection:
        """A new connection in autocommit; ``parameters`` are libpq's, such as ``user``."""
        return psycopg.connect(make_conninfo(self.conninfo, **parameters), autocommit=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """``@pytest.mark.postgres(min=17)``: only on these versions of PostgreSQL."""
    if marker := item.get_closest_marker("postgres"):
        tools.needs_postgres(*marker.args, **marker.kwargs)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer() -> Iterator[None]:
    """No variable, password file or container leads a test to somebody's real database."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if _SETTING.match(name):
                patch.delenv(name)
        patch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        patch.setenv("PGPASSFILE", "/nonexistent/pgpass")
        patch.setenv("PGSERVICEFILE", "/nonexistent/pg_service.conf")
        yield


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A new folder for an embedded server: unlike tmp_path short, and open to its account."""
    folder = Path(tempfile.mkdtemp(prefix="smt-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A ``short_folder`` for one test."""
    with short_folder() as folder:
        yield folder


def wait_until_gone(base: Path, *, seconds: float = 30) -> None:
    """Return when the last process of the embedded server in ``base`` has ended."""
    deadline = time.monotonic() + seconds
    with (base / "server.lock").open() as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                assert time.monotonic() < deadline, f"a server still runs in {base}"
                time.sleep(0.01)


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """One PostgreSQL for the whole run (for each worker, under pytest-xdist).

    It is gone when the run is over, even if the run was killed.
    """
    with short_folder() as folder:
        try:
            embedded = Embedded(folder / "pg", fast=True)
        except ConnectionFailed as error:
            tools.unavailable(error.message)
        with embedded:
            yield embedded
        wait_until_gone(embedded.base)


_numbers = itertools.count(1)


@pytest.fixture
def database(server: Embedded) -> Iterator[Database]:
    """A fresh, empty database (a copy of template0, which nobody can have connected to)."""
    name = f"test_{next(_numbers)}"
    identifier = sql.Identifier(name)
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
        yield Database(name, make_conninfo(server.conninfo, dbname=name))
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


@pytest.fixture(scope="session")
def psql(server: Embedded) -> Path:
    """A psql for the server. The run's environment has no PG* variable that could lead it away."""
    return tools.client("psql", server.bindir)
