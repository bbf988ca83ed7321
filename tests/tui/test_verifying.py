"""``V``: the database is verified from zero, from within the UI."""

from tests.tui.conftest import Desk, played


def scratches(desk: Desk, *, sleeping: bool = False) -> list[str]:
    """The scratch databases on the server of the tests; those in which a migration sleeps."""
    query = """
        SELECT datname FROM pg_database d WHERE datname ~ '^schemamig_scratch_'
            AND (NOT %s OR EXISTS (
                SELECT FROM pg_stat_activity a
                WHERE a.datid = d.oid AND wait_event = 'PgSleep'))
    """
    with desk.database.connect() as conn:
        return [name for (name,) in conn.execute(query, [sleeping])]


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
async def test_x_cancels_a_verification_at_once_as_nothing_is_lost(desk: Desk) -> None:
    on_scratch = "current_database() LIKE 'schemamig_scratch_%'"
    desk.write("0001_a.sql", f"SELECT pg_sleep(CASE WHEN {on_scratch} THEN 60 ELSE 0 END);")
    desk.options["scratch"] = "server"
    async with desk.open() as ui:
        await ui.apply()
        await ui.press("V")
        await ui.until(lambda: scratches(desk, sleeping=True))
        assert "x Cancel verification" in ui.screen
        await ui.press("x")
        await ui.until(lambda: "The verification was cancelled" in ui.log)
        assert "x Cancel" not in ui.screen
        assert not scratches(desk)


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
