"""A run tells what the server does with its statements, what they wait for, and who for them."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from schemamig_tui.engine.events import (
    BlockedSeen,
    Event,
    NoticeReceived,
    ProgressSeen,
    RunFinished,
    StatementFinished,
    VictimsSeen,
)
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.watch.blockers import blocked
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.errors import ConnectionLost
from schemamig_tui.limits import Limits
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.crowd import Crowd, crowded

HOLD = "LOCK TABLE t;\nSELECT pg_sleep(60);"
# Our own second connection is the one with the run lock, "smig".
END_WATCH = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = x'736d6967'::int"""


@pytest.fixture
def crowd(database: Database) -> Iterator[Crowd]:
    with crowded(database) as crowd:
        crowd.watch.execute("CREATE TABLE t (i int)")
        yield crowd


def apply(
    shop: Workshop, on: Callable[[Event, Runner], None], limits: Limits | None = None
) -> RunFinished:
    """Apply everything, with ``on`` called with each event; given up after 30 seconds."""
    one_at_a_time = threading.Lock()

    def listen(event: Event) -> None:
        assert one_at_a_time.acquire(blocking=False)
        try:
            shop.events.append(event)
            on(event, runner)
        finally:
            one_at_a_time.release()

    shop.events.clear()
    runner = Runner(shop.connect, shop.folder, LEDGER, listen, limits=limits or Limits())
    late = threading.Timer(30, runner.cancel)
    late.start()
    try:
        return runner.apply_pending()
    finally:
        late.cancel()


def test_a_statement_that_waits_for_a_lock_is_shown_until_it_has_it(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.write("0001_a.sql", "SELECT 1;\nALTER TABLE t ADD x int;")
    reader = crowd.join("BEGIN", "SELECT * FROM t")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, BlockedSeen) and event.blocked:
            reader.execute("COMMIT")

    assert apply(shop, on).applied == ("0001_a.sql",)
    first, last = shop.events_of(BlockedSeen)
    assert (first.name, first.statement, first.line) == ("0001_a.sql", 2, 2)
    assert first.blocked
    assert first.blocked.on == "table public.t"
    assert [blocker.pid for blocker in first.blocked.by] == [reader.info.backend_pid]
    assert (last.statement, last.line, last.blocked) == (2, 2, None)
    altered = shop.events_of(StatementFinished)[1]
    assert shop.events.index(last) < shop.events.index(altered)


def test_a_wait_with_our_own_work_belongs_to_no_statement(shop: Workshop, crowd: Crowd) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.write("0002_b.sql", "SELECT 2;")
    reader = crowd.join("BEGIN", f"LOCK TABLE {LEDGER} IN SHARE MODE")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, BlockedSeen) and event.blocked:
            reader.execute("COMMIT")

    assert apply(shop, on).applied == ("0002_b.sql",)
    seen = shop.events_of(BlockedSeen)[0]
    assert (seen.name, seen.statement, seen.line) == ("0002_b.sql", None, None)
    assert seen.blocked
    assert seen.blocked.on == f"table {LEDGER}"


def test_a_concurrent_index_shows_its_phase_and_whom_it_waits_for(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.write("0001_a.sql", "CREATE INDEX CONCURRENTLY ON t (i);")
    writer = crowd.join("BEGIN", "INSERT INTO t VALUES (1)")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, BlockedSeen) and event.blocked:
            writer.execute("COMMIT")

    assert apply(shop, on).applied == ("0001_a.sql",)
    seen = shop.events_of(ProgressSeen)[0]
    assert (seen.name, seen.statement, seen.line) == ("0001_a.sql", 1, 1)
    assert seen.progress.phase == "waiting for writers before build"
    assert [other.pid for other in seen.progress.waits_for] == [writer.info.backend_pid]


def test_who_waits_behind_a_statement_is_shown_until_it_does_no_more(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.write("0001_a.sql", HOLD)
    victim = 0

    def on(event: Event, runner: Runner) -> None:
        nonlocal victim
        if isinstance(event, StatementFinished):
            victim = crowd.waits("SELECT * FROM t")
        elif isinstance(event, VictimsSeen) and event.victims:
            crowd.watch.execute("SELECT pg_cancel_backend(%s)", (victim,))
        elif isinstance(event, VictimsSeen):
            runner.cancel()

    assert apply(shop, on).cancelled
    first, last = shop.events_of(VictimsSeen)
    assert (first.name, first.statement, first.line) == ("0001_a.sql", 2, 2)
    assert first.victims
    assert [session.pid for session in first.victims.sessions] == [victim]
    assert last.victims is None


@pytest.mark.parametrize(
    "sql",
    [
        HOLD,
        # No step lasts; what keeps the others waiting is the transaction.
        "LOCK TABLE t;\n" + "SELECT pg_sleep(0.02);\n" * 2000,
    ],
)
def test_a_statement_gives_way_and_nobody_else(shop: Workshop, crowd: Crowd, sql: str) -> None:
    shop.write("0001_a.sql", sql)
    bystander = crowd.join()

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, StatementFinished) and event.statement == 1:
            crowd.begins(bystander, "SELECT pg_sleep(60)")
            crowd.waits("SELECT * FROM t")

    finished = apply(shop, on, Limits(blocking=0.3))
    assert (finished.failed, finished.cancelled) == ("0001_a.sql", False)
    assert shop.failure.failure.sqlstate == "57014"
    query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
    (state,) = crowd.watch.execute(query, (bystander.info.backend_pid,)).fetchall()
    assert state == ("active",)


def test_a_wait_that_is_short_enough_cancels_nothing(shop: Workshop, crowd: Crowd) -> None:
    shop.write("0001_a.sql", "LOCK TABLE t;\nSELECT pg_sleep(1);")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, StatementFinished) and event.statement == 1:
            crowd.waits("SELECT * FROM t")

    assert apply(shop, on, Limits(blocking=60)).applied == ("0001_a.sql",)
    assert shop.events_of(VictimsSeen)


def test_a_run_whose_second_connection_is_lost_goes_on(
    shop: Workshop, crowd: Crowd, capfd: pytest.CaptureFixture[str]
) -> None:
    sql = "DO $$BEGIN RAISE NOTICE 'now'; PERFORM pg_sleep(1); END$$; SELECT 2;"
    shop.write("0001_a.sql", sql)

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, NoticeReceived):
            crowd.watch.execute(END_WATCH)

    assert apply(shop, on).applied == ("0001_a.sql",)
    assert capfd.readouterr() == ("", "")


def test_a_new_second_connection_sees_to_it_that_a_statement_gives_way(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.write("0001_a.sql", HOLD)

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, StatementFinished):
            crowd.watch.execute(END_WATCH)
            crowd.waits("SELECT * FROM t")

    assert apply(shop, on, Limits(blocking=0.3)).failed == "0001_a.sql"
    assert shop.failure.failure.gave_way


def test_a_statement_that_was_spared_does_not_speak_for_the_next_one(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.write(
        "0001_a.sql",
        "DO $$BEGIN LOCK TABLE t; RAISE NOTICE 'has it'; PERFORM pg_sleep(60);"
        " EXCEPTION WHEN query_canceled THEN END$$; LOCK TABLE u;",
    )
    crowd.join("CREATE TABLE u ()", "BEGIN", "LOCK TABLE u")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, NoticeReceived):
            crowd.waits("SELECT * FROM t")
        elif isinstance(event, BlockedSeen):
            crowd.watch.execute("SELECT pg_cancel_backend(pid) FROM pg_locks WHERE NOT granted")

    assert apply(shop, on, Limits(blocking=0.3)).failed == "0001_a.sql"
    failure = shop.failure.failure
    assert failure.statement == 2
    assert failure.message == "canceling statement due to user request"
    assert not failure.gave_way


def test_a_wait_that_ends_in_a_failure_is_not_said_to_go_on(shop: Workshop, crowd: Crowd) -> None:
    shop.write("0001_a.sql", "ALTER TABLE t ADD x int;")
    crowd.join("BEGIN", "SELECT * FROM t")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, BlockedSeen):
            crowd.watch.execute("SELECT pg_cancel_backend(pid) FROM pg_locks WHERE NOT granted")

    assert apply(shop, on).failed == "0001_a.sql"
    assert [seen.blocked is None for seen in shop.events_of(BlockedSeen)] == [False]


def test_a_run_that_loses_its_own_connection_is_no_longer_observed(
    shop: Workshop, crowd: Crowd, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.write("0001_a.sql", "DO $$BEGIN RAISE NOTICE 'now'; PERFORM pg_sleep(60); END$$;")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO%'"

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, NoticeReceived):
            threading.Timer(1, lambda: crowd.watch.execute(end)).start()

    assert apply(shop, on, Limits(blocking=10)).failed == "0001_a.sql"
    assert capfd.readouterr() == ("", "")


def test_what_a_listener_raises_in_the_observers_thread_ends_the_run(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.write("0001_a.sql", "ALTER TABLE t ADD x int;")
    reader = crowd.join("BEGIN", "SELECT * FROM t")

    def on(event: Event, _: Runner) -> None:
        if isinstance(event, BlockedSeen) and event.blocked:
            reader.execute("COMMIT")
            raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"):
        apply(shop, on)


def test_a_second_connection_to_another_server_is_none(crowd: Crowd) -> None:
    """There another process has the number of ours, and would be cancelled in its place."""
    first = replace(Backend.of(crowd.join()), server=1.0)
    with pytest.raises(ConnectionLost, match="leads to another server"):
        Watch(crowd.database.connect, first)


def test_neither_a_cancellation_nor_the_end_waits_for_a_question_that_hangs(crowd: Crowd) -> None:
    def hang(conn: psycopg.Connection) -> None:
        asked.set()
        with contextlib.suppress(psycopg.Error):
            conn.execute("SELECT pg_sleep(60)")

    asked = threading.Event()
    first = Backend.of(crowd.join())
    with Watch(crowd.database.connect, first) as watch:
        thread = threading.Thread(target=lambda: watch.ask(hang))
        thread.start()
        asked.wait()
        conn = crowd.join()
        backend = Backend.of(conn)
        threading.Timer(0.1, lambda: watch.cancel(backend)).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("SELECT pg_sleep(60)")
    assert thread.is_alive()
    crowd.watch.execute("SELECT pg_cancel_backend(%s)", (watch.conn.info.backend_pid,))
    thread.join()
    assert watch.conn.closed
    with pytest.raises(psycopg.OperationalError):
        watch.ask(blocked, 0)
