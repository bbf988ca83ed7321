"""Which statements make the table of the ledger, by their text."""

import pytest

from schemamig_tui.sql.creations import creates_table


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE kb.schema_migrations (id int)",
        "create unlogged table if not exists KB.Schema_Migrations ()",
        'CREATE /* the */ TABLE "kb" . "schema_migrations" AS SELECT 1',
        "CREATE TABLE schema_migrations ()",
    ],
)
def test_a_table_of_that_name_may_be_the_ledger(sql: str) -> None:
    assert creates_table(sql.encode(), "kb", "schema_migrations")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE other.schema_migrations (id int)",
        'CREATE TABLE kb."Schema_Migrations" (id int)',
        "CREATE VIEW kb.schema_migrations AS SELECT 1",
        "CREATE TEMP TABLE schema_migrations ()",
        "INSERT INTO x VALUES ('CREATE TABLE kb.schema_migrations ()')",
        "CREATE",
    ],
)
def test_another_statement_is_not(sql: str) -> None:
    assert not creates_table(sql.encode(), "kb", "schema_migrations")
