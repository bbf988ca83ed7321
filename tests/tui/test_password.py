"""A server that wants a password: it is asked for, used, and kept nowhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp
from schemamig_tui.tui.screens.password import PasswordDialog
from tests.conftest import Database
from tests.tui.conftest import Desk, Ui, played

ROLE = "careful_one"
ALIVE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"


@pytest.fixture
def desk(desk: Desk, server: Embedded, database: Database) -> Iterator[Desk]:
    """One whose role has to give the password ``right``, and whose DSN has none."""
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        row = admin.execute("SHOW hba_file").fetchone()
        assert row
        rules = Path(row[0])
        before = rules.read_text()
        admin.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'right'".encode())
        rules.write_text(f"local all {ROLE} scram-sha-256\n{before}")
        admin.execute("SELECT pg_reload_conf()")
        desk.options["dsn"] = make_conninfo(database.conninfo, user=ROLE)
        desk.write("0001_a.sql")
        yield desk
        rules.write_text(before)
        admin.execute("SELECT pg_reload_conf()")
        admin.execute(ALIVE, [ROLE])
        admin.execute(f"DROP ROLE {ROLE}".encode())


@contextlib.asynccontextmanager
async def opened(desk: Desk) -> AsyncIterator[Ui]:
    """The UI, as soon as it asks."""
    app = MigrationsApp(Settings(directory=desk.folder, **desk.options))
    try:
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            ui = Ui(app, pilot)
            await asked(ui)
            yield ui
    finally:
        app.close()


async def asked(ui: Ui, text: str = "") -> None:
    """Wait for the question, with this in it. Until it is answered, a look is on."""
    async with asyncio.timeout(20):
        while not (isinstance(ui.app.screen, PasswordDialog) and text in shown(ui)):
            await asyncio.sleep(0.02)


def shown(ui: Ui) -> str:
    """The words on the screen, without the frames between them."""
    return " ".join(ui.screen.replace("│", " ").split())


async def types(ui: Ui, *keys: str) -> None:
    """Press keys into the question."""
    for key in keys:
        await ui.pilot.press(key)


@played
async def test_a_password_is_asked_for_until_it_is_right_and_is_nowhere_afterwards(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(desk) as ui:
        await asked(ui, "no password supplied")
        await types(ui, *"wrong")
        await asked(ui, "•••••")
        assert "wrong" not in ui.screen
        await types(ui, "enter")
        await asked(ui, f'failed for user "{ROLE}"')
        await types(ui, *"right", "enter")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])
        assert ui.app.screen is ui.main
        assert f"as {ROLE}" in ui.rows[0]
        assert "right" not in ui.log + ui.detail + caplog.text


@played
async def test_there_is_room_to_type_it_on_the_smallest_screen(desk: Desk) -> None:
    async with opened(desk) as ui:
        await ui.pilot.resize_terminal(40, 10)
        await ui._arranged()
        assert ui.screen.count("Password") == 2, "the title and the input"
        await types(ui, "escape")


@played
async def test_whoever_gives_none_is_not_asked_again_before_asking(desk: Desk) -> None:
    async with opened(desk) as ui:
        await types(ui, "escape")
        await ui.until(lambda: "Not connected" in ui.detail)
        assert "tried again by itself" not in ui.detail
        assert "PGPASSWORD" in ui.detail
        assert ui.app.screen is ui.main
        await ui.pilot.press("r")
        await asked(ui)
        await types(ui, *"right", "enter")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])


@played
async def test_a_database_that_comes_back_gets_the_password_that_was_typed(desk: Desk) -> None:
    async with opened(desk) as ui:
        await types(ui, *"right", "enter")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql"])
        assert ui.app.looking.target is not None
        ui.app.looking.target.conninfo = "host=/nowhere"  # so that it is found anew
        desk.write("0002_b.sql")
        await ui.until(lambda: ui.names("pending") == ["0001_a.sql", "0002_b.sql"])
        assert ui.app.screen is ui.main


@played
async def test_nothing_of_it_can_be_copied(desk: Desk) -> None:
    async with opened(desk) as ui:
        await types(ui, *"right", "ctrl+a", "ctrl+c", "ctrl+x")
        assert ui.app.clipboard == ""
        await types(ui, "escape")
