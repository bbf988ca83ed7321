"""A statement in batches: what it leaves is what the statement leaves in one go."""

import pytest

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


def test_a_batch_is_a_small_share_of_a_table_of_which_the_planner_knows_nothing(
    shop: Workshop,
) -> None:
    fill(shop, 8000)
    shop.applies("0001_a.sql", DIRECTIVE.replace("batch=100", "batch=5000 target=10s") + UPDATE)
    (finished,) = shop.events_of(BatchesFinished)
    assert finished.done.batches == 80


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


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("DELETE FROM docs WHERE id BETWEEN :from AND :to AND id % 2 = 0;", (500, 0)),
        ("INSERT INTO copies SELECT * FROM docs WHERE id > :from AND id <= :to;", (1000, 1000)),
        (
            "WITH gone AS (DELETE FROM docs WHERE id BETWEEN :from AND :to RETURNING *)\n"
            "INSERT INTO copies SELECT * FROM gone;",
            (0, 1000),
        ),
        pytest.param(
            "MERGE INTO copies USING (SELECT * FROM docs WHERE id BETWEEN :from AND :to) d"
            " ON d.id = copies.id WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.n);",
            (1000, 1000),
            marks=pytest.mark.postgres(min=15),
        ),
    ],
)
def test_every_statement_that_writes_rows_can_run_in_batches(
    shop: Workshop, sql: str, left: tuple[int, int]
) -> None:
    fill(shop)
    shop.ask("CREATE TABLE copies (LIKE docs)")
    shop.applies("0001_a.sql", DIRECTIVE + sql)
    query = "SELECT count(*) FROM docs UNION ALL SELECT count(*) FROM copies"
    assert tuple(shop.ask(query)) == left


@pytest.mark.parametrize("becomes", ["SET ROLE {}", "SET SESSION AUTHORIZATION {}"])
def test_a_file_may_work_as_a_role_that_may_not_write_the_ledger(
    shop: Workshop, becomes: str
) -> None:
    fill(shop)
    role = f"writer_{shop.database.name}"
    shop.ask(f"CREATE ROLE {role}; GRANT SELECT, UPDATE ON docs TO {role}")
    try:
        # Whoever changes a row is noted; the ledger's row is ours.
        shop.ask(
            "ALTER TABLE docs ADD who text; CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN NEW.who := current_user; RETURN NEW; END';"
            "CREATE TRIGGER t BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION note()"
        )
        shop.applies("0001_a.sql", f"{becomes.format(role)};\n{DIRECTIVE}{UPDATE}")
        assert shop.ask("SELECT DISTINCT n FROM docs") == [1]
        assert shop.ask("SELECT DISTINCT who FROM docs") == [role]
    finally:
        shop.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_batches_of_many_files_run_one_after_the_other(shop: Workshop) -> None:
    fill(shop)
    for number in range(3):
        shop.write(f"000{number}_a.sql", (DIRECTIVE + UPDATE) * 2)
    assert len(shop.apply().applied) == 3
    assert shop.ask("SELECT DISTINCT n FROM docs") == [6]
