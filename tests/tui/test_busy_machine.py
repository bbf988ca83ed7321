"""A machine that stands still for a moment, as a busy one does, keeps nothing from being shown."""

import asyncio
import time
from types import SimpleNamespace

import pytest
import textual.timer

from tests.tui.conftest import Desk, played


@pytest.fixture(autouse=True)
def _timers_begin_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second pass in each timer of Textual between its first look at the clock and the next.

    One that rings once never does then, where its time is shorter (``Timer._run`` of 8.2).
    """
    begun: set[asyncio.Task[object] | None] = set()

    def clock() -> float:
        task = asyncio.current_task()
        late = task not in begun
        begun.add(task)
        return time.monotonic() - late

    monkeypatch.setattr(textual.timer, "_time", SimpleNamespace(get_time=clock))


@played
async def test_the_screen_follows_each_size_of_the_terminal(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    async with desk.open(80, 24) as ui:
        for columns, rows in ((140, 40), (80, 24), (100, 30)):
            await ui.pilot.resize_terminal(columns, rows)
            await ui.until(lambda: len(ui.rows) == rows)  # noqa: B023  # awaited here


@played
async def test_a_run_is_shown_to_its_end(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(0.5);")
    async with desk.open() as ui:
        await ui.apply()
        assert ui.names("applied") == ["0001_a.sql"]
