"""Migrations that are written from the UI."""

import subprocess

import pytest

from schemamig_tui.tui import editor
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.screens.typed import TypedQuestion
from schemamig_tui.tui.widgets.lines_view import LinesView
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_cursor import stop
from tests.tui.test_running import ASLEEP, toast


def dialog(ui: Ui) -> TypedQuestion:
    assert isinstance(ui.app.screen, TypedQuestion)
    return ui.app.screen


async def type_in(ui: Ui, text: str) -> None:
    await ui.press(*(f"{'space' if char == ' ' else char}" for char in text))


@played
async def test_n_writes_a_migration_with_a_title_edits_and_selects_it(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.press("n")
        await type_in(ui, "add n")
        assert dialog(ui)
        await ui.press("enter")
        assert "No editor can be opened in this terminal" in ui.screen  # nor in a test
        assert ui.names("pending") == ["0001_a.sql", "0002_b.sql", "0003_add_n.sql"]
        assert ui.main.selected is not None
        assert ui.main.selected.name == "0003_add_n.sql"
        assert "-- Migration: Add n" in ui.detail
        assert "Written: " in ui.log


@played
async def test_a_file_that_the_editor_leaves_removed_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    monkeypatch.setattr(editor, "edit", lambda _app, path, _line: path.unlink())
    async with desk.open() as ui:
        await ui.press("e")
        assert "0001_a.sql is gone from the folder" in ui.screen
        assert ui.names("pending") == []


@played
async def test_what_gives_no_name_is_refused_in_the_dialog_and_esc_writes_nothing(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("n", "enter")
        dialog(ui)
        assert "'' gives no name for a migration" in ui.screen
        await type_in(ui, "b")
        await ui.press("escape")
        assert ui.app.screen is ui.main
        assert [*desk.folder.iterdir()] == [desk.folder / "0001_a.sql"]


@played
async def test_while_a_text_is_searched_n_goes_on_and_otherwise_begins_a_new_one(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT 1;\nSELECT 1;")
    async with desk.open() as ui:
        await ui.press("4", "slash", "1", "enter", "n")
        assert ui.app.screen is ui.main
        await ui.press("escape", "n")
        dialog(ui)


# -- a reversal


@played
async def test_u_drafts_rehearses_edits_and_selects_a_reversal(desk: Desk) -> None:
    desk.write("0001_things.sql", "CREATE TABLE things (id int);")
    async with desk.open() as ui:
        await ui.press("u")
        assert "Draft a reversal?" in ui.screen
        await ui.press("y")
        await ui.until(lambda: "Written: " in ui.log)
        assert "✓ Rehearsed behind its original and rolled back: the schema is as it was" in ui.log
        assert "Rehearsed behind its original" in ui.screen
        await ui.press("escape")
        assert ui.names("pending") == ["0001_things.sql", "0002_rollback_things.sql"]
        assert ui.main.selected is not None
        assert ui.main.selected.name == "0002_rollback_things.sql"
        assert "DROP TABLE things;" in ui.detail
    assert not desk.ledger


@played
async def test_a_reversal_that_cannot_be_drafted_says_why(desk: Desk) -> None:
    path = desk.write("0001_a.sql")
    async with desk.open() as ui:
        path.write_bytes(b"SELECT '\xff';")
        await ui.press("u", "y")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        assert "UTF-8" in ui.screen


# -- what has changed


@played
async def test_d_shows_what_has_changed_and_the_commit_that_has_changed_it(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a ();\n")
    desk.apply()

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", "-C", desk.folder, *who, *arguments], check=True)

    git("init", "-q")
    for text in ("CREATE TABLE a ();\n", "CREATE TABLE a (id int);\n"):
        desk.write("0001_a.sql", text)
        git("add", ".")
        git("commit", "-qm", f"Make it {len(text)} long")
    async with desk.open() as ui:
        await ui.press("D")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        assert "-CREATE TABLE a ();" in ui.screen
        assert "+CREATE TABLE a (id int);" in ui.screen
        assert "Ada: Make it 19 long" in ui.screen
        assert "Ada: Make it 25 long" in ui.screen


@played
async def test_d_says_what_is_missing_where_there_is_nothing_to_show(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.press("D")
        assert toast(ui)[0] == "0002_b.sql is not applied: there is no difference to show"
        await ui.press("3", "D")
        assert toast(ui)[0] == "0001_a.sql has not changed: there is no difference to show"
        desk.write("0001_a.sql", "SELECT 2;")
        await ui.press("r", "D")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        text = ui.app.screen.query_one(LinesView).text
        assert "The text that was applied is not known" in text


@played
async def test_e_does_not_open_the_editor_on_a_file_that_was_removed_during_a_run(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", ASLEEP % 600)
    removed = desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "asleep" in ui.log)
        removed.unlink()
        await ui.press("G", "e")
        assert "0002_b.sql is gone from the folder" in ui.screen
        await stop(ui)
