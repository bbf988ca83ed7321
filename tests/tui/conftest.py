"""The UI on a real database, driven by keys and read as a screen."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec

import pytest
import textual.app
import textual.pilot
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.strip import Strip

from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp
from schemamig_tui.tui.screens.main import MainScreen
from tests.conftest import Database
from tests.tui.terminals import terminal

__all__ = ["terminal"]

LEDGER = "kb.schema_migrations"
Parameters = ParamSpec("Parameters")


async def quiet(_shortest: float = 0, longest: float = 1) -> None:
    """Return when nothing is left to do in the event loop: every message has been processed."""
    loop = asyncio.get_running_loop()
    deadline = time.monotonic() + longest
    while True:
        await asyncio.sleep(0)
        if not loop._ready or time.monotonic() > deadline:  # type: ignore[attr-defined]
            return


@pytest.fixture(autouse=True)
def _quiet_instead_of_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual's pilot wait for messages, and not for the processor.

    Textual 8.2 takes the app for idle when it computes for less than 1 ms in 20, which it waits for
    up to a second: in vain while a run is on, and too briefly where the machine is busy.
    """
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", quiet)


@pytest.fixture(scope="session", autouse=True)
def _stylesheets_are_parsed_once() -> Iterator[None]:
    """Let all apps share what has been parsed of the stylesheets, a tenth of the work of a start.

    Textual 8.2 keeps it for one app only. It depends on the variables of the theme.
    """
    parse = Stylesheet._parse_rules
    parsed: dict[Any, list[RuleSet]] = {}

    def parse_once(self: Stylesheet, css: str, **options: Any) -> list[RuleSet]:
        key = (css, *options.items(), *self._variables.items())
        if key not in parsed:
            parsed[key] = parse(self, css, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True)
def _frames_that_nobody_sees_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual only note what is to be drawn. ``Ui`` draws the screen when it is looked at.

    Textual 8.2 draws frame after frame on the way there, a quarter of the work of these tests, and
    throws each away where there is no terminal. How many these are is a matter of chance.
    """
    monkeypatch.setattr(Compositor, "render_update", lambda *_, **__: None)


def played(test: Callable[Parameters, Awaitable[None]]) -> Callable[Parameters, None]:
    """Make an ordinary test of an async one."""

    @functools.wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        asyncio.run(_awaited(test(*args, **kwargs)))

    return run


async def _awaited(test: Awaitable[None]) -> None:
    await asyncio.wait_for(test, timeout=180)


@dataclass
class Ui:
    """The program while it is open."""

    app: MigrationsApp
    pilot: Pilot[None]
    _drawn: tuple[Compositor, list[Strip]] | None = None

    @property
    def main(self) -> MainScreen:
        """The main screen."""
        return self.app.main

    @property
    def strips(self) -> list[Strip]:
        """The rows of the screen with their styles, drawn anew where something has changed."""
        compositor = self.app.screen._compositor
        if not self._drawn or self._drawn[0] is not compositor or compositor._dirty_regions:
            compositor._dirty_regions.clear()
            visible_screen_stack.set(self.app._background_screens)
            self._drawn = compositor, compositor.render_strips()
        return self._drawn[1]

    @property
    def rows(self) -> list[str]:
        """The rows of the screen."""
        return [strip.text.rstrip() for strip in self.strips]

    @property
    def screen(self) -> str:
        """The screen as text."""
        return "\n".join(self.rows)

    @property
    def log(self) -> str:
        """All of the log."""
        return self.main.log_view.text

    @property
    def detail(self) -> str:
        """All of the open tab."""
        return self.main.detail.view.text

    def names(self, pane: str) -> list[str]:
        """The names in a pane."""
        return [row.name for row in self.main.query_one(f"#{pane}")._rows]  # type: ignore[attr-defined]  # MigrationList

    async def press(self, *keys: str) -> None:
        """Press keys, one after the screen is as the one before wants it."""
        for key in keys:
            await self.app._press_keys([key])
            await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is being read any more. A run may go on."""
        await self._arranged()
        while self._is_reading():
            await asyncio.sleep(0.005)
            if not self._is_reading():  # what has been read may lead to something else
                await self._arranged()

    async def _arranged(self) -> None:
        """Wait until the screen is as all messages want it, but for what is left to be drawn.

        Pilot.pause does so by a message to each widget, which takes longer than most keys.
        """
        await quiet()
        self.app.screen._on_timer_update()
        await quiet()

    def _is_reading(self) -> bool:
        return self.app.looking.busy or any(
            not worker.is_finished and worker.group in ("detail", "plan", "fold", "lint")
            for worker in self.app.workers
        )

    async def until(self, what: Callable[[], object], seconds: float = 20) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.screen
            await asyncio.sleep(0.02)
        await self.settled()

    async def apply(self) -> None:
        """Apply all that is pending, to its end."""
        await self.press("a", "y")
        await self.run_over()

    async def run_over(self) -> None:
        """Wait for the end of the run."""
        await self.until(lambda: self.app.run_on is None)


@dataclass
class Desk:
    """A folder of migrations, a database, and the UI for both."""

    folder: Path
    database: Database
    options: dict[str, Any] = field(default_factory=dict)

    def write(self, name: str, sql: str | bytes = "SELECT 1;") -> Path:
        """Put a migration into the folder."""
        path = self.folder / name
        path.write_bytes(sql if isinstance(sql, bytes) else sql.encode())
        return path

    def apply(self) -> None:
        """Apply all that is pending, without the UI."""
        Runner(self.database.connect, self.folder, LEDGER, lambda event: None).apply_pending()

    def execute(self, statement: str) -> None:
        """Run a statement in a session of its own."""
        with self.database.connect() as conn:
            conn.execute(statement.encode())

    @property
    def ledger(self) -> dict[str, LedgerRow]:
        """The rows of the ledger by name."""
        with self.database.connect() as conn:
            return {row.filename: row for row in Ledger(LEDGER).read(conn)}

    @contextlib.asynccontextmanager
    async def open(
        self, columns: int = 120, rows: int = 40, *, read_only: bool = False
    ) -> AsyncIterator[Ui]:
        """Open the UI, with the first look done."""
        options = {"dsn": self.database.conninfo, **self.options}
        app = MigrationsApp(Settings(directory=self.folder, **options), read_only=read_only)
        try:
            async with app.run_test(size=(columns, rows), notifications=True) as pilot:
                ui = Ui(app, pilot)
                await ui.settled()
                yield ui
                # What would be found from now on, Textual 8.2 gives to an app without a screen.
                app.workers.cancel_all()
        finally:
            app.close()


@pytest.fixture
def desk(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An empty folder and an empty database."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for kind in ("CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    return Desk(folder, database)
