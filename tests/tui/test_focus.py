"""The focus: it is on something visible, it stays in its pane, and what one reads stays too."""

import pytest

from schemamig_tui.tui.widgets.migration_list import MigrationList
from tests.tui.conftest import Desk, Ui, played

PANES = ("pending", "failed", "applied", "detail", "log")


def assert_visible(ui: Ui) -> None:
    """What has the focus has room on the screen."""
    focused = ui.main.focused
    assert focused is not None
    assert focused.region.area > 0, focused
    assert focused in ui.main._compositor.visible_widgets, focused


@pytest.mark.parametrize("columns", [120, 60])
@played
async def test_a_pane_that_one_goes_to_is_shown_also_when_another_has_all_the_room(
    desk: Desk, columns: int
) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    desk.write("0002_b.sql", "SELECT nothing;")
    desk.apply()
    desk.write("0003_c.sql")
    async with desk.open(columns, 30) as ui:
        for first in range(1, 6):
            await ui.press(str(first), "plus")
            for number, pane in enumerate(PANES, 1):
                await ui.press(str(number))
                assert ui.main.focused is ui.main.query_one(f"#{pane}")
                assert_visible(ui)
            await ui.press("tab")
            assert_visible(ui)
            await ui.press("plus")
            assert_visible(ui)


@played
async def test_the_filter_is_shown_when_the_detail_has_all_the_room(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open(60, 30) as ui:
        for keys in (("4",), ("4", "plus"), ("5", "plus")):
            await ui.press(*keys)
            ui.main.action_filter()  # as from the palette: there the key searches
            await ui.settled()
            assert ui.main.focused is ui.main.filter
            assert_visible(ui)
            await ui.press("enter")
            assert ui.main.focused is ui.main.query_one("#pending")
            assert_visible(ui)
            await ui.press("escape", "escape")


@pytest.mark.parametrize("number", [1, 4, 5])
@played
async def test_the_focus_stays_where_it_is_when_the_terminal_becomes_narrow(
    desk: Desk, number: int
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press(str(number))
        for columns, rows in ((60, 20), (120, 40), (40, 12), (120, 40)):
            await ui.pilot.resize_terminal(columns, rows)
            await ui.settled()
            assert ui.main.focused is ui.main.query_one(f"#{PANES[number - 1]}")
            assert_visible(ui)


@played
async def test_in_a_low_terminal_the_pane_one_goes_to_is_the_one_that_is_open(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql", "SELECT nothing;")
    desk.apply()
    desk.write("0003_c.sql", "SELECT pg_sleep(30);")
    async with desk.open(40, 12) as ui:
        for key, name in (("1", "0003_c"), ("2", "0002_b"), ("3", "0001_a"), ("2", "0002_b")):
            await ui.press(key)
            assert f" {name}.sql" in ui.screen
            for title in ("1 Pending 1", "2 Failed 1", "3 Applied 1"):
                assert title in ui.screen
        desk.write("0002_b.sql", "SELECT 1;")
        await ui.press("r", "a", "y")
        await ui.until(lambda: "▶ 0003_c.sql" in ui.screen)
        for key, name in (("3", "0002_b"), ("1", "0003_c")):
            await ui.press(key)
            assert f" {name}.sql" in ui.screen
        await ui.press("x", "y")
        await ui.run_over()
        assert "✗ 0003_c.sql" in ui.screen


@played
async def test_the_focus_stays_in_its_pane_when_the_selected_row_leaves_it(desk: Desk) -> None:
    for number in range(1, 5):
        desk.write(f"000{number}_a.sql")
    async with desk.open() as ui:
        pending = ui.main.query_one("#pending", MigrationList)
        (desk.folder / "0001_a.sql").unlink()
        ui.app.action_refresh()
        await ui.until(lambda: len(ui.names("pending")) == 3)
        assert ui.main.focused is pending
        assert ui.main.selected == pending.selected
        await ui.apply()
        assert ui.main.focused is pending
        assert ui.main.selected is not None
        assert ui.main.query_one("#applied", MigrationList).selected == ui.main.selected


@played
async def test_a_failure_is_shown_whatever_the_filter_says(desk: Desk) -> None:
    desk.write("0001_orders.sql")
    desk.write("0002_users.sql", "SELECT nothing;")
    async with desk.open() as ui:
        await ui.press("slash", *"orders", "enter")
        assert ui.names("pending") == ["0001_orders.sql"]
        await ui.apply()
        assert ui.names("failed") == ["0002_users.sql"]
        assert "2 Failed 1" in ui.screen
        assert "UndefinedColumn" in ui.detail


@played
async def test_what_one_reads_is_not_replaced_by_a_failure(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 'read me';\n" * 100)
    desk.write("0002_b.sql", "SELECT nothing;")
    async with desk.open() as ui:
        await ui.press("4", "j", "j", "j")
        await ui.apply()
        assert ui.main.focused is ui.main.detail.view
        assert "read me" in ui.detail
        assert ui.main.detail.view.scroll_y == 3
        assert "✗ 0002_b.sql: 42703" in ui.screen
        await ui.press("2")
        assert "UndefinedColumn" in ui.detail


@played
async def test_a_file_that_fails_while_one_reads_it_goes_on_to_be_read(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;\n" * 100 + "SELECT nothing;")
    async with desk.open() as ui:
        await ui.press("4", "j", "j")
        await ui.apply()
        assert "SELECT 1;" in ui.detail
        assert ui.main.detail.view.scroll_y == 2
        assert " Error " in ui.screen


@played
async def test_the_dialog_says_what_the_filter_hides(desk: Desk) -> None:
    for name in ("0001_users.sql", "0002_orders.sql", "0003_users.sql"):
        desk.write(name)
    async with desk.open() as ui:
        await ui.press("slash", *"orders", "enter", "a")
        hides = "The filter orders hides 0001_users.sql, 0003_users.sql, which would run too"
        assert hides in ui.screen
        await ui.press("escape", "A")
        assert "The filter orders hides 0001_users.sql, which would run too" in ui.screen
        await ui.press("escape", "escape", "a")
        assert "hides" not in ui.screen


@played
async def test_the_palette_lists_what_works_now(desk: Desk) -> None:
    async with desk.open() as ui:

        def listed() -> set[str]:
            return {command.help.split(" ")[0] for command in ui.app.get_system_commands(ui.main)}

        assert listed().isdisjoint([*"aAEdRUvDmiIexCu/t", "enter"])
        assert listed() >= {*"?nBcoSVWJrsT+12345Oq"}
        desk.write("0001_a.sql")
        ui.app.action_refresh()
        await ui.until(lambda: ui.names("pending"))
        assert listed() >= {*"aAEdRUmeCu/", "enter"}
        assert listed().isdisjoint("vDiIxt")
        await ui.apply()
        await ui.until(lambda: ui.names("applied"))
        assert listed().isdisjoint("aAEdRUvDmiIxt")
        desk.write("0001_a.sql", "SELECT 2;")
        ui.app.action_refresh()
        await ui.until(lambda: "changed" in ui.screen)
        assert listed() >= {*"DmiI"}
