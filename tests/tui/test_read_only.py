"""``--read-only``: it looks and rehearses, and the database stays as it is."""

import pytest

from schemamig_tui.tui.screens.blockers import BlockersScreen
from tests.tui.conftest import Desk, played


@played
async def test_nothing_is_applied_by_a_key_a_click_or_the_palette(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    async with desk.open(read_only=True) as ui:
        assert ui.rows[0].endswith("read-only")
        assert "Apply" not in ui.rows[-1]
        assert "To here" not in ui.rows[-1]
        for key in ("a", "A"):
            await ui.press(key)
            assert ui.app.screen is ui.main
        for action in ("app.apply", "app.apply_to", "app.apply_only"):
            await ui.app.run_action(action, ui.main)
            assert ui.app.screen is ui.main
    with desk.database.connect() as conn:
        found = conn.execute("SELECT to_regclass('a'), to_regnamespace('kb')").fetchone()
    assert found == (None, None)


@played
async def test_it_rehearses_all_the_same(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    async with desk.open(read_only=True) as ui:
        await ui.press("R", "y")
        await ui.run_over()
        assert "1 rehearsed" in ui.log


@played
async def test_it_ends_no_session_of_others(desk: Desk) -> None:
    async with desk.open(read_only=True) as ui:
        target = ui.app.looking.target
        assert target is not None
        shown = BlockersScreen(ui.main.run_panel, target.connect, None, read_only=True)
        await ui.app.push_screen(shown)
        assert "terminate" not in ui.screen
        bindings = {active.binding.action for active in shown.active_bindings.values()}
        assert "dismiss" in bindings
        assert not bindings & {"end(True)", "end(False)"}


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_top_line_says_so_at_any_width(desk: Desk, columns: int) -> None:
    @played
    async def shown() -> None:
        async with desk.open(columns, 20, read_only=True) as ui:
            assert ui.rows[0].endswith("read-only")

    shown()
