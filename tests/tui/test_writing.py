"""Migrations that are written from the UI."""

from schemamig_tui.tui.screens.typed import TypedQuestion
from tests.tui.conftest import Desk, Ui, played


def dialog(ui: Ui) -> TypedQuestion:
    assert isinstance(ui.app.screen, TypedQuestion)
    return ui.app.screen


async def type_in(ui: Ui, text: str) -> None:
    await ui.press(*(f"{'space' if char == ' ' else char}" for char in text))


@played
async def test_n_writes_a_migration_with_a_title_edits_and_selects_it(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.press("n")
        await type_in(ui, "add n")
        assert dialog(ui)
        await ui.press("enter")
        assert "No editor can be opened in this terminal" in ui.screen  # nor in a test
        assert ui.names("pending") == ["0001_a.sql", "0002_b.sql", "0003_add_n.sql"]
        assert ui.main.selected is not None
        assert ui.main.selected.name == "0003_add_n.sql"
        assert "-- Migration: Add n" in ui.detail
        assert "Written: " in ui.log


@played
async def test_what_gives_no_name_is_refused_in_the_dialog_and_esc_writes_nothing(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("n", "enter")
        dialog(ui)
        assert "'' gives no name for a migration" in ui.screen
        await type_in(ui, "b")
        await ui.press("escape")
        assert ui.app.screen is ui.main
        assert [*desk.folder.iterdir()] == [desk.folder / "0001_a.sql"]


@played
async def test_while_a_text_is_searched_n_goes_on_and_otherwise_begins_a_new_one(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT 1;\nSELECT 1;")
    async with desk.open() as ui:
        await ui.press("4", "slash", "1", "enter", "n")
        assert ui.app.screen is ui.main
        await ui.press("escape", "n")
        dialog(ui)
