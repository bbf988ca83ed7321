"""A pending file that is saved while it is shown."""

from tests.tui.conftest import Desk, Ui, played


def text(first: str) -> str:
    return f"{first};\n" + "SELECT 1;\n" * 200


@played
async def test_a_pending_file_that_is_saved_is_read_and_planned_again_in_its_place(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql", text("SELECT 'before'"))
    async with desk.open() as ui:
        await ui.press("j", "4", *["pagedown"] * 2)

        async def save(first: str) -> None:
            view = ui.main.detail.view
            top, shown = view.row(view.scroll_offset.y), ui.detail
            assert view.scroll_offset.y > 20
            desk.write("0002_b.sql", text(first))
            await ui.until(lambda: ui.detail != shown)  # by itself
            assert view.row(view.scroll_offset.y) == top
            assert selected(ui) == "0002_b.sql"
            assert ui.main.focused is view

        await save("SELECT 'after'")
        assert ui.detail.startswith("  1 SELECT 'after';")
        await ui.press("full_stop", *["pagedown"] * 2)
        await save("CREATE INDEX CONCURRENTLY i ON t (x)")
        assert ui.detail.startswith("no transaction: ")


def selected(ui: Ui) -> str:
    assert ui.main.selected is not None
    return ui.main.selected.name
