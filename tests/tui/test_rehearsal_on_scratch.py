"""The rehearsal on a scratch, which the dialog offers beside the one in the database."""

from tests.conftest import Database
from tests.tui.conftest import Desk, played


@played
async def test_the_dialog_offers_both_and_says_what_each_can_tell(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a (id int PRIMARY KEY, x int);")
    desk.apply()
    desk.write("0002_b.sql", "ALTER TABLE a ALTER x TYPE bigint;")
    desk.options |= {"scratch": "server", "time_budget": 1.0}
    with desk.database.connect() as other:
        other.execute("INSERT INTO a SELECT n FROM generate_series(1, 1000) n; ANALYZE a")
        other.execute("BEGIN; LOCK a")  # which a rehearsal in the database would wait for
        async with desk.open() as ui:
            await ui.press("R")
            assert "Scratch (s)" in ui.screen
            assert "y They really run, in one transaction that is rolled back." in ui.screen
            assert "! Locks are held until then; others wait for them." in ui.screen
            assert "s On a scratch (server), which has no rows: no lock here." in ui.screen
            assert "It tells locks, rewrites, scans; not times, or bad rows." in ui.screen
            await ui.press("s")
            await ui.run_over()
            assert "Done: 1 rehearsed on PostgreSQL" in ui.log
            assert "! Blocks reads, writes, DDL of table public.a, 41.0 kB there" in ui.log
            assert "rewritten: table public.a, 41.0 kB there" in ui.log
            assert "Of no use on a scratch, which has no rows: --time-budget" in ui.log
            assert "ALTER TABLE" in ui.screen
            assert " ms" not in ui.screen
            assert "not what its migrations make" not in ui.log


@played
async def test_it_says_that_the_database_is_not_what_its_files_make(
    desk: Desk, database: Database
) -> None:
    desk.write("0001_a.sql", "CREATE TABLE a (id int);")
    desk.apply()
    desk.execute("CREATE TABLE by_hand (id int)")
    desk.write("0002_b.sql", "ALTER TABLE a ADD x int;")
    desk.options["scratch"] = "server"
    async with desk.open() as ui:
        await ui.press("R", "s")
        await ui.run_over()
        assert "1 difference: table public.by_hand" in ui.log
        await ui.press("escape", "R", "y")
        await ui.run_over()
        assert "everything is rolled back" in ui.log
