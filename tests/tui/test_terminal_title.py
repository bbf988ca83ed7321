"""The terminal's title while a run is on, and the bell at the end of a long one."""

import pytest

from schemamig_tui.tui import terminal_title
from schemamig_tui.tui.widgets.run_panel import RunPanel
from tests.tui.conftest import Desk, Ui, played

PUSH, POP = "\x1b[22;2t", "\x1b[23;2t"


def watched(ui: Ui, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written to the terminal besides the screen, and ``bell`` for the bell."""
    written: list[str] = []
    assert ui.app._driver is not None

    def write(text: str) -> None:
        if not text.startswith("\x1b]22;"):  # the shape of the mouse pointer
            written.append(text)

    monkeypatch.setattr(ui.app._driver, "write", write)
    monkeypatch.setattr(ui.app, "bell", lambda: written.append("bell"))
    return written


@played
async def test_a_run_is_in_the_title_and_the_title_before_comes_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql", "SELECT pg_sleep(0.5);")
    async with desk.open() as ui:
        written = watched(ui, monkeypatch)
        await ui.apply()
        assert written[0].startswith(f"{PUSH}\x1b]2;▶ applying")
        assert "\x1b]2;▶ applying 1/2 - schemamig-tui\x1b\\" in written
        assert written[-1] == POP
        assert "".join(written).count(PUSH) == 1
        assert "bell" not in written


@played
async def test_the_bell_rings_at_the_end_of_a_long_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_title, "_LONG", 0.2)
    desk.write("0001_a.sql", "SELECT pg_sleep(0.3);")
    async with desk.open() as ui:
        written = watched(ui, monkeypatch)
        await ui.press("R", "y")
        await ui.run_over()
        assert any("▶ rehearsing" in text for text in written)
        assert written[-2:] == [POP, "bell"]


@played
async def test_leaving_in_mid_run_puts_the_title_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(30);")
    async with desk.open() as ui:
        written = watched(ui, monkeypatch)
        await ui.press("a", "y")
        await ui.until(lambda: written)
        panel = ui.main.query_one(RunPanel)
        run = panel.run
        ui.app.terminated()
        ui.app.terminated()
    assert run
    panel._tick(run)  # one that was due when the program left
    assert written[-1] == POP
