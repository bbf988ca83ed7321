"""Migrations that take long: a limit for their statements, and a mark in the summary."""

import re
import time

import pytest

from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.headless.conftest import Program

HINT = "HINT: A statement may take 300 ms (--statement-timeout)."


def test_the_statement_timeout_ends_a_statement_and_says_whose_limit_it_was(
    program: Program,
) -> None:
    program.write("0001_a.sql", "SELECT pg_sleep(60);")
    ended = program("--apply", "--statement-timeout", "300ms")
    assert ended.code == ExitCode.MIGRATION_FAILED
    assert "ERROR 57014: canceling statement due to statement timeout\n" in ended.err
    assert f"{HINT}\n" in ended.err
    assert f"      {HINT}\n" in program("--list").out


def test_the_limit_is_named_also_where_the_begin_of_the_file_is_read_late(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = Logbook.open

    def late(log: Logbook) -> FileRun:
        time.sleep(0.2)
        return opens(log)

    monkeypatch.setattr(Logbook, "open", late)
    program.write("0001_a.sql", "SELECT pg_sleep(60);")
    assert f"{HINT}\n" in program("--apply", "--statement-timeout", "300ms").err


def test_it_is_for_each_statement_of_every_file_and_not_for_what_is_ours(
    program: Program, database: Database
) -> None:
    shown = "SELECT current_setting('statement_timeout')"
    program.write("0001_a.sql", f"CREATE TABLE seen AS {shown};\nSELECT pg_sleep(0.6);")
    program.write("0002_b.sql", "SELECT pg_sleep(0.6);\nSELECT pg_sleep(0.6);")
    program.write("0003_c.sql", f"VACUUM seen;\nINSERT INTO seen {shown};\nSELECT pg_sleep(0.6);")
    program.write("0004_d.sql", f"SET statement_timeout = '1min'; INSERT INTO seen {shown};")
    program.write("0005_e.sql", f"INSERT INTO seen {shown};")
    with database.connect() as other:
        other.execute("CREATE SCHEMA kb")
        assert program("--apply", "--statement-timeout", "1s").code == ExitCode.DONE
        rows = other.execute("SELECT * FROM seen ORDER BY ctid").fetchall()
    assert [value for (value,) in rows] == ["1s", "1s", "1min", "1s"]


@pytest.mark.parametrize("mode", ["--apply", "--rehearse"])
@pytest.mark.parametrize(("given", "limits"), [("0", ["0", "0"]), (None, ["50ms", "80ms"])])
def test_a_limit_of_0_is_none_whatever_the_database_has(
    program: Program, database: Database, mode: str, given: str | None, limits: list[str]
) -> None:
    with database.connect() as admin:
        for name, own in (("statement_timeout", "50ms"), ("lock_timeout", "80ms")):
            admin.execute(f"ALTER DATABASE {database.name} SET {name} = '{own}'")
    shown = "ARRAY[current_setting('statement_timeout'), current_setting('lock_timeout')]"
    program.write("0001_a.sql", f"DO $$ BEGIN ASSERT {shown} = ARRAY{limits}, {shown}; END $$;")
    flags = ("--statement-timeout", given, "--lock-timeout", given) if given else ()
    assert program(mode, *flags).code == ExitCode.DONE


def test_a_timeout_of_a_file_is_not_taken_for_ours(program: Program) -> None:
    program.write("0001_a.sql", "SET statement_timeout = '50ms'; SELECT pg_sleep(60);")
    ended = program("--apply", "--statement-timeout", "1h")
    assert ended.code == ExitCode.MIGRATION_FAILED
    assert "--statement-timeout" not in ended.err


def test_a_file_without_a_transaction_goes_on_after_its_timeout(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a ();\nVACUUM a;\nSELECT pg_sleep(1);")
    assert program("--apply", "--statement-timeout", "300ms").code == ExitCode.MIGRATION_FAILED
    # The limit is none that the session was left in.
    assert program("--apply").code == ExitCode.DONE


def test_the_summary_marks_what_took_longer_than_it_should(program: Program) -> None:
    program.write("0001_a.sql", "SELECT pg_sleep(0.6);")
    program.write("0002_b.sql", "SELECT 1;")
    out = program("--apply", "--warn-after", "500ms").out
    (slow,) = (line for line in out.splitlines() if "Slow" in line)
    assert re.fullmatch(r"  Slow: 0001_a\.sql took ([6-9]\d\d|\d{4,})ms, more than 500ms", slow)


@pytest.mark.parametrize("limit", [[], ["--warn-after", "0"], ["--warn-after", "1min"]])
def test_what_is_quick_enough_is_not_marked(program: Program, limit: list[str]) -> None:
    program.write("0001_a.sql", "SELECT pg_sleep(0.1);")
    assert "Slow" not in program("--apply", *limit).out


def test_programs_get_the_names_of_what_was_slow(program: Program) -> None:
    program.write("0001_a.sql", "SELECT pg_sleep(0.6);")
    program.write("0002_b.sql", "SELECT 1;")
    ended = program("--apply", "--json", "--warn-after", "500ms")
    assert ended.events[-1]["slow"] == ["0001_a.sql"]
    assert program("--apply", "--json").events[-1]["slow"] == []
