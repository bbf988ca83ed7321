"""What is shown when there is nothing to show, and how it gets better."""

import asyncio
import os
import re
import socket
from pathlib import Path

import pytest

from schemamig_tui.connect import environment
from schemamig_tui.connect.identity import Location
from schemamig_tui.connect.target import NOTHING_NAMED, Attempt, Endpoint
from schemamig_tui.tui import looking
from schemamig_tui.tui.lines import plain
from schemamig_tui.tui.states import connecting
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_running import toast


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def lose(ui: Ui) -> None:
    """Let the server be where nobody listens."""
    nowhere = f"host=127.0.0.1 port={closed_port()}"
    object.__setattr__(ui.app.settings, "dsn", nowhere)
    assert ui.app.looking.target is not None
    ui.app.looking.target.conninfo = nowhere


@played
async def test_an_empty_folder_says_what_to_do_next(desk: Desk) -> None:
    async with desk.open() as ui:
        assert "No migration yet" in ui.detail
        assert "0001_first.sql" in ui.detail
        assert str(desk.folder) in ui.detail
        assert "n writes one from the template\nM takes over those of another tool" in ui.detail
        file = desk.folder / "0001_a.sql"
        os.mkfifo(file)
        await ui.until(lambda: "This is not a regular file." in ui.detail)
        file.unlink()
        await ui.until(lambda: "No migration yet" in ui.detail)


@played
async def test_a_new_file_shows_up_by_itself(desk: Desk) -> None:
    async with desk.open() as ui:
        desk.write("0001_a.sql", "SELECT 'new';")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])
        assert "SELECT 'new'" in ui.detail
        desk.write("0001_a.sql", "SELECT 'changed';")
        await ui.until(lambda: "SELECT 'changed'" in ui.detail)
        (desk.folder / "0001_a.sql").unlink()
        await ui.until(lambda: ui.names("pending") == [])


@played
async def test_everything_applied_is_said(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    async with desk.open() as ui:
        assert "✓ Everything is applied" in ui.screen


@played
async def test_r_keeps_the_selection_and_the_place(desk: Desk) -> None:
    for number in range(30):
        desk.write(f"{number:04}_a.sql", "\n" * 50 + "SELECT 1;")
    async with desk.open(80, 24) as ui:
        await ui.press(*"jjjjj", "4", "G")
        place = ui.main.detail.view.scroll_y
        assert place > 0
        for name in ("0000_0.sql", "0003_0.sql"):
            desk.write(name)
        await ui.press("r")
        assert len(ui.names("pending")) == 32
        assert ui.main.selected is not None
        assert ui.main.selected.name == "0005_a.sql"
        assert ui.main.detail.view.scroll_y == place
        await ui.press("1", "j")
        assert ui.main.selected.name == "0006_a.sql"


@played
async def test_r_sees_what_others_have_applied(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        desk.apply()
        await ui.press("r")
        assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_not_connected_shows_the_reasons_and_r_tries_again(desk: Desk) -> None:
    desk.write("0001_a.sql")
    good = desk.database.conninfo
    desk.options["dsn"] = f"postgresql://me:secret@127.0.0.1:{closed_port()}/nowhere"
    async with desk.open() as ui:
        assert "✗ Not connected" in ui.detail
        assert "Connection refused" in ui.detail
        assert "Is --dsn right" in ui.detail
        assert "✗ not connected" in ui.rows[0]
        assert "secret" not in ui.screen
        for label in "Apply", "To here", "Dry run", "Edit", "Filter", "Read":
            assert label not in ui.rows[-1]
        for key in "a", "A", "d", "R", "e":
            await ui.press(key)
            assert ui.app.screen is ui.main
            assert toast(ui)[0] == "Not connected: r tries again"
            ui.app.clear_notifications()
        await ui.press("slash")
        assert ui.app.screen is ui.main
        object.__setattr__(ui.app.settings, "dsn", good)  # as if the server had come up
        await ui.press("r")
        assert ui.names("pending") == ["0001_a.sql"]
        assert "not connected" not in ui.rows[0]
        await ui.until(lambda: ui.detail == "1 SELECT 1;")


@played
async def test_a_server_that_comes_up_later_is_found_without_a_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_FIRST_PAUSE", 0.1)
    monkeypatch.setattr(looking, "_LONGEST_PAUSE", 0.1)
    desk.write("0001_a.sql")
    good = desk.database.conninfo
    desk.options["dsn"] = f"host=127.0.0.1 port={closed_port()}"
    async with desk.open() as ui:
        assert "It is tried again by itself" in ui.detail
        await asyncio.sleep(0.5)  # some tries
        assert ui.log == ""
        await ui.press("question_mark")
        object.__setattr__(ui.app.settings, "dsn", good)
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])
        assert ui.app.screen is not ui.main
        await ui.press("escape")
        assert "not connected" not in ui.rows[0]


@played
async def test_a_server_that_is_back_is_found_and_said_to_be_away_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_FIRST_PAUSE", 0.1)
    for name in ("0001_a.sql", "0002_b.sql"):
        desk.write(name)
    good = desk.database.conninfo
    async with desk.open() as ui:
        await ui.press("j")
        lose(ui)
        await ui.press("r")
        await asyncio.sleep(0.8)  # some tries
        assert "✗ not connected" in ui.rows[0]
        assert ui.log.count("Cannot connect") == 1
        await ui.press("d")
        assert "! The database could not be looked at" in ui.screen
        object.__setattr__(ui.app.settings, "dsn", good)
        await ui.until(lambda: "not connected" not in ui.rows[0])
        await ui.until(lambda: "✓ Nothing in the database is in the way" in ui.screen)
        await ui.press("escape")
        assert ui.main.selected is not None
        assert ui.main.selected.name == "0002_b.sql"


@played
async def test_a_missing_folder_is_said_and_found_when_it_comes(desk: Desk) -> None:
    desk.folder.rmdir()
    async with desk.open() as ui:
        assert "The folder of the migrations does not exist." in ui.detail
        desk.folder.mkdir()
        desk.write("0001_a.sql")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])


@played
async def test_a_folder_that_is_back_can_be_applied_though_its_files_were_refused(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        gone = desk.folder.rename(desk.folder.with_name("gone"))
        await ui.press("a")
        assert "This cannot be read: No such file or directory." in ui.screen
        await ui.press("escape", "r")
        assert any("0001_a.sql" in row and "refused" in row for row in ui.rows)
        assert re.search(r"✗ Not up to date  since \d\d:\d\d:\d\d UTC\n✗ .*does not exist", ui.log)
        gone.rename(desk.folder)
        await ui.press("r")
        assert re.search(r"✓ Up to date again  \d\d:\d\d:\d\d UTC, after \d", ui.log)
        await ui.apply()
        assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_a_ledger_of_another_shape_is_said(desk: Desk) -> None:
    desk.execute("CREATE SCHEMA kb")
    desk.execute("CREATE TABLE kb.schema_migrations (id INT)")
    async with desk.open() as ui:
        assert "has another shape" in ui.detail
        assert "--table" in ui.detail
        assert desk.database.name in ui.rows[0]
        await ui.press("a")
        assert "Nothing can be shown yet: r tries again" in ui.screen


@played
async def test_a_connection_that_is_lost_keeps_what_is_shown(desk: Desk) -> None:
    desk.write("0001_a.sql")
    good = desk.database.conninfo
    async with desk.open() as ui:
        lose(ui)
        await ui.press("r")
        assert ui.names("pending") == ["0001_a.sql"]
        assert "✗ not connected" in ui.rows[0]
        assert "Connection refused" in ui.log
        assert "\nhint: Is --dsn right" in ui.log
        object.__setattr__(ui.app.settings, "dsn", good)
        await ui.press("r")
        assert "not connected" not in ui.rows[0]


@played
async def test_a_run_that_ends_at_once_says_why(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("a")
        (desk.folder / "0002_b.sql").symlink_to("/nowhere")
        await ui.press("y")
        await ui.run_over()
        assert "0002_b.sql: This cannot be read" in ui.log
        assert ui.app.is_running


@played
async def test_odd_names_are_warned_of_in_the_log(desk: Desk) -> None:
    desk.write("setup.sql")
    async with desk.open() as ui:
        assert "No prefix YYYYMMDD_" in ui.log


@played
async def test_an_empty_and_a_huge_file_can_be_read(desk: Desk) -> None:
    desk.write("0001_empty.sql", "")
    desk.write("0002_huge.sql", "SELECT 1;\n" * 900_000)
    async with desk.open() as ui:
        assert ui.detail == "The file is empty."
        await ui.press("j")
        assert "more: e opens the file" in ui.detail
        await ui.press("right_square_bracket")
        assert "9.0 MB take a while to read: d makes the plan." in ui.detail


def test_the_first_start_of_an_embedded_server_says_what_takes_its_time(tmp_path: Path) -> None:
    assert "Looking for the database" in plain(connecting(None))
    first = plain(connecting(tmp_path))
    assert f"Starting the embedded PostgreSQL ...\n{tmp_path}\n" in first
    assert "data directory is made first" in first
    (tmp_path / "pg18").mkdir()
    assert "data directory" not in plain(connecting(tmp_path))


@played
async def test_a_terminal_that_is_too_small_is_told_so_until_it_is_large_enough(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(30);")
    async with desk.open(80, 24) as ui:
        await ui.pilot.resize_terminal(29, 24)
        assert "too small: 29x24." in ui.screen.replace("\n", " ")
        await ui.press("a", "y")  # for nothing that cannot be seen
        assert ui.app.run_on is None
        await ui.pilot.resize_terminal(80, 8)
        await ui.until(lambda: "too small: 80x8. It takes 30x9. q quits." in ui.rows[0])
        await ui.pilot.resize_terminal(30, 9)
        await ui.until(lambda: ui.app.screen is ui.main)
        await ui.press("a", "y")
        await ui.pilot.resize_terminal(20, 6)
        await ui.settled()
        await ui.press("q")
        await ui.pilot.resize_terminal(80, 24)
        await ui.until(lambda: "╭─ A run is on ─" in ui.screen)
        await ui.press("escape")
        await ui.until(lambda: ui.app.screen is ui.main)
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_what_the_settings_have_that_is_not_used_is_logged(desk: Desk) -> None:
    desk.options["warnings"] = ("SCHEMAMIG_X is not a setting, and not used",)
    async with desk.open() as ui:
        assert ui.log.startswith("SCHEMAMIG_X is not a setting, and not used\n")


@played
async def test_whoever_has_nothing_yet_sees_the_ways_to_begin_on_a_small_screen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Endpoint({"host": "/nowhere"}, NOTHING_NAMED, Location(NOTHING_NAMED))
    tried = (Attempt("DATABASE_URL", "not set"), Attempt("POSTGRES_HOST", "not set"))
    monkeypatch.setattr(environment, "find", lambda *_: (nowhere, tried))
    desk.options["dsn"] = None
    async with desk.open(80, 24) as ui:
        assert "--embedded starts a PostgreSQL" in ui.screen
        assert "--dsn" in ui.screen
