"""``V``: the database is verified from zero, from within the UI."""

from tests.tui.conftest import Desk, played


@played
async def test_a_key_shows_how_the_database_differs_from_what_its_files_make(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a (id int);")
    desk.options["scratch"] = "server"
    async with desk.open() as ui:
        await ui.apply()
        desk.execute("ALTER TABLE a ADD extra text")
        await ui.press("V")
        await ui.until(lambda: "The database is not what they make: 1 difference" in ui.log)
        await ui.until(lambda: "+ column extra text" in ui.screen)


@played
async def test_what_was_found_does_not_come_over_what_is_open_meanwhile(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a (id int);")
    desk.options["scratch"] = "server"
    async with desk.open() as ui:
        await ui.apply()
        await ui.press("V", "question_mark")
        keys = ui.app.screen
        await ui.until(lambda: "The database is what they make" in ui.log)
        assert ui.app.screen is keys
        await ui.press("escape")
        await ui.until(lambda: "Verification" in ui.screen)
