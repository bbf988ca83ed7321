"""What the dialogs say of the database before anything is run: advice, and never a block."""

from collections.abc import Iterator

import pytest
from psycopg.conninfo import make_conninfo

from tests.tui.conftest import Desk, played
from tests.tui.test_blockers import holding
from tests.tui.test_hostile import assert_harmless
from tests.tui.test_states import closed_port


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """One with a table."""
    desk.execute("CREATE TABLE users (id INT)")
    return desk


@pytest.fixture
def weak(desk: Desk) -> Iterator[Desk]:
    """A desk whose user may do little."""
    name = f"weak_{desk.database.name}"
    desk.execute(f"CREATE ROLE {name} LOGIN")
    desk.options["dsn"] = f"{desk.database.conninfo} user={name}"
    yield desk
    desk.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@played
async def test_the_dry_run_and_the_question_tell_of_the_tables_that_are_touched(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "ALTER TABLE users ADD nick TEXT;")
    async with desk.open() as ui:
        for key in ("d", "a", "R"):
            await ui.press(key)
            assert "The pending files touch public.users, which is there already" in ui.screen
            await ui.press("escape")


@played
async def test_where_there_is_nothing_to_say_that_is_said(desk: Desk) -> None:
    desk.write("0001_a.sql", "CREATE TABLE teams (id INT);")
    async with desk.open() as ui:
        await ui.press("d")
        assert "✓ Nothing in the database is in the way" in ui.screen


@played
async def test_a_missing_privilege_is_warned_of_with_its_place_and_one_on_the_ledger_refuses(
    weak: Desk,
) -> None:
    weak.write("0001_a.sql", "SELECT 1;\nALTER TABLE users ADD nick TEXT;")
    async with weak.open() as ui:
        await ui.press("a")
        assert "! line 2: " in ui.screen
        assert (
            "✗ the ledger kb.schema_migrations does not exist, and may not be created" in ui.screen
        )
        assert "hint: GRANT CREATE ON DATABASE" in ui.screen
        await ui.press("y")
        assert ui.app.run_on is None


@played
async def test_a_table_that_somebody_uses_is_no_reason_to_wait(desk: Desk) -> None:
    desk.write("0001_a.sql", "ALTER TABLE users ADD nick TEXT;")
    async with desk.open() as ui:
        with holding(desk.database, "LOCK users"):
            await ui.press("d")
            assert "The pending files touch public.users" in ui.screen


@played
async def test_a_database_that_is_gone_is_said_and_the_plan_is_there(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    async with desk.open() as ui:
        assert ui.app.looking.target is not None
        ui.app.looking.target.conninfo = f"host=127.0.0.1 port={closed_port()}"
        await ui.press("d")
        assert "! The database could not be looked at: " in ui.screen
        assert "1 statement  9 bytes" in ui.screen


@played
async def test_a_server_that_takes_no_writes_is_in_the_way(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    options = "-c default_transaction_read_only=on"
    desk.options["dsn"] = make_conninfo(desk.database.conninfo, options=options)
    async with desk.open() as ui:
        await ui.press("d")
        assert "✗ the session takes no writes" in ui.screen
        assert "Nothing in the database is in the way" not in ui.screen


@pytest.mark.parametrize("text", ["[/foo]", "[b ", "\x1b[2J", "\u202e", "日本語" * 6])
@played
async def test_hostile_names_in_advice_are_data(weak: Desk, text: str) -> None:
    name = f'"{text} t"'
    weak.execute(f"CREATE TABLE {name} (id INT)")
    role = f"weak_{weak.database.name}"
    weak.execute(f"GRANT CREATE ON DATABASE {weak.database.name} TO {role}")
    weak.write("0001_a.sql", f"ALTER TABLE {name} ADD x INT;")
    async with weak.open(80, 24) as ui:
        for key in ("d", "a", "R"):
            await ui.press(key)
            assert_harmless(ui)
            await ui.press("end")
            assert "! line 1: " in ui.screen
            assert_harmless(ui)
            await ui.press("escape")
