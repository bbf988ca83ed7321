"""A saved plan: exactly what was reviewed runs, or nothing, and it is said what differs."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.headless.conftest import Ended, Run

PLAN = "plan.json"
MD5_OF_SELECT_1 = "71568061b2970a4b7c5160fe75356e10"


def write(name: str, text: str) -> Path:
    """Write a migration."""
    path = Path("migrations") / name
    path.write_text(text)
    return path


@pytest.fixture
def saved(run: Run) -> Run:
    """Two pending files whose plan is saved; ``run``."""
    write("0001_a.sql", "SELECT 1;")
    write("0002_b.sql", "VACUUM;")
    ended = run("--dry-run", "--save-plan", PLAN)
    assert (ended.code, ended.errors) == (0, [])
    assert ended.out.endswith(f"Saved: --apply --plan {PLAN} applies exactly this, or nothing\n")
    return run


def refused(run: Run) -> str:
    """What differs from the plan, of which nothing has run."""
    ended = run("--apply", "--plan", PLAN)
    assert ended.code == ExitCode.USAGE
    assert "Applying" not in ended.out
    (error,) = ended.errors
    message, _, hint = error.partition("\nhint: ")
    assert hint == "--dry-run shows what would run now\n"
    return message.removeprefix("this is not what was planned any more: ")


def test_what_was_reviewed_runs(saved: Run) -> None:
    ended = saved("--apply", "--plan", PLAN)
    assert (ended.code, ended.errors) == (0, [])
    assert "  Total applied: 2 migrations\n" in ended.out
    assert refused(saved).startswith("0001_a.sql is not to be run any more; 0002_b.sql is not to")


def test_a_plan_is_json_with_a_line_for_each_file(saved: Run) -> None:
    text = Path(PLAN).read_text()
    plan = json.loads(text)
    assert plan["schemamig_plan"] == 1
    assert plan["ledger"]["table"] == "kb.schema_migrations"
    assert plan["ledger"]["applied"] == 0
    assert plan["server"]["system_identifier"].isdigit()
    assert (plan["to"], plan["resume"]) == (None, True)
    assert [(one["name"], one["mode"], one["resumed"]) for one in plan["files"]] == [
        ("0001_a.sql", "transaction", 0),
        ("0002_b.sql", "no transaction", 0),
    ]
    lines = [line for line in text.splitlines() if '"checksum"' in line]
    assert len(lines) == 2
    assert not list(Path().glob(".plan*"))


def test_no_password_is_in_a_plan(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("0001_a.sql", "SELECT 'secret in a file';")
    dsn = make_conninfo(database.conninfo, password="hunter2")
    monkeypatch.setenv("SCHEMAMIG_DSN", dsn)
    assert run("--dry-run", "--save-plan", PLAN).code == 0
    text = Path(PLAN).read_text()
    assert "hunter2" not in text
    assert "secret" not in text


def test_a_file_that_changed_appeared_or_went_is_named(saved: Run) -> None:
    write("0001_a.sql", "SELECT 22;")
    (Path("migrations") / "0002_b.sql").unlink()
    write("0003_c.sql", "SELECT 3;")
    message = refused(saved)
    assert message.startswith("0001_a.sql has changed (its checksum is ")
    assert f", and was {MD5_OF_SELECT_1}); 0002_b.sql is gone; 0003_c.sql has appeared" in message


def test_a_ledger_that_has_moved_on_is_refused(saved: Run, database: Database) -> None:
    write("0000_z.sql", "SELECT 0;")
    assert saved("--apply", "--to", "0000_z.sql").code == 0
    assert refused(saved) == "the rows of the ledger have changed (1 are applied, and 0 were)"
    with database.connect() as conn:
        conn.execute("DELETE FROM kb.schema_migrations")
    (Path("migrations") / "0000_z.sql").unlink()
    assert saved("--apply", "--plan", PLAN).code == 0


def test_another_database_or_ledger_is_refused(
    saved: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = saved("--apply", "--plan", PLAN, "--table", "public.other")
    assert "the ledger is public.other, and was kb.schema_migrations" in ended.err
    other = f"{database.name}_other"
    with database.connect() as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(other)))
        monkeypatch.setenv("SCHEMAMIG_DSN", make_conninfo(database.conninfo, dbname=other))
        try:
            assert refused(saved) == f"the database is {other}, and was {database.name}"
        finally:
            conn.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(other)))


def edit(change: Callable[[dict[str, Any]], object]) -> None:
    """Change the saved plan."""
    plan = json.loads(Path(PLAN).read_text())
    change(plan)
    Path(PLAN).write_text(json.dumps(plan, indent=1))


def test_another_server_is_refused_and_so_is_one_that_does_not_tell(
    saved: Run, database: Database
) -> None:
    edit(lambda plan: plan["server"].update(system_identifier="1"))
    assert refused(saved).startswith("the server is another one (its system identifier is ")
    with database.connect() as conn:
        conn.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        role = f"plain_{database.name}"
        conn.execute(f"CREATE ROLE {role} LOGIN")
        conn.execute(f"GRANT CREATE ON DATABASE {database.name} TO {role}")
        dsn = make_conninfo(database.conninfo, user=role)
        try:
            ended = saved("--apply", "--plan", PLAN, "--dsn", dsn)
            assert "its system identifier is not told, and was 1" in ended.err
            ended = saved("--dry-run", "--save-plan", PLAN, "--dsn", dsn)
            assert (ended.code, "does not tell its system identifier" in ended.err) == (0, True)
            assert saved("--apply", "--plan", PLAN, "--dsn", dsn).errors == [], "as nothing else"
        finally:
            conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_file_that_would_run_otherwise_is_refused(saved: Run) -> None:
    edit(lambda plan: plan["files"][1].update(mode="transaction"))
    assert (
        refused(saved) == "0002_b.sql would be run as no transaction, and was to be as transaction"
    )
    edit(lambda plan: plan["files"][1].update(mode="no transaction", resumed=1))
    assert refused(saved) == "0002_b.sql would go on after statement 0, and was to after 1"


def test_a_plan_up_to_a_file_and_one_that_starts_over_are_kept_so(run: Run) -> None:
    write("0001_a.sql", "-- schemamig: no-transaction\nSELECT 1;\nSELECT 1 / 0;")
    write("0002_b.sql", "SELECT 2;")
    assert run("--apply").code == ExitCode.MIGRATION_FAILED
    write("0001_a.sql", "-- schemamig: no-transaction\nSELECT 2;\nSELECT 1;")
    plan = ("--dry-run", "--to", "0001_a.sql", "--no-resume", "--save-plan", PLAN)
    assert run(*plan).code == 0
    ended = run("--apply", "--plan", PLAN)
    assert (ended.code, "  Success: 1\n" in ended.out) == (0, True)
    assert "Total: 1 applied, 1 pending" in run("--list").out


def test_nothing_to_do_is_a_plan_too(run: Run) -> None:
    write("0001_a.sql", "SELECT 1;")
    assert run("--apply").code == 0
    assert run("--dry-run", "--save-plan", PLAN).code == 0
    assert run("--apply", "--plan", PLAN).out.startswith("Nothing to do")
    write("0002_b.sql", "SELECT 1;")
    assert refused(run) == "0002_b.sql has appeared"


def test_a_plan_that_cannot_be_applied_is_not_saved(run: Run) -> None:
    write("0001_a.sql", "SELECT 'open;")
    ended = run("--dry-run", "--save-plan", PLAN)
    assert ended.code == ExitCode.USAGE
    assert "warning: The plan is not saved, as it cannot be applied.\n" in ended.err
    assert not Path(PLAN).exists()


def test_a_plan_that_cannot_be_written_leaves_the_one_before(saved: Run) -> None:
    before = Path(PLAN).read_text()
    ended = saved("--dry-run", "--save-plan", "nowhere/plan.json")
    assert ended.code == ExitCode.USAGE
    assert ended.errors == [
        "nowhere/plan.json: This cannot be written: No such file or directory.\n"
        "hint: Check that the folder is there, that you may write to it, and that there is room.\n"
    ]
    assert saved("--dry-run", "--save-plan", f"{PLAN}/x").code == ExitCode.USAGE
    assert Path(PLAN).read_text() == before


def test_a_plan_takes_the_place_of_no_device_or_pipe(saved: Run) -> None:
    os.mkfifo("pipe")
    ended = saved("--dry-run", "--save-plan", "pipe")
    assert (ended.code, ended.errors) == (ExitCode.USAGE, ["pipe: This is not a regular file.\n"])
    assert Path("pipe").is_fifo()


def bad(run: Run, text: str | bytes) -> str:
    """What is said of a plan that is none."""
    Path(PLAN).write_bytes(text if isinstance(text, bytes) else text.encode())
    ended: Ended = run("--apply", "--plan", PLAN)
    assert ended.code == ExitCode.USAGE
    (error,) = ended.errors
    return error.partition("\nhint")[0].rstrip()


def test_a_bad_plan_is_one_error_with_the_line(saved: Run) -> None:
    good = Path(PLAN).read_text()
    assert bad(saved, "") == f"{PLAN}:1:1: This is not JSON: Expecting value."
    assert bad(saved, '{\n  "a": 1,\n}').startswith(f"{PLAN}:3:1: This is not JSON: ")
    assert bad(saved, b"{}\n\xff") == f"{PLAN}:2: The plan is not UTF-8."
    assert bad(saved, "[]") == f"{PLAN}:1: This is no plan: it has no schemamig_plan."
    assert bad(saved, "[" * 100_000) == f"{PLAN}:1: This is no plan: it is nested too deeply."
    newer = good.replace('"schemamig_plan": 1', '"schemamig_plan": 2')
    assert bad(saved, newer) == f"{PLAN}:1: The plan has the format 2, but only 1 is known."
    line = good.splitlines().index(next(one for one in good.splitlines() if "0002_b" in one)) + 1
    missing = good.replace('"0002_b.sql", "checksum"', '"0002_b.sql", "sum"')
    assert bad(saved, missing) == f"{PLAN}:{line}: This is no plan: checksum is missing here."
    wrong = good.replace('"no transaction", "resumed": 0', '"no transaction", "resumed": "0"')
    assert bad(saved, wrong) == f"{PLAN}:{line}: This is no plan: resumed has to be a number."
    ended = saved("--apply", "--plan", "elsewhere.json")
    assert ended.errors == [
        "elsewhere.json: This cannot be read: No such file or directory.\n"
        "hint: Check that it is there and that you may read it.\n"
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--apply", "--save-plan", PLAN), "--save-plan only goes with --dry-run"),
        (("--dry-run", "--plan", PLAN), "--plan only goes with --apply"),
        (("--apply", "--plan", PLAN, "--to", "x.sql"), "--plan goes without --to"),
        (
            ("--apply", "--plan", PLAN, "--no-resume"),
            "--plan goes without --to, --only and --no-resume",
        ),
    ],
)
def test_a_flag_that_a_mode_does_not_use_is_refused(
    run: Run, arguments: tuple[str, ...], why: str
) -> None:
    ended = run(*arguments)
    assert (ended.code, why in ended.err) == (ExitCode.USAGE, True)


def test_it_is_said_in_json_too(saved: Run) -> None:
    events = saved("--dry-run", "--json", "--save-plan", PLAN).events
    assert events[-1] == {"event": "plan_saved", "path": PLAN}


def test_a_plan_of_one_file_is_one_of_that_file(run: Run) -> None:
    for name in ("0001_a.sql", "0002_b.sql"):
        write(name, "SELECT 1;")
    assert run("--dry-run", "--only", "0002_b.sql", "--save-plan", PLAN).code == 0
    assert json.loads(Path(PLAN).read_text())["only"] == "0002_b.sql"
    ended = run("--apply", "--plan", PLAN)
    assert (ended.code, "Total: 1 applied, 1 pending" in run("--list").out) == (0, True), ended.err
