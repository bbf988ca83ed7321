"""Which statements make the table of the ledger, or its schema, by their text."""

import pytest

from schemamig_tui.sql.creations import creates_table
from schemamig_tui.sql.statements import traits_of


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE kb.schema_migrations (id int)",
        "create unlogged table if not exists KB.Schema_Migrations ()",
        'CREATE /* the */ TABLE "kb" . "schema_migrations" AS SELECT 1',
        "CREATE TABLE schema_migrations ()",
        "ALTER TABLE IF EXISTS ONLY kb.old RENAME TO schema_migrations",
        'alter table public."schema_migrations" /* there */ set schema "kb"',
        "DO $$BEGIN CREATE TABLE kb.schema_migrations (id int); END$$",
        "DO 'BEGIN EXECUTE $a$ALTER TABLE old RENAME TO schema_migrations$a$; END'",
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
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE TABLE kb.schema_migrations ()'",
        "ALTER TABLE kb.old RENAME schema_migrations TO x",
        "ALTER TABLE kb.old RENAME COLUMN x TO schema_migrations",
        "ALTER TABLE other.old RENAME TO schema_migrations",
        "ALTER TABLE other.old SET SCHEMA kb",
        "CREATE",
    ],
)
def test_another_statement_is_not(sql: str) -> None:
    assert not creates_table(sql.encode(), "kb", "schema_migrations")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SCHEMA kb",
        'create /* the */ schema if not exists "kb" authorization me',
        "CREATE SCHEMA AUTHORIZATION kb",
        'ALTER SCHEMA "old" RENAME TO KB',
        "DO $$BEGIN ALTER SCHEMA old RENAME TO kb; END$$",
        "DO $$BEGIN IF true THEN CREATE SCHEMA IF NOT EXISTS KB; END IF; END$$",
        "DO 'BEGIN CREATE SCHEMA app; CREATE SCHEMA kb; COMMIT; END'",
        "DO $$BEGIN EXECUTE 'create schema ' || 'app'; EXECUTE $a$CREATE SCHEMA kb$a$; END$$",
    ],
)
def test_a_statement_makes_a_schema_also_by_code_of_its_own(sql: str) -> None:
    assert "kb" in traits_of(sql.encode()).creates_schemas


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE SCHEMA "KB"',
        "DO $$BEGIN CREATE TABLE kb.schema (); -- CREATE SCHEMA kb\nEND$$",
        "SELECT 'CREATE SCHEMA kb'",
        "ALTER SCHEMA kb RENAME TO old",
        "ALTER SCHEMA old OWNER TO kb",
    ],
)
def test_one_that_only_looks_like_it_does_not(sql: str) -> None:
    assert "kb" not in traits_of(sql.encode()).creates_schemas
