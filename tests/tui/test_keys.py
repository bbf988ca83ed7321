"""The table of keys: what is in it works, and what works is in it."""

import asyncio
import base64
import os
import threading
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.events import Key

from schemamig_tui.settings import Settings
from schemamig_tui.survey import Look
from schemamig_tui.tui import editor, keys
from schemamig_tui.tui.app import MigrationsApp
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.main import Filter, MainScreen
from schemamig_tui.tui.widgets.detail import Detail
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.migration_list import MigrationList
from tests.tui.conftest import Desk, Ui, played, quiet
from tests.tui.test_running import toast

ALL = [key for group in keys.GROUPS.values() for key in group]


@pytest.mark.parametrize("key", ALL, ids=lambda key: key.id)
def test_every_key_has_an_action(key: keys.Key) -> None:
    target: type = {
        "list": MigrationList,
        "view": LinesView,
        "main": MainScreen,
        "filter": Filter,
        "findings": Detail,
        "blockers": BlockersScreen,
    }[key.where]
    namespace, _, name = key.action.partition("(")[0].rpartition(".")
    if namespace:
        target = {"app": MigrationsApp, "screen": MainScreen}[namespace]
    assert hasattr(target, f"action_{name}")


def test_no_key_means_two_things_in_one_place() -> None:
    # The blockers are on a screen of their own, in a list.
    for where, around in (("list", "main"), ("view", "main"), ("blockers", "list")):
        # Those that go first, as long as there are batches, leave another key for the same.
        taken = [
            name
            for key in ALL
            if key.where in (where, around) and not key.first
            for name in key.keys.split(",")
        ]
        if where == "view":  # a list is filtered, a text is searched; n goes on while it is
            for name in ("slash", "n"):
                taken.remove(name)
        assert len(taken) == len(set(taken))
    assert len({key.id for key in ALL}) == len(ALL)


def test_what_else_there_is_to_say_of_a_key_is_in_its_tooltip() -> None:
    assert keys.MORE.keys() <= {key.id for key in ALL}
    tooltips = {it.id: it.tooltip for it in keys.bindings("main") if isinstance(it, Binding)}
    assert tooltips["quit"] == f"Quit; asks while a run is on. {keys.MORE['quit']}"
    assert tooltips["apply-to"] == "Apply up to the selected migration"


@played
async def test_the_help_shows_every_key(desk: Desk) -> None:
    async with desk.open(120, 120) as ui:
        await ui.press("question_mark")
        for key in ALL:
            assert any(keys.shown(key) in row and key.what in row for row in ui.rows), key
        for closing in ("question_mark", "escape", "q"):
            await ui.press(closing)
            assert ui.app.screen is ui.main
            await ui.press("question_mark")


@played
async def test_the_palette_finds_a_key_by_what_it_does(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("ctrl+p")
        assert isinstance(ui.app.screen, CommandPalette)
        await ui.pilot.press(*"dry run")
        await ui.until(lambda: "Dry run: show how each" in ui.screen)
        await asyncio.sleep(0.3)
        await ui.press("enter")
        await ui.until(lambda: "Dry run: nothing is changed" in ui.screen)


@played
async def test_the_footer_shows_the_keys_that_work_now_and_takes_clicks(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        assert ui.rows[-1] == (
            " a Apply  A To here  d Dry run  R Rehearse  e Edit  / Filter  c Copy  enter Read"
            "  ? Help  q Quit"
        )
        await ui.press("enter")
        assert "enter Read" not in ui.rows[-1], "that is what is shown now"
        await ui.press("right_square_bracket")
        assert "enter Read" in ui.rows[-1]
        await ui.pilot.click("#keys", offset=(ui.rows[-1].index("Help"), 0))
        await ui.settled()
        assert "Apply all pending" in ui.screen


@played
async def test_below_a_dialog_the_footer_stays_as_it_was(desk: Desk) -> None:
    async with desk.open() as ui:
        footer = ui.rows[-1]
        assert footer == " c Copy  ? Help  q Quit"
        await ui.press("O")
        ui.app.refresh_bindings()
        await ui.settled()
        assert ui.rows[-1] == footer


@played
async def test_while_the_filter_is_typed_the_footer_shows_the_ways_out(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("slash", "a")
        assert ui.rows[-1].startswith(" enter Keep  esc Show all")
        assert "/ Filter" not in ui.rows[-1]
        await ui.press("enter")
        assert "/ Filter" in ui.rows[-1]


@played
async def test_c_copies_the_open_tab_and_the_log_from_within_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.apply()
        copies: list[str] = []
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copies.append)
        for pane, shown in (("3", ui.detail), ("4", ui.detail), ("5", ui.log)):
            await ui.press(pane)
            await ui.press("c")
            assert copies.pop() == shown


@played
async def test_c_copies_what_is_shown_and_saves_it_for_its_owner_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql", "SELECT 'copied';")
    async with desk.open() as ui:
        written: list[str] = []
        assert ui.app._driver is not None
        monkeypatch.setattr(ui.app._driver, "write", written.append)
        await ui.press("c")
        saved = Path(os.environ["XDG_CACHE_HOME"]) / "schemamig-tui" / "copied.txt"
        assert saved.read_text() == "1 SELECT 'copied';"
        assert saved.stat().st_mode & 0o077 == 0
        copied = base64.b64encode(saved.read_bytes()).decode()
        assert f"\x1b]52;c;{copied}\a" in written
        assert "Saved in" in ui.screen


@played
async def test_what_is_too_long_for_a_terminal_is_only_saved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql", "SELECT 'a long line of text';\n" * 5_000)
    async with desk.open() as ui:
        copies: list[str] = []
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copies.append)
        await ui.press("c")
        assert not copies
        assert "are too much for a terminal. Saved in" in ui.screen


@played
async def test_an_editor_that_cannot_be_opened_is_said(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:  # without a terminal nothing can be suspended
        await ui.press("e")
        assert "No editor can be opened in this terminal" in ui.screen


@pytest.mark.parametrize(
    ("environ", "line", "expected"),
    [
        ({}, 3, ["vi", "+3", "/f/-a b.sql"]),
        ({"EDITOR": "nano"}, None, ["nano", "/f/-a b.sql"]),
        ({"EDITOR": "nano", "VISUAL": "code --wait"}, 3, ["code", "--wait", "/f/-a b.sql"]),
        (
            {"VISUAL": "/usr/bin/nvim -u NONE"},
            7,
            ["/usr/bin/nvim", "-u", "NONE", "+7", "/f/-a b.sql"],
        ),
    ],
)
def test_the_editor_is_the_users_and_opens_at_the_line(
    environ: dict[str, str], line: int | None, expected: list[str]
) -> None:
    assert editor.command(Path("/f/-a b.sql"), line, environ) == expected


@played
async def test_keys_that_are_typed_before_the_first_picture_wait_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql")
    connected = threading.Event()
    read = Looking._read

    def read_late(looking: Looking, *, asked: bool) -> Look:
        connected.wait()
        return read(looking, asked=asked)

    monkeypatch.setattr(Looking, "_read", read_late)
    app = MigrationsApp(Settings(directory=desk.folder, dsn=desk.database.conninfo))
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            ui = Ui(app, pilot)
            await pilot.press("j", "question_mark")
            assert "Apply all pending, and retry" in ui.screen
            await pilot.press("escape", "A", "y", "n", "a", "j", "k")
            assert "connecting ..." in ui.screen
            connected.set()
            await ui.until(lambda: "Apply 2 migrations?" in ui.screen)
            await ui.press("y")  # it waits for those before it, if they are not through
            await ui.until(lambda: len(desk.ledger) == 2)
            await ui.run_over()
    finally:
        connected.set()
        app.close()


@played
async def test_the_palette_is_opened_once_though_a_dialog_is_over_it(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("ctrl+p")
        ui.app.action_settings()
        await ui.press("ctrl+p", "escape")
        assert isinstance(ui.app.screen, CommandPalette)
        await ui.press("escape")
        assert ui.app.screen is ui.main


@played
@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_is_turned_in_a_palette_at_any_time(desk: Desk, key: str) -> None:
    async with desk.open(80, 24) as ui:
        for opened in (ui.app.action_command_palette, ui.app.action_change_theme):
            opened()
            for _ in range(20):
                await ui.pilot.press("down", key)
            await ui.press("escape", "escape")
            assert ui.app.screen is ui.main


@played
async def test_a_key_right_behind_another_waits_for_the_dialog_that_this_one_opens(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("1")
        for opens in "dmMB":
            for then in ("k", "slash"):
                for key in (opens, then):
                    ui.app.post_message(Key(key, key if len(key) == 1 else None))
                await ui.settled()
                for _ in range(3):
                    await ui.pilot.press("escape")
        assert ui.app.screen is ui.main
        for key in "qmkmk":
            ui.app.post_message(Key(key, key))
        await quiet()
    assert ui.app.return_code == 0


@played
async def test_a_key_that_does_nothing_now_says_why(desk: Desk) -> None:
    nothing = {
        "d": "Nothing to do: no migration is pending",
        "m": "No migration is selected",
        "D": "No migration is selected",
        "f": "No migration is selected",
        "enter": "No migration is selected",
        "slash": "There is no migration to filter",
        "i": "No migration is failed, changed or missing",
        "v": "No rehearsal yet: R rehearses what is pending",
    }
    async with desk.open() as ui:
        for key, why in nothing.items():
            await ui.press(key)
            assert toast(ui) == (why, "warning")
    gone = desk.write("0000_gone.sql")
    desk.apply()
    gone.unlink()
    desk.write("0001_a.sql", "\\i other.sql\n")
    async with desk.open() as ui:
        await ui.press("x", "x", "x")
        assert [toast.message for toast in ui.app._notifications] == ["No run is on"]
        assert toast(ui) == ("No run is on", "warning")
        await ui.press("a", "escape", "a")
        assert ui.app.screen is ui.main
        assert toast(ui)[0] == "There are files that cannot be run: d says why"
        await ui.press("3", "e")
        assert toast(ui)[0] == "0000_gone.sql is not in the folder"
    async with desk.open(read_only=True) as ui:
        for key in "AEmM":
            await ui.press("r", key)
            assert toast(ui)[0] == "Read-only: nothing is written to this database"
