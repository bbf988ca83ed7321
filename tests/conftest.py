"""A real PostgreSQL for the tests: one private server a run, a fresh database a test.

``SCHEMAMIG_PG_BINDIR`` chooses its programs, for instance to test with another major version.
"""

import contextlib
import gc
import itertools
import os
import pwd
import re
import signal
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import LiteralString
from zlib import crc32

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.errors import ConnectionFailed
from tests import sample, shared, tools
from tests.clusters import memory, short_folder, wait_until_gone, with_cluster

_SETTING = re.compile(r"PG|POSTGRES_|DATABASE_URL$|(FORCE|NO)_COLOR$|SCHEMAMIG_(?!PG_BINDIR$)")


@dataclass(frozen=True)
class Database:
    """An empty database of its own for one test, on the server of the run."""

    name: str
    conninfo: str = field(repr=False)
    _kept: list[psycopg.Connection] = field(default_factory=list, repr=False, compare=False)

    def connect(self, **parameters: str | int | None) -> psycopg.Connection:
        """A new connection in autocommit; ``parameters`` are libpq's, such as ``user``."""
        conninfo = make_conninfo(self.conninfo, **parameters)
        return psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)

    @contextlib.contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """A session that is as good as new, for what the test itself wants to know or do.

        It stays connected until the end of the test, as a new one costs the server ten times what
        a short query does.
        """
        conn = self._kept.pop() if self._kept else self.connect()
        try:
            conn.execute("SELECT")
        except psycopg.OperationalError:  # somebody has ended it
            conn = self.connect()
        try:
            yield conn
            conn.execute("DISCARD ALL")
        except BaseException:
            conn.close()
            raise
        self._kept.append(conn)

    @property
    def kept(self) -> list[int]:
        """The pids of the sessions that are still connected."""
        return [conn.info.backend_pid for conn in self._kept]

    def close(self) -> None:
        """Let nobody be connected by ``session`` any more."""
        for conn in self._kept:
            conn.close()
        self._kept.clear()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """``@pytest.mark.postgres(min=17)``: only on these versions of PostgreSQL."""
    if marker := item.get_closest_marker("postgres"):
        tools.needs_postgres(*marker.args, **marker.kwargs)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that not all of the tests are taken."""
    return sample.note(config)


# These share what a machine has once, one Docker engine with its names, one terminal to look at; or
# what takes long to begin, the parser of DBML and a look at all of the source.
_ON_ONE_WORKER = ("docker", "terminal", "docs", "hygiene")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of one thing on one worker, and spread those that wait most of the time.

    Their files stand together in a few folders, and would leave the processors idle for a while.
    """
    if left := sample.left_out(config, items):
        config.hook.pytest_deselected(items=[*left])
        items[:] = [item for item in items if item not in left]
    for item in items:
        for name in _ON_ONE_WORKER:
            if name in item.path.parent.name or name in item.path.name:
                item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: _spread(item.nodeid.partition("::")[0]))


def _spread(file: str) -> tuple[int, str]:
    return crc32(file.encode()), file


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Up to four workers more than there are processors: many tests wait for most of their time."""
    workers = yield
    more = 0 if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else min(2 * workers, 4)
    return workers + more


def pytest_configure(config: pytest.Config) -> None:
    """Make what the workers share, and say how many examples each property is tried with.

    CI takes four times as many, and always the same ones, so that it fails for what was changed
    only.
    """
    shared.make(config, memory())
    # Thousands of tests are imported by each worker, and hundreds of processes import the program.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    gc.set_threshold(50_000, 20, 20)
    # A shell lets what it starts in the background ignore Ctrl-C, which tests send to programs.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, examples, same in (("fast", 25, False), ("thorough", 100, True)):
        # A busy machine may stand still for longer than an example may take by default.
        settings.register_profile(
            name,
            max_examples=examples,
            derandomize=same,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
    settings.load_profile("thorough" if tools.in_ci() else "fast")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each worker of a whole run begin with the import of other files than the others.

    What pytest compiles of a file that was never imported, it keeps for later; workers that go
    through the files side by side would each compile all of them.
    """
    config = session.config
    if hasattr(config, "workerinput") and sample.is_whole(config):
        first, step = int(config.workerinput["workerid"][2:]), config.workerinput["workercount"]
        for path in sorted(Path(__file__).parent.rglob("test_*.py"))[first::step]:
            with contextlib.suppress(Exception):  # the collection tells of it
                import_module(".".join(path.relative_to(config.rootpath).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Keep the collected tests out of each later garbage collection, which they would dominate."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let the process end without a look for garbage: that is all the UIs of all the tests."""
    for conn in _administrators.values():
        conn.close()
    gc.freeze()


@pytest.fixture
def no_privileges() -> Iterator[None]:
    """Root may read everything; so for a while we are nobody."""
    user = os.geteuid()
    os.seteuid(user or pwd.getpwnam("nobody").pw_uid)
    yield
    os.seteuid(user)


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


@pytest.fixture
def on_linux() -> None:
    """Let a test run on Linux only: nothing else shows processes as files, ties a server to its
    supervisor, or has containers in its own network.
    """
    if sys.platform != "linux":
        tools.unavailable("needs Linux")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A ``short_folder`` for one test."""
    with short_folder() as folder:
        yield folder


@pytest.fixture
def base(folder: Path) -> Path:
    """The folder for an embedded server of one test's own, with a cluster in it."""
    return with_cluster(folder / "pg")


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """One PostgreSQL for the whole run (for each worker, under pytest-xdist).

    It is gone when the run is over, even if the run was killed.
    """
    with short_folder() as folder:
        try:
            embedded = Embedded(with_cluster(folder / "pg"), fast=True)
        except ConnectionFailed as error:
            tools.unavailable(error.message)
        with embedded:
            yield embedded
        wait_until_gone(embedded.base)


@pytest.fixture(scope="session")
def scratch(server: Embedded) -> Iterator[Path]:
    """The folder of the embedded server for scratch databases, which runs as long as the tests."""
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "schemamig_tui.scratch.place.default_embedded_directory", lambda: folder / "embedded"
        )
        (folder / "scratch").mkdir()
        base = with_cluster(folder / "scratch" / str(server.major))
        with Embedded(base, fast=True):
            yield folder / "scratch"
        wait_until_gone(base)


_numbers = itertools.count(1)


def copying(server: Embedded, template: str, name: str) -> sql.Composed:
    """The statement that makes a database as a copy of another, the fastest without a disk.

    From 15 on the server would write the copy to its log as well.
    """
    strategy: LiteralString = " STRATEGY file_copy" if server.major >= 15 else ""
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}" + strategy)
    return create.format(sql.Identifier(name), sql.Identifier(template))


_administrators: dict[Path, psycopg.Connection] = {}


def administrator(server: Embedded) -> psycopg.Connection:
    """The one connection that makes the databases of a server: to one that no test connects to."""
    if server.base not in _administrators:
        _administrators[server.base] = psycopg.connect(server.conninfo, autocommit=True)
    return _administrators[server.base]


def empty_template(server: Embedded, admin: psycopg.Connection) -> str:
    """The name of an empty database: a template0 that has been connected to once.

    The server then keeps in a file what each first connection to a copy would have to find out.
    """
    if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'empty'").fetchone():
        admin.execute("CREATE DATABASE empty TEMPLATE template0")
        psycopg.connect(server.conninfo, dbname="empty").close()
        admin.execute("ALTER DATABASE empty ALLOW_CONNECTIONS false")
    return "empty"


# A module may have a server of its own.
@pytest.fixture(scope="module")
def admin(server: Embedded) -> psycopg.Connection:
    """See ``administrator``."""
    return administrator(server)


@pytest.fixture(scope="module")
def empty(server: Embedded, admin: psycopg.Connection) -> str:
    """See ``empty_template``."""
    return empty_template(server, admin)


@contextlib.contextmanager
def fresh_database(server: Embedded, admin: psycopg.Connection, empty: str) -> Iterator[Database]:
    """A fresh, empty database, for as long as it is wanted."""
    name = f"test_{next(_numbers)}"
    admin.execute(copying(server, empty, name))
    made = Database(name, make_conninfo(server.conninfo, dbname=name))
    yield made
    made.close()
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    admin.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def database(server: Embedded, admin: psycopg.Connection, empty: str) -> Iterator[Database]:
    """A fresh, empty database for one test."""
    with fresh_database(server, admin, empty) as made:
        yield made


@pytest.fixture(scope="module")
def one_database(server: Embedded, admin: psycopg.Connection, empty: str) -> Iterator[Database]:
    """One database for the tests of a module, which clear it: that is faster than to make one."""
    with fresh_database(server, admin, empty) as made:
        yield made


@pytest.fixture(scope="session")
def psql(server: Embedded) -> Path:
    """A psql for the server. The run's environment has no PG* variable that could lead it away."""
    return tools.client("psql", server.bindir)
