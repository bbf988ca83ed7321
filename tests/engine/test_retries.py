"""A file that does not get a lock in time is rolled back and tried again, as a whole."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileRetried,
    FileStarted,
    RunFinished,
    StatementFinished,
)
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.script.source import HELD
from schemamig_tui.errors import LockTimeout
from schemamig_tui.limits import Limits
from tests.engine.conftest import LEDGER, Workshop

ALTER = "INSERT INTO other VALUES (1); ALTER TABLE busy ADD y int;"
# The run's own connection is the one with the work lock, "smih".
END_RUN = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = x'736d6968'::int
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
MODES = {
    "transaction": ALTER,
    "own transaction": f"BEGIN; {ALTER} COMMIT;",
    "data behind COPY": "COPY other FROM stdin;\n1\n\\.\nALTER TABLE busy ADD y int;",
    "a file too big to be held": f"-- {'x' * 2 * HELD}\n{ALTER}",
    "no transaction": "VACUUM other; INSERT INTO other VALUES (1); ALTER TABLE busy ADD y int;",
    "a block without transaction": f"VACUUM other; BEGIN; {ALTER} COMMIT; VACUUM other;",
}


@pytest.fixture
def busy(shop: Workshop) -> Iterator[psycopg.Connection]:
    """A session that holds a lock on the table ``busy``; there is a table ``other``, too."""
    shop.ask("CREATE TABLE busy (x int); CREATE TABLE other (x int);")
    shop.lock_timeout = "50ms"
    with shop.database.connect() as conn:
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE busy IN ACCESS SHARE MODE")
        yield conn
        conn.rollback()


def apply(
    shop: Workshop,
    retries: int,
    on: Callable[[Event, Runner], None],
    *,
    blocking: float | None = None,
) -> RunFinished:
    """Apply everything, with ``on`` called with each event on the thread of the run."""

    def listen(event: Event) -> None:
        shop.events.append(event)
        on(event, runner)

    shop.events.clear()
    limits = Limits(retries=retries, blocking=blocking)
    runner = Runner(shop.connect, shop.folder, LEDGER, listen, limits=limits)
    return runner.apply_pending()


def nothing(event: Event, runner: Runner) -> None:
    """Do not react."""


@pytest.mark.parametrize("sql", MODES.values(), ids=list(MODES))
def test_a_retry_succeeds_when_the_blocker_has_let_go(
    shop: Workshop, busy: psycopg.Connection, sql: str
) -> None:
    def let_go(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            assert "0002_alter.sql" not in shop.rows or sql.startswith("VACUUM")
            busy.rollback()

    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_alter.sql", sql)
    shop.write("0003_c.sql", "CREATE TABLE c ();")
    finished = apply(shop, 3, let_go)
    assert finished.applied == ("0001_a.sql", "0002_alter.sql", "0003_c.sql")
    (retried,) = shop.events_of(FileRetried)
    assert (retried.name, retried.retry, retried.retries) == ("0002_alter.sql", 1, 3)
    assert retried.failure.sqlstate == "55P03"
    assert retried.failure.place
    assert 250 <= retried.pause_ms <= 500
    assert [e.number for e in shop.events_of(FileStarted)] == [1, 2, 2, 3]
    assert shop.ask("SELECT x FROM other") == [1]
    assert all(row.success for row in shop.rows.values())


def test_a_retry_sees_nothing_of_the_try_that_was_rolled_back(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    def let_go(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            busy.rollback()

    shop.ask("CREATE TABLE tries (was text)")
    shop.write(
        "0001_alter.sql",
        "INSERT INTO tries SELECT current_setting('app.x', true); SET app.x = 1;"
        " CREATE TEMP TABLE t AS SELECT 1; PREPARE p AS SELECT 1; ALTER TABLE busy ADD y int;",
    )
    shop.write("0002_b.sql", "SET temp_buffers = '64MB';")
    assert apply(shop, 3, let_go).failed is None
    assert len(shop.events_of(FileRetried)) == 1
    assert shop.ask("SELECT was FROM tries") == [None]


def test_when_the_retries_are_used_up_the_failure_says_how_often_it_was_tried(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_alter.sql", ALTER)
    finished = apply(shop, 2, nothing)
    assert finished.applied == ("0001_a.sql",)
    assert not finished.cancelled
    assert [e.retry for e in shop.events_of(FileRetried)] == [1, 2]
    assert shop.failure.failure.message == (
        "canceling statement due to lock timeout (tried 3 times)"
    )
    assert "55P03: canceling statement due to lock timeout (tried 3 times)" in str(
        shop.rows["0002_alter.sql"].error_message
    )
    assert shop.rows["0001_a.sql"].success
    assert shop.ask("SELECT count(*) FROM other") == [0]


def test_without_retries_a_lock_timeout_is_a_failure_at_once(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    failed = shop.fails("0001_alter.sql", ALTER)
    assert failed.failure.message == "canceling statement due to lock timeout"
    assert not shop.events_of(FileRetried)


def test_all_that_a_try_holds_is_given_up_before_the_next(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    def use(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            shop.ask("BEGIN; LOCK TABLE other NOWAIT; COMMIT")
            assert shop.ask("SELECT pg_try_advisory_lock(7)") == [True]
            busy.rollback()

    shop.write(
        "0001_alter.sql",
        "SET search_path = public; BEGIN; SELECT pg_advisory_lock(7); PREPARE q AS SELECT 1;"
        f"CREATE TEMP TABLE t (x int); {ALTER} COMMIT;",
    )
    assert apply(shop, 1, use).failed is None
    assert len(shop.events_of(FileRetried)) == 1


def test_the_first_file_of_all_creates_the_ledger_in_its_second_try(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    def let_go(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            assert shop.ask("SELECT to_regclass('kb.schema_migrations')::text") == [None]
            busy.rollback()

    shop.write("0001_alter.sql", ALTER)
    assert apply(shop, 1, let_go).failed is None
    assert list(shop.rows) == ["0001_alter.sql"]


def test_nowait_in_a_file_is_tried_again_too(shop: Workshop, busy: psycopg.Connection) -> None:
    def let_go(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            busy.rollback()

    shop.lock_timeout = None
    shop.write("0001_lock.sql", "LOCK TABLE busy NOWAIT; SELECT 1;")
    assert apply(shop, 1, let_go).failed is None
    assert len(shop.events_of(FileRetried)) == 1


def test_a_ledger_that_is_locked_is_waited_for_like_any_table(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    busy.execute("LOCK TABLE kb.schema_migrations IN SHARE MODE")

    def let_go(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            busy.rollback()

    shop.write("0002_b.sql", "CREATE TABLE b ();")
    assert apply(shop, 1, let_go).failed is None
    assert "ledger" in shop.events_of(FileRetried)[0].failure.message
    assert len(shop.events_of(FileApplied)) == 1


def test_a_ledger_that_cannot_even_be_read_ends_the_run_before_it_begins(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    busy.execute("LOCK TABLE kb.schema_migrations")
    with pytest.raises(LockTimeout, match="ledger could not be read: canceling statement"):
        shop.apply()


def test_each_try_and_the_failure_tell_who_had_the_lock(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    shop.lock_timeout = "500ms"
    shop.write("0001_alter.sql", ALTER)
    assert shop.apply(limits=Limits(lock=0.5, retries=1)).failed
    (retried,) = shop.events_of(FileRetried)
    assert retried.blocked
    assert [session.pid for session in retried.blocked.by] == [busy.info.backend_pid]
    assert retried.blocked.on == "table public.busy"
    detail = str(shop.failure.failure.detail)
    assert "table public.busy" in detail
    assert f"pid {busy.info.backend_pid}" in detail


def test_a_statement_that_gives_way_to_others_fails_its_file_and_is_no_cancellation(
    shop: Workshop,
) -> None:
    shop.ask("CREATE TABLE other (x int)")
    readers: list[threading.Thread] = []

    def read(event: Event, runner: Runner) -> None:
        if isinstance(event, StatementFinished):
            readers.append(threading.Thread(target=shop.ask, args=("SELECT x FROM other",)))
            readers[-1].start()

    shop.write("0001_alter.sql", "ALTER TABLE other ADD y int;\nSELECT pg_sleep(60);")
    finished = apply(shop, 5, read, blocking=0.2)
    for reader in readers:
        reader.join()
    assert (finished.failed, finished.cancelled) == ("0001_alter.sql", False)
    failure = shop.failure.failure
    assert failure.sqlstate == "57014"
    assert failure.message.startswith("cancelled because 1 session had waited behind it 0.")
    assert failure.place
    assert failure.place.line == 2
    assert "(--max-blocking)" in str(shop.rows["0001_alter.sql"].error_message)


def test_a_cancellation_in_the_pause_between_two_tries_ends_the_run(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    def cancel(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            runner.cancel()

    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_alter.sql", ALTER)
    shop.write("0003_c.sql", "CREATE TABLE c ();")
    finished = apply(shop, 9, cancel)
    assert finished.cancelled
    assert (finished.applied, finished.failed) == (("0001_a.sql",), "0002_alter.sql")
    assert finished.remaining == ("0003_c.sql",)
    assert len(shop.events_of(FileStarted)) == 2
    assert shop.failure.failure.sqlstate == "57014"
    assert "cancelled by the user" in str(shop.rows["0002_alter.sql"].error_message)
    assert "lock timeout" in str(shop.rows["0002_alter.sql"].error_message)


def test_a_connection_lost_in_the_pause_between_two_tries_is_the_failure_of_the_file(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    def end(event: Event, runner: Runner) -> None:
        if isinstance(event, FileRetried):
            shop.ask(END_RUN)

    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_alter.sql", ALTER)
    finished = apply(shop, 9, end)
    assert (finished.applied, finished.failed) == (("0001_a.sql",), "0002_alter.sql")
    assert shop.failure.recorded
    assert shop.failure.failure.message.startswith("the connection was lost")


def test_a_cancellation_while_waiting_for_a_lock_ends_the_run(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    shop.lock_timeout = "1h"
    shop.write("0001_alter.sql", ALTER)
    runner = shop.runner(limits=Limits(retries=9))
    thread = threading.Thread(target=runner.apply_pending, daemon=True)
    thread.start()
    wait_until(shop, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    runner.cancel()
    thread.join()
    assert shop.events_of(RunFinished)[0].cancelled
    assert shop.failure.failure.sqlstate == "57014"
    assert not shop.events_of(FileRetried)


def test_a_deadlock_is_told_with_who_was_in_it_and_tried_again(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    run = into_a_deadlock(shop, busy, "50ms", shop.runner(limits=Limits(retries=9)).apply_pending)
    busy.rollback()
    run.join(30)
    (retried,) = shop.events_of(FileRetried)
    assert retried.failure.sqlstate == "40P01"
    assert retried.failure.place
    assert f"process {busy.info.backend_pid}" in str(retried.failure.detail).lower()
    assert shop.events_of(RunFinished)[0].applied == ("0001_alter.sql",)
    assert shop.ask("SELECT x FROM other") == [1]


def test_a_deadlock_that_ends_a_run_names_the_table_and_the_session_that_were_in_the_way(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    into_a_deadlock(shop, busy, "50ms", shop.runner(limits=Limits()).apply_pending).join(30)
    busy.rollback()
    failure = shop.failure.failure
    assert failure.sqlstate == "40P01"
    assert "busy" in str(failure.detail)
    assert f"pid {busy.info.backend_pid}" in str(failure.detail)
    assert shop.ask("SELECT x FROM other") == []


def test_who_was_in_the_way_is_known_also_behind_a_wait_too_short_to_be_seen(
    shop: Workshop, busy: psycopg.Connection
) -> None:
    shop.lock_timeout = None
    busy.execute("CREATE SCHEMA apart; CREATE TABLE apart.busy (x int); LOCK apart.busy")
    shop.write("0001_alter.sql", "SET lock_timeout = '1ms';\nALTER TABLE public.busy ADD y int;")
    with shop.database.connect() as reader, reader.transaction():
        reader.execute("LOCK TABLE busy IN ACCESS SHARE MODE")
        shop.apply(limits=Limits(retries=1))
        pids = {busy.info.backend_pid, reader.info.backend_pid}
    (retried,) = shop.events_of(FileRetried)
    seen = retried.blocked
    assert seen
    assert (seen.lock, seen.on) == ("AccessExclusiveLock", "table public.busy")
    assert {other.pid for other in seen.by} == pids
    assert "It waited for AccessExclusiveLock on table public.busy, behind:" in str(
        shop.failure.failure.detail
    )


def into_a_deadlock(
    shop: Workshop, busy: psycopg.Connection, timeout: str, run: Callable[[], object]
) -> threading.Thread:
    """Have ``run`` find after ``timeout`` that its file and ``busy`` wait for each other.

    Then the one has its lock, and the other one goes on in this thread.
    """
    shop.lock_timeout = None
    # A session looks for a deadlock once, when it has waited for a while. It has to be the run that
    # waits last, or nobody would find it.
    shop.write(
        "0001_alter.sql",
        f"SET deadlock_timeout = '{timeout}'; INSERT INTO other VALUES (1);"
        " SELECT pg_advisory_xact_lock(7);\nALTER TABLE busy ADD y int;",
    )
    busy.execute("SET deadlock_timeout = '1h'")
    running = threading.Thread(target=run, daemon=True)
    locking = threading.Thread(target=busy.execute, args=["LOCK TABLE other"], daemon=True)
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = '{}')"
    with shop.database.connect() as gate:
        gate.execute("SELECT pg_advisory_lock(7)")
        running.start()
        wait_until(shop, waits.format("advisory"))
        locking.start()
        wait_until(shop, waits.format("relation"))
    locking.join(30)  # goes on when the run has given up
    return running


def wait_until(shop: Workshop, query: str) -> None:
    """Return when the query's answer is true."""
    deadline = time.monotonic() + 30
    with shop.database.connect() as conn:
        while conn.execute(query.encode()).fetchone() != (True,):
            assert time.monotonic() < deadline, shop.events
