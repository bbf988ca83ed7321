"""A rehearsal that fails says why as a run would, and leaves nothing behind."""

import threading
import time

import pytest

from schemamig_tui.engine.events import (
    BlockedSeen,
    FileStarted,
    LockAwaited,
    NoticeReceived,
    StatementFinished,
)
from schemamig_tui.errors import FilesError, Interrupted, LockTimeout
from schemamig_tui.limits import Limits, RehearsalLimits
from schemamig_tui.rehearsal.events import FileLeftOut, FileRehearsed, RehearsalEvent
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from tests.engine.conftest import LEDGER
from tests.rehearsal.conftest import Rehearsals

SLOW = "DO $$BEGIN RAISE NOTICE 'slow'; PERFORM pg_sleep(60); END$$;"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;\n  SELECT missing FROM pg_class;",
        "SELECT 1;\nDO $$\nBEGIN\n  RAISE EXCEPTION 'no' USING HINT = 'try';\nEND$$;",
        "CREATE TABLE t (x int);\nCOPY t FROM stdin;\n1\nx\n\\.\n",
        "BEGIN;\nCREATE TABLE t (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO t VALUES (1), (1);\nCOMMIT;",
        "BEGIN; VACUUM; COMMIT;",
        "BEGIN; CREATE TABLE t (); SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT;",
    ],
)
def test_a_failure_is_explained_as_in_a_run(shop: Rehearsals, sql: str) -> None:
    before = shop.inventory()
    finished = shop.tries("CREATE TABLE first ();", sql, "SELECT 1;")
    assert (finished.rehearsed, finished.failed) == (("1.sql",), "2.sql")
    assert finished.remaining == ("3.sql",)
    assert not finished.cancelled
    rehearsed = shop.failure
    assert (rehearsed.recorded, rehearsed.unrecorded) == (False, None)
    assert shop.inventory() == before
    shop.apply()
    assert shop.failure.failure == rehearsed.failure


def test_what_came_before_a_failed_statement_is_told(shop: Rehearsals) -> None:
    shop.tries("SELECT 1; SELECT 2; SELECT 1/0; SELECT 3;")
    assert [event.statement for event in shop.events_of(StatementFinished)] == [1, 2]
    assert shop.failure.failure.statement == 3


def test_a_lock_that_somebody_holds_ends_a_rehearsal(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t (x int)")
    with shop.database.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK t IN ROW EXCLUSIVE MODE")
        # Long enough for a busy machine to look at the wait before it ends.
        finished = shop.tries("SELECT 1;\nALTER TABLE t ADD y int;", limits=Limits(lock=2))
    assert finished.failed == "1.sql"
    failure = shop.failure.failure
    assert failure.sqlstate == "55P03"
    assert failure.place
    assert failure.place.line == 2
    assert "--lock-timeout" in str(failure.hint)
    assert "RowExclusiveLock" not in str(failure.detail)
    assert "AccessExclusiveLock on table public.t" in str(failure.detail)
    assert [seen.blocked is None for seen in shop.events_of(BlockedSeen)] == [False]


def test_a_statement_has_a_limit(shop: Rehearsals) -> None:
    shop.tries("SELECT pg_sleep(0.1);", "SELECT pg_sleep(600);", statement_timeout=0.3)
    assert shop.failure.name == "2.sql"
    assert shop.failure.failure.sqlstate == "57014"
    assert "--statement-timeout" in str(shop.failure.failure.hint)


@pytest.mark.parametrize(
    "sql",
    [
        "SET lock_timeout = '50ms'; ALTER TABLE t ADD y int;",
        "LOCK t NOWAIT;",
        "SET statement_timeout = '50ms'; SELECT pg_sleep(9);",
        "SET lock_timeout = 0; SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(9);",
    ],
)
def test_a_limit_that_is_not_the_rehearsals_is_not_taken_for_it(shop: Rehearsals, sql: str) -> None:
    shop.ask("CREATE TABLE t (x int)")
    with shop.database.connect() as blocker, blocker.transaction():
        blocker.execute("SELECT FROM t")
        shop.tries(sql)
    assert "rehearsal" not in str(shop.failure.failure.hint)


def cancelling(shop: Rehearsals, kind: type) -> Rehearsal:
    """A rehearsal that is cancelled, from another thread, at the first event of a kind."""

    def listen(event: RehearsalEvent) -> None:
        shop.events.append(event)  # type: ignore[arg-type]  # events of a rehearsal among them
        if isinstance(event, kind):
            threading.Timer(0.02, rehearsal.cancel).start()

    rehearsal = Rehearsal(shop.connect, shop.folder, LEDGER, listen)
    return rehearsal


@pytest.mark.parametrize("kind", [FileStarted, NoticeReceived, StatementFinished])
def test_a_cancelled_rehearsal_leaves_nothing_behind(shop: Rehearsals, kind: type) -> None:
    shop.ask("CREATE TABLE t (x int); INSERT INTO t VALUES (1)")
    before = shop.inventory()
    shop.write("1.sql", f"ALTER TABLE t ALTER x TYPE text; CREATE TABLE u (); {SLOW}")
    shop.write("2.sql", "SELECT 1;")
    finished = cancelling(shop, kind).rehearse_pending()
    assert finished.cancelled
    assert (finished.failed, finished.remaining) == ("1.sql", ("2.sql",))
    assert shop.failure.failure.sqlstate == "57014"
    assert shop.inventory() == before


@pytest.mark.parametrize("kind", [FileStarted, StatementFinished, FileLeftOut, FileRehearsed])
@pytest.mark.parametrize("which", [0, 1])
def test_a_cancelled_rehearsal_accounts_for_every_file_once(
    shop: Rehearsals, kind: type, which: int
) -> None:
    shop.ask("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
    call = "-- schemamig: no-transaction\nCALL p();"
    names = [f"{number}.sql" for number in range(6)]
    for name, sql in zip(names, ["SELECT 1;", call, "VACUUM;"] * 2, strict=True):
        shop.write(name, sql)
    events = []

    def listen(event: RehearsalEvent) -> None:
        events.extend([event] if isinstance(event, kind) else [])
        if len(events) == which + 1:
            rehearsal.cancel()

    rehearsal = Rehearsal(shop.connect, shop.folder, LEDGER, listen)
    finished = rehearsal.rehearse_pending()
    failed = [finished.failed] if finished.failed else []
    met = [*finished.rehearsed, *finished.left_out, *failed, *finished.remaining]
    assert sorted(met) == names
    assert finished.cancelled


def test_a_rehearsal_waits_for_another_run_as_long_as_it_may(shop: Rehearsals) -> None:
    shop.write("1.sql", SLOW)
    first = shop.rehearsal()
    thread = threading.Thread(target=first.rehearse_pending)
    thread.start()
    while not shop.events_of(NoticeReceived):
        time.sleep(0.01)
    with pytest.raises(LockTimeout):
        shop.rehearse(limits=Limits(run_lock=0.1))
    with pytest.raises(Interrupted):
        cancelling(shop, LockAwaited).rehearse_pending()
    first.cancel()
    thread.join()


def test_a_killed_session_ends_the_rehearsal_with_its_reason(shop: Rehearsals) -> None:
    before = shop.inventory()
    shop.write("1.sql", "CREATE TABLE t (); SELECT pg_terminate_backend(pg_backend_pid());")
    finished = shop.rehearse()
    assert finished.failed == "1.sql"
    assert shop.failure.failure.sqlstate == "57P01"
    assert shop.inventory() == before


def test_a_table_that_somebody_holds_exclusively_keeps_the_schema_from_being_read(
    shop: Rehearsals,
) -> None:
    shop.ask("CREATE TABLE t (x int); CREATE VIEW v AS SELECT * FROM t")
    shop.write("1.sql", "SELECT 1;")
    with shop.database.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK t")
        with pytest.raises(LockTimeout):
            shop.rehearse(limits=Limits(lock=0.2))


def test_a_schema_that_cannot_be_read_behind_a_file_is_its_failure(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t (x int); CREATE VIEW v AS SELECT * FROM t")
    shop.write("1.sql", "COMMENT ON VIEW v IS 'read again';")
    with shop.database.connect() as blocker, blocker.transaction():

        def listen(event: RehearsalEvent) -> None:
            if isinstance(event, StatementFinished):
                blocker.execute("LOCK t")

        limits = RehearsalLimits(Limits(lock=0.2))
        finished = Rehearsal(
            shop.connect, shop.folder, LEDGER, listen, limits=limits
        ).rehearse_pending()
    assert finished.failed == "1.sql"


def test_a_file_that_changes_meanwhile_is_its_own_failure(shop: Rehearsals) -> None:
    shop.write("1.sql", "SELECT 1;")
    path = shop.write("2.sql", "SELECT 2;\n" * 20_000)

    def listen(event: RehearsalEvent) -> None:
        shop.events.append(event)  # type: ignore[arg-type]  # see cancelling
        if isinstance(event, FileRehearsed):
            path.write_text("SELECT 3;\n" * 20_000)

    finished = Rehearsal(shop.connect, shop.folder, LEDGER, listen).rehearse_pending()
    assert (finished.rehearsed, finished.failed) == (("1.sql",), "2.sql")
    assert "changed" in shop.failure.failure.message


def test_files_that_cannot_be_run_are_told_before_anything_is(shop: Rehearsals) -> None:
    shop.write("0001_a.sql", "SELECT 1;")
    shop.write("0002_b.sql", "SELECT 'never closed;")
    with pytest.raises(FilesError):
        shop.rehearse()
    assert shop.events == []


def test_a_file_that_may_fail_at_what_another_has_left_in_the_session_says_so(
    shop: Rehearsals,
) -> None:
    shop.tries("SET app.x = 1;", "SELECT current_setting('app.x', true)::int;")
    assert shop.failure.name == "2.sql"
    assert "sees what 1.sql has left in the session" in (shop.failure.failure.hint or "")
    shop.tries("SET app.y = 1;", "SELECT current_setting('app.x')::int;")
    assert shop.failure.failure.hint is None


@pytest.mark.parametrize("sql", ["SELECT * FROM missing;", "SELEC 1;", "CREATE TABLE t ();"])
def test_the_session_is_not_blamed_for_what_only_the_catalog_tells(
    shop: Rehearsals, sql: str
) -> None:
    leaves = "CREATE TABLE t (); LOAD 'plpgsql';"
    shop.tries(leaves, "SELECT 1/0;")
    assert "sees what 1.sql has left in the session" in (shop.failure.failure.hint or "")
    shop.tries(leaves, sql)
    assert "session" not in (shop.failure.failure.hint or "")


def test_a_file_that_was_left_out_is_named_before_what_is_in_the_session(shop: Rehearsals) -> None:
    finished = shop.tries(
        "LOAD 'plpgsql'; CREATE TABLE t (x int);",
        "CREATE INDEX CONCURRENTLY i ON t (x);",
        "DROP INDEX i;",
    )
    assert finished.needs == "2.sql"
    assert shop.failure.failure.hint == "2.sql was left out of the rehearsal: this may build on it."
