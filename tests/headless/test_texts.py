"""What people read, line for line as the original system wrote it."""

import re
from pathlib import Path

import pytest

from schemamig_tui.errors import ExitCode
from tests.conftest import Database, wait_until_gone
from tests.headless.conftest import Program, named

JOBS = "0002_extraction_jobs.sql"
INTEGRATIONS = "0003_integrations_system.sql"
PREFERENCES = "20251019_add_user_preferences.sql"


def two_applied(program: Program, database: Database) -> None:
    """The database of the original's examples."""
    program.write(JOBS, "CREATE TABLE jobs (id int);")
    program.write(INTEGRATIONS, "CREATE TABLE integrations (id int);")
    assert program("--apply").code == 0
    with database.connect() as conn:
        for name, when in ((JOBS, "19:30:15"), (INTEGRATIONS, "19:30:18")):
            conn.execute(
                "UPDATE kb.schema_migrations SET applied_at = %s WHERE filename = %s",
                (f"2025-10-18 {when}", name),
            )


def test_list_is_that_of_the_original(program: Program, database: Database) -> None:
    two_applied(program, database)
    program.write(PREFERENCES, "CREATE TABLE kb.user_preferences (id int);")
    ended = program("--list")
    assert ended.code == 0
    assert (
        ended.out
        == """\
Applied Migrations:
  ✓ 0002_extraction_jobs.sql (2025-10-18 19:30:15)
  ✓ 0003_integrations_system.sql (2025-10-18 19:30:18)

Pending Migrations:
  • 20251019_add_user_preferences.sql

Total: 2 applied, 1 pending
"""
    )
    assert ended.err == named(database)


def test_apply_is_that_of_the_original(program: Program, database: Database) -> None:
    two_applied(program, database)
    program.write(
        PREFERENCES,
        "CREATE TABLE kb.user_preferences (id int);\n"
        "DO $$ BEGIN RAISE NOTICE 'Table kb.user_preferences created'; END $$;",
    )
    ended = program("--apply")
    assert ended.code == 0
    assert (
        re.sub(r"in <?\d+ms", "in 234ms", ended.out)
        == """\
Applying 1 pending migration(s)...

  Applying: 20251019_add_user_preferences.sql
    NOTICE: Table kb.user_preferences created
  ✓ Applied in 234ms

Migration Summary
  Success: 1
  Total applied: 3 migrations
"""
    )
    assert ended.err == named(database)


def test_nothing_to_do_is_one_calm_sentence(program: Program, database: Database) -> None:
    two_applied(program, database)
    ended = program("--apply")
    assert (ended.code, ended.out) == (
        0,
        "Nothing to do: no migration is pending (2 migrations applied).\n",
    )
    assert program("--dry-run").out == ended.out


def test_a_failure_is_shown_as_a_compiler_would(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int);")
    program.write("0002_b.sql", "CREATE TABLE b (id int);\n\nSELECT id,\n\tnaem FROM a;")
    program.write("0003_c.sql", "SELECT 1;")
    ended = program("--apply")
    assert ended.code == 1
    assert (
        re.sub(r"<?\d+ms", "12ms", ended.out)
        == """\
Applying 3 pending migration(s)...

  Applying: 0001_a.sql
  ✓ Applied in 12ms
  Applying: 0002_b.sql
  ✗ Failed after 12ms

Migration Summary
  Success: 1
  Failed: 1
  Remaining: 1
  Total applied: 1 migration
"""
    )
    assert (
        ended.err.removeprefix(named(database))
        == """\
ERROR 42703: column "naem" does not exist
migrations/0002_b.sql:4:2
            naem FROM a;
            ^
hint: what was applied stays; the next --apply goes on with migrations/0002_b.sql
"""
    )


def test_detail_and_hint_of_the_server_are_shown(program: Program) -> None:
    program.write(
        "0001_a.sql",
        "DO $$ BEGIN RAISE 'no luck' USING DETAIL = 'It rained.', HINT = 'Wait.'; END $$;",
    )
    err = program("--apply").err
    assert "ERROR P0001: no luck\n" in err
    assert "\nDETAIL: It rained.\nHINT: Wait.\nCONTEXT: PL/pgSQL function inline_code" in err


def test_a_notice_of_several_lines_stays_under_its_migration(program: Program) -> None:
    program.write(
        "0001_a.sql",
        "DO $$ BEGIN RAISE WARNING E'one\\ntwo' USING DETAIL = 'three', HINT = 'four'; END $$;",
    )
    out = program("--apply").out
    assert "\n    WARNING: one\n    two\n    DETAIL: three\n    HINT: four\n  ✓ " in out


def test_list_shows_what_failed_and_why(program: Program) -> None:
    program.write("0001_a.sql", "SELECT nothing;")
    program("--apply")
    ended = program("--list")
    assert ended.code == 0
    assert (
        re.sub(r"\(.*?\)", "(then)", ended.out)
        == """\
Failed Migrations:
  ✗ 0001_a.sql (then)
      ERROR 42703: column "nothing" does not exist
      0001_a.sql:1:8
          SELECT nothing;
                 ^

Total: 0 applied, 0 pending, 1 failed
"""
    )


def test_list_marks_and_counts_what_is_changed_and_what_is_missing(
    program: Program, database: Database
) -> None:
    two_applied(program, database)
    program.write(JOBS, "CREATE TABLE other (id int);")
    (program.folder / "migrations" / INTEGRATIONS).unlink()
    ended = program("--list")
    assert (
        ended.out
        == """\
Applied Migrations:
  ✓ 0002_extraction_jobs.sql (2025-10-18 19:30:15)  changed since it was applied
  ✓ 0003_integrations_system.sql (2025-10-18 19:30:18)  its file is missing

Total: 2 applied, 0 pending, 1 changed, 1 missing
"""
    )


def test_check_says_what_is_wrong(program: Program, database: Database) -> None:
    two_applied(program, database)
    ended = program("--check")
    assert (ended.code, ended.out) == (0, "Up to date: 2 applied\n")
    program.write(JOBS, "CREATE TABLE other (id int);")
    program.write(PREFERENCES, "SELECT nothing;")
    program("--apply")
    program.write(PREFERENCES, "SELECT 1;")
    program.write("20251020_more.sql", "SELECT 1;")
    ended = program("--check")
    assert ended.code == 5
    assert (
        ended.out
        == """\
Not up to date: 1 pending, 1 failed, 1 changed
  ✗ 0002_extraction_jobs.sql: changed since it was applied
  ✗ 20251019_add_user_preferences.sql: failed, changed since it failed
  ✗ 20251020_more.sql: pending
"""
    )


def test_dry_run_shows_how_each_file_would_be_run(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int);\nCREATE TABLE b (id int);")
    program.write("0002_b.sql", "BEGIN;\nCREATE INDEX i ON a (id);\nCOMMIT;")
    program.write("0003_c.sql", "CREATE INDEX CONCURRENTLY j ON a (id);")
    program.write("0004_d.sql", "-- nothing yet\n")
    ended = program("--dry-run")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "Pending Migrations:"
    assert lines[1] == "  • 0001_a.sql"
    assert lines[2].startswith("      transaction: ")
    assert lines[3] == "      2 statements, 49 bytes"
    assert "\n  • 0002_b.sql\n      own transaction: " in ended.out
    assert "\n  • 0003_c.sql\n      no transaction: " in ended.out
    assert "\n      warning: line 1: " in ended.out
    assert lines[-1] == "Total: 4 to apply; nothing was changed"
    with database.connect() as conn:
        assert conn.execute("SELECT to_regnamespace('kb')").fetchone() == (None,)


def test_dry_run_shows_the_sql_when_asked(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (\n\tid int\n);\n\nSELECT 1;")
    assert "CREATE TABLE" not in program("--dry-run").out
    out = program("--dry-run", "--sql").out
    assert "\nCREATE TABLE a (\n        id int\n);\n\nSELECT 1;\n" in out


def test_dry_run_names_every_file_that_would_be_refused(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 'open;")
    program.write("0002_b.sql", "SELECT 1;")
    program.write("0003_c.sql", "SELECT 1;\n\\connect other\n")
    ended = program("--dry-run")
    assert ended.code == 2
    assert "error: migrations/0001_a.sql:1:8: " in ended.err
    assert "error: migrations/0003_c.sql:2:1: " in ended.err
    assert ended.out.endswith("\nTotal: 1 to apply, 2 refused; nothing was changed\n")


def test_to_ends_a_run_and_its_preview_at_a_file(program: Program) -> None:
    for name in ("0001_a.sql", "0002_b.sql", "0003_c.sql"):
        program.write(name, "SELECT 1;")
    assert "Total: 2 to apply" in program("--dry-run", "--to", "0002_b.sql").out
    assert "  Success: 2\n" in program("--apply", "--to", "migrations/0002_b.sql").out
    assert "Total: 2 applied, 1 pending" in program("--list").out
    assert program("--apply", "--to", "0002_b.sql").out == (
        "Nothing to do: no migration is pending up to 0002_b.sql (2 migrations applied).\n"
    )


def test_names_out_of_order_are_warned_of(program: Program) -> None:
    program.write("first.sql", "SELECT 1;")
    ended = program("--dry-run")
    assert ended.code == 0
    assert "warning: " in ended.err
    assert "first.sql" in ended.err


@pytest.mark.parametrize("mode", ["--list", "--check", "--dry-run", "--rehearse", "--apply"])
def test_every_mode_warns_of_what_is_odd_about_the_folder(program: Program, mode: str) -> None:
    for name in ("first.sql", "20250101_a.sql", "2025-01-02_b.sql"):
        program.write(name, "SELECT 1;")
    program.write("0001_a.SQL", "SELECT 1;")
    program.write("~last.sql", "")
    err = program(mode).err.splitlines()
    assert [line.partition(": ")[0] for line in err if line.startswith("warning")] == 4 * [
        "warning"
    ]
    assert any("first.sql" in line for line in err)
    assert any("date styles" in line for line in err)
    assert any("0001_a.SQL" in line for line in err)
    assert any("~last.sql" in line and "Not written yet" in line for line in err)


@pytest.mark.parametrize("mode", ["--dry-run", "--rehearse", "--apply"])
def test_drift_is_warned_of_by_what_does_not_list_it(program: Program, mode: str) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    gone = program.write("0002_b.sql", "SELECT 1;")
    program("--apply")
    program.write("0001_a.sql", "SELECT 2;")
    gone.unlink()
    ended = program(mode)
    assert ended.code == 0
    assert (
        "warning: Changed since it was applied: 0001_a.sql.\n"
        "warning: In the ledger, but not in the folder: 0002_b.sql.\n"
    ) in ended.err


def test_an_unwritten_file_stays_pending_in_every_mode(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program("--apply")
    program.write("0002_b.sql", "BEGIN;\n\nCOMMIT;\n")
    nothing = "Nothing to do: 1 pending migration not written yet"
    for mode in ("--apply", "--dry-run"):
        ended = program(mode)
        assert (ended.code, ended.out) == (0, f"{nothing} (1 migration applied).\n")
        assert "warning: Not written yet, so it is not run: 0002_b.sql.\n" in ended.err
    assert program("--rehearse").out == f"{nothing}.\n"
    assert "  • 0002_b.sql  not written yet\n" in program("--list").out
    ended = program("--check")
    assert (ended.code, ended.out) == (
        5,
        "Not up to date: 1 pending\n  ✗ 0002_b.sql: pending, not written yet\n",
    )


def test_an_empty_file_that_would_be_recorded_is_not_said_to_wait(program: Program) -> None:
    program.write("0001_a.sql", "")
    program.write("0002_b.sql", "SELECT 1;")
    ended = program("--list")
    assert "  • 0001_a.sql  empty\n" in ended.out
    warning = "Empty, with a written file behind it, so an apply records it as applied: 0001_a.sql."
    assert f"warning: {warning}\n" in ended.err
    assert "  ✗ 0001_a.sql: pending, empty\n" in program("--check").out


def test_a_file_that_was_recorded_when_it_was_empty_says_why_it_is_pending(
    program: Program,
) -> None:
    program.write("0001_a.sql", "")
    program.write("0002_b.sql", "SELECT 1;")
    program("--apply")
    program.write("0001_a.sql", "CREATE TABLE a ();")
    why = "recorded when it was empty, has statements now"
    assert f"Pending Migrations:\n  • 0001_a.sql  {why}\n" in program("--list").out
    assert f"\n      {why}\n" in program("--dry-run").out
    assert f"  ✗ 0001_a.sql: pending, {why}\n" in program("--check").out
    assert "  Total applied: 2 migrations\n" in program("--apply").out
    assert program("--check").code == 0


def test_dry_run_says_where_a_file_goes_on_and_refuses_one_that_has_changed_there(
    program: Program,
) -> None:
    head = "-- schemamig: no-transaction\n"
    program.write("0001_a.sql", f"{head}CREATE TABLE a ();\nSELECT 1 / 0;")
    assert program("--apply").code == ExitCode.MIGRATION_FAILED
    assert "      goes on after statement 1 of 2\n" in program("--dry-run").out
    program.write("0001_a.sql", f"{head}CREATE TABLE b ();\nSELECT 1;")
    ended = program("--dry-run")
    assert ended.code == ExitCode.USAGE
    assert "0001_a.sql: its first statement has been applied by an earlier try" in ended.err
    assert "--no-resume" in ended.err
    assert program("--apply", "--no-resume").code == ExitCode.DONE


def test_a_session_that_cannot_be_had_again_is_refused_before_anything_runs(
    program: Program,
) -> None:
    head = "-- schemamig: no-transaction\ncreate temp table s as select 1 a;\n"
    program.write("0001_a.sql", f"{head}select 1/0;\ncreate table n as select a from s;")
    failed = program("--apply")
    assert failed.code == ExitCode.MIGRATION_FAILED
    assert (
        "0001_a.sql after its first statement: a new session cannot have what was left in the old"
        " one: the temporary table s (line 2). Undo those statements by hand"
    ) in failed.err
    assert "the next --apply goes on" not in failed.err
    program.write("0001_a.sql", f"{head}select 1/1;\ncreate table n as select a from s;")
    program.write("0000_before.sql", "CREATE TABLE b ();")
    for command in ("--dry-run", "--rehearse", "--apply"):
        ended = program(command)
        assert ended.code == ExitCode.USAGE, command
        assert (
            "0001_a.sql: its first statement has been applied by an earlier try, and a new session"
            " cannot have what was left in the old one: the temporary table s (line 2)"
        ) in ended.err
        assert "--no-resume" in ended.err
    assert "0000_before.sql" in program("--list").out.partition("Pending")[2]
    assert program("--apply", "--no-resume").code == ExitCode.DONE


def test_an_extension_that_the_embedded_server_lacks_is_said_to_be_elsewhere(
    program: Program, base: Path
) -> None:
    program.write("0001_a.sql", "CREATE EXTENSION no_such;")
    embedded = ("--embedded", str(base))
    for command in ("--apply", "--rehearse"):
        ended = program(*embedded, command, SCHEMAMIG_DSN="")
        assert ended.code == ExitCode.MIGRATION_FAILED
        assert 'No PostgreSQL on this machine has the extension "no_such".' in ended.err
    wait_until_gone(base)


def test_a_file_that_is_read_again_behind_another_is_not_refused_before(
    program: Program, database: Database
) -> None:
    change = f"ALTER DATABASE {database.name} SET standard_conforming_strings = off;"
    program.write("0001_a.sql", change)
    program.write("0002_b.sql", "CREATE TABLE b AS SELECT 'it\\'s fine' AS x;")
    ended = program("--dry-run")
    assert ended.code == 0, ended.err
    assert "Total: 2 to apply; nothing was changed" in ended.out
    again = "But it is read again when 0001_a.sql has run, which may change how."
    assert f"0002_b.sql:1:37: This string is never closed. {again}" in ended.err
    assert program("--apply").code == 0
    program.write("0003_c.sql", "SELECT 'never closed;")
    program.write("0001_a.sql", change)
    assert program("--dry-run").code == 2
