"""What a draft cannot take back it says, and what is not known where a migration is applied."""

import shutil
from pathlib import Path

import pytest

from schemamig_tui.catalog.render import text
from schemamig_tui.errors import SettingsError
from tests.authoring.conftest import Drafts, statements

SAMPLES = Path(__file__).parents[2] / "migrations"

# What of the statement stays, though the database was asked.
_UNCERTAIN = {
    "UPDATE app.t SET a = 1": "what the rows were before",
    "DELETE FROM app.t": "the rows that it has deleted",
    "INSERT INTO app.parent VALUES (1, 'x')": "the rows that it has added",
    "TRUNCATE app.t": "the rows that were there",
    "WITH x AS (SELECT 1) DELETE FROM app.t": "what it has done to rows",
    "MERGE INTO app.parent USING (SELECT 1) AS s ON false WHEN NOT MATCHED THEN DO NOTHING": (
        "what the rows were before"
    ),
    "DROP TABLE app.parts_2": "the data of table app.parts_2",
    "DROP SEQUENCE app.numbers": "the value that sequence app.numbers had",
    "ALTER TABLE app.t ALTER a DROP DEFAULT; DROP SEQUENCE app.owned": (
        "the value that sequence app.owned had"
    ),
    "ALTER TABLE app.t DROP COLUMN c": "the values of column c of app.t",
    "ALTER TABLE app.t ALTER id DROP IDENTITY": "the value that the sequence of id had",
    "ALTER TABLE app.t ALTER b SET STORAGE EXTENDED; ALTER TABLE app.t ALTER c SET STORAGE PLAIN": (
        "the storage of column c of app.t"
    ),
    "ALTER FOREIGN TABLE app.ft ALTER i OPTIONS (ADD n '1')": "the options of column i of app.ft",
    "ALTER TYPE app.mood ADD VALUE 'new'": "the new value of the enum, which cannot be dropped",
    "ALTER PUBLICATION pub SET TABLE app.t": "what the publication was like before",
    "ALTER ROLE reverting CONNECTION LIMIT 3": "what the role was like before",
    "DROP PUBLICATION pub": "the definition of publication pub",
    "DO $$ BEGIN INSERT INTO app.parent VALUES (1, 'x'); END $$": "what the code that it runs",
    "SELECT setval('app.numbers', 7)": "what the code that it runs",
    "CREATE SCHEMA new CREATE TABLE x (i int)": "what it creates in the schema",
    "REASSIGN OWNED BY reverting TO CURRENT_USER": "who owned what before",
}


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(sql, marks=pytest.mark.postgres(min=15)) if sql.startswith("MERGE") else sql
        for sql in _UNCERTAIN
    ],
)
def test_what_cannot_be_taken_back_stands_there_as_a_comment(sql: str, changes: Drafts) -> None:
    changes.write("1.sql", f"{sql};")
    rollback = changes.rollback("1.sql")
    assert not rollback.complete
    draft = rollback.path.read_text()
    assert f"-- NOT TAKEN BACK: {_UNCERTAIN[sql]}" in draft
    assert f"--| {sql if '$$' in sql else sql.rpartition('; ')[2]}" in draft
    assert rollback.trial.failed is None


def test_the_rest_is_taken_back_all_the_same(changes: Drafts) -> None:
    changes.write(
        "1.sql",
        "CREATE INDEX new ON app.t (b);\nUPDATE app.t\nSET b = 'x';\nDROP VIEW app.v;\n",
    )
    draft = changes.rollback("1.sql").path.read_text()
    assert draft.index("CREATE VIEW app.v") < draft.index("--| UPDATE app.t\n--| SET b = 'x'")
    assert draft.index("--| SET b = 'x'") < draft.index("DROP INDEX app.new;")


def test_a_directive_in_the_original_is_none_in_the_draft(changes: Drafts) -> None:
    changes.write("1.sql", "UPDATE app.t SET b = '\n-- schemamig: x\n-- +goose Down\n';")
    rollback = changes.rollback("1.sql")
    assert rollback.trial.as_before
    assert "--| -- +goose Down" in rollback.path.read_text()


def test_the_files_before_it_are_run_first(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (a int DEFAULT 3); COMMENT ON TABLE t IS 'old';")
    drafts.write("2.sql", "ALTER TABLE t ALTER a SET DEFAULT 4; COMMENT ON TABLE t IS 'new';")
    rollback = drafts.rollback("2.sql")
    assert rollback.trial.as_before
    assert statements(rollback.path) == (
        "COMMENT ON TABLE t IS 'old';\nALTER TABLE public.t ALTER COLUMN a SET DEFAULT 3;"
    )


def test_where_a_statement_fails_the_rest_is_drafted_from_its_text(changes: Drafts) -> None:
    changes.write("1.sql", "CREATE TABLE app.new (i int);\nSELECT 1/0;\nDROP VIEW app.v;\n")
    rollback = changes.rollback("1.sql")
    assert rollback.trial.left_out == "line 2: division by zero"
    draft = rollback.path.read_text()
    assert "DROP TABLE app.new;" in draft
    assert "-- NOT TAKEN BACK: the definition of the view." in draft
    assert "line 2: division by zero" in draft


def test_a_file_before_it_that_fails_is_named(drafts: Drafts) -> None:
    drafts.write("1.sql", "SELECT 1/0;")
    drafts.write("2.sql", "CREATE TABLE t (i int);")
    rollback = drafts.rollback("2.sql")
    assert rollback.trial.left_out == ("1.sql, which is to run before it: line 1: division by zero")
    assert statements(rollback.path) == "DROP TABLE t;"


def test_what_runs_concurrently_is_taken_back_concurrently(changes: Drafts) -> None:
    changes.write("1.sql", "DROP INDEX CONCURRENTLY app.t_low;\n")
    rollback = changes.rollback("1.sql")
    assert statements(rollback.path) == (
        "CREATE UNIQUE INDEX CONCURRENTLY t_low ON app.t (lower(b)) WHERE a > 1;"
    )
    assert "cannot run in one transaction" in str(rollback.trial.left_out)
    changes.write("1.sql", "CREATE INDEX CONCURRENTLY new ON app.t (b);\n")
    rollback.path.unlink()
    rollback = changes.rollback("1.sql")
    assert statements(rollback.path) == "DROP INDEX CONCURRENTLY app.new;"
    assert "BEGIN" not in rollback.path.read_text()


def test_the_schema_of_the_ledger_stays(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE SCHEMA IF NOT EXISTS kb; CREATE TABLE kb.t (i int);")
    rollback = drafts.rollback("1.sql")
    assert rollback.trial.as_before
    assert statements(rollback.path) == "DROP TABLE kb.t;"
    assert "-- Schema kb stays: it has the ledger." in rollback.path.read_text()


# -- applied ones


def test_of_an_applied_file_only_the_text_is_known(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (a int DEFAULT 3); CREATE INDEX i ON t (a);")
    drafts.write(
        "2.sql",
        "CREATE TABLE u (i int); ALTER TABLE t ADD b int; ALTER TABLE t ALTER a SET DEFAULT 4;"
        " COMMENT ON TABLE t IS 'new'; COMMENT ON COLUMN t.b IS 'goes with it'; DROP INDEX i;",
    )
    drafts.apply()
    rollback = drafts.rollback("2.sql")
    assert statements(rollback.path) == (
        "CREATE INDEX i ON t (a);\nALTER TABLE t DROP COLUMN b;\nDROP TABLE u;"
    )
    draft = rollback.path.read_text()
    assert "-- Drafted from its text, as it is applied" in draft
    for unknown in (
        "the default that a had",
        "the comment that was there before",
    ):
        assert f"-- NOT TAKEN BACK: {unknown}." in draft


def test_the_draft_of_an_applied_file_is_tried_before_its_original(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (a int); CREATE TABLE u (i int);")
    drafts.write("2.sql", "ALTER TABLE t ADD b int DEFAULT 3; CREATE UNIQUE INDEX i ON t (b);")
    drafts.write("2.z.sql", "CREATE VIEW v AS SELECT b FROM t;")
    drafts.apply()
    trial = drafts.rollback("2.z.sql").trial
    assert (trial.as_before, trial.again) == (True, True)
    # The view of the last file stands in the way.
    failed = drafts.rollback("2.sql").trial.failed
    assert failed is not None
    assert "cannot drop column b of table t because other objects depend on it" in failed


@pytest.mark.parametrize(
    ("sql", "reversal"),
    [
        (
            "CREATE TABLE t (i int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE ON t"
            " FOR EACH ROW EXECUTE FUNCTION f();",
            "DROP TRIGGER g ON t;\nDROP FUNCTION f();\nDROP TABLE t;",
        ),
        (
            "CREATE TABLE t (i int); CREATE SEQUENCE s; ALTER TABLE t ALTER i SET DEFAULT"
            " nextval('s'); ALTER SEQUENCE s OWNED BY t.i; CREATE SEQUENCE r OWNED BY t.i;",
            "DROP TABLE t;",
        ),
        (
            "CREATE TABLE t (i int); CREATE UNIQUE INDEX u ON t (i);"
            " ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u;",
            "DROP TABLE t;",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
            " ALTER FUNCTION f() COST 5;",
            "DROP FUNCTION f();",
        ),
    ],
)
def test_what_an_applied_file_has_made_goes_in_an_order_that_works(
    sql: str, reversal: str, drafts: Drafts
) -> None:
    drafts.write("1.sql", sql)
    drafts.apply()
    rollback = drafts.rollback("1.sql")
    assert (rollback.complete, rollback.trial.as_before) == (True, True)
    assert statements(rollback.path) == reversal


def test_an_index_that_becomes_a_constraint_goes_with_it(drafts: Drafts) -> None:
    drafts.write("0001_t.sql", "CREATE TABLE t (i int); CREATE UNIQUE INDEX i ON t (i);")
    drafts.write(
        "0002_u.sql",
        "CREATE UNIQUE INDEX u ON t (i); ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u;",
    )
    drafts.write("0003_i.sql", "ALTER TABLE t ADD CONSTRAINT i UNIQUE USING INDEX i;")
    drafts.apply()
    assert statements(drafts.rollback("0002_u.sql").path) == "ALTER TABLE t DROP CONSTRAINT u;"
    assert "NOT TAKEN BACK: the index i, which goes with it." in (
        drafts.rollback("0003_i.sql").path.read_text()
    )


def test_what_has_come_since_shows_as_a_difference(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (a int);")
    drafts.write("2.sql", "ALTER TABLE t ADD b int;")
    drafts.apply()
    trial = drafts.rollback("1.sql").trial
    assert trial.failed is None
    assert text(trial.differences) == "~ table public.t\n    - column b integer\n"


def test_what_an_earlier_file_has_made_is_not_dropped(drafts: Drafts) -> None:
    first = "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    drafts.write("1.sql", f"CREATE TABLE t (a int);\n{first};\nCREATE VIEW v AS SELECT 1 AS a;")
    drafts.write(
        "2.sql",
        f"CREATE TABLE IF NOT EXISTS T (a int); {first.replace('1', '2')};"
        " CREATE OR REPLACE VIEW v AS SELECT 2 AS a;"
        " CREATE TABLE IF NOT EXISTS u (a int);",
    )
    drafts.apply()
    rollback = drafts.rollback("2.sql")
    assert statements(rollback.path) == f"DROP TABLE u;\n{first};"
    draft = rollback.path.read_text()
    assert "-- It was there already: 1.sql has made it." in draft
    assert "-- NOT TAKEN BACK: what it replaced, which 1.sql has made." in draft
    assert "-- The file says IF NOT EXISTS: this is right if there was no table" in draft


@pytest.mark.parametrize(
    ("earlier", "here"),
    [
        ("", "ALTER TABLE public.t RENAME TO old;"),
        ("", "ALTER TABLE public.t SET SCHEMA s;"),
        ("ALTER TABLE public.t RENAME TO old;", ""),
        ("DROP TABLE public.t;", ""),
    ],
)
def test_what_was_dropped_or_renamed_meanwhile_was_not_there(
    drafts: Drafts, earlier: str, here: str
) -> None:
    drafts.write("1.sql", f"CREATE SCHEMA s; CREATE TABLE public.t (a int); {earlier}")
    drafts.write("2.sql", f"{here} CREATE TABLE IF NOT EXISTS public.t (a text);")
    drafts.apply()
    rollback = drafts.rollback("2.sql")
    assert statements(rollback.path).startswith("DROP TABLE public.t;")
    assert rollback.trial.failed is None


def test_what_a_block_makes_is_taken_back_with_a_doubt(drafts: Drafts) -> None:
    drafts.write(
        "1.sql",
        "DO $$ BEGIN IF to_regclass('t') IS NULL THEN CREATE TABLE t (i int); END IF; END $$;"
        " CREATE INDEX i ON t (i); COMMENT ON TABLE t IS 'x';",
    )
    drafts.apply()
    rollback = drafts.rollback("1.sql")
    assert rollback.complete
    assert rollback.trial.as_before
    assert statements(rollback.path) == "DROP TABLE t;"
    assert "this is right if the block has come to it" in rollback.path.read_text()


def test_a_block_that_makes_more_than_an_earlier_file_is_not_taken_for_nothing(
    drafts: Drafts,
) -> None:
    drafts.write("1.sql", "CREATE TABLE t (i int);")
    block = "CREATE TABLE IF NOT EXISTS t (i int); CREATE TABLE IF NOT EXISTS u (i int);"
    drafts.write("2.sql", f"DO $$ BEGIN {block} END $$;")
    drafts.apply()
    assert "DROP TABLE u;" in statements(drafts.rollback("2.sql").path)


def test_of_a_failed_file_only_what_is_done_is_taken_back(drafts: Drafts) -> None:
    drafts.write(
        "1.sql",
        "-- schemamig: no-transaction\nCREATE TABLE t (i int);\nSELECT 1/0;\nCREATE TABLE u ();\n",
    )
    with pytest.raises(AssertionError):
        drafts.apply()
    rollback = drafts.rollback("1.sql")
    assert statements(rollback.path) == "DROP TABLE t;"
    assert rollback.trial.failed is None


def test_a_file_of_which_nothing_has_run_is_drafted_as_a_pending_one(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (i int DEFAULT 1);")
    drafts.apply()
    drafts.write("2.sql", "ALTER TABLE t ALTER i SET DEFAULT 2; SELECT 1/0;")
    with pytest.raises(AssertionError):
        drafts.apply()
    drafts.write("2.sql", "ALTER TABLE t ALTER i SET DEFAULT 2;")
    rollback = drafts.rollback("2.sql")
    assert statements(rollback.path) == "ALTER TABLE public.t ALTER COLUMN i SET DEFAULT 1;"
    assert (rollback.complete, rollback.trial.as_before) == (True, True)


def test_of_a_file_without_statements_there_is_nothing_to_draft(drafts: Drafts) -> None:
    drafts.write("1.sql", "-- Purpose:\nBEGIN;\n\nCOMMIT;\n")
    with pytest.raises(SettingsError, match=r"1\.sql has no statements"):
        drafts.rollback("1.sql")
    assert [path.name for path in drafts.folder.iterdir()] == ["1.sql"]


def test_a_file_in_batches_is_not_tried(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (id int PRIMARY KEY, v int);")
    drafts.apply()
    drafts.write(
        "2.sql",
        "-- schemamig: backfill table=t key=id\nUPDATE t SET v = 1 WHERE id BETWEEN :from AND :to;",
    )
    left_out = drafts.rollback("2.sql").trial.left_out
    assert left_out == "the statement in line 2 runs in batches, each committed by itself"


def test_a_draft_that_has_not_run_yet_is_not_written_twice(drafts: Drafts) -> None:
    drafts.write("1_t.sql", "CREATE TABLE t ();")
    drafts.write("2_t.sql", "CREATE TABLE u ();")
    first = drafts.rollback("1_t.sql").path
    other = drafts.rollback("2_t.sql").path
    with pytest.raises(SettingsError, match=f"{first.name} reverts 1_t.sql already") as caught:
        drafts.rollback("1_t.sql")
    assert caught.value.hint == "edit that file, or remove it to have it drafted anew"
    first.unlink()
    assert drafts.rollback("1_t.sql").trial.left_out is None
    assert other.exists()


@pytest.mark.parametrize("applied", [False, True])
def test_the_samples_are_taken_back(applied: bool, drafts: Drafts) -> None:
    for sample in sorted(SAMPLES.glob("*.sql")):
        shutil.copy(sample, drafts.folder)
        if applied:
            drafts.apply()
        rollback = drafts.rollback(sample.name)
        assert rollback.trial.as_before or rollback.trial.left_out, sample.name
        rollback.path.unlink()
        if not applied:
            drafts.apply()


# -- the file


def test_the_draft_is_a_migration_behind_the_newest_one(drafts: Drafts) -> None:
    drafts.write("20251019_add_user_preferences.sql", "CREATE TABLE t (i int);")
    path = drafts.rollback("20251019_add_user_preferences.sql").path
    assert path.name == "20300101_rollback_user_preferences.sql"
    assert path.read_text() == (
        "-- Migration: Rollback user preferences\n"
        "-- Reverts: 20251019_add_user_preferences.sql\n"
        "-- Date: 2030-01-01\n"
        "\n"
        "BEGIN;\n"
        "\n"
        "-- Line 1: CREATE TABLE t (i int)\n"
        "-- Its rows go with it.\n"
        "DROP TABLE t;\n"
        "\n"
        "COMMIT;\n"
    )


def test_a_file_that_is_not_there_is_refused(drafts: Drafts) -> None:
    with pytest.raises(SettingsError, match="there is no migration x"):
        drafts.rollback("x.sql")


def test_nothing_of_it_is_left_in_the_database(drafts: Drafts) -> None:
    drafts.write("1.sql", "CREATE TABLE t (i int); SET search_path = x; SET lock_timeout = '1ms';")
    drafts.rollback("1.sql")
    with drafts.database.session() as conn:
        assert conn.execute(
            "SELECT to_regclass('t'), to_regclass('kb.schema_migrations')"
        ).fetchone() == (None, None)
