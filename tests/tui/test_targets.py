"""Targets in the UI: which one it is, another one, and those that are protected or read-only."""

import pytest

from schemamig_tui.errors import SettingsError
from schemamig_tui.settings import Settings
from schemamig_tui.tui.screens.choice import Choice
from schemamig_tui.tui.screens.typed import TypedQuestion
from schemamig_tui.tui.targets import TargetChoice
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_running import toast

TARGETS = """
[targets.local]
container = "spec_pg"
[targets.live]
dsn = "host=live"
"""


async def type_in(ui: Ui, text: str) -> None:
    await ui.press(*text)


@played
async def test_nothing_is_applied_to_a_protected_target_before_its_name_is_typed(
    desk: Desk,
) -> None:
    desk.options |= {"target": "live", "protected": True}
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    async with desk.open() as ui:
        await ui.press("a", "y")
        assert isinstance(ui.app.screen, TypedQuestion)
        assert "Type live if it is meant." in ui.screen
        assert desk.database.name in ui.screen
        await type_in(ui, "life")
        await ui.press("enter")
        assert "That is not its name" in ui.screen
        await ui.press("escape")
        assert ui.app.screen is ui.main
        assert ui.app.run_on is None
        assert not desk.ledger

        await ui.press("m", "enter")
        await ui.until(lambda: "Mark it as applied?" in ui.screen)
        await ui.press("y")
        assert isinstance(ui.app.screen, TypedQuestion)
        await ui.press("escape")
        assert not desk.ledger

        await ui.press("a", "y")
        await type_in(ui, "live")
        await ui.press("enter")
        await ui.run_over()
        assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_a_target_that_is_read_only_is_as_with_the_flag(desk: Desk) -> None:
    desk.options |= {"target": "look", "read_only": True}
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        assert ui.rows[0].startswith(" look ")
        assert ui.rows[0].endswith("read-only")
        await ui.press("a")
        assert ui.app.screen is ui.main


def settings_of(name: str) -> Settings:
    if name == "live":
        raise SettingsError("LIVE is not set")
    return Settings(target=name)


@pytest.mark.parametrize("color", ["red", None])
def test_the_top_line_names_the_target_in_its_colour(desk: Desk, color: str | None) -> None:
    @played
    async def shown() -> None:
        desk.options |= {"target": "live", "header": color}
        async with desk.open() as ui:
            assert ui.rows[0].startswith(" live  ")
            first = next(iter(ui.strips[0]))
            assert first.style
            assert first.style.bgcolor
            assert (first.style.bgcolor.name == "#b3261e") is (color == "red")

    shown()


@played
async def test_t_chooses_a_target_for_which_the_ui_opens_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    (desk.folder / ".git").mkdir()
    async with desk.open() as ui:
        await ui.press("t")
        assert toast(ui)[0] == "There were no targets in the settings at the start"
        (desk.folder / "schemamig.toml").write_text(TARGETS)
        ui.app.targets = TargetChoice(ui.app, Settings(target="live"), settings_of)
        await ui.press("t")
        assert isinstance(ui.app.screen, Choice)
        assert "live  (now)" in ui.screen
        await ui.press("j", "enter")
        assert toast(ui)[0] == "LIVE is not set"
        assert ui.app.targets.chosen is None
        await ui.press("t", "enter")
        assert ui.app.targets.chosen == Settings(target="local")
        assert ui.app._exit
