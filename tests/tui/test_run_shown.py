"""How a run is cancelled, and what the tab of its result shows while it is on and afterwards."""

import pytest

from schemamig_tui import patience
from schemamig_tui.tui.widgets import status_bars
from schemamig_tui.tui.widgets.status_bars import RunBar
from tests.faults.proxy import Proxy
from tests.tui.conftest import Desk, played

ASLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(30); END $$;"


@played
async def test_x_asks_and_says_what_is_kept(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.press("x")
        assert "Cancel the run?" in ui.screen
        assert "What is committed stays, the rest is rolled back" in ui.screen
        await ui.press("escape")
        assert ui.app.run_on is not None
        assert not ui.app.run_on.cancelled
        await ui.press("x", "y")
        await ui.run_over()
    assert desk.ledger["0001_a.sql"].success is False


@played
async def test_the_result_is_shown_as_running_until_it_is_there(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("right_square_bracket", "right_square_bracket", "a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.until(lambda: ui.detail.startswith("▶ Running"))
        await ui.press("x", "y")
        await ui.run_over()
        await ui.until(lambda: "Running" not in ui.detail)


@played
async def test_the_log_goes_with_a_new_run_unless_somebody_reads_it(desk: Desk) -> None:
    desk.write(
        "0001_a.sql", "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE '%', i; END LOOP; END $$"
    )
    async with desk.open() as ui:
        log = ui.main.log_view
        await ui.apply()
        await ui.press("5", "g", "1")
        desk.write("0002_b.sql")
        await ui.press("r")
        await ui.apply()
        assert log.scroll_y == log.max_scroll_y
        await ui.press("5", "g")
        desk.write("0003_c.sql")
        await ui.press("r")
        await ui.apply()
        assert log.scroll_y == 0


@played
async def test_a_name_of_any_length_leaves_room_for_the_statement_that_runs(desk: Desk) -> None:
    desk.write(f"0001_{'very_' * 30}long.sql", f"SELECT 1;\n{ASLEEP}")
    async with desk.open(80, 24) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "  statement 2 of 2  DO " in ui.screen)
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_a_statement_of_any_length_does_not_touch_its_time(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        bar = ui.main.run_panel.query_one(RunBar)
        for length in range(100, 140):
            bar.rows = [((("plain", "x" * length),), (("dim", "5.2 s "),))]
            assert "x5.2 s" not in bar.render_line(0).text
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_the_log_of_a_failure_does_not_stand_under_a_later_success(desk: Desk) -> None:
    path = desk.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'stale'; END $$; SELECT nothing;")
    async with desk.open() as ui:
        await ui.apply()
        assert "NOTICE: stale" in ui.detail
        path.write_text("SELECT 1;")
        desk.apply()
        ui.app.action_refresh()
        await ui.until(lambda: ui.names("applied") == ["0001_a.sql"])
        ui.main.detail.open("Result")
        await ui.until(lambda: ui.detail.startswith("✓ Applied"))
        assert "stale" not in ui.detail


@played
async def test_a_failure_that_is_not_recorded_stays_to_be_read(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT nothing;")
    async with desk.open() as ui:
        await ui.apply()
        desk.execute("DELETE FROM kb.schema_migrations")
        await ui.press("r")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])
        ui.main.detail.open("Result")
        await ui.until(lambda: ui.detail.startswith("No run is recorded yet"))
        assert 'ERROR 42703: column "nothing" does not exist' in ui.detail


@played
async def test_a_run_that_does_not_begin_says_what_it_is_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    monkeypatch.setattr(status_bars, "SLOW", 100)
    monkeypatch.setattr(patience, "PATIENCE", patience.Patience(hurried=0.1))
    with Proxy(desk.database.conninfo) as proxy:
        desk.options["dsn"] = proxy.conninfo
        async with desk.open() as ui:
            await ui.press("a")
            await ui.until(lambda: "in the database is in the way" in ui.screen)
            proxy.swallow_from = b"pg_postmaster_start_time()"
            await ui.press("y")
            what = "No file has begun yet: the files are read, and the server is asked"
            await ui.until(lambda: what in ui.screen)
            await ui.press("x", "y")
            await ui.run_over()
            assert what not in ui.screen
            assert "interrupted: " in ui.log
