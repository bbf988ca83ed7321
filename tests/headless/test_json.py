"""JSON lines: what each event holds, and that every line is JSON whatever happens."""

import re
import signal

import pytest

from tests.conftest import Database
from tests.headless.conftest import Ended, Program


def kinds(ended: Ended) -> list[str]:
    return [event["event"] for event in ended.events]


def the(ended: Ended, kind: str) -> dict[str, object]:
    """The only event of its kind."""
    (event,) = (event for event in ended.events if event["event"] == kind)
    return event


def test_a_run_is_one_line_per_event(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int);\nDO $$ BEGIN RAISE NOTICE 'hi'; END $$;")
    ended = program("--apply", "--json")
    assert ended.code == 0
    assert ended.err == ""
    assert kinds(ended) == [
        "connecting",
        "connected",
        "run_started",
        "file_started",
        "statement_finished",
        "notice",
        "statement_finished",
        "file_applied",
        "run_finished",
    ]
    assert ended.events[0] == {
        "event": "connecting",
        "route": "SCHEMAMIG_DSN",
        "passed_over": [],
    }
    assert ended.events[2:4] == [
        {"event": "run_started", "files": ["0001_a.sql"]},
        {
            "event": "file_started",
            "name": "0001_a.sql",
            "number": 1,
            "total": 1,
            "mode": "transaction",
            "statements": 2,
            "resumed": 0,
        },
    ]
    assert the(ended, "notice") == {
        "event": "notice",
        "name": "0001_a.sql",
        "statement": 2,
        "line": 2,
        "severity": "NOTICE",
        "sqlstate": "00000",
        "message": "hi",
        "detail": None,
        "hint": None,
        "context": "PL/pgSQL function inline_code_block line 1 at RAISE",
    }
    statement = ended.events[4]
    ms = statement.pop("ms")
    assert ms is None or ms > 0
    assert statement == {
        "event": "statement_finished",
        "name": "0001_a.sql",
        "statement": 1,
        "line": 1,
        "tag": "CREATE TABLE",
        "batch": 1,
    }
    finished = the(ended, "run_finished")
    assert finished.pop("ms")
    assert finished == {
        "event": "run_finished",
        "applied": ["0001_a.sql"],
        "failed": None,
        "remaining": [],
        "version": 1,
        "cancelled": False,
        "lost": [],
        "unwritten": [],
        "waiting": [],
        "forgotten": [],
        "slow": [],
    }


def test_a_failure_has_all_that_is_known(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;\nSELECT nothing;")
    ended = program("--apply", "--json")
    assert ended.code == 1
    assert ended.err == ""
    failed = the(ended, "file_failed")
    assert failed.pop("ms")
    assert failed == {
        "event": "file_failed",
        "name": "0001_a.sql",
        "recorded": True,
        "unrecorded": None,
        "kept": 0,
        "obstacle": None,
        "failure": {
            "severity": "ERROR",
            "sqlstate": "42703",
            "message": 'column "nothing" does not exist',
            "detail": None,
            "hint": None,
            "context": None,
            "statement": 2,
            "line": 2,
            "column": 8,
            "source": "SELECT nothing;",
            "gave_way": False,
        },
    }
    assert the(ended, "run_finished")["failed"] == "0001_a.sql"


def test_a_list_is_one_line_per_migration_and_a_status(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program("--apply")
    program.write("0002_b.sql", "SELECT 1;")
    applied, pending, status = program("--list", "--json").events[2:]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", applied.pop("applied_at"))
    assert applied.pop("execution_time_ms") >= 0
    assert applied == {
        "event": "migration",
        "name": "0001_a.sql",
        "state": "applied",
        "changed": False,
        "missing": False,
        "renamed_to": None,
        "recorded_as": None,
        "unwritten": False,
        "written_since": False,
        "batches_done": None,
        "checksum": "71568061b2970a4b7c5160fe75356e10",
        "error_message": None,
    }
    assert pending == {
        "event": "migration",
        "name": "0002_b.sql",
        "state": "pending",
        "changed": False,
        "missing": False,
        "renamed_to": None,
        "recorded_as": None,
        "unwritten": False,
        "written_since": False,
        "batches_done": None,
        "applied_at": None,
        "checksum": None,
        "execution_time_ms": None,
        "error_message": None,
    }
    assert status == {
        "event": "status",
        "applied": 1,
        "pending": 1,
        "failed": 0,
        "unknown": 0,
        "changed": 0,
        "missing": 0,
    }


def test_the_database_is_an_event_of_every_command(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    for mode in ("--list", "--dry-run", "--check", "--rehearse", "--apply"):
        connected = the(program(mode, "--json"), "connected")
        assert re.fullmatch(r"\d+(\.\d+|\w+)", str(connected.pop("version")))
        assert str(connected.pop("host")).startswith("/")
        assert connected == {
            "event": "connected",
            "database": database.name,
            "role": "postgres",
            "login": "postgres",
            "port": 5432,
            "source": "SCHEMAMIG_DSN",
            "container": None,
            "route": None,
            "embedded": None,
        }


def test_a_check_lists_only_what_it_found(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program("--apply")
    assert kinds(program("--check", "--json")) == ["connecting", "connected", "status"]
    program.write("0002_b.sql", "SELECT 1;")
    ended = program("--check", "--json")
    assert ended.code == 5
    assert the(ended, "migration")["name"] == "0002_b.sql"


def test_a_dry_run_is_one_line_per_file(program: Program) -> None:
    program.write("0001_a.sql", "-- A sample, of 2025-10-19\nSELECT 1;\nSELECT 2;\n")
    ended = program("--dry-run", "--json", "--sql")
    assert kinds(ended)[2:] == ["plan_started", "file_planned", "plan_finished"]
    planned = the(ended, "file_planned")
    assert planned.pop("reason")
    assert planned == {
        "event": "file_planned",
        "name": "0001_a.sql",
        "path": "migrations/0001_a.sql",
        "size": 47,
        "mode": "transaction",
        "statements": 2,
        "failed_before": False,
        "written_since": False,
        "resumed": 0,
        "warnings": [],
        "sql": [{"line": 2, "text": "SELECT 1"}, {"line": 3, "text": "SELECT 2"}],
    }
    assert the(ended, "plan_finished") == {"event": "plan_finished", "planned": 1, "refused": 0}


@pytest.mark.parametrize("mode", ["--list", "--check", "--dry-run", "--rehearse", "--apply"])
def test_a_warning_is_the_same_event_in_every_mode(program: Program, mode: str) -> None:
    program.write("first.sql", "SELECT 1;")
    program.write("last.sql", "")
    messages = [event for event in program(mode, "--json").events if event["event"] == "warning"]
    assert messages == [
        {
            "event": "warning",
            "message": "No prefix YYYYMMDD_, YYYY-MM-DD_, NNNN_ in the name of first.sql, last.sql:"
            " they run in alphabetical order.",
        },
        {"event": "warning", "message": "Not written yet, so it is not run: last.sql."},
    ]


def test_unwritten_files_are_named_by_a_list_and_by_a_run(program: Program) -> None:
    program.write("0001_a.sql", "")
    assert the(program("--list", "--json"), "migration")["unwritten"]
    assert the(program("--apply", "--json"), "run_finished")["unwritten"] == ["0001_a.sql"]
    assert the(program("--rehearse", "--json"), "rehearsal_finished")["unwritten"] == ["0001_a.sql"]


def test_an_error_is_an_event_too(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 'open;")
    ended = program("--apply", "--json")
    assert ended.code == 2
    assert ended.err == ""
    error = the(ended, "error")
    assert error.pop("message")
    assert set(error) == {"event", "hint", "exit_code", "path", "line", "column"}
    assert (error["exit_code"], error["path"]) == (2, "migrations/0001_a.sql")
    assert (error["line"], error["column"]) == (1, 8)


def test_settings_that_make_no_sense_are_an_event_too(program: Program) -> None:
    ended = program("--list", "--json", "--wait", "soon")
    assert ended.code == 2
    assert kinds(ended) == ["error"]


def test_a_run_that_is_cancelled_says_so(program: Program) -> None:
    program.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'x'; PERFORM pg_sleep(30); END $$;")
    process = program.start("--apply", "--json")
    assert process.stdout is not None
    while '"notice"' not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    finished = the(Ended(process.returncode, out, ""), "run_finished")
    assert process.returncode == 130
    assert finished["cancelled"] is True
    assert finished["failed"] == "0001_a.sql"


def test_the_lines_are_ascii_whatever_they_say(program: Program) -> None:
    program.write("0001_é\x9b\u202e.sql", "DO $$ BEGIN RAISE NOTICE '漢\x1b'; END $$;")
    ended = program("--apply", "--json", PYTHONIOENCODING="ascii")
    assert ended.out.isascii()
    assert "\x1b" not in ended.out
    assert the(ended, "notice")["message"] == "漢\x1b"
    assert the(ended, "file_started")["name"] == "0001_é\x9b\u202e.sql"
