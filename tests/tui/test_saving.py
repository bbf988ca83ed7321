"""The log in a file, a pane in the pager, the path of a file: what one takes out of the program."""

import os
from pathlib import Path

import pytest

from schemamig_tui.tui import pager
from tests.tui.conftest import Desk, played
from tests.tui.test_running import toast


@played
async def test_the_log_is_saved_whole_where_nobody_else_can_read_it(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'ünïcode'; END $$;")
    async with desk.open() as ui:
        await ui.apply()
        await ui.press("S")
        (saved,) = Path(os.environ["XDG_STATE_HOME"], "schemamig-tui").glob("log-*.txt")
        assert saved.read_text(encoding="utf-8") == ui.log + "\n"
        assert "NOTICE: ünïcode" in ui.log
        assert toast(ui) == (f"The log is saved in {saved}", "information")
    assert saved.stat().st_mode & 0o777 == 0o600
    assert saved.parent.stat().st_mode & 0o777 == 0o700


@played
async def test_a_log_that_cannot_be_saved_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk.write("0001_a.sql")
    monkeypatch.setenv("XDG_STATE_HOME", str(file))
    async with desk.open() as ui:
        await ui.press("S")
        assert toast(ui)[0] == f"The log could not be saved: Not a directory: {file}/schemamig-tui"


@played
async def test_shift_c_copies_the_path_of_the_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk.write("0001_a.sql")
    copies: list[str] = []
    async with desk.open() as ui:
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copies.append)
        await ui.press("C")
        assert copies == [str(file)]
        assert "0001_a.sql: Copied" in ui.screen.replace("\n", "")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, ["less"]), ({"PAGER": ""}, ["less"]), ({"PAGER": "bat -p"}, ["bat", "-p"])],
)
def test_the_pager_is_the_users(environ: dict[str, str], expected: list[str]) -> None:
    assert pager.command(environ) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("no-such-pager", "There is no program no-such-pager: set $PAGER to your pager"),
        ("'", "The pager cannot be started"),
        ("cat", "No pager can be opened in this terminal"),
    ],
)
def test_a_pager_that_cannot_be_opened_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, given: str, message: str
) -> None:
    @played
    async def pressed() -> None:
        desk.write("0001_a.sql")
        async with desk.open() as ui:
            await ui.press("o")
            assert message in toast(ui)[0]

    monkeypatch.setenv("PAGER", given)
    pressed()
