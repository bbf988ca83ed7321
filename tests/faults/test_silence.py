"""A server, or the way to it, that says nothing any more is not waited for without end."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui import patience
from schemamig_tui.connect import resolve
from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileFailed,
    FileStarted,
    LockAwaited,
    RunFinished,
    RunStarted,
)
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.errors import ConnectionFailed, ConnectionLost, Interrupted
from schemamig_tui.rehearsal.events import RehearsalEvent, RehearsalFinished
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from schemamig_tui.settings import Settings
from tests.conftest import Database
from tests.faults.proxy import Proxy

QUICK = patience.Patience(
    glance=0.3,
    answer=2.0,
    doubt=0.3,
    silence=0.8,
    come_back=0.3,
    settle=0.5,
    confirm=0.4,
    report=1.0,
    hurried=0.2,
)
# What TCP itself is to notice, as soon as Linux can.
QUICK_TCP = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 1}
SLEEPS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query ~ %s)"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", QUICK)


@dataclass
class Faults:
    """Runs migrations by way of a proxy."""

    folder: Path
    database: Database
    proxy: Proxy
    events: list[Event] = field(default_factory=list)

    def runner(self, conninfo: str | None = None, **parameters: str | int) -> Runner:
        """A run with parameters of libpq."""
        dsn = make_conninfo(conninfo or self.proxy.conninfo, **parameters)
        connect = resolve(Settings(dsn=dsn)).connect
        return Runner(connect, self.folder, "kb.schema_migrations", self.events.append)

    def apply(
        self, sql: str, fault: Callable[[], None], **parameters: str | int
    ) -> tuple[RunFinished, FileFailed | None]:
        """Apply a file, with a fault as soon as it sleeps; returns the end and the failure."""
        (self.folder / "0001_a.sql").write_text(sql)
        runner = self.runner(**parameters)
        threading.Thread(target=self.when_asleep, args=(fault,)).start()
        finished = runner.apply_pending()
        failures = [event for event in self.events if isinstance(event, FileFailed)]
        return finished, failures[0] if failures else None

    def when_asleep(self, fault: Callable[[], None]) -> None:
        """Return when a migration sleeps and the fault has been made."""
        with self.database.connect() as conn:
            deadline = time.monotonic() + 30
            while conn.execute(SLEEPS, ("pg_sleep",)).fetchone() != (True,):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            # Before that, it would be no file that a loss is the failure of.
            while not any(isinstance(event, FileStarted) for event in self.events):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        fault()

    def ask(self, query: str) -> list[object]:
        """The first column of a query's rows, not by way of the proxy."""
        with self.database.connect() as conn:
            return [row[0] for row in conn.execute(query.encode())]


@pytest.fixture
def faults(tmp_path: Path, database: Database) -> Iterator[Faults]:
    """An empty folder, an empty database and a proxy in front of it."""
    with Proxy(database.conninfo) as proxy:
        yield Faults(tmp_path, database, proxy)


def test_a_network_that_is_silent_below_tcp_is_noticed(faults: Faults) -> None:
    finished, failed = faults.apply("SELECT pg_sleep(60);", faults.proxy.silence, **QUICK_TCP)
    assert failed
    assert failed.failure.severity == "FATAL"
    assert "timed out" in failed.failure.message
    assert finished.version is None


def test_a_proxy_that_leads_nowhere_any_more_is_noticed(faults: Faults) -> None:
    def swallow() -> None:
        faults.proxy.refuse()
        faults.proxy.swallow()

    finished, failed = faults.apply("SELECT pg_sleep(60);", swallow)
    assert failed
    assert "the server has not answered for " in failed.failure.message
    assert "nor on a new connection" in failed.failure.message
    assert finished.version is None


def test_a_session_that_has_ended_behind_a_proxy_is_noticed_and_recorded(faults: Faults) -> None:
    def end() -> None:
        faults.proxy.lines[0].swallow()
        faults.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        )

    _, failed = faults.apply("SELECT pg_sleep(60);", end)
    assert failed
    assert "the server has ended the session" in failed.failure.message
    assert failed.recorded
    assert faults.ask("SELECT success FROM kb.schema_migrations") == [False]


def test_an_answer_that_a_proxy_has_swallowed_is_not_waited_for(faults: Faults) -> None:
    def swallow() -> None:
        faults.proxy.lines[0].swallow(end_server=False)

    # The server has all of it, and commits it; that is known when the ledger is read.
    finished, failed = faults.apply("CREATE TABLE a (); SELECT pg_sleep(0.5);", swallow)
    assert not failed
    assert finished.applied == ("0001_a.sql",)
    assert faults.ask("SELECT to_regclass('a')::text") == ["a"]


def test_a_statement_may_take_as_long_as_it_takes(faults: Faults) -> None:
    finished, failed = faults.apply("SELECT pg_sleep(2.5);", lambda: None)
    assert not failed
    assert finished.version == 1


def test_a_second_connection_that_is_silent_is_replaced(faults: Faults) -> None:
    def swallow() -> None:
        faults.proxy.lines[1].swallow(end_server=False)

    finished, failed = faults.apply("SELECT pg_sleep(2.5);", swallow)
    assert not failed
    assert finished.version == 1
    assert len(faults.proxy.lines) == 3


def test_a_wait_for_another_run_ends_where_the_network_does(faults: Faults) -> None:
    (faults.folder / "0001_a.sql").write_text("SELECT pg_sleep(60);")
    other = faults.runner(faults.database.conninfo)
    thread = threading.Thread(target=other.apply_pending)
    thread.start()
    faults.when_asleep(lambda: None)
    faults.events.clear()
    runner = faults.runner()

    def swallow() -> None:
        while not any(isinstance(event, LockAwaited) for event in faults.events):
            time.sleep(0.01)
        faults.proxy.swallow(end_server=False)

    threading.Thread(target=swallow).start()
    with pytest.raises(ConnectionLost, match=r"has not answered for 0\.8 s"):
        runner.apply_pending()
    other.cancel()
    thread.join()


def test_a_server_that_is_too_busy_to_read_is_not_cut(faults: Faults) -> None:
    ahead = f"INSERT INTO a VALUES ('{'x' * 200}');\n" * 8_000
    sql = f"CREATE TABLE a (x text); SELECT pg_sleep(2.5);\n{ahead}"
    finished, failed = faults.apply(sql, lambda: None, tcp_user_timeout=1000)
    assert not failed
    assert finished.version == 1


def test_a_copy_whose_rest_a_proxy_has_swallowed_is_not_waited_for(faults: Faults) -> None:
    """The server, in the middle of it, is active and waits for more, as it is in a pipeline."""
    data = f"{'x' * 1000}\n" * 1_000
    sql = f"CREATE TABLE a (x text);\nCOPY a FROM stdin;\n{data}the end\n\\.\n"
    (faults.folder / "0001_a.sql").write_text(sql)
    faults.proxy.swallow_from = b"the end"
    faults.runner().apply_pending()
    (failed,) = (event for event in faults.events if isinstance(event, FileFailed))
    assert "the server waits for us, and we have waited for it for " in failed.failure.message
    assert failed.recorded


def test_a_slow_line_is_not_taken_for_a_lost_one(faults: Faults) -> None:
    """What is buffered on the way takes longer to arrive than anybody would be silent for."""
    data = f"{'x' * 1000}\n" * 1_000

    def slow_down() -> None:
        faults.proxy.lines[0].bytes_per_second = 400_000

    sql = f"CREATE TABLE a (x text); SELECT pg_sleep(0.2);\nCOPY a FROM stdin;\n{data}\\.\n"
    finished, failed = faults.apply(sql, slow_down)
    assert not failed
    assert finished.version == 1


@pytest.mark.parametrize("question", ["current_database()", "pg_postmaster_start_time()", "login"])
def test_a_question_of_a_runs_own_is_not_waited_for_without_end(
    faults: Faults, question: str
) -> None:
    """Which database it is, on which server, and, in a run that has begun, in which session."""
    (faults.folder / "0001_a.sql").write_text("-- schemamig: no-transaction\nSELECT 1;")
    faults.proxy.swallow_from = question.encode()
    with pytest.raises(ConnectionFailed, match=r"the server has not answered for 0\.8 s"):
        faults.runner().apply_pending()
    kinds = [type(event) for event in faults.events]
    assert kinds[-1:] == ([RunFinished] if RunStarted in kinds else [])


def cancel_when_swallowed(faults: Faults, cancel: Callable[[], None]) -> None:
    """Cancel as soon as a line has swallowed a message; a thread of its own does it."""

    def wait() -> None:
        deadline = time.monotonic() + 30
        while not any(line.swallowed for line in faults.proxy.lines):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        cancel()

    threading.Thread(target=wait).start()


@pytest.mark.parametrize("question", ["current_database()", "pg_postmaster_start_time()", "login"])
def test_a_silent_question_ends_soon_after_a_cancellation(
    faults: Faults, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    """It is no loss then: what has begun ends with its last event, as cancelled."""
    monkeypatch.setattr(patience, "PATIENCE", QUICK._replace(silence=60))
    (faults.folder / "0001_a.sql").write_text("-- schemamig: no-transaction\nSELECT 1;")
    faults.proxy.swallow_from = question.encode()
    runner = faults.runner()
    cancel_when_swallowed(faults, runner.cancel)
    if question != "login":
        with pytest.raises(Interrupted, match=r"has not answered (yet|for 0\.2 s)"):
            runner.apply_pending()
        assert not faults.events
        return
    finished = runner.apply_pending()
    assert faults.events[-1] == finished
    assert finished.cancelled
    assert finished.remaining == ("0001_a.sql",)
    assert finished.version == 0


def test_a_silent_rehearsal_ends_soon_after_a_cancellation(
    faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", QUICK._replace(silence=60))
    (faults.folder / "0001_a.sql").write_text("SELECT 1;")
    faults.proxy.swallow_from = b"pg_wal_lsn_diff"
    events: list[RehearsalEvent] = []
    connect = resolve(Settings(dsn=faults.proxy.conninfo)).connect
    rehearsal = Rehearsal(connect, faults.folder, "kb.schema_migrations", events.append)
    cancel_when_swallowed(faults, rehearsal.cancel)
    with pytest.raises(Interrupted, match=r"has not answered for 0\.2 s"):
        rehearsal.rehearse_pending()
    assert isinstance(events[-1], RehearsalFinished)
    assert events[-1].cancelled


def test_a_session_that_falls_silent_while_it_is_restored_is_not_waited_for(
    faults: Faults,
) -> None:
    sql = "SET work_mem = '8MB';\nVACUUM pg_am;\nSELECT 1 / 0;"
    (faults.folder / "0001_a.sql").write_text(sql)
    assert faults.runner(faults.database.conninfo).apply_pending().failed
    faults.proxy.swallow_from = b"8MB"
    with pytest.raises(ConnectionLost, match=r"has not answered for 0\.8 s"):
        faults.runner().apply_pending()


def test_a_file_that_could_not_be_told_as_failed_has_not_begun(faults: Faults) -> None:
    """It turned out unfit when the one before it had run, and the line fell silent then."""
    strings = f"ALTER DATABASE {faults.database.name} SET standard_conforming_strings = off;"
    (faults.folder / "0001_a.sql").write_text(strings)
    (faults.folder / "0002_b.sql").write_text("SELECT 'it\\'s fine', 'not closed;")

    def listen(event: Event) -> None:
        faults.events.append(event)
        if isinstance(event, FileApplied):
            faults.proxy.swallow_from = b"never closed"

    connect = resolve(Settings(dsn=faults.proxy.conninfo)).connect
    with pytest.raises(ConnectionLost, match=r"has not answered for 0\.8 s"):
        Runner(connect, faults.folder, "kb.schema_migrations", listen).apply_pending()
    kinds = [type(event) for event in faults.events]
    assert [kinds.count(kind) for kind in (FileStarted, FileFailed, RunFinished)] == [1, 0, 1]


def test_a_question_of_a_rehearsals_own_ends_it_as_it_has_begun(faults: Faults) -> None:
    (faults.folder / "0001_a.sql").write_text("SELECT 1;")
    faults.proxy.swallow_from = b"pg_wal_lsn_diff"
    events: list[RehearsalEvent] = []
    connect = resolve(Settings(dsn=faults.proxy.conninfo)).connect
    rehearsal = Rehearsal(connect, faults.folder, "kb.schema_migrations", events.append)
    with pytest.raises(ConnectionLost, match=r"the server has not answered for 0\.8 s"):
        rehearsal.rehearse_pending()
    assert [type(event) for event in events] == [RunStarted, RehearsalFinished]


def test_a_question_that_takes_long_is_waited_for_while_the_server_is_at_it(
    faults: Faults,
) -> None:
    with resolve(Settings(dsn=faults.proxy.conninfo)).connect() as conn:
        assert conn.execute("SELECT 1 FROM pg_sleep(2.0)").fetchone() == (1,)
