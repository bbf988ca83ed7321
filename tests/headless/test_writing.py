"""``--new`` and ``--new-rollback`` as their users meet them."""

from datetime import date
from pathlib import Path

from tests.conftest import Database
from tests.headless.conftest import Program


def test_a_new_migration_is_written_without_a_database(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    ended = program(
        "--new", "Add user preferences", DATABASE_URL="postgresql://nobody@127.0.0.1:1/x"
    )
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "Created migrations/0002_add_user_preferences.sql\n"
    written = (program.folder / ended.out.split()[1]).read_text()
    assert "-- Migration: Add user preferences\n" in written
    assert f"-- Date: {date.today():%Y-%m-%d}\n" in written


def test_the_first_one_needs_a_folder_and_nothing_in_it(program: Program) -> None:
    ended = program("--new", "a", "--json", "--dir", "missing")
    assert ended.code == 2
    assert "does not exist" in ended.events[-1]["message"]
    ended = program("--new", "a", "--date-style", "nnnn", "--json")
    assert ended.events == [
        {"event": "migration_created", "name": "0001_a.sql", "path": "migrations/0001_a.sql"}
    ]


def test_style_and_template_can_stand_in_the_settings(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    (program.folder / "own.sql").write_text("-- {title}, of {date}\n")
    (program.folder / "pyproject.toml").write_text(
        '[tool.schemamig-tui]\ndate-style = "YYYYMMDD"\ntemplate = "own.sql"\n'
    )
    ended = program("--new", "b")
    path = program.folder / ended.out.split()[1]
    assert path.name == f"{date.today():%Y%m%d}_b.sql"
    assert path.read_text() == f"-- B, of {date.today():%Y-%m-%d}\n"


def test_odd_titles_get_one_clear_error(program: Program) -> None:
    for title in ("", "///", "x" * 300):
        ended = program("--new", title)
        assert (ended.code, ended.out) == (2, "")
        assert len(ended.errors) == 1
    assert "has to be YYYYMMDD, YYYY-MM-DD, NNNN" in program("--new", "a", "--date-style", "y").err


def test_flags_that_it_does_not_use_are_refused(program: Program) -> None:
    assert "--to only goes with" in program("--new", "a", "--to", "x").err
    assert "--date-style only goes with --new and --new-rollback" in (
        program("--list", "--date-style", "NNNN").err
    )
    assert "not allowed with argument" in program("--new", "a", "--apply").err


def test_a_reversal_is_drafted_and_rehearsed(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE t (i int);\n")
    program.write("0002_add_b.sql", "ALTER TABLE t ADD b int; UPDATE t SET b = 1;\n")
    ended = program("--new-rollback", str(Path("migrations/0001_a.sql")))
    assert ended.code == 0
    assert ended.out == (
        "Created migrations/0003_rollback_a.sql\n"
        "  ✓ Rehearsed behind its original and rolled back: the schema is as it was before.\n"
    )
    (program.folder / "migrations/0003_rollback_a.sql").unlink()
    assert program("--apply").code == 0
    ended = program("--new-rollback", "0002_add_b.sql")
    assert ended.out == (
        "Created migrations/0003_rollback_b.sql\n"
        "  ✓ Rehearsed with its original again behind it and rolled back: the schema is as it is"
        " now.\n"
        "  • Not everything is taken back: look for NOT TAKEN BACK in the file.\n"
    )
    assert program("--apply").code == 0


def test_a_reversal_that_does_not_do_shows_why(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE t (i int);\n")
    program.write("0002_b.sql", "CREATE VIEW v AS SELECT * FROM t;\n")
    assert program("--apply").code == 0
    (event,) = [
        event
        for event in program("--new-rollback", "0001_a.sql", "--json").events
        if event["event"] == "rollback_drafted"
    ]
    assert event["failed"].startswith("line 10: cannot drop table t because other objects depend")
    assert (event["complete"], event["as_before"], event["original"]) == (True, False, "0001_a.sql")


def test_a_reversal_that_leaves_a_difference_is_not_complete(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (i int)")
        conn.execute("ALTER TABLE t ADD CONSTRAINT known CHECK (i > 0) NOT VALID")
    program.write("0001_a.sql", "ALTER TABLE t VALIDATE CONSTRAINT known;")
    event = program("--new-rollback", "0001_a.sql", "--json").events[-1]
    assert (event["complete"], event["as_before"]) == (False, False)
