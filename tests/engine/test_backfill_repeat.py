"""A statement that limits itself runs until it changes no row."""

import threading

import pytest

from schemamig_tui.engine.batch_events import (
    BatchesFinished,
    BatchesNoted,
    BatchesStarted,
    BatchFinished,
    BatchRetried,
)
from schemamig_tui.engine.events import Event, StatementFinished
from schemamig_tui.engine.run.runner import Runner
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.crowd import crowded, until

SETUP = (
    "CREATE TABLE jobs (id int PRIMARY KEY, state text);"
    "INSERT INTO jobs SELECT g FROM generate_series(1, 1000) g; ANALYZE jobs"
)
UPDATE = """UPDATE jobs SET state = 'new' WHERE id IN (
    SELECT id FROM jobs WHERE state IS NULL ORDER BY id LIMIT 200{locked});
"""


def repeat(options: str = "", locked: str = "") -> str:
    """A file that gives 200 rows a state, and again."""
    return f"-- schemamig: repeat {options}\n{UPDATE.format(locked=locked)}"


@pytest.fixture(autouse=True)
def _jobs(shop: Workshop) -> None:
    shop.ask(SETUP)


def test_it_ends_when_it_changes_no_row(shop: Workshop) -> None:
    shop.applies("0001_a.sql", repeat())
    (finished,) = shop.events_of(BatchesFinished)
    assert (finished.done.changed, finished.done.batches, finished.done.walked) == (1000, 6, 0)
    assert [event.tag for event in shop.events_of(StatementFinished)] == ["UPDATE 1000"]
    assert shop.ask("SELECT count(*) FROM jobs WHERE state = 'new'") == [1000]
    assert shop.events_of(BatchesStarted)[0].rows is None


def test_what_remains_is_the_estimate(shop: Workshop) -> None:
    shop.ask("UPDATE jobs SET state = 'old' WHERE id > 500")
    remaining = "remaining=(SELECT count(*) FROM jobs WHERE state IS NULL)"
    shop.applies("0001_a.sql", repeat(f"table=jobs {remaining}"))
    (started,) = shop.events_of(BatchesStarted)
    assert (started.table, started.rows) == ("public.jobs", 500)


def test_the_last_rounds_wait_for_rows_that_others_hold(shop: Workshop) -> None:
    with crowded(shop.database) as crowd:
        holder = crowd.join("BEGIN", "SELECT FROM jobs WHERE id = 7 FOR UPDATE")
        shop.write("0001_a.sql", repeat(locked=" FOR UPDATE SKIP LOCKED"))
        run = threading.Thread(target=shop.runner().apply_pending)
        run.start()
        until(lambda: shop.events_of(BatchRetried))
        assert shop.ask("SELECT count(*) FROM jobs WHERE state = 'new'") == [999]
        holder.execute("COMMIT")
        run.join()
    assert shop.ask("SELECT count(*) FROM jobs WHERE state = 'new'") == [1000]
    assert shop.rows["0001_a.sql"].success


def test_it_goes_on_behind_what_is_done(shop: Workshop) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, BatchFinished):
            runner.cancel()

    shop.write("0001_a.sql", repeat("rows-per-second=1000"))
    runner = Runner(shop.connect, shop.folder, LEDGER, listen)
    runner.apply_pending()
    message = shop.rows["0001_a.sql"].error_message or ""
    assert "In batches: 200 rows changed in 1 batch\n" in message
    assert shop.apply().failed is None
    assert shop.events_of(BatchesStarted)[0].resumed.changed == 200
    assert shop.events_of(BatchesFinished)[0].done.changed == 1000


def test_after_so_many_batches_it_fails_and_may_go_on(shop: Workshop) -> None:
    failed = shop.fails("0001_a.sql", repeat("max-batches=2"))
    assert failed.failure.message == (
        "The statement still changes rows after 400 rows changed in 2 batches (max-batches)."
    )
    shop.applies("0001_a.sql", repeat("max-batches=20"))


def test_one_that_finds_the_same_rows_again_fails(shop: Workshop) -> None:
    sql = repeat().replace("state IS NULL", "id > 0")
    failed = shop.fails("0001_a.sql", sql)
    assert failed.failure.message.startswith("The statement finds the same rows again: 2,")
    assert failed.failure.hint
    assert failed.failure.hint.startswith("Its condition has to be false for a row that it has")


def test_one_that_finds_the_same_rows_again_fails_though_nobody_knows_how_many_there_are(
    shop: Workshop,
) -> None:
    shop.ask(
        "CREATE TABLE new (id int PRIMARY KEY, state text) WITH (autovacuum_enabled = off);"
        "INSERT INTO new SELECT g FROM generate_series(1, 100) g"
    )
    sql = "UPDATE new SET state = 'x' WHERE id IN (SELECT id FROM new LIMIT 100)"
    failed = shop.fails("0001_a.sql", f"-- schemamig: repeat\n{sql}")
    assert "and public.new could have 292 when it began" in failed.failure.message


def test_rows_that_have_come_in_since_the_table_was_analyzed_are_no_circle(shop: Workshop) -> None:
    shop.ask("CREATE TABLE new (LIKE jobs) WITH (autovacuum_enabled = off)")
    shop.ask("VACUUM ANALYZE new")
    shop.ask("INSERT INTO new SELECT g FROM generate_series(1, 2500) g")
    shop.applies("0001_a.sql", repeat().replace("jobs", "new"))
    assert shop.ask("SELECT DISTINCT state FROM new") == ["new"]


MOVE = """WITH gone AS (DELETE FROM jobs WHERE id IN (SELECT id FROM jobs LIMIT 50) RETURNING *)
INSERT INTO old SELECT * FROM gone;"""
COPY = """INSERT INTO old SELECT id FROM jobs WHERE NOT EXISTS (
    SELECT FROM old WHERE old.id = jobs.id) LIMIT 50;"""


@pytest.mark.parametrize(
    ("sql", "remaining"),
    [(MOVE, "FROM jobs"), (COPY, "- (SELECT count(*) FROM old) FROM jobs")],
)
def test_rows_may_go_into_a_table_that_is_empty(shop: Workshop, sql: str, remaining: str) -> None:
    shop.ask("INSERT INTO jobs SELECT g FROM generate_series(1001, 2500) g")
    shop.ask("CREATE TABLE old (LIKE jobs); ANALYZE old")
    options = f"remaining=(SELECT count(*) {remaining})"
    shop.applies("0001_a.sql", f"-- schemamig: repeat {options}\n{sql}")
    assert shop.ask("SELECT count(DISTINCT id) FROM old") == [2500]


def test_an_insert_that_never_ends_is_noticed_by_what_remains(shop: Workshop) -> None:
    shop.ask("CREATE TABLE old (LIKE jobs)")
    options = "remaining=(SELECT 100)"
    sql = "INSERT INTO old SELECT * FROM jobs LIMIT 300;"
    failed = shop.fails("0001_a.sql", f"-- schemamig: repeat {options}\n{sql}")
    assert failed.failure.message == (
        "The statement makes no progress: 1,200 rows changed in 4 batches, and 100 remain where"
        " there were 100 (remaining=)."
    )


def test_of_a_view_nobody_knows_how_many_rows_there_are(shop: Workshop) -> None:
    shop.ask("CREATE VIEW v AS SELECT * FROM jobs")
    sql = repeat("{}").replace("jobs", "v")
    failed = shop.fails("0001_a.sql", sql.format(""))
    assert failed.failure.message.startswith("v is no table, so that nothing would tell that")
    assert failed.failure.hint
    assert failed.failure.hint.startswith("Add remaining=(SELECT count(*) ...)")
    shop.applies("0001_a.sql", sql.format("max-batches=9"))


def test_an_index_that_is_missing_is_told_by_what_is_read(shop: Workshop) -> None:
    shop.ask("INSERT INTO jobs SELECT g FROM generate_series(1001, 12000) g; ANALYZE jobs")
    shop.applies("0001_a.sql", repeat().replace("LIMIT 200", "LIMIT 400"))
    (noted,) = shop.events_of(BatchesNoted)
    assert noted.message.startswith("an index is missing, or not used: ")


def test_an_index_that_is_missing_on_partitions_is_told_as_well(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE parts (id int, state text) PARTITION BY RANGE (id);"
        "CREATE TABLE parts_1 PARTITION OF parts DEFAULT;"
        "INSERT INTO parts SELECT g FROM generate_series(1, 12000) g; ANALYZE parts"
    )
    shop.applies("0001_a.sql", repeat().replace("jobs", "parts").replace("200", "400"))
    (noted,) = shop.events_of(BatchesNoted)
    assert noted.message.startswith("an index is missing, or not used: ")


def test_with_the_index_nothing_is_told(shop: Workshop) -> None:
    shop.ask(
        "INSERT INTO jobs SELECT g FROM generate_series(1001, 12000) g;"
        "CREATE INDEX ON jobs (id) WHERE state IS NULL; ANALYZE jobs"
    )
    shop.applies("0001_a.sql", repeat().replace("IN (\n", "= ANY (ARRAY(").replace("200)", "200))"))
    assert shop.events_of(BatchesNoted) == []


def test_a_check_is_made_at_the_end(shop: Workshop) -> None:
    check = "check=(SELECT FROM jobs WHERE state IS NULL OR id = 3)"
    failed = shop.fails("0001_a.sql", repeat(check))
    assert failed.failure.message.startswith("The check of the repeat finds rows, behind 1,000")
