"""What is odd about files and ledger: marked in the list, said in the log, and not run."""

import re

from tests.tui.conftest import Desk, played
from tests.tui.test_running import toast


@played
async def test_a_file_that_is_not_written_yet_is_marked_and_left(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql", "BEGIN;\n\nCOMMIT;\n")
    async with desk.open() as ui:
        assert re.search(r"0002_b\.sql +unwritten", ui.screen)
        assert "Not written yet, so it is not run: 0002_b.sql." in ui.log
        await ui.apply()
        assert set(desk.ledger) == {"0001_a.sql"}
        await ui.press("a")
        assert "Nothing to do: 1 pending migration not written yet" in ui.screen
        desk.write("0002_b.sql", "SELECT 2;")
        await ui.until(lambda: "unwritten" not in ui.screen)
        await ui.apply()
        assert set(desk.ledger) == {"0001_a.sql", "0002_b.sql"}


@played
async def test_a_file_that_was_recorded_when_it_was_empty_says_why_it_is_pending(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "")
    desk.write("0002_b.sql")
    desk.apply()
    async with desk.open() as ui:
        desk.write("0001_a.sql", "SELECT 1;")
        await ui.until(lambda: "was empty" in ui.screen)
        assert ui.names("pending") == ["0001_a.sql"]
        assert "Recorded when it was empty, and pending again" in ui.log
        await ui.press("1", "2", "]")
        assert "Recorded when it was empty: its statements have never been run" in ui.screen


@played
async def test_what_is_warned_of_is_said_once_and_when_it_is_new(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    async with desk.open() as ui:
        assert "Changed since" not in ui.log
        desk.write("0001_a.sql", "SELECT 2;")
        await ui.until(lambda: "Changed since it was applied: 0001_a.sql." in ui.log)
        await ui.press("r")
        assert ui.log.count("Changed since it was applied: 0001_a.sql.") == 1


@played
async def test_what_strict_would_refuse_is_said_where_it_is_approved(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    for name in ("0003_c.sql", "0004_d.sql", "0005_e.sql"):
        desk.write(name)
    desk.apply()
    (desk.folder / "0004_d.sql").unlink()
    desk.write("0003_c.sql", "SELECT 3;")
    (desk.folder / "0001_a.sql").rename(desk.folder / "0006_a.sql")
    desk.write("0002_late.sql", "SELECT 2;")
    async with desk.open() as ui:
        for key in ("d", "a"):
            await ui.press(key)
            await ui.until(lambda: "Sorted before 0005_e.sql, which is applied" in ui.screen)
            assert "Recorded as 0001_a.sql: it would run again" in ui.screen
            assert "! Changed since it was applied: 0003_c.sql." in ui.screen
            assert "! In the ledger, but not in the folder: 0004_d.sql." in ui.screen
            await ui.press("escape")
        await ui.press("3", "g", "D")
        assert "0001_a.sql is as it was recorded, but for its name: there is" in toast(ui)[0]
        assert re.search(r"0001_a\.sql +renamed", ui.screen)
        await ui.press("m", "enter")
        await ui.until(lambda: "Accept its name?" in ui.screen)
        await ui.press("y")
        await ui.until(lambda: ui.names("pending") == ["0002_late.sql"])
        assert "renamed" not in ui.screen
