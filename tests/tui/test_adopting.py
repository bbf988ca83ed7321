"""Another tool taken over from the UI: what is offered, shown before, asked and written."""

from pathlib import Path

import pytest

from schemamig_tui.tui.screens.choice import Choice
from schemamig_tui.tui.screens.dialogs import Question, TextDialog
from schemamig_tui.tui.screens.typed import TypedQuestion
from schemamig_tui.tui.widgets.lines_view import LinesView
from tests.authoring.test_adopt import DBMATE
from tests.tui.conftest import Desk, Ui, played


@pytest.fixture
def theirs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The usual folder of dbmate below the working directory, with two migrations of its."""
    monkeypatch.chdir(desk.folder.parent)
    folder = Path("db/migrations")
    folder.mkdir(parents=True)
    for version, table in ((1, "a"), (2, "b")):
        text = f"-- migrate:up\nCREATE TABLE {table} (i int);\n"
        (folder / f"{version}_{table}.sql").write_text(text)
    desk.execute(DBMATE)
    return folder


def text(ui: Ui) -> str:
    return ui.app.screen.query_one(LinesView).text


async def ask(ui: Ui) -> None:
    """Choose what is offered first, and wait for the question or the text that it leads to."""
    await ui.press("M")
    await ui.until(lambda: isinstance(ui.app.screen, Choice))
    await ui.press("enter")
    await ui.until(lambda: isinstance(ui.app.screen, Question | TextDialog))


@played
async def test_what_is_in_a_usual_folder_is_offered_shown_and_taken_over(
    desk: Desk, theirs: Path
) -> None:
    async with desk.open() as ui:
        await ui.press("M")
        await ui.until(lambda: isinstance(ui.app.screen, Choice))
        assert "dbmate: 2 files in db/migrations" in ui.screen
        assert "golang-migrate: in a folder to be named" in ui.screen
        assert "sqlx: 2" not in ui.screen, "its usual folder is ours"
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, Question))
        assert "Take over dbmate?" in ui.screen
        assert desk.database.name in ui.screen
        assert "1_a.sql -> " in text(ui)
        assert "0001_a.sql: applied" in text(ui)
        assert text(ui).startswith(
            "2 files would be written, 1 would be recorded as applied, 1 pending\n"
        )
        await ui.press("n")
        assert [*desk.folder.iterdir()] == []

        await ask(ui)
        await ui.press("y")
        await ui.until(lambda: ui.names("pending") == ["0002_b.sql"])
        assert ui.names("applied") == ["0001_a.sql"]
        assert "2 files written, 1 recorded as applied, 1 pending" in ui.log

        await ask(ui)
        assert text(ui) == "Nothing to take over from dbmate: all of it is here."
    assert [*desk.ledger] == ["0001_a.sql"]


@played
async def test_what_has_changed_behind_the_question_is_not_taken_over(
    desk: Desk, theirs: Path
) -> None:
    async with desk.open() as ui:
        await ask(ui)
        (theirs / "2_b.sql").write_text("-- migrate:up\nDROP TABLE a;\n")
        await ui.press("y")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        assert "the ledgers or the folders have changed since: nothing was done" in text(ui)
    assert [*desk.folder.iterdir()] == []


@played
async def test_a_folder_is_asked_for_until_there_is_one(desk: Desk, theirs: Path) -> None:
    elsewhere = theirs.rename("elsewhere")
    async with desk.open() as ui:
        await ui.press("M")
        await ui.until(lambda: isinstance(ui.app.screen, Choice))
        await ui.press("j", "enter")
        assert isinstance(ui.app.screen, TypedQuestion)
        assert "The folder of dbmate" in ui.screen
        await ui.press("enter")
        assert "It needs a path" in ui.screen
        await ui.press(*"[/red]", "enter")
        assert "There is no such folder" in ui.screen
        await ui.press("ctrl+u", *str(elsewhere), "enter")
        await ui.until(lambda: isinstance(ui.app.screen, Question))
        assert "2 files would be written" in text(ui)


@played
async def test_what_cannot_be_taken_over_says_why(desk: Desk, theirs: Path) -> None:
    (theirs / "3_c.sql").write_text("CREATE TABLE c (i int);\n")
    async with desk.open(80, 24) as ui:
        await ask(ui)
        assert "db/migrations/3_c.sql" in text(ui)
        assert isinstance(ui.app.screen, TextDialog)


@played
async def test_a_protected_target_wants_its_name_first(desk: Desk, theirs: Path) -> None:
    desk.options.update(target="staging", protected=True)
    async with desk.open() as ui:
        await ask(ui)
        await ui.press("y")
        assert "The target is protected" in ui.screen
        await ui.press(*"prod", "enter")
        assert "That is not its name" in ui.screen
        assert [*desk.folder.iterdir()] == []
        await ui.press("ctrl+u", *"staging", "enter")
        await ui.until(lambda: ui.names("pending") == ["0002_b.sql"])


@played
async def test_nothing_is_taken_over_where_nothing_may_be_written(desk: Desk, theirs: Path) -> None:
    async with desk.open(read_only=True) as ui:
        await ui.press("M")
        await ui.settled()
        assert ui.app.screen is ui.main
