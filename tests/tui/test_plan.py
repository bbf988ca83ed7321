"""What the dialog lists is what runs: a change behind it is shown, and takes the yes back."""

import pytest
from textual.widgets import Button

from schemamig_tui.survey import Look
from schemamig_tui.tui import looking
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.screens.plan import PlanQuestion
from schemamig_tui.tui.widgets.plan_view import PlanView
from tests.tui.conftest import Desk, Ui, played


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often as can be."""
    monkeypatch.setattr(looking, "_EVERY", 0.05)
    monkeypatch.setattr(looking, "_SHARE", 0)


def yes(ui: Ui) -> Button:
    """The button of the dialog."""
    return ui.app.screen.query_one("#yes", Button)


@played
async def test_a_file_that_changes_while_the_dialog_is_open_takes_the_yes_back(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    async with desk.open() as ui:
        await ui.press("a")
        assert str(yes(ui).label) == "Apply (y)"
        desk.write("0001_a.sql", "CREATE TABLE other ();")
        await ui.until(
            lambda: "! Changed since you saw the plan: 0001_a.sql has changed" in ui.screen
        )
        await ui.until(lambda: str(yes(ui).label) == "Seen (y)")
        await ui.press("y")
        assert ui.app.run_on is None
        assert not desk.ledger
        assert str(yes(ui).label) == "Apply (y)"
        await ui.press("y")
        await ui.run_over()
        assert list(desk.ledger) == ["0001_a.sql"]
        desk.execute("TABLE other")


@played
async def test_files_that_appear_or_go_are_in_the_list_and_in_the_title(desk: Desk) -> None:
    gone = desk.write("0001_a.sql")
    desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.press("R")
        gone.unlink()
        for name in ("0003_c.sql", "0004_d.sql"):
            desk.write(name)
        await ui.until(lambda: "0003_c.sql has appeared; 0004_d.sql" in ui.screen)
        await ui.settled()
        assert "Rehearse 3 migrations?" in ui.screen
        assert "0001_a.sql is gone; 0003_c.sql has appeared" in ui.screen
        assert "2 • 0003_c.sql" in ui.screen


@played
async def test_changes_that_follow_each_other_are_all_said_until_they_are_seen(desk: Desk) -> None:
    first = desk.write("0001_a.sql")
    second = desk.write("0002_b.sql")
    as_it_was = second.read_bytes()
    async with desk.open() as ui:
        await ui.press("a")
        desk.write("0001_a.sql", "CREATE TABLE other ();")
        await ui.until(lambda: "saw the plan: 0001_a.sql has changed" in ui.screen)
        second.unlink()
        await ui.until(lambda: "0001_a.sql has changed; 0002_b.sql is gone" in ui.screen)
        second.write_bytes(as_it_was)
        await ui.until(lambda: "0002_b.sql is gone" not in ui.screen)
        assert "saw the plan: 0001_a.sql has changed" in ui.screen
        await ui.until(lambda: str(yes(ui).label) == "Seen (y)")
        await ui.press("y")
        first.unlink()
        await ui.until(lambda: "saw the plan: 0001_a.sql is gone" in ui.screen)
        desk.write("0001_a.sql", "CREATE TABLE other ();")  # as it was when it was seen
        await ui.until(lambda: str(yes(ui).label) == "Apply (y)")
        assert "Changed since" not in ui.screen


@played
async def test_where_others_have_applied_it_all_the_dialog_goes(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        for key in ("a", "d"):
            await ui.press(key)
            assert isinstance(ui.app.screen, PlanQuestion | TextDialog)
            desk.apply()
            await ui.until(lambda: ui.app.screen is ui.main)
            desk.execute("DELETE FROM kb.schema_migrations")
            await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])


@played
async def test_a_change_that_nobody_has_seen_is_refused_by_the_run_and_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_EVERY", 60.0)
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    async with desk.open() as ui:
        await ui.press("a")
        question = ui.app.screen
        assert isinstance(question, PlanQuestion)
        monkeypatch.setattr(ui.app.looking, "ask", lambda: None)
        ui.app.looking.pause()  # so that the folder is not watched either
        desk.write("0001_a.sql", "CREATE TABLE other ();")
        await ui.press("y")
        await ui.run_over()
        await ui.until(lambda: ui.app.screen not in (ui.main, question))
        assert "Changed since you saw the plan: 0001_a.sql has changed" in ui.screen
        assert not desk.ledger


@played
async def test_a_yes_before_the_plan_is_there_is_no_yes(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("a")
        question = ui.app.screen
        assert isinstance(question, PlanQuestion)
        question.plan = None  # as while the files are read
        await ui.press("y")
        assert "The files are being read" in ui.screen
        assert ui.app.run_on is None


@played
async def test_files_with_something_to_say_come_first_and_keep_their_numbers(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    desk.write("0002_b.sql", "VACUUM;")
    desk.write("0003_c.sql", "-- schemamig: no-transaction\nSET LOCAL work_mem = '5MB';")
    desk.write("0004_d.sql", "BEGIN; SELECT 1; COMMIT;")
    async with desk.open() as ui:
        await ui.press("d")
        shown = [part.strip() for row in ui.rows for part in row.split("│")]
        listed = [row[:14] for row in shown if row[:1].isdigit() and " • 000" in row]
        assert listed == ["2 • 0002_b.sql", "3 • 0003_c.sql", "1 • 0001_a.sql", "4 • 0004_d.sql"]
        assert "VACUUM in line 1 cannot run in a transaction" in ui.screen
        assert "! line 2: SET LOCAL" in ui.screen


@played
async def test_many_files_are_a_line_each_at_every_width(desk: Desk) -> None:
    for number in range(300):
        desk.write(f"{number:04}_a.sql", "SELECT 1;")
    async with desk.open(80, 24) as ui:
        await ui.press("a")
        view = ui.app.screen._view  # type: ignore[attr-defined]  # PlanQuestion
        lines = view.text.splitlines()
        assert sum("_a.sql" in line for line in lines) == 300
        assert view.virtual_size.height == len(lines)
        await ui.pilot.resize_terminal(120, 40)
        await ui.settled()
        assert view.virtual_size.height == len(lines)
        assert "  1 • 0000_a.sql  transaction  1 statement  9 bytes" in ui.screen


@played
async def test_the_last_of_many_files_can_be_read_in_a_dialog_of_any_size(desk: Desk) -> None:
    for number in range(30):
        desk.write(f"{number:04}_a.sql", "SELECT 1;")
    async with desk.open(80, 24) as ui:
        await ui.press("a")
        plan = ui.app.screen.query_one(PlanView)
        for size in ((80, 24), (40, 24), (40, 10), (140, 30)):
            await ui.pilot.resize_terminal(*size)
            await ui.press("G")
            assert "0029_a.sql" in ui.screen
            await ui.press("pageup")
            await ui.until(lambda: plan.scroll_y < plan.max_scroll_y)
            await ui.press("g")
            assert plan.scroll_y == 0


@played
async def test_a_folder_that_is_back_can_be_applied_from_the_dialog_that_is_open(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    async with desk.open() as ui:
        away = desk.folder.rename(desk.folder.with_name("elsewhere"))
        await ui.until(lambda: "does not exist" in ui.log)
        await ui.press("a")
        await ui.until(lambda: "✗ 0001_a.sql  refused" in ui.screen)
        away.rename(desk.folder)
        await ui.until(lambda: "refused" not in ui.screen)
        assert not yes(ui).disabled
        await ui.press("escape")
        assert "a Apply" in ui.rows[-1]


@played
async def test_what_the_filter_hides_is_counted(desk: Desk) -> None:
    for name in ("0001_a.sql", "0002_b.sql", "0003_b.sql"):
        desk.write(name)
    async with desk.open() as ui:
        await ui.press("slash", "b", "enter", "a")
        assert "! The filter b hides 0001_a.sql, which would run too" in ui.screen
        await ui.press("escape", "escape", "a")
        assert "The filter hides" not in ui.screen


@played
async def test_a_file_that_waits_for_batches_is_named_and_is_no_change(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE t (id int PRIMARY KEY, a int, b int);")
    desk.apply()
    desk.write(
        "0002_b.sql",
        "-- schemamig: backfill table=t key=id\nUPDATE t SET b = a WHERE id > :from AND id <= :to;",
    )
    desk.write("0003_c.sql", "ALTER TABLE t DROP COLUMN a;")
    async with desk.open() as ui:
        await ui.press("a")
        view = ui.app.screen._view  # type: ignore[attr-defined]  # PlanQuestion
        looks = 0
        found = ui.app.looking._found

        def count(look: Look) -> None:
            nonlocal looks
            looks += 1
            found(look)

        ui.app.looking._found = count  # type: ignore[method-assign]
        await ui.until(lambda: looks > 2)
        assert "Changed since" not in view.text
        assert str(yes(ui).label) == "Apply (y)"
