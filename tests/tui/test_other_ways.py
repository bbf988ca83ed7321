"""A plan saved from the dry run, a comparison with a branch, and the settings, each by its key."""

import subprocess
from pathlib import Path

import pytest
from textual.widgets import Input

from schemamig_tui.plan_file import load
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.screens.plan import DryRun
from schemamig_tui.tui.widgets.lines_view import LinesView
from tests.tui.conftest import Desk, Ui, played


def text(ui: Ui) -> str:
    return ui.app.screen.query_one(LinesView).text


@played
async def test_the_plan_of_a_dry_run_is_saved_where_that_destroys_nothing(desk: Desk) -> None:
    path = desk.write("0001_a.sql")
    plan = desk.folder.parent / "plan.json"
    async with desk.open() as ui:
        await ui.press("d")
        assert "s save" in ui.screen
        await ui.press("s", *"~nobody-here/x", "enter")
        assert "It begins with a ~ that stands for no folder" in ui.screen
        await ui.press("ctrl+u", *"none/plan.json", "enter")
        assert "There is no folder none" in ui.screen
        await ui.press("ctrl+u", *str(path), "enter")
        assert "That file is there, and is no plan" in ui.screen
        await ui.press("ctrl+u", *str(plan), "enter")
        await ui.until(plan.exists)
        assert isinstance(ui.app.screen, DryRun)
        await ui.until(lambda: "The plan is saved: /" in ui.screen)
        assert [file.name for file in load(plan).files] == ["0001_a.sql"]
        await ui.press("s")
        typed = ui.app.screen.query_one(Input)
        typed.value = "x" * 256
        await ui.press("enter")
        assert "This cannot be read: File name too long" in ui.screen
        typed.value = "x" * 255  # too long for the name of that beside it, in which it is made
        await ui.press("enter")
        await ui.until(lambda: "The plan is not saved: " in ui.screen)


@played
async def test_a_plan_that_cannot_be_applied_is_not_saved(desk: Desk) -> None:
    desk.write("0001_a.sql", "\\i other.sql\n")
    async with desk.open() as ui:
        await ui.press("d", "s")
        assert isinstance(ui.app.screen, DryRun)
        assert "It cannot be applied, so there is no plan to save" in ui.screen


@played
async def test_a_branch_is_compared_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    desk.write("0002_b.sql")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Begin"]):
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *author, *command], cwd=desk.folder, check=True)
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("B", "enter")
        assert "It needs a branch" in ui.screen
        await ui.press(*"[/red]", "enter")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        assert "Compared with [/red]" in ui.screen
        assert "✗" in text(ui)
        await ui.press("escape", "B", *"main", "enter")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        assert text(ui).splitlines() == [
            "0001_a.sql: sorts before 0002_b.sql, which main has; as 0003_a.sql it would not",
            "",
            "1 finding against main, 1 new migration",
        ]


@played
async def test_every_setting_is_shown_and_no_password(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:secret@h/[/red]")
    desk.options["docs_path"] = (Path("schema.dbml"),)
    async with desk.open(140, 60) as ui:
        await ui.press("O")
        shown = [" ".join(line.split()) for line in text(ui).splitlines()]
        assert "docs.path schema.dbml (default)" in shown
        assert "statement-timeout not set (default)" in shown
        assert "DATABASE_URL postgresql://ada:***@h/[/red] (environment)" in shown
