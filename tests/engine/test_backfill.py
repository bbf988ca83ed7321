"""A statement in batches: what it leaves is what the statement leaves in one go."""

from schemamig_tui.engine.batch_events import BatchesFinished, BatchesStarted, BatchFinished
from schemamig_tui.engine.events import StatementFinished
from tests.engine.conftest import Workshop

DOCS = "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);"
DIRECTIVE = "-- schemamig: backfill table=docs key=id batch=100\n"
UPDATE = "UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;\n"


def fill(shop: Workshop, rows: int = 1000) -> None:
    """The table with so many rows, of which the planner knows nothing."""
    shop.ask(f"{DOCS} INSERT INTO docs SELECT g FROM generate_series(1, {rows}) g")


def test_each_row_is_changed_once(shop: Workshop) -> None:
    fill(shop)
    shop.applies("0001_a.sql", DIRECTIVE + UPDATE)
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]
    (started,) = shop.events_of(BatchesStarted)
    assert (started.table, started.key, started.index) == ("public.docs", ("id",), "docs_pkey")
    (finished,) = shop.events_of(BatchesFinished)
    assert (finished.done.walked, finished.done.changed) == (1000, 1000)
    assert finished.done.batches > 3
    assert shop.events_of(BatchFinished)[-1].at == "1000"
    assert [e.tag for e in shop.events_of(StatementFinished)] == ["UPDATE 1000"]
    row = shop.rows["0001_a.sql"]
    assert (row.success, row.error_message) == (True, None)


def test_other_statements_may_stand_before_and_behind(shop: Workshop) -> None:
    fill(shop)
    shop.applies(
        "0001_a.sql",
        "ALTER TABLE docs ADD m int;\n"
        f"{DIRECTIVE}UPDATE docs SET m = id WHERE id > :from AND id <= :to;\n"
        "CREATE INDEX CONCURRENTLY docs_m ON docs (m);\nALTER TABLE docs ALTER m SET NOT NULL;",
    )
    assert shop.ask("SELECT count(*) FROM docs WHERE m = id") == [1000]
    assert [e.statement for e in shop.events_of(StatementFinished)] == [1, 2, 3, 4]
