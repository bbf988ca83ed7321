"""The server loses what it had committed: the ledger is the truth, and nothing is done twice."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui import patience
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.events import (
    FileApplied,
    FilesLost,
    RunFinished,
    StatementFinished,
)
from schemamig_tui.engine.watch.run_lock import Locks
from schemamig_tui.errors import AppliedLost, ConnectionFailed, ConnectionLost, Interrupted
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop
from tests.faults.servers import crash, create_databases, nothing_written, quiet_server

SLEEPS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"


@dataclass
class Fragile(Workshop):
    """A workshop on a server of which nothing is on disk before something asks for it."""

    wal_writer: int = field(default=0)

    def write_for_two_durable_sessions(self) -> None:
        """Two files with a session each, where the last commit of a run is flushed."""
        self.ask(f"ALTER DATABASE {self.database.name} SET synchronous_commit = on")
        self.write("0001_a.sql", "CREATE TABLE a (x int); LOAD 'plpgsql';")
        self.write("0002_b.sql", "INSERT INTO a VALUES (1);")

    def crash_in_sleep(self) -> None:
        """Run, and let the server crash when a statement sleeps."""
        run = threading.Thread(target=self.runner().apply_pending)
        run.start()
        while self.ask(SLEEPS) != [True]:
            time.sleep(0.01)
        os.kill(self.wal_writer, signal.SIGKILL)
        run.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """A server of its own, which may crash."""
    with quiet_server() as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def shop(tmp_path: Path, server: Embedded) -> Iterator[Fragile]:
    """An empty folder, and an empty database on the fragile server."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    name = f"fragile_{next(_numbers)}"
    create_databases(server, name)
    database = Database(name, make_conninfo(server.conninfo, dbname=name))
    with nothing_written(server) as wal_writer:
        yield Fragile(folder, database, wal_writer=wal_writer)


def statements(*, seconds: int, on_disk: int) -> str:
    """Five of them and a sleep; those up to the ``on_disk``-th are flushed with what is before."""
    marks = [f"INSERT INTO a VALUES ({number});\n" for number in range(1, 6)]
    # It forces everything that was committed before it to disk, but not its own checkpoint.
    marks.insert(on_disk, "CHECKPOINT;\n")
    return f"{''.join(marks)}SELECT pg_sleep({seconds});\nVACUUM a;\n"


@pytest.mark.parametrize("on_disk", [1, 3, 5])
def test_a_checkpoint_that_a_crash_has_lost_is_not_believed(shop: Fragile, on_disk: int) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a (x int);")
    shop.write("0002_b.sql", statements(seconds=30, on_disk=on_disk))
    shop.crash_in_sleep()
    assert [event.statement for event in shop.events_of(StatementFinished)] == [1, *range(1, 7)]
    assert shop.events_of(FilesLost) == []
    assert shop.failure.recorded
    assert shop.failure.kept == on_disk
    assert f"Statements done: {on_disk} of 8" in (shop.rows["0002_b.sql"].error_message or "")
    shop.write("0002_b.sql", statements(seconds=0, on_disk=on_disk))
    assert shop.apply().applied == ("0002_b.sql",)
    assert shop.ask("SELECT x FROM a ORDER BY x") == [1, 2, 3, 4, 5]


def test_what_was_reported_as_applied_and_is_lost_is_taken_back(shop: Fragile) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a (x int);")
    shop.write("0002_b.sql", "INSERT INTO a VALUES (1); SELECT pg_sleep(30); VACUUM a;")
    shop.write("0003_c.sql", "SELECT 1;")
    shop.crash_in_sleep()
    assert [event.name for event in shop.events_of(FileApplied)] == ["0001_a.sql"]
    assert shop.events_of(FilesLost) == [FilesLost(("0001_a.sql",))]
    assert shop.failure.kept == 0
    (finished,) = shop.events_of(RunFinished)
    assert (finished.applied, finished.lost) == ((), ("0001_a.sql",))
    assert (finished.failed, finished.remaining) == ("0002_b.sql", ("0003_c.sql",))
    assert finished.version == 0
    shop.write("0002_b.sql", "INSERT INTO a VALUES (1); SELECT pg_sleep(0); VACUUM a;")
    assert shop.apply().applied == ("0001_a.sql", "0002_b.sql", "0003_c.sql")
    assert shop.ask("SELECT x FROM a ORDER BY x") == [1]


def test_a_transaction_that_was_open_has_failed_and_what_was_before_it_is_taken_back(
    shop: Fragile,
) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a (x int);")
    shop.write("0002_b.sql", "SELECT pg_sleep(30);")
    shop.crash_in_sleep()
    assert shop.events_of(FilesLost) == [FilesLost(("0001_a.sql",))]
    (finished,) = shop.events_of(RunFinished)
    assert (finished.failed, finished.lost) == ("0002_b.sql", ("0001_a.sql",))
    assert list(shop.rows) == ["0002_b.sql"]


@pytest.mark.parametrize("comes_back", [True, False])
def test_what_is_lost_between_two_sessions_is_taken_back_or_called_unknown(
    shop: Fragile, server: Embedded, monkeypatch: pytest.MonkeyPatch, *, comes_back: bool
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", patience.PATIENCE._replace(come_back=0.0))
    shop.write("0001_a.sql", "CREATE TABLE a (x int); LOAD 'plpgsql';")
    shop.write("0002_b.sql", "INSERT INTO a VALUES (1);")  # which gets a new session
    connect, refused = shop.connect, itertools.count()

    def refuse_after_the_first_file() -> psycopg.Connection:
        if shop.events_of(FileApplied) and (next(refused) == 0 or not comes_back):
            if comes_back:
                crash(server, shop.wal_writer)
            raise ConnectionFailed("Cannot connect to the database.\n  --dsn: nobody answers")
        return connect()

    monkeypatch.setattr(shop, "connect", refuse_after_the_first_file)
    with pytest.raises(ConnectionLost, match=r"Cannot connect .* --dsn: nobody answers") as caught:
        shop.apply()
    (finished,) = shop.events_of(RunFinished)
    if comes_back:
        assert isinstance(caught.value, AppliedLost)
        assert (finished.applied, finished.lost, finished.version) == ((), ("0001_a.sql",), 0)
    else:
        assert finished.version is None
    assert finished.remaining == ("0002_b.sql",)


def test_what_is_told_as_applied_after_a_loss_between_two_files_is_durable(
    shop: Fragile, server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write_for_two_durable_sessions()
    connect, refused = shop.connect, itertools.count()

    def refuse_once_after_the_first_file() -> psycopg.Connection:
        if shop.events_of(FileApplied) and next(refused) == 0:
            raise ConnectionFailed("nobody answers")
        return connect()

    monkeypatch.setattr(shop, "connect", refuse_once_after_the_first_file)
    with pytest.raises(ConnectionLost):
        shop.apply()
    crash(server, shop.wal_writer)
    assert [row.success for row in shop.rows.values()] == [True]


def test_what_is_told_as_applied_by_a_run_that_is_interrupted_between_two_files_is_durable(
    shop: Fragile, server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write_for_two_durable_sessions()
    connect = shop.connect
    with connect() as other:

        def connect_behind_the_other() -> psycopg.Connection:
            if shop.events_of(FileApplied):
                Locks.of(LEDGER).work.take(other)
                threading.Timer(0.05, run.cancel).start()
            return connect()

        monkeypatch.setattr(shop, "connect", connect_behind_the_other)
        run = shop.runner()
        with pytest.raises(Interrupted):
            run.apply_pending()
        crash(server, shop.wal_writer)
    assert [row.success for row in shop.rows.values()] == [True]


INSERTS = "-- schemamig: no-transaction\n" + "INSERT INTO a VALUES (1);\n" * 5


def test_a_checkpoint_is_not_flushed_alone(shop: Fragile) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET synchronous_commit = on")
    shop.write("0001_a.sql", "CREATE TABLE a (x int);")
    shop.write("0002_b.sql", INSERTS + "SELECT pg_sleep(30);")
    shop.crash_in_sleep()
    assert shop.events_of(FilesLost) == [FilesLost(("0001_a.sql",))]
    assert shop.failure.kept == 0


def test_the_last_commit_of_a_run_flushes_all_checkpoints(shop: Fragile, server: Embedded) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET synchronous_commit = on")
    shop.write("0001_a.sql", "CREATE TABLE a (x int);")
    shop.applies("0002_b.sql", INSERTS)
    crash(server, shop.wal_writer)
    assert shop.ask("SELECT x FROM a") == [1] * 5
    assert [row.success for row in shop.rows.values()] == [True, True]
