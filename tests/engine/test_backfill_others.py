"""A backfill beside others: it waits for few, and nobody waits long for it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemamig_tui.engine.backfill import signals
from schemamig_tui.engine.batch_events import (
    BatchesGoOn,
    BatchesNoted,
    BatchesWaiting,
    BatchFinished,
    BatchRetried,
)
from schemamig_tui.engine.events import RunFinished
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.limits import Limits
from tests.engine.conftest import Workshop, limited_role
from tests.engine.crowd import Crowd, until

BACKFILL = """-- schemamig: backfill table=docs key=id batch=200 {more}
UPDATE docs SET n = n + 1{also} WHERE id BETWEEN :from AND :to;
"""


def backfill(more: str = "", also: str = "") -> str:
    """A file that counts up each row."""
    return BACKFILL.format(more=more, also=also)


@pytest.fixture
def crowd(shop: Workshop) -> Iterator[Crowd]:
    """A table of 1000 rows, and others who use it."""
    shop.ask(
        "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, o text);"
        "INSERT INTO docs SELECT g FROM generate_series(1, 1000) g"
    )
    crowd = Crowd(shop.database)
    yield crowd
    crowd.leave()


class Running:
    """An apply in a thread of its own."""

    def __init__(self, shop: Workshop, sql: str, **options: Any) -> None:
        shop.write("0001_a.sql", sql)
        self.runner: Runner = shop.runner(**options)
        self.finished: list[RunFinished] = []
        self._thread = threading.Thread(
            target=lambda: self.finished.append(self.runner.apply_pending()), daemon=True
        )
        self._thread.start()

    def end(self) -> RunFinished:
        """Wait for it."""
        self._thread.join(60)
        return self.finished[0]


def once(shop: Workshop) -> bool:
    """Whether each row was changed exactly once."""
    return shop.ask("SELECT DISTINCT n FROM docs") == [1]


def seen(shop: Workshop, kind: type[Any]) -> Callable[[], list[Any]]:
    """What to wait for: an event of a kind."""
    return lambda: shop.events_of(kind)


def test_rows_of_a_transaction_that_is_open_at_the_start_are_waited_for(
    shop: Workshop, crowd: Crowd
) -> None:
    other = crowd.join("SET application_name = 'importer'", "BEGIN", "INSERT INTO docs VALUES (0)")
    run = Running(shop, backfill())
    (waiting,) = until(seen(shop, BatchesWaiting))
    pid = other.info.backend_pid
    assert waiting.reasons == (
        f"1 transaction that had written to public.docs before: pid {pid}, importer",
    )
    other.execute("COMMIT")
    assert run.end().failed is None
    assert len(shop.events_of(BatchesGoOn)) == 1
    assert once(shop)
    assert shop.ask("SELECT count(*) FROM docs") == [1001]


def test_while_nobody_can_say_who_has_written_it_waits_as_well(
    shop: Workshop, crowd: Crowd
) -> None:
    writer = crowd.join("BEGIN", "INSERT INTO docs VALUES (0)")
    with limited_role(shop) as role:
        shop.ask(f"GRANT ALL ON docs TO {role}")
        shop.ask(f"GRANT CREATE ON DATABASE {shop.database.name} TO {role}")
        run = Running(shop, backfill())
        until(seen(shop, BatchesWaiting))
        shop.ask(f"ALTER ROLE {role} NOLOGIN")
        observer = f"usename = '{role}' AND query LIKE '%pg_locks%'"
        shop.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {observer}")
        until(lambda: len(shop.events_of(BatchesWaiting)) > 1)
        writer.execute("COMMIT")
        shop.ask(f"ALTER ROLE {role} LOGIN")
        assert run.end().failed is None
    assert "does not say now who has written" in shop.events_of(BatchesWaiting)[1].reasons[0]
    assert once(shop)
    assert shop.ask("SELECT count(*) FROM docs") == [1001]


def test_a_batch_that_gets_no_lock_is_halved_and_who_has_it_is_named(
    shop: Workshop, crowd: Crowd
) -> None:
    holder = crowd.join("BEGIN", "SELECT FROM docs WHERE id = 700 FOR UPDATE")
    run = Running(shop, backfill())
    retried = until(seen(shop, BatchRetried))
    assert retried[0].failure.sqlstate == "55P03"
    assert retried[0].size < 300
    until(lambda: len(shop.events_of(BatchRetried)) > 1)
    holder.execute("COMMIT")
    assert run.end().failed is None
    assert once(shop)
    sizes = [event.size for event in shop.events_of(BatchRetried)]
    assert min(sizes) >= 100
    named = [event.blocked for event in shop.events_of(BatchRetried) if event.blocked]
    assert "SELECT FROM docs WHERE id = 700" in named[0].by[0].query


def test_it_is_the_batch_that_gives_way_where_both_would_wait_for_each_other(
    shop: Workshop, crowd: Crowd
) -> None:
    run = Running(shop, backfill("target=50ms rows-per-second=1000"))
    until(seen(shop, BatchFinished))
    application = crowd.join("BEGIN", "UPDATE docs SET o = 'mine' WHERE id = 900")
    # It stands before row 900 and holds others of its batch: now we want one of those.
    until(
        lambda: crowd.watch.execute(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        ).fetchall()
    )
    first = crowd.watch.execute("SELECT max(id) + 1 FROM docs WHERE n = 1").fetchone()
    assert first is not None
    application.execute("UPDATE docs SET o = 'mine' WHERE id = %s", (first[0] or 1,))
    application.execute("COMMIT")
    assert run.end().failed is None
    assert {event.failure.sqlstate for event in shop.events_of(BatchRetried)} <= {"55P03"}
    assert shop.events_of(BatchRetried)
    assert once(shop)
    assert shop.ask("SELECT count(*) FROM docs WHERE o = 'mine'") == [2]


def test_a_batch_for_which_somebody_waits_too_long_is_cancelled_and_comes_smaller(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.ask(
        "CREATE FUNCTION slowly(int) RETURNS int LANGUAGE plpgsql AS"
        " 'BEGIN IF $1 <= 200 THEN PERFORM pg_sleep(0.02); END IF; RETURN 0; END'"
    )
    run = Running(shop, backfill(also=" + slowly(id)"), limits=Limits(blocking=1.0))
    at_later_rows = "wait_event = 'PgSleep' AND clock_timestamp() - query_start > '0.3 s'"
    until(lambda: shop.ask(f"SELECT pid FROM pg_stat_activity WHERE {at_later_rows}"))
    crowd.waits("UPDATE docs SET o = 'mine' WHERE id = 1")
    (retried, *_) = until(lambda: shop.events_of(BatchRetried))
    assert retried.failure.sqlstate == "57014"
    assert retried.size == 100
    assert run.end().failed is None
    assert once(shop)


def test_a_cancellation_by_somebody_else_is_meant(shop: Workshop, crowd: Crowd) -> None:
    run = Running(shop, backfill(also=" + (pg_sleep(1) IS NULL)::int"))
    until(lambda: shop.ask("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
    crowd.watch.execute(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    )
    assert run.end().failed == "0001_a.sql"
    assert shop.failure.failure.sqlstate == "57014"
    assert shop.events_of(BatchRetried) == []


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.touch, "is there (--pause-file)"),
        (
            lambda file: file.symlink_to(file),
            "may be there (--pause-file): This cannot be read: Too many levels of symbolic links",
        ),
    ],
    ids=["there", "loop"],
)
def test_while_a_file_is_there_batches_wait(
    make: Callable[[Path], None], why: str, shop: Workshop, crowd: Crowd, tmp_path: Path
) -> None:
    file = tmp_path / "pause"
    make(file)
    run = Running(shop, backfill(), limits=Limits(pause_file=file))
    (waiting,) = until(seen(shop, BatchesWaiting))
    assert waiting.reasons == (f"the file {file} {why}",)
    file.unlink()
    assert run.end().failed is None
    assert once(shop)


def test_a_person_may_pause_it_and_change_its_target(shop: Workshop, crowd: Crowd) -> None:
    shop.write("0001_a.sql", backfill("rows-per-second=1000"))
    runner = shop.runner()
    runner.batch_control.pause()
    run = threading.Thread(target=runner.apply_pending)
    run.start()
    (waiting,) = until(seen(shop, BatchesWaiting))
    assert waiting.reasons == ("paused by the user",)
    runner.batch_control.take_longer()
    assert runner.batch_control.factor == pytest.approx(1.5)
    runner.batch_control.pause(False)
    run.join()
    assert once(shop)


def test_a_wait_ends_with_a_cancellation(shop: Workshop, crowd: Crowd) -> None:
    shop.write("0001_a.sql", backfill())
    runner = shop.runner()
    runner.batch_control.pause()
    run = threading.Thread(target=runner.apply_pending)
    run.start()
    until(seen(shop, BatchesWaiting))
    runner.cancel()
    run.join()
    assert shop.ask("SELECT DISTINCT n FROM docs") == [0]
    assert shop.failure.recorded


def test_an_old_snapshot_that_keeps_dead_rows_is_told_once(
    shop: Workshop, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "_OLD_S", 0.0)
    crowd.join("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
    shop.applies("0001_a.sql", backfill())
    (noted,) = shop.events_of(BatchesNoted)
    assert "has had a snapshot for" in noted.message


def test_that_a_role_may_not_see_the_snapshots_of_others_is_told_once(
    shop: Workshop, crowd: Crowd
) -> None:
    crowd.join("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
    with limited_role(shop) as role:
        shop.ask(
            f"GRANT ALL ON docs TO {role}; GRANT CREATE ON DATABASE {shop.database.name} TO {role}"
        )
        shop.applies("0001_a.sql", backfill("rows-per-second=700"))
        (noted,) = shop.events_of(BatchesNoted)
    assert "may not see how old the snapshots of others are" in noted.message


def test_a_vacuum_comes_after_each_share_of_the_rows(shop: Workshop, crowd: Crowd) -> None:
    shop.ask("ANALYZE docs; CREATE TABLE seen (n int)")
    shop.applies("0001_a.sql", backfill("vacuum=20%").replace("batch=200", "batch=100"))
    query = "SELECT vacuum_count >= 4 FROM pg_stat_user_tables WHERE relname = 'docs'"
    until(lambda: shop.ask(query) == [True])
    assert once(shop)


def test_questions_are_read_committed_whatever_the_database_has(
    shop: Workshop, crowd: Crowd
) -> None:
    """Behind a VACUUM they were not, and a read-only one that is deferrable waits for others."""
    database = f"ALTER DATABASE {shop.database.name} SET default_transaction_"
    shop.ask(f"{database}isolation = 'serializable'; {database}deferrable = on")
    check = "check=(SELECT FROM docs WHERE n = 0)"
    crowd.join("BEGIN; CREATE TABLE others ()")
    shop.ask("ANALYZE docs")
    shop.applies("0001_a.sql", backfill(f"vacuum=20% {check}"))
    assert once(shop)


def test_settings_of_the_directive_hold_in_each_batch_alone(shop: Workshop, crowd: Crowd) -> None:
    more = "set=(random_page_cost=1.7, app.x='a, b')"
    asked = " + (current_setting('random_page_cost') <> '1.7')::int"
    sql = backfill(more, asked) + "UPDATE docs SET o = current_setting('random_page_cost');"
    shop.applies("0001_a.sql", sql)
    assert once(shop)
    assert shop.ask("SELECT DISTINCT o FROM docs") == ["4"]


def test_deferred_constraints_are_checked_in_each_batch(shop: Workshop, crowd: Crowd) -> None:
    shop.ask(
        "CREATE TABLE others (id int PRIMARY KEY); INSERT INTO others VALUES (0);"
        "ALTER TABLE docs ADD FOREIGN KEY (n) REFERENCES others DEFERRABLE INITIALLY DEFERRED"
    )
    failed = shop.fails("0001_a.sql", backfill())
    assert failed.failure.sqlstate == "23503"
    assert shop.ask("SELECT DISTINCT n FROM docs") == [0]
    shop.ask("INSERT INTO others VALUES (1)")
    assert shop.apply().failed is None
    assert once(shop)


def test_deferred_triggers_find_what_the_file_has_in_its_search_path(
    shop: Workshop, crowd: Crowd
) -> None:
    shop.ask(
        "CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM n FROM docs; RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON docs DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION count_up()"
    )
    shop.applies("0001_a.sql", backfill())
    assert once(shop)


def test_a_failure_in_a_batch_is_placed_in_the_file_and_what_is_done_stays(
    shop: Workshop, crowd: Crowd
) -> None:
    failed = shop.fails("0001_a.sql", backfill(also=" + 1/(id - 700)"))
    assert failed.failure.sqlstate == "22012"
    assert failed.failure.place is not None
    assert failed.failure.place.line == 2
    (done,) = shop.ask("SELECT count(*) FROM docs WHERE n <> 0")
    assert 0 < int(str(done)) < 700


def test_a_syntax_error_is_placed_where_it_is_though_bounds_are_parameters(
    shop: Workshop, crowd: Crowd
) -> None:
    sql = "-- schemamig: backfill table=docs key=id\n" + (
        "UPDATE docs SET n = 1 WHERE id BETWEEN :from AND :to AND nothing(id);"
    )
    failed = shop.fails("0001_a.sql", sql)
    place = failed.failure.place
    assert place is not None
    assert (place.line, place.column) == (2, sql.splitlines()[1].index("nothing") + 1)


def test_a_connection_is_free_between_two_batches(shop: Workshop, crowd: Crowd) -> None:
    """The server takes note of the rows that are dead by then, and autovacuum can see them."""
    run = Running(shop, backfill("rows-per-second=50"))
    until(
        lambda: (
            shop.ask("SELECT n_tup_upd > 0 FROM pg_stat_user_tables WHERE relname = 'docs'")
            == [True]
        )
    )
    assert not run.finished
    run.runner.cancel()
    run.end()
