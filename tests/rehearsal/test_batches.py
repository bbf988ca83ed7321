"""Of a statement that runs in batches a rehearsal runs one, and projects it on all of them."""

import pytest

from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.events import FileFailed, StatementFinished
from schemamig_tui.rehearsal.events import FileLeftOut
from tests.rehearsal.conftest import Rehearsals

BACKFILL = """-- schemamig: backfill table=docs key=id batch=100
UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to RETURNING id;
"""
SETUP = (
    "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);"
    "INSERT INTO docs SELECT g FROM generate_series(1, 1000) g; ANALYZE docs"
)


@pytest.fixture(autouse=True)
def _docs(shop: Rehearsals) -> None:
    shop.ask(SETUP)


def test_one_batch_runs_and_tells_what_all_would_take(shop: Rehearsals) -> None:
    before = shop.inventory()
    finished = shop.rehearses(BACKFILL + "CREATE INDEX ON docs (n);")
    assert finished.rehearsed == ("1.sql",)
    (rehearsed,) = shop.events_of(BatchRehearsed)
    assert (rehearsed.keys, rehearsed.changed, rehearsed.rows) == (100, 100, 1000)
    assert rehearsed.total_ms == pytest.approx(10 * rehearsed.ms)
    assert rehearsed.wal > 1000
    assert rehearsed.total_wal == 10 * rehearsed.wal
    assert [event.tag for event in shop.events_of(StatementFinished)] == [
        "UPDATE 100",
        "CREATE INDEX",
    ]
    assert shop.inventory() == before
    assert shop.ask("SELECT DISTINCT n FROM docs") == [0]


def test_pauses_and_limits_count_in_what_all_would_take(shop: Rehearsals) -> None:
    shop.rehearses(BACKFILL.replace("batch=100", "batch=100 rows-per-second=10"))
    (rehearsed,) = shop.events_of(BatchRehearsed)
    assert rehearsed.total_ms == pytest.approx(100_000)


def test_one_round_of_a_repeat_runs(shop: Rehearsals) -> None:
    shop.rehearses(
        "-- schemamig: repeat remaining=(SELECT count(*) FROM docs WHERE n = 0)\n"
        "UPDATE docs SET n = 1 WHERE id IN (SELECT id FROM docs WHERE n = 0 LIMIT 50);"
    )
    (rehearsed,) = shop.events_of(BatchRehearsed)
    assert (rehearsed.keys, rehearsed.changed, rehearsed.rows) == (0, 50, 950)


def test_what_the_directive_sets_holds_in_the_batch_and_not_behind_it(shop: Rehearsals) -> None:
    shop.ask("ALTER TABLE docs ADD CHECK (n = 0 OR current_setting('app.x', true) = 'on')")
    sql = BACKFILL.replace("batch", "set=(app.x=on) batch")
    shop.rehearses(sql + "DO 'BEGIN ASSERT current_setting($$app.x$$) = $$$$; END';")
    assert shop.events_of(BatchRehearsed)[0].changed == 100


def test_what_a_file_makes_before_its_batches_is_there(shop: Rehearsals) -> None:
    shop.rehearses(
        "CREATE TABLE new (id int PRIMARY KEY, n int); INSERT INTO new VALUES (1), (2);\n"
        + BACKFILL.replace("docs", "new")
    )
    assert shop.events_of(BatchRehearsed)[0].changed == 2


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ("ALTER TABLE docs DROP CONSTRAINT docs_pkey", "No index of public.docs can be walked"),
        (
            "CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.id := NEW.id + 5000; RETURN NEW; END';"
            "CREATE TRIGGER t BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION move()",
            "Of the 100 rows of the first range only 0 are in it behind the statement",
        ),
    ],
)
def test_what_a_run_would_refuse_fails_in_a_rehearsal(
    shop: Rehearsals, setup: str, message: str
) -> None:
    shop.ask(setup)
    shop.tries(BACKFILL)
    (failed,) = shop.events_of(FileFailed)
    assert failed.failure.message.startswith(message)
    assert failed.failure.place is not None
    assert failed.failure.place.line == 1


FILL = """-- schemamig: backfill table=docs key=id batch=100
UPDATE docs SET filled = 1 WHERE id BETWEEN :from AND :to;
"""


def test_a_file_that_wants_all_rows_filled_is_left_out_behind_a_part_of_them(
    shop: Rehearsals,
) -> None:
    filled = (
        "ALTER TABLE docs ADD filled int",
        FILL,
        "ALTER TABLE docs ADD CONSTRAINT known CHECK (filled IS NOT NULL) NOT VALID",
        "ALTER TABLE docs VALIDATE CONSTRAINT known",
        "ALTER TABLE docs ALTER filled SET NOT NULL",
        "CREATE TABLE more ()",
    )
    finished = shop.rehearses(*filled)
    assert finished.left_out == ("4.sql", "5.sql")
    assert [event.reason for event in shop.events_of(FileLeftOut)] == [
        'check constraint "known" of relation "docs" is violated by some row, and of 2.sql one'
        " batch alone was rehearsed",
        'column "filled" of relation "docs" contains null values, and of 2.sql one batch alone was'
        " rehearsed",
    ]
    assert len(shop.apply().applied) == 6


@pytest.mark.parametrize(
    ("rows", "violated"),
    [
        (50, "ALTER TABLE docs ADD CHECK (filled > 1)"),
        (1000, "CREATE TABLE other (i) AS SELECT 1; ALTER TABLE other ADD CHECK (i > 1)"),
        (1000, "INSERT INTO docs VALUES (1)"),
    ],
    ids=["all rows are filled", "another table", "a row of its own"],
)
def test_a_constraint_that_no_batch_would_mend_fails(
    shop: Rehearsals, rows: int, violated: str
) -> None:
    shop.ask(f"DELETE FROM docs WHERE id > {rows}; ANALYZE docs")
    finished = shop.tries("ALTER TABLE docs ADD filled int", FILL, violated)
    assert (finished.failed, finished.left_out) == ("3.sql", ())
