"""``--mark-applied`` and its kin, as their users meet them."""

import os

import pytest

from tests.conftest import Database
from tests.headless.conftest import Program


def test_a_repair_shows_the_row_before_and_after(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE t (i int);\nSELECT 1/0;\n")
    assert program("--apply").code == 1
    ended = program("--mark-applied", "migrations/0001_a.sql")
    assert ended.code == 0
    name, before, after = ended.out.splitlines()
    assert name == "0001_a.sql"
    assert before.startswith("  before: failed, ")
    assert ", error: ERROR" in before
    assert after.startswith("  after:  applied, ")
    assert after.endswith(", checksum MANUAL")
    assert "1 applied, 0 pending" in program("--list").out


def test_a_file_that_stopped_half_way_is_not_marked_or_forgotten_in_silence(
    program: Program,
) -> None:
    program.write("0001_a.sql", "-- schemamig: no-transaction\nSELECT 1;\nSELECT 1/0;\nSELECT 2;\n")
    for repair, rest in (
        ("--forget", "that stays applied"),
        ("--mark-applied", "the rest is never run"),
    ):
        assert program("--apply").code == 1
        ended = program(repair, "0001_a.sql")
        assert ended.code == 0
        assert f"warning: 0001_a.sql stopped after 1 of 3 statements: {rest}" in ended.err


def test_the_json_of_a_repair_has_both_rows(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;\n")
    program.write("0002_b.sql", "SELECT 2;\n")
    events = program("--baseline", "0002_b.sql", "--json").events
    repaired = [event for event in events if event["event"] == "repaired"]
    assert [(one["name"], one["before"]) for one in repaired] == [
        ("0001_a.sql", None),
        ("0002_b.sql", None),
    ]
    assert repaired[0]["after"]["checksum"] == "MANUAL"
    assert repaired[0]["after"]["success"] is True
    program.write("0001_a.sql", "SELECT 3;\n")
    assert program("--check").code == 0
    assert program("--accept-checksum", "0001_a.sql").code == 0
    (program.folder / "migrations/0001_a.sql").unlink()
    assert program("--check").code == 5
    assert program("--forget", "0001_a.sql").out.endswith("  after:  no row\n")
    assert program("--check").code == 0


def test_a_repair_that_makes_no_sense_is_one_clear_error(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;\n")
    assert program("--apply").code == 0
    for mode, why in (
        ("--mark-applied", "is applied already"),
        ("--accept-checksum", "has not changed since it was applied"),
        ("--forget", "would be applied again"),
        ("--baseline", "are applied already"),
    ):
        ended = program(mode, "0001_a.sql")
        assert (ended.code, ended.out) == (2, "")
        assert why in ended.err
    assert "--to only goes with" in program("--forget", "0001_a.sql", "--to", "x").err


def test_a_row_that_is_called_like_a_path_or_not_at_all_can_be_forgotten(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;\n")
    assert program("--apply").code == 0
    with database.session() as conn:
        conn.execute(
            "ALTER TABLE kb.schema_migrations ALTER filename DROP NOT NULL;"
            "INSERT INTO kb.schema_migrations (filename) VALUES ('old/0001_a.sql'), ('/b'), (NULL)"
        )
    for name in ("old/0001_a.sql", "/b", "NULL"):
        assert program("--forget", name).out.startswith(f"{name}\n")
    ended = program("--forget", "old/0001_a.sql")
    assert (ended.code, ended.out) == (2, "")
    assert "the ledger has no row of old/0001_a.sql" in ended.err
    assert "1 applied, 0 pending" in program("--list").out


@pytest.mark.parametrize(
    "options", [("--mark-applied",), ("--dry-run", "--to"), ("--apply", "--only")]
)
def test_a_path_that_leads_to_another_folder_is_refused(
    program: Program, options: tuple[str, ...]
) -> None:
    program.write("0001_a.sql", "SELECT 1;\n")
    (program.folder / "link").symlink_to("migrations")
    for path in ("../0001_a.sql", "elsewhere/0001_a.sql"):
        ended = program(*options, path)
        assert (ended.code, ended.out) == (2, "")
        assert f"error: {options[-1]}: {path} is not in the folder migrations\n" in ended.err
    for path in ("link/0001_a.sql", os.fspath(program.folder / "migrations/0001_a.sql")):
        assert "is not in the folder" not in program(*options, path).err
