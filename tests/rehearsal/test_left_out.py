"""What cannot be in one transaction is left out, and what builds on it says so."""

import pytest

from schemamig_tui.rehearsal.events import FileLeftOut
from tests.rehearsal.conftest import Rehearsals


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE t ();\nVACUUM t;", "VACUUM in line 2 cannot run"),
        ("SELECT 1;\n/* x */ create index\nconcurrently on t (x)", "CREATE INDEX CONCURRENTLY in"),
        ("BEGIN; SELECT 1;\nROLLBACK;", "ROLLBACK in line 2"),
        ("BEGIN; SELECT 1; ROLLBACK AND CHAIN; COMMIT;", "ROLLBACK AND CHAIN in line 1"),
        ("BEGIN; PREPARE TRANSACTION 'x';", "PREPARE TRANSACTION in line 1"),
        ("DO $$BEGIN COMMIT; END$$;", "DO with COMMIT in line 1"),
        ("BEGIN READ ONLY; SELECT 1; COMMIT;", "BEGIN in line 1 makes a transaction read-only"),
        ("DISCARD ALL;", "DISCARD ALL in line 1"),
    ],
)
def test_a_file_that_cannot_be_rehearsed_is_left_out(
    shop: Rehearsals, sql: str, reason: str
) -> None:
    finished = shop.rehearses("SELECT 1;", sql, "SELECT 2;")
    assert finished.left_out == ("2.sql",)
    assert finished.rehearsed == ("1.sql", "3.sql")
    (left_out,) = shop.events_of(FileLeftOut)
    assert left_out.name == "2.sql"
    assert left_out.reason.startswith(reason)


def test_the_directive_alone_keeps_no_file_out(shop: Rehearsals) -> None:
    finished = shop.rehearses("-- schemamig: no-transaction\nCREATE TABLE t (); SELECT * FROM t;")
    assert finished.rehearsed == ("1.sql",)


def test_what_has_no_effect_outside_of_a_transaction_has_none_in_a_rehearsal(
    shop: Rehearsals,
) -> None:
    finished = shop.rehearses(
        "-- schemamig: no-transaction\nSET LOCAL search_path = nowhere; CREATE TABLE t (x int);"
        "SET TRANSACTION READ ONLY; SELECT * FROM public.t;"
    )
    assert finished.rehearsed == ("1.sql",)


def test_a_procedure_that_turns_out_to_commit_is_left_out(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t (x int); CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
    finished = shop.rehearses(
        "-- schemamig: no-transaction\nSET ROLE pg_monitor; RESET ROLE; DROP TABLE t;\nCALL p();",
        "INSERT INTO t VALUES (1); SELECT 1 / (current_user <> 'pg_monitor')::int;",
    )
    assert finished.left_out == ("1.sql",)
    assert finished.rehearsed == ("2.sql",)
    (left_out,) = shop.events_of(FileLeftOut)
    assert left_out.reason == "line 3: invalid transaction termination"


def test_locks_of_a_file_that_was_left_out_are_told_of_the_next(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t (x int); CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
    shop.rehearses("-- schemamig: no-transaction\nTRUNCATE t; CALL p();", "SELECT 1; TRUNCATE t;")
    assert shop.locks[-1] == (2, "table public.t", "AccessExclusiveLock")
    assert shop.emptied == [(1, ("table public.t",)), (2, ("table public.t",))]


def test_a_file_that_uses_an_enum_value_of_an_earlier_one_is_left_out(shop: Rehearsals) -> None:
    shop.ask("CREATE TYPE mood AS ENUM ('sad')")
    finished = shop.rehearses(
        "ALTER TYPE mood ADD VALUE 'happy';", "SELECT 'happy'::mood;", "SELECT 'sad'::mood;"
    )
    assert finished.left_out == ("2.sql",)
    assert finished.rehearsed == ("1.sql", "3.sql")


def test_a_file_that_commits_its_enum_value_before_it_uses_it_is_left_out(shop: Rehearsals) -> None:
    shop.ask("CREATE TYPE mood AS ENUM ('sad')")
    finished = shop.rehearses("ALTER TYPE mood ADD VALUE 'happy';\nSELECT 'happy'::mood;")
    assert finished.left_out == ("1.sql",)


def test_a_file_that_uses_its_own_enum_value_too_early_fails_as_in_a_run(shop: Rehearsals) -> None:
    shop.ask("CREATE TYPE mood AS ENUM ('sad')")
    finished = shop.tries("ALTER TYPE mood ADD VALUE 'happy'; SELECT ('hap' || 'py')::mood;")
    assert finished.failed == "1.sql"
    assert shop.failure.failure.sqlstate == "55P04"


@pytest.mark.postgres(min=17)
def test_a_file_that_uses_values_of_its_own_enum_is_left_out_where_a_run_can_do_it(
    shop: Rehearsals,
) -> None:
    finished = shop.tries(
        "CREATE TYPE size AS ENUM ('s'); ALTER TYPE size ADD VALUE 'm';"
        " CREATE TABLE shirts (size size DEFAULT 'm');"
    )
    assert finished.left_out == ("1.sql",)
    assert shop.apply().applied == ("1.sql",)


@pytest.mark.parametrize(
    ("made", "needing"),
    [
        ("CREATE TABLE makes.things (x int)", "SELECT * FROM makes.things"),
        ('CREATE TABLE makes."Odd ""name" (x int)', 'SELECT * FROM makes."Odd ""name"'),
        ("ALTER TABLE base ADD extra int", "SELECT extra FROM base"),
        ("ALTER TABLE base ADD extra int", "SELECT b.extra FROM base b"),
        ("CREATE FUNCTION makes.doubled(int) RETURNS int RETURN $1 * 2", "SELECT makes.doubled(1)"),
        ("CREATE TYPE mood AS ENUM ('a')", "CREATE TABLE n (x mood)"),
        ("ALTER TABLE base RENAME TO moved", "CREATE TABLE base ()"),
        (
            "CREATE UNIQUE INDEX ON base (x)",
            "INSERT INTO base VALUES (1) ON CONFLICT (x) DO NOTHING",
        ),
        ("DELETE FROM base", "ALTER TABLE base ADD UNIQUE (x)"),
        ("UPDATE base SET x = 1", "ALTER TABLE base ALTER x SET NOT NULL"),
        ("DROP VIEW above", "DROP TABLE base"),
        ("ALTER TABLE part NO INHERIT base", "ALTER TABLE part DROP x"),
    ],
)
def test_a_failed_file_says_which_one_it_needs(shop: Rehearsals, made: str, needing: str) -> None:
    shop.ask(
        "CREATE TABLE base (x int); CREATE VIEW above AS SELECT FROM base; CREATE SCHEMA makes;"
        " INSERT INTO base VALUES (NULL), (7), (7); CREATE TABLE part () INHERITS (base)"
    )
    finished = shop.tries(f"{made}; VACUUM pg_class;", needing, "SELECT 1;")
    assert (finished.failed, finished.needs) == ("2.sql", "1.sql")
    assert finished.remaining == ("3.sql",)
    assert "1.sql was left out of the rehearsal" in str(shop.failure.failure.hint)


def test_of_several_the_one_that_speaks_of_it_is_needed(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE base ()")
    finished = shop.tries(
        "VACUUM base;", "CREATE TABLE things (); VACUUM base;", "VACUUM base;", "TABLE things;"
    )
    assert finished.needs == "2.sql"
    assert shop.tries("VACUUM;", "VACUUM;", "VACUUM;", "SELECT * FROM other;").needs == "3.sql"


def test_a_file_that_fails_of_its_own_needs_none(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE base (x int NOT NULL)")
    for fails in "SELECT 1/0;", "INSERT INTO base VALUES (NULL);":
        finished = shop.tries("VACUUM;", fails)
        assert (finished.failed, finished.needs) == ("2.sql", None)
        assert shop.failure.failure.hint is None


def test_files_that_can_only_be_read_behind_another_are_left_out(shop: Rehearsals) -> None:
    finished = shop.rehearses(
        f"ALTER DATABASE {shop.database.name} SET standard_conforming_strings = off;",
        "SELECT 'it\\'s; fine';",
        "SELECT 1;",
    )
    assert (finished.rehearsed, finished.left_out) == (("1.sql",), ("2.sql", "3.sql"))
    reasons = {left_out.reason for left_out in shop.events_of(FileLeftOut)}
    assert reasons == {"it can only be read when 1.sql has run, which may change how"}
