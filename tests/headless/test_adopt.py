"""``--adopt``, as its users meet it."""

import pytest

from tests.conftest import Database
from tests.headless.conftest import Program

DBMATE = "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)"


@pytest.fixture
def theirs(program: Program, database: Database) -> Program:
    """A program beside whose folder dbmate has one applied and one pending migration."""
    folder = program.folder / "db/migrations"
    folder.mkdir(parents=True)
    (folder / "20251018193000_users.sql").write_text(
        "-- migrate:up\nCREATE TABLE users (i int);\n\n-- migrate:down\nDROP TABLE users;\n"
    )
    (folder / "20251019080000_jobs.sql").write_text(
        "-- migrate:up transaction:false\nCREATE TABLE jobs (i int);\n-- migrate:down\n"
    )
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (i int)")
        conn.execute(DBMATE)
        conn.execute("INSERT INTO schema_migrations VALUES ('20251018193000')")
    return program


def test_a_tool_is_shown_and_then_taken_over(theirs: Program) -> None:
    lines = [
        "db/migrations/20251018193000_users.sql -> migrations/20251018_193000_users.sql: applied",
        "db/migrations/20251019080000_jobs.sql -> migrations/20251019_080000_jobs.sql: pending",
    ]
    seen = theirs("--adopt", "dbmate", "--dry-run")
    assert (seen.code, seen.out.splitlines()) == (
        0,
        [*lines, "2 files would be written, 1 would be recorded as applied, 1 pending"],
    )
    assert [*(theirs.folder / "migrations").iterdir()] == []
    done = theirs("--adopt", "dbmate", "--dir", "db/migrations")
    assert (done.code, done.out.splitlines()) == (
        0,
        [*lines, "2 files written, 1 recorded as applied, 1 pending"],
    )
    again = theirs("--adopt", "DBMATE")
    assert again.out == "Nothing to take over from dbmate: all of it is here.\n"
    applied = theirs("--apply")
    assert applied.code == 0
    assert "users" not in applied.out
    assert "warning" not in applied.err


def test_the_json_of_an_adoption_has_every_file(theirs: Program) -> None:
    first, second, end = theirs("--adopt", "dbmate", "--dry-run", "--json").events[-3:]
    assert (first["event"], first["name"], first["recorded"]) == (
        "file_adopted",
        "20251018_193000_users.sql",
        True,
    )
    assert (second["written"], second["applied"]) == (True, False)
    assert (end["event"], end["table"], end["preview"]) == (
        "adopted",
        "public.schema_migrations",
        True,
    )


def test_an_adoption_that_makes_no_sense_is_one_clear_error(theirs: Program) -> None:
    for arguments, why in (
        (("--adopt", "dbmat"), "did you mean dbmate?"),
        (("--adopt", "golang-migrate"), "name it with --dir"),
        (("--adopt", "dbmate", "--dir", "nowhere"), "This folder cannot be read"),
        (("--adopt", "dbmate", "--apply"), "--adopt: not allowed with argument --apply"),
        (("--adopt", "dbmate", "--new", "x"), "--adopt: not allowed with argument --new"),
        (("--adopt", "dbmate", "--sql"), "--sql only goes with --dry-run"),
        (("--adopt", "dbmate", "--yes", "x"), "--yes says x"),
    ):
        ended = theirs(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert why in ended.err
