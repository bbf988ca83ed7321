"""The pane of what is applied: dates, durations, bars, and the orders."""

import pytest

from schemamig_tui.tui.applied_columns import _BAR
from tests.tui.conftest import Desk, Ui, played

A, B, C = "0001_a.sql", "0002_b.sql", "0003_c.sql"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Three applied: the second took longest, and the first was applied last."""
    for name, day, ms in ((A, 20, 50), (B, 18, 4000), (C, 19, 1000)):
        desk.write(name)
        desk.apply()
        desk.execute(
            "UPDATE kb.schema_migrations"
            f" SET applied_at = '2025-10-{day} 19:30', execution_time_ms = {ms}"
            f" WHERE filename = '{name}'"
        )
    return desk


def row_of(ui: Ui, name: str) -> str:
    """The row of a migration in its pane."""
    row = next(row.split("│")[1] for row in ui.rows if f"✓ {name}" in row)
    return " ".join(row.split())


@played
async def test_each_has_its_date_its_duration_and_a_bar_relative_to_the_longest(desk: Desk) -> None:
    async with desk.open(140, 40) as ui:
        assert row_of(ui, A) == f"✓ {A} 2025-10-20 50 ms ▏"
        assert row_of(ui, B) == f"✓ {B} 2025-10-18 4.0 s {'█' * _BAR}"
        assert row_of(ui, C) == f"✓ {C} 2025-10-19 1.0 s █▌"


@played
async def test_where_there_is_less_room_there_is_less_of_it(desk: Desk) -> None:
    async with desk.open(80, 24) as ui:
        await ui.until(lambda: row_of(ui, A) == f"✓ {A} 50 ms")


@played
async def test_s_sorts_by_date_by_duration_and_by_name_and_the_cursor_stays(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("3", "g")
        for title, names in (
            ("3 Applied 3, by date", [B, C, A]),
            ("3 Applied 3, by duration", [B, C, A]),
            ("3 Applied 3 ─", [A, B, C]),
        ):
            await ui.press("s")
            assert title in ui.screen
            assert ui.names("applied") == names
            assert ui.main.selected is not None
            assert ui.main.selected.name == A


@played
async def test_a_time_that_is_unknown_or_no_date_is_left_open(desk: Desk) -> None:
    desk.execute(
        "ALTER TABLE kb.schema_migrations ALTER applied_at DROP NOT NULL,"
        " ALTER execution_time_ms DROP NOT NULL"
    )
    desk.execute(f"UPDATE kb.schema_migrations SET applied_at = NULL WHERE filename = '{C}'")
    desk.execute(
        "UPDATE kb.schema_migrations SET applied_at = 'infinity', execution_time_ms = NULL"
        f" WHERE filename = '{A}'"
    )
    async with desk.open() as ui:
        assert row_of(ui, A) == f"✓ {A}"
        await ui.press("s")
        assert ui.names("applied") == [A, C, B]
        await ui.press("s")
        assert ui.names("applied") == [B, C, A]


@played
async def test_no_bars_are_shown_where_everything_was_quick(desk: Desk) -> None:
    desk.execute("UPDATE kb.schema_migrations SET execution_time_ms = execution_time_ms / 100")
    async with desk.open(140, 40) as ui:
        assert row_of(ui, B) == f"✓ {B} 2025-10-18 40 ms"
