"""Keys that the settings have set, the keys of the help, and the theme that is remembered."""

import os
from pathlib import Path

import pytest

from schemamig_tui.errors import SettingsError
from schemamig_tui.tui.keymap import checked
from schemamig_tui.tui.screens.plan import DryRun
from tests.tui.conftest import Desk, played


@played
async def test_a_key_of_the_settings_takes_the_place_of_the_usual_one(desk: Desk) -> None:
    desk.options["keys"] = {"dry-run": "f5, X", "zoom": "d"}
    desk.write("0001_a.sql")
    async with desk.open(140, 60) as ui:
        for key in ("f5", "X"):
            await ui.press(key)
            assert isinstance(ui.app.screen, DryRun)
            await ui.press("escape")
        await ui.press("d")
        assert ui.app.screen is ui.main
        assert ui.main.has_class("-zoom-lists")
        assert "  f5 Dry run  ? Help  q Quit" in ui.rows[-1]
        await ui.press("question_mark")
        assert any("f5 D" in row and "Dry run" in row for row in ui.rows)


@played
async def test_sentences_name_the_keys_that_their_user_has_set(desk: Desk) -> None:
    desk.options["keys"] = {
        "apply": "f2",
        "apply-to": "f3",
        "edit": "f4",
        "copy": "f5",
        "help": "f6",
        "back": "f7",
        "report": "f8",
        "rehearse": "f9",
        "next-tab": "f10",
        "view-search": "f11",
        "view-next": "f12",
    }
    desk.write("0001_a.sql", "SELECT 1;\nSELECT wrong;\n")
    desk.write("0002_b.sql")
    async with desk.open(140, 40) as ui:
        assert "[ f10" in ui.screen
        await ui.press("f10", "f10")
        assert "f2 applies all that is pending, f3 up to this one" in ui.detail
        await ui.press("v")
        assert "No rehearsal yet" not in ui.screen
        await ui.press("f8")
        assert "No rehearsal yet: f9 rehearses what is pending" in ui.screen
        await ui.press("slash", "x")
        assert "No match; f7 shows all" in ui.screen
        await ui.press("f7", "f6")
        assert "esc   f11 search   f5 copy" in ui.screen
        await ui.press("f11", "f", "enter")
        assert "/f  f12 N" in ui.screen
        await ui.press("f5")
        assert "Copied" in ui.screen
        await ui.press("f6")
        assert ui.app.screen is ui.main
        await ui.press("f2", "y")
        await ui.run_over()
        assert "f4 edits it, f2 retries it" in ui.detail


@played
async def test_two_keys_can_be_exchanged(desk: Desk) -> None:
    desk.options["keys"] = {"dry-run": "R", "rehearse": "d"}
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("d")
        assert "Rehearse 1 migration?" in ui.screen
        await ui.press("escape", "R")
        assert isinstance(ui.app.screen, DryRun)


@played
async def test_the_tabs_turn_without_a_bracket(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("full_stop")
        assert ui.main.detail.tab == "Plan"
        await ui.press("comma")
        assert ui.main.detail.tab == "SQL"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"aply": "f5"}, "HERE aply is not the id of a key", "apply?"),
        ({"apply": "d"}, "HERE d would mean two things: apply and dry-run", 'dry-run = "f5"'),
        ({"view-wrap": "/"}, "HERE slash would mean two things: filter and view-wrap", "f5"),
        ({"apply": "f5", "zoom": "f5"}, "HERE f5 would mean two things: apply and zoom", "f5"),
        ({"apply": "crtl+p"}, "HERE apply: 'crtl+p' is no key", "ctrl+g"),
        ({"apply": "a,"}, "HERE apply: '' is no key", "comma"),
    ],
)
def test_keys_that_cannot_be_are_refused(given: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        checked(given, "HERE")
    assert refused.value.message == message
    assert hint in (refused.value.hint or "")


@played
async def test_the_help_begins_with_the_keys_of_the_pane_one_is_in(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        for pane, title in (("1", "In a list"), ("4", "In a text"), ("5", "In a text")):
            await ui.press(pane, "question_mark")
            top = next(number for number, row in enumerate(ui.rows) if "─ Keys ─" in row)
            assert title in ui.rows[top + 1]
            await ui.press("escape")


@played
async def test_the_theme_that_was_chosen_is_there_the_next_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Path(os.environ["XDG_STATE_HOME"], "schemamig-tui", "theme")
    async with desk.open() as ui:
        assert ui.app.theme == "textual-dark"
        ui.app.theme = "nord"
        await ui.settled()
    assert kept.read_text() == "nord\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    async with desk.open() as ui:
        assert ui.app.theme == "nord"
    kept.write_bytes(b"no-such-theme \xff")
    async with desk.open() as ui:
        assert ui.app.theme == "textual-dark"
    monkeypatch.setenv("TEXTUAL_THEME", "textual-light")
    kept.write_text("nord\n")
    async with desk.open() as ui:
        assert ui.app.theme != "nord"


@played
async def test_a_theme_that_cannot_be_kept_is_no_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.write("0001_a.sql")))
    async with desk.open() as ui:
        ui.app.theme = "nord"
        await ui.settled()
        assert ui.app.theme == "nord"
