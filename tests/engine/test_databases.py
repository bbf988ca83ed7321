"""A migration may copy the very database it runs in."""

import threading
import time
from collections.abc import Iterator

import pytest

from schemamig_tui.engine.events import Event, LockAwaited, RunFinished, StatementFinished
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.sql.databases import copies_database
from tests.engine.conftest import LEDGER, Workshop


@pytest.fixture
def copy(shop: Workshop) -> Iterator[str]:
    """The name of a database that does not exist yet, and is dropped at the end."""
    name = f"{shop.database.name}_copy"
    yield name
    shop.ask(f"DROP DATABASE IF EXISTS {name}")


def test_a_migration_can_take_its_own_database_for_a_template(shop: Workshop, copy: str) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_b.sql", f"create database {copy} template {shop.database.name};")
    shop.write("0003_c.sql", "CREATE TABLE c ();")
    began = time.monotonic()
    assert shop.apply().version == 3
    # The server waits five seconds for others to leave, and then refuses.
    assert time.monotonic() - began < 4.5
    assert shop.ask(f"SELECT 1 FROM pg_database WHERE datname = '{copy}'") == [1]


def test_no_other_run_begins_for_that(shop: Workshop, copy: str) -> None:
    database = shop.database.name
    shop.write("0001_a.sql", f"CREATE DATABASE {copy} TEMPLATE {database}; SELECT pg_sleep(0.7);")
    of_second: list[Event] = []
    second = Runner(shop.connect, shop.folder, LEDGER, of_second.append)
    thread = threading.Thread(target=second.apply_pending)

    def listen(event: Event) -> None:
        if isinstance(event, StatementFinished) and event.statement == 1:
            thread.start()

    assert Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending().version == 1
    thread.join()
    awaited, finished = of_second[0], of_second[-1]
    assert isinstance(awaited, LockAwaited)
    assert isinstance(finished, RunFinished)
    assert finished.applied == ()


def test_a_copy_that_fails_is_recorded(shop: Workshop, copy: str) -> None:
    failed = shop.fails("0001_a.sql", f"CREATE DATABASE {copy} TEMPLATE missing;")
    assert failed.failure.sqlstate == "3D000"
    assert failed.recorded


@pytest.mark.parametrize(
    ("sql", "copies"),
    [
        (b"create database a template b", True),
        (b"/* CREATE TABLE */ CREATE -- a\n DATABASE a", True),
        (b"CREATE TABLE database (a int)", False),
        (b"ALTER DATABASE a RENAME TO b", False),
        (b"", False),
    ],
)
def test_what_copies_a_database_is_told_from_its_first_words(sql: bytes, copies: bool) -> None:
    assert copies_database(sql) is copies
