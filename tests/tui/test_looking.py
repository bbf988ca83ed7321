"""Folder and ledger are looked at by themselves, one look at a time, and an outage is told."""

import asyncio
import re
from collections.abc import Callable

import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.survey import Look
from schemamig_tui.tui import looking
from tests.faults.proxy import Proxy
from tests.tui.conftest import Desk, Ui, played


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often as can be."""
    monkeypatch.setattr(looking, "_EVERY", 0.05)
    monkeypatch.setattr(looking, "_SHARE", 0)
    monkeypatch.setattr(looking, "_FIRST_PAUSE", 0.1)


@pytest.mark.usefixtures("_often")
@played
async def test_what_others_apply_shows_up_by_itself_also_under_a_dialog(desk: Desk) -> None:
    for name in ("0001_a.sql", "0002_b.sql"):
        desk.write(name)
    async with desk.open() as ui:
        desk.apply()
        await ui.until(lambda: len(ui.names("applied")) == 2)
        await ui.press("question_mark")
        desk.execute("DELETE FROM kb.schema_migrations WHERE filename = '0002_b.sql'")
        await ui.until(lambda: ui.names("pending") == ["0002_b.sql"])
        await ui.press("escape")
        desk.execute("DROP TABLE kb.schema_migrations")
        await ui.until(lambda: len(ui.names("pending")) == 2)
        assert "The ledger kb.schema_migrations is gone: what it had is pending." in ui.log


@pytest.mark.usefixtures("_often")
@played
async def test_a_look_at_what_has_not_changed_reads_and_draws_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    async with desk.open() as ui:
        looks = 0
        status = ui.main.status
        found = ui.app.looking._found

        def count(look: Look) -> None:
            nonlocal looks
            looks += 1
            assert look.survey.status is status
            found(look)

        monkeypatch.setattr(ui.app.looking, "_found", count)
        monkeypatch.setattr(ui.main, "fill", lambda status: pytest.fail("it was drawn again"))
        await ui.until(lambda: looks > 2)


async def through(desk: Desk, proxy: Proxy) -> None:
    """Let the UI connect through a proxy, and give a silent server up soon."""
    desk.options["dsn"] = make_conninfo(proxy.conninfo, connect_timeout=2)
    desk.write("0001_a.sql")


@played
async def test_a_server_that_is_frozen_holds_up_one_look_however_often_one_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_SLOW", 0.05)
    monkeypatch.setattr(looking, "_FIRST_PAUSE", 0.1)
    with Proxy(desk.database.conninfo) as proxy:
        await through(desk, proxy)
        async with desk.open() as ui:
            before = len(proxy.lines)
            proxy.swallow(end_server=False)
            for _ in range(5):
                await ui.pilot.press("r")
            await until(ui, lambda: "✗ waiting for the server" in ui.rows[0])
            assert len(proxy.lines) == before + 1
            await until(ui, lambda: "✗ Not connected" in ui.log)
            assert ui.app.is_running
            assert ui.names("pending") == ["0001_a.sql"]
            proxy._swallowed = False
            await until(ui, lambda: "✓ Connected again" in ui.log)
            assert "✗" not in ui.rows[0]
            assert re.search(r"✗ Not connected  since \d\d:\d\d:\d\d UTC\n", ui.log)
            assert re.search(r"✓ Connected again  \d\d:\d\d:\d\d UTC, after \d", ui.log)
            assert ui.log.count("Not connected") == 1


async def until(ui: Ui, what: Callable[[], object]) -> None:
    """Wait for something while a look is on, which ``Ui.until`` would wait for."""
    for _ in range(2000):
        await asyncio.sleep(0.01)
        if what():
            return
    raise AssertionError(ui.screen)


@played
async def test_all_times_are_in_the_zone_of_the_session(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.apply()
        applied = desk.ledger["0001_a.sql"].when
        assert re.search(r"Applying 1 migration  \d\d:\d\d:\d\d JST\n", ui.log)
        await ui.press("3", "right_square_bracket", "right_square_bracket")
        assert f"Applied {applied} JST" in ui.detail
        hour = re.search(r"(\d\d):\d\d:\d\d JST", ui.log)
        assert hour
        assert abs(int(hour[1]) - int(applied[11:13])) % 24 in (0, 1, 23)
        await ui.press("right_square_bracket")
        assert re.search(r"applied_at +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ JST", ui.detail)
        desk.write("0001_a.sql", "SELECT 2;")
        await ui.press("r", "m", "enter")
        await ui.until(lambda: f"before: applied, {applied}" in ui.screen)
        assert "Times are in Asia/Tokyo" in ui.screen
