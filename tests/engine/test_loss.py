"""After a loss of the connection: what the ledger holds is done, the rest is not, or unknown."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui import patience
from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FilesLost,
    FileStarted,
    NoticeReceived,
    RunFinished,
)
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.errors import ConnectionFailed, ConnectionLost
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop

OURS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass
class Line:
    """The way to the server, which can be cut, or led to another one."""

    shop: Workshop
    is_cut: bool = False
    elsewhere: Database | None = None

    def connect(self) -> psycopg.Connection:
        """A new connection; raises ConnectionFailed where there is no way."""
        if self.is_cut:
            raise ConnectionFailed("nobody answers")
        return self.elsewhere.connect() if self.elsewhere else self.shop.connect()

    def cut(self) -> None:
        """End all sessions; there will be no other."""
        self.is_cut = True
        self.shop.ask(OURS)

    def run(self, when: type[Event], do: Callable[[], None]) -> RunFinished:
        """Apply, and do something at the first event of a kind."""
        events = self.shop.events
        events.clear()

        def listen(event: Event) -> None:
            if isinstance(event, when) and not self.shop.events_of(when):
                do()
            events.append(event)

        return Runner(self.connect, self.shop.folder, LEDGER, listen).apply_pending()


@pytest.fixture
def line(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A way to the server, and no patience for it to come back."""
    monkeypatch.setattr(patience, "PATIENCE", patience.PATIENCE._replace(come_back=0.0))
    return Line(shop)


@pytest.mark.parametrize("ending", ["", "VACUUM pg_am;"])
def test_of_a_file_that_was_open_nothing_is_known_where_nobody_can_be_asked(
    line: Line, ending: str
) -> None:
    line.shop.write("0001_a.sql", "CREATE TABLE a ();")
    notice = "DO $$BEGIN RAISE NOTICE 'open'; END$$;"
    line.shop.write("0002_b.sql", f"CREATE TABLE b (); {notice} SELECT pg_sleep(20); {ending}")
    line.shop.write("0003_c.sql", "SELECT 1;")
    finished = line.run(NoticeReceived, line.cut)
    assert not line.shop.failure.recorded
    assert line.shop.failure.kept is None
    assert line.shop.failure.unrecorded == "nobody answers"
    assert (finished.failed, finished.version) == ("0002_b.sql", None)


def test_between_two_files_the_run_ends_with_an_error_and_says_how_far_it_got(line: Line) -> None:
    line.shop.write("0001_a.sql", "SET app.x = '1'; CREATE TABLE a ();")
    line.shop.write("0002_b.sql", "CREATE TABLE b ();")
    with pytest.raises(ConnectionFailed, match="nobody answers"):
        line.run(FileApplied, lambda: setattr(line, "is_cut", True))
    (finished,) = line.shop.events_of(RunFinished)
    assert (finished.applied, finished.remaining) == (("0001_a.sql",), ("0002_b.sql",))
    assert line.shop.events[-1] is finished


def test_a_server_that_took_over_between_two_sessions_and_was_behind_is_noticed(
    line: Line,
) -> None:
    shop = line.shop
    name = f"{shop.database.name}_behind"
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_b.sql", "SET app.x = '1'; CREATE TABLE b ();")
    shop.write("0003_c.sql", "CREATE TABLE c ();")
    shop.apply("0001_a.sql")
    with shop.database.connect(dbname="postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {shop.database.name}")
        try:
            behind = Database(name, make_conninfo(shop.database.conninfo, dbname=name))
            with pytest.raises(ConnectionLost, match="is behind the one") as caught:
                line.run(FileApplied, lambda: setattr(line, "elsewhere", behind))
            assert "0002_b.sql" in (caught.value.hint or "")
            assert shop.events_of(FilesLost) == [FilesLost(("0002_b.sql",))]
            (finished,) = shop.events_of(RunFinished)
            assert (finished.applied, finished.lost) == ((), ("0002_b.sql",))
            assert (finished.version, finished.remaining) == (1, ("0003_c.sql",))
            assert line.run(FileStarted, lambda: None).applied == ("0002_b.sql", "0003_c.sql")
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_the_server_has_committed_meanwhile_counts(line: Line) -> None:
    # Until its answer comes, the others have been sent.
    line.shop.write("0001_a.sql", "SELECT pg_sleep(0.3); CREATE TABLE a ();")
    line.shop.write("0002_b.sql", "CREATE TABLE b ();")
    line.shop.write("0003_c.sql", "SELECT pg_sleep(20);")

    def terminate() -> None:
        deadline = time.monotonic() + 30
        while "0002_b.sql" not in line.shop.rows:
            assert time.monotonic() < deadline
        line.shop.ask(OURS)

    finished = line.run(FileApplied, terminate)
    assert finished.applied == ("0001_a.sql", "0002_b.sql")
    assert (finished.failed, finished.version) == ("0003_c.sql", 2)
    assert line.shop.events_of(FilesLost) == []
