"""Failures, as they are recorded and as they are shown."""

import pytest

from schemamig_tui.engine.events import Failure, Place
from schemamig_tui.engine.run.failure import describe
from schemamig_tui.tui.failures import read_failure
from tests.tui.conftest import Desk, played


def test_what_the_engine_describes_is_read_back() -> None:
    failure = Failure(
        "it is\nwrong",
        sqlstate="42P01",
        detail="some\ndetail",
        hint="a hint",
        context="there",
        place=Place(12, 9),
        source="  SELECT * FROM t",
    )
    read = read_failure(describe(failure, "0001_a:2.sql"))
    assert read.message == "it is\nwrong"
    assert (read.severity, read.sqlstate) == ("ERROR", "42P01")
    assert (read.place, read.line) == ("0001_a:2.sql:12:9", 12)
    assert (read.source, read.caret) == ("  SELECT * FROM t", 8)
    assert read.sections == (("DETAIL", "some\ndetail"), ("HINT", "a hint"), ("CONTEXT", "there"))


@pytest.mark.parametrize(
    "text",
    [
        'relation "kb.users" does not exist',
        "ERROR: not quite\nour form:\nneither here",
        "",
        "psql:x.sql:3: ERROR:  syntax error",
    ],
)
def test_whatever_else_is_recorded_stays_the_message(text: str) -> None:
    read = read_failure(text)
    assert read.place is None
    assert read.message in text


@played
async def test_a_failure_has_its_code_place_detail_hint_and_context(desk: Desk) -> None:
    desk.write(
        "0001_a.sql",
        "CREATE TABLE t (id INT PRIMARY KEY);\nINSERT INTO t VALUES (1);\n\n"
        "DO $$ BEGIN\n    INSERT INTO t VALUES (1);\nEND $$;\n-- after\n",
    )
    async with desk.open() as ui:
        await ui.apply()
        assert ui.detail.startswith(
            "✗ ERROR 23505  UniqueViolation\n"
            'duplicate key value violates unique constraint "t_pkey"\n\n'
            "0001_a.sql:5\n"
        )
        assert " 4 │ DO $$ BEGIN\n▶5 │     INSERT INTO t VALUES (1);\n 6 │ END $$;\n" in ui.detail
        assert "DETAIL Key (id)=(1) already exists." in ui.detail
        assert "CONTEXT SQL statement" in ui.detail
        assert "Failed 20" in ui.detail


@played
async def test_a_file_that_fails_again_shows_why_whatever_tab_was_open(desk: Desk) -> None:
    file = desk.write("0001_a.sql", "SELECT 1/0;")
    async with desk.open() as ui:
        await ui.apply()
        await ui.press("enter", "escape")
        assert "SELECT 1/0" in ui.detail
        file.write_text("SELECT 2/0 AS again FROM nowhere;")
        await ui.press("r")
        await ui.apply()
        assert 'relation "nowhere" does not exist' in ui.detail


@played
async def test_enter_reads_why_a_file_has_failed_where_that_is_not_beside_the_list(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT 1/0;")
    async with desk.open(40, 12) as ui:
        await ui.apply()
        await ui.press("2")
        for _ in range(2):
            await ui.press("enter")
            assert "division by zero" in ui.detail
            await ui.press("enter")
            assert ui.detail == "1 SELECT 1/0;"
            await ui.press("escape")


@played
async def test_a_changed_file_shows_the_line_that_failed_not_the_one_there_now(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT nothing;")
    desk.apply()
    desk.write("0001_a.sql", "-- another line\nSELECT 1;")
    async with desk.open() as ui:
        assert "▶1 │ SELECT nothing;\n   │        ^" in ui.detail
        assert "another line" not in ui.detail


@played
async def test_a_failure_of_the_original_system_is_shown_as_it_is(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    desk.apply()
    desk.execute(
        "UPDATE kb.schema_migrations SET success = false, checksum = NULL,"
        " error_message = 'Command failed: psql:<stdin>:3: ERROR:  it broke'"
    )
    async with desk.open() as ui:
        assert "Command failed: psql:<stdin>:3: ERROR:  it broke" in ui.detail


@played
async def test_a_caret_far_to_the_right_can_be_seen(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1" + " + 1" * 200 + " + nothing;")
    desk.apply()
    async with desk.open(80, 24) as ui:
        row = next(n for n, text in enumerate(ui.rows) if "^" in text)
        caret = ui.rows[row].index("^")
        assert ui.rows[row - 1][caret:].startswith("nothing;")


@played
async def test_statements_that_stay_applied_are_counted(desk: Desk) -> None:
    desk.write(
        "0001_a.sql",
        "-- schemamig: no-transaction\nCREATE TABLE t ();\nCREATE TABLE u ();\nSELECT nothing;",
    )
    async with desk.open() as ui:
        await ui.apply()
        assert "Its first 2 statements stay applied: a retry goes on from there" in ui.detail
        assert "Its first 2 statements stay applied" in ui.log


@played
async def test_a_failed_file_that_is_gone_says_so(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT nothing;")
    desk.apply()
    (desk.folder / "0001_a.sql").unlink()
    async with desk.open() as ui:
        assert "Its file is missing: put it back to retry it" in ui.detail
