"""A rehearsal as its user sees it: what it warns of, what it shows, and that it changes nothing."""

import json

import pytest
from textual.widgets import Button

from schemamig_tui.tui.screens.dialogs import Question, TextDialog
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_blockers import holding
from tests.tui.test_hostile import assert_harmless

ASLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(30); END $$;"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """One with a table that is worth something."""
    desk.execute("CREATE TABLE users (id INT PRIMARY KEY, name TEXT)")
    desk.execute("INSERT INTO users VALUES (1, 'ada')")
    return desk


async def rehearse(ui: Ui) -> None:
    """Rehearse all that is pending, to its end."""
    await ui.press("R", "y")
    await ui.run_over()


@played
async def test_r_says_what_it_does_and_cancel_has_the_focus(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("R")
        assert "Rehearse 1 migration?" in ui.screen
        assert "in one transaction that is rolled back" in ui.screen
        assert "Locks are held until then" in ui.screen
        assert "At most 2 s for a lock, 60 s for a statement." in ui.screen
        assert "Not rolled back: sequences" in ui.screen
        assert "• 0001_a.sql" in ui.screen
        focused = ui.app.screen.focused
        assert isinstance(focused, Button)
        assert focused.id == "no"
        for key in ("enter", "n"):
            await ui.press(key)
            assert ui.app.screen is ui.main
            assert ui.app.run_on is None
            await ui.press("R")


@played
async def test_the_settings_say_how_long_a_statement_may_wait_and_take(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.options |= {"lock_timeout": 0.5, "statement_timeout": 0.0}
    async with desk.open() as ui:
        await ui.press("R")
        assert "At most 0.5 s for a lock.\n" in ui.app.screen._view.text  # type: ignore[attr-defined]  # Question


@played
async def test_the_report_tells_times_locks_rewrites_and_the_schema_change(desk: Desk) -> None:
    desk.write(
        "0001_a.sql", "ALTER TABLE users ADD nick TEXT;\nALTER TABLE users ALTER id TYPE BIGINT;"
    )
    desk.write("0002_b.sql", "CREATE INDEX CONCURRENTLY i ON users (name);")
    desk.write("0003_c.sql", "CREATE TABLE teams (id INT);\nSELECT nothing;")
    desk.write("0004_d.sql")
    async with desk.open(140, 60) as ui:
        await rehearse(ui)
        assert isinstance(ui.app.screen, TextDialog)
        for part in (
            "Done: 1 rehearsed, 1 left out, 1 failed, 1 remaining in ",
            "! Blocks reads, writes, DDL of table public.users for ",
            "~ table public.users",
            "~ column id: type integer -> bigint",
            "+ column nick text",
            "AccessExclusiveLock on table public.users blocks reads, writes, DDL",
            "rewritten: table public.users",
            "- 0002_b.sql  left out: CREATE INDEX CONCURRENTLY in line 1",
            "✗ 0003_c.sql  failed after ",
            'ERROR 42703: column "nothing" does not exist',
            "0003_c.sql:2:8",
            "• 0004_d.sql: not come to",
        ):
            assert part in ui.screen, part


@played
async def test_the_report_begins_with_what_has_failed(desk: Desk) -> None:
    for number in range(9):
        desk.write(f"000{number}_good.sql", f"CREATE TABLE t{number} (i INT);")
    desk.write("0009_bad.sql", "SELECT nothing;")
    async with desk.open(80, 24) as ui:
        await rehearse(ui)
        assert "✗ 0009_bad.sql  failed after " in ui.screen
        assert 'ERROR 42703: column "nothing" does not exist' in ui.screen


@played
async def test_it_leaves_the_panes_the_ledger_and_the_tables_as_they_are(desk: Desk) -> None:
    desk.write("0001_a.sql", "DELETE FROM users; DROP TABLE users;")
    desk.write("0002_b.sql", "SELECT nothing;")
    async with desk.open() as ui:
        await rehearse(ui)
        await ui.press("escape")
        assert ui.names("pending") == ["0001_a.sql", "0002_b.sql"]
        assert ui.names("failed") == []
        assert "could not record" not in ui.log
        assert not desk.ledger
        with desk.database.connect() as conn:
            assert conn.execute("SELECT name FROM users").fetchall() == [("ada",)]


@played
async def test_it_is_shown_live_and_x_ends_it(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    desk.write("0002_b.sql", f"SELECT 2;\n{ASLEEP}")
    async with desk.open() as ui:
        await ui.press("R", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        assert "Rehearsing 2 migrations" in ui.log
        assert "✓ 0001_a.sql" in ui.log
        assert "▶ rehearsing" in ui.screen
        assert "0002_b.sql  statement 2 of 2" in ui.screen
        assert "x Cancel rehearsal" in ui.rows[-1]
        assert "Rehearse" not in ui.rows[-1]
        await ui.press("x", "y")
        await ui.run_over()
        assert "1 cancelled" in ui.screen
        assert not desk.ledger


@played
async def test_no_run_begins_while_a_rehearsal_is_on_nor_the_other_way_round(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        for first, second, what in (("R", "a", "rehearsal"), ("a", "R", "run")):
            await ui.press(first, "y")
            await ui.until(lambda: ui.app.run_on is not None)
            on = ui.app.run_on
            for key in (second, "A"):
                await ui.press(key)
                assert ui.app.screen is ui.main
            assert ui.app.run_on is on
            assert f"Not while a {what} is on" in ui.screen
            await ui.until(lambda: "statement 1 of 1" in ui.screen)
            await ui.press("x", "y")
            await ui.run_over()
            await ui.press("escape")


@played
async def test_quitting_asks_and_waits_for_the_rollback(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("R", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.press("q")
        assert isinstance(ui.app.screen, Question)
        assert "A rehearsal is on" in ui.screen
        assert "Everything is rolled back" in ui.screen
        await ui.pilot.press("y")
        await ui.until(lambda: not ui.app.is_running)
    assert not desk.ledger


@played
async def test_v_shows_the_report_again_and_c_copies_it(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE teams (id INT);")
    async with desk.open() as ui:
        await ui.press("v")
        assert "No rehearsal yet: R rehearses what is pending" in ui.screen
        await rehearse(ui)
        await ui.press("escape", "v")
        assert "+ table public.teams" in ui.screen
        await ui.press("slash", *"teams", "enter", "n")
        assert "/teams  n N" in ui.screen
        await ui.press("escape", "c")
        assert "Copied" in ui.screen
        await ui.press("escape", "right_square_bracket", "right_square_bracket")
        assert "Rehearsed 20" in ui.detail
        assert "+ table public.teams" in ui.detail


@played
async def test_a_report_does_not_come_over_what_is_being_read(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(0.5);")
    async with desk.open() as ui:
        await ui.press("R", "y", "d")
        await ui.until(lambda: "x Cancel rehearsal" in ui.rows[-1])
        await ui.run_over()
        assert "Dry run: nothing is changed" in ui.screen
        assert ui.rows[-1].startswith(" a Apply"), "below the dialog, too, nothing is on any more"
        assert "The rehearsal is over: v shows what it has found" in ui.screen


@played
async def test_a_lock_that_is_not_got_in_time_fails_the_rehearsal(desk: Desk) -> None:
    desk.write("0001_a.sql", "ALTER TABLE users ADD nick TEXT;")
    desk.options["lock_timeout"] = 0.3
    async with desk.open() as ui:
        with holding(desk.database):
            await rehearse(ui)
        assert "55P03" in ui.screen
        assert "everything is rolled back" in ui.screen


@played
async def test_who_blocks_a_rehearsal_can_be_ended(desk: Desk) -> None:
    desk.write("0001_a.sql", "ALTER TABLE users ADD nick TEXT;")
    desk.options["lock_timeout"] = 30
    async with desk.open() as ui:
        with holding(desk.database):
            await ui.press("R", "y")
            await ui.until(lambda: "Blocked for" in ui.screen)
            await ui.press("b", "t", "y", "escape")
            await ui.run_over()
        assert "Done: 1 rehearsed" in ui.log


@played
async def test_of_many_statements_the_report_keeps_those_that_say_something(desk: Desk) -> None:
    quiet = "SELECT 1;\n"
    desk.write("0001_a.sql", quiet * 500 + "ALTER TABLE users ADD nick TEXT;\n" + quiet * 10)
    async with desk.open() as ui:
        await rehearse(ui)
        report = ui.app.screen._view.text  # type: ignore[attr-defined]  # TextDialog
        assert "501 line 501  ALTER TABLE" in report
        assert "AccessExclusiveLock on table public.users" in report
        assert report.count("SELECT 1") < 210
        assert "and 309 statements that took no new lock" in report


@played
async def test_what_keeps_it_from_beginning_is_in_the_question(desk: Desk) -> None:
    desk.write("0001_a.sql", "\\i other.sql\n")
    async with desk.open() as ui:
        await ui.press("R")
        assert "✗ line 1: \\i is a command of psql, not SQL." in ui.screen
        await ui.press("y")
        assert ui.app.run_on is None


@played
async def test_nothing_to_rehearse_is_said(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("R")
        assert "Nothing to do: no migration is pending" in ui.screen
        assert ui.app.screen is ui.main


@pytest.mark.parametrize("text", ["[/foo]", "[b ", "\x1b[2J", "\u202e", "\x9b31m", "日本語" * 5])
@played
async def test_hostile_names_in_a_report_are_data(desk: Desk, text: str) -> None:
    name = f'"{text} t"'
    desk.execute(f"CREATE TABLE {name} (id INT)")
    desk.execute(f'CREATE SEQUENCE {name[:-2]}s"')
    desk.write(
        "0001_a.sql",
        f"ALTER TABLE {name} ALTER id TYPE BIGINT, ADD {name} TEXT DEFAULT '{text}';\n"
        f"SELECT nextval('{name[:-2]}s\"');\n"
        f'CREATE VIEW {name[:-2]}v" AS SELECT * FROM {name};',
    )
    desk.write("0002_b.sql", f"SELECT {name};")
    async with desk.open(80, 24) as ui:
        await ui.press("R")
        assert_harmless(ui)
        await ui.press("y")
        await ui.run_over()
        for _ in range(3):
            assert_harmless(ui)
            await ui.press("pagedown")
        await ui.press("y", "escape", "5", "g")
        assert_harmless(ui)


@played
async def test_a_report_is_saved_as_a_page_where_that_destroys_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    desk.write("0001_a.sql", "ALTER TABLE users ALTER id TYPE BIGINT;")
    mine = desk.folder / "m.md"
    mine.write_text("# Ours\n")
    async with desk.open() as ui:
        await ui.press("R")
        await ui.until(lambda: "Looking at the database" not in ui.screen)
        await ui.press("y")
        await ui.run_over()
        assert "s save" in ui.screen
        await ui.press("s", *"0001_a.sql", "enter")
        assert "The name has to end with .md or .json" in ui.screen
        await ui.press("ctrl+u", *"m.md", "enter")
        assert "That file is there, and is no rehearsal" in ui.screen
        await ui.press("ctrl+u", *"p.md", "enter")
        await ui.until(lambda: "The rehearsal is saved: p.md" in ui.screen)
        first = (desk.folder / "p.md").read_text()
        assert first.startswith(f"# Rehearsal\n\nDatabase: `{desk.database.name} at ")
        assert "**1 rehearsed**; rolled back after " in first
        assert "AccessExclusiveLock on table public.users" in first
        assert "- note: `The pending files touch public.users, which is there already" in first
        for name in ("p.md", "p.json", "p.json"):  # it may take the place of an older one
            saved = ui.log.count("The rehearsal is saved")
            await ui.press("s", *name, "enter")
            await ui.until(lambda before=saved: ui.log.count("The rehearsal is saved") > before)
    assert json.loads((desk.folder / "p.json").read_text())["schemamig_rehearsal"] == 1
    assert mine.read_text() == "# Ours\n"


@played
async def test_no_page_is_saved_of_a_rehearsal_that_is_on(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("R", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.press("v", "s")
        assert "The rehearsal is still on" in ui.screen
        await ui.press("escape", "x", "y")
        await ui.run_over()
