"""Pictures of every screen and state, as text, in three sizes.

``UPDATE_SNAPSHOTS=1`` writes them anew; look at the difference before you commit it.
"""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from schemamig_tui.tui import app, details, failures, log_lines
from schemamig_tui.tui.widgets import status_bars
from tests.tui.conftest import Desk, Ui, played

PICTURES = Path(__file__).parent / "snapshots"
SIZES = pytest.mark.parametrize(
    "size", [(80, 24), (140, 40), (200, 60)], ids="{0[0]}x{0[1]}".format
)

BROKEN = """\
-- Who may read what
CREATE TABLE shares (
    document_id INT NOT NULL,
    reader TEXT NOT NULL
);
INSERT INTO shares (document_id, reader)
SELECT 1, reeder FROM shares;
"""
WHEN = "timestamp '2025-10-18 19:30:15'"


@pytest.fixture
def desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One whose folder has the same name everywhere, and whose clock stands still."""
    for module in (app, details, failures, log_lines, status_bars):
        monkeypatch.setattr(module, "duration", lambda ms: "12 ms")
    monkeypatch.chdir(desk.folder.parent)
    desk.folder = Path("migrations")
    return desk


def history(desk: Desk) -> None:
    """Three applied, one failed, two pending, at fixed times."""
    desk.write("0001_documents.sql", "CREATE TABLE documents (id INT PRIMARY KEY);\n")
    desk.write("0002_titles.sql", "BEGIN;\nALTER TABLE documents ADD title TEXT;\nCOMMIT;\n")
    desk.write("20251018_index_titles.sql", "CREATE INDEX CONCURRENTLY ON documents (title);\n")
    desk.write("20251019_share_documents.sql", BROKEN)
    desk.apply()
    desk.execute(f"UPDATE kb.schema_migrations SET execution_time_ms = 12, applied_at = {WHEN}")
    desk.write("20251020_add_readers.sql", "INSERT INTO shares\nVALUES (1, 'somebody');\n")
    desk.write("20251021_vacuum.sql", "VACUUM documents;\n")


def frozen(screen: str) -> str:
    """The screen without what differs from run to run, in the same columns."""
    screen = re.sub(r"test_\d+ as postgres  PostgreSQL [\w.]+", "spec as me  PostgreSQL 18", screen)
    screen = re.sub(r"\(\d\d kB\)", "(24 kB)", screen)
    times = r"\b\d\d:\d\d:\d\d(\.\d+)?\b|\b20\d\d-\d\d-\d\d\b"
    return re.sub(times, lambda found: re.sub(r"\d", "0", found[0]), screen)


def compare(ui: Ui, name: str) -> None:
    """Hold the screen against its picture."""
    columns, rows = ui.app.size
    path = PICTURES / f"{name}-{columns}x{rows}.txt"
    shown = "\n".join(row.rstrip() for row in frozen(ui.screen).split("\n")) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        PICTURES.mkdir(exist_ok=True)
        path.write_text(shown)
    assert shown == path.read_text()


VIEWS: dict[str, tuple[str, ...]] = {
    "failure": (),
    "sql": ("1",),
    "plan": ("1", "right_square_bracket"),
    "result": ("3", "right_square_bracket", "right_square_bracket"),
    "ledger": ("2", "right_square_bracket"),
    "filter": ("1", "slash", "v", "a", "c"),
    "zoom": ("4", "plus"),
    "apply": ("a",),
    "dry-run": ("d",),
    "help": ("question_mark",),
}


@SIZES
@pytest.mark.parametrize("view", VIEWS)
@played
async def test_views(desk: Desk, size: tuple[int, int], view: str) -> None:
    history(desk)
    async with desk.open(*size) as ui:
        await ui.press(*VIEWS[view])
        compare(ui, view)


async def nothing(desk: Desk) -> None:
    """An empty folder."""


async def applied(desk: Desk) -> None:
    """Nothing left to do."""
    desk.write("0001_documents.sql", "CREATE TABLE documents (id INT PRIMARY KEY);\n")
    desk.apply()
    desk.execute(f"UPDATE kb.schema_migrations SET applied_at = {WHEN}")


async def unreachable(desk: Desk) -> None:
    """No server where one should be."""
    desk.options["dsn"] = "host=/nowhere"


async def no_folder(desk: Desk) -> None:
    """No folder where one should be."""
    desk.folder.rmdir()


@SIZES
@pytest.mark.parametrize("state", [nothing, applied, unreachable, no_folder])
@played
async def test_states(
    desk: Desk, size: tuple[int, int], state: Callable[[Desk], Awaitable[None]]
) -> None:
    await state(desk)
    async with desk.open(*size) as ui:
        compare(ui, state.__name__.replace("_", "-"))


@SIZES
@played
async def test_a_run(desk: Desk, size: tuple[int, int]) -> None:
    desk.write("0001_documents.sql", "CREATE TABLE documents (id INT PRIMARY KEY);\n")
    desk.write(
        "0002_talk.sql",
        "DO $$ BEGIN\n    RAISE NOTICE 'half of it';\n    RAISE WARNING 'careful';\n"
        "    PERFORM pg_sleep(30);\nEND $$;\n",
    )
    desk.write("0003_never.sql")
    async with desk.open(*size) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "WARNING: careful" in ui.log and "DO $$ BEGIN RAISE" in ui.screen)
        compare(ui, "run")
        await ui.press("q")
        compare(ui, "quit")
        await ui.press("escape", "x")
        await ui.run_over()
        compare(ui, "cancelled")
