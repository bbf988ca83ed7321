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


def test_an_index_that_is_missing_is_told_by_what_is_read(shop: Workshop) -> None:
    shop.ask("INSERT INTO jobs SELECT g FROM generate_series(1001, 12000) g; ANALYZE jobs")
    shop.applies("0001_a.sql", repeat().replace("LIMIT 200", "LIMIT 400"))
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
