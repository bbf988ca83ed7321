"""Pictures of every screen and state in three sizes, which the terminal gets in turn.

A picture is the text of the screen, and below it a letter for each cell that does not look as most
of them do: cells with the same letter look alike. Those of the themes say of each letter what it
looks like, too. ``UPDATE_SNAPSHOTS=1`` writes them anew; look at the difference before you commit.
"""

import os
import re
import string
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from schemamig_tui.connect import Identity, target
from schemamig_tui.connect.identity import Location
from schemamig_tui.engine import wording
from schemamig_tui.engine.activity import Activity, Blocked, ServerProgress, Victims
from schemamig_tui.engine.batch_events import (
    BatchesStarted,
    BatchesWaiting,
    BatchFinished,
    BatchTotals,
)
from schemamig_tui.engine.events import (
    BlockedSeen,
    Event,
    ProgressSeen,
    StatementFinished,
    VictimsSeen,
)
from schemamig_tui.engine.run import logbook
from schemamig_tui.tui import (
    applied_columns,
    details,
    failures,
    following,
    insight,
    insight_lines,
    log_lines,
    rehearsal_lines,
    rehearsing,
)
from schemamig_tui.tui.widgets import batch_bar, insight_bar, status_bars
from tests import tools
from tests.tui.conftest import Desk, Ui, played

PICTURES = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (140, 40), (40, 12))

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
    """One whose folder and database have one name everywhere, and whose clock stands still."""
    for module in (insight_lines, log_lines, rehearsal_lines, following, rehearsing, status_bars):
        monkeypatch.setattr(module, "duration", lambda ms: "12 ms")
    for module in (failures, log_lines, details, applied_columns):
        monkeypatch.setattr(module, "recorded", lambda ms: "12 ms")
    monkeypatch.setattr(logbook, "StatementFinished", timed)
    for module in (wording, insight_bar, insight_lines, batch_bar):
        monkeypatch.setattr(module, "lasting", lambda seconds: "12 s")
    monkeypatch.setattr(status_bars, "SLOW", float("inf"))
    monkeypatch.setattr(insight, "_SHORTEST", 0.0)
    monkeypatch.setattr(target, "identify", spec)
    monkeypatch.setattr(Input, "cursor_blink", False)
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(desk.folder.parent)
    desk.folder = Path("migrations")
    return desk


def timed(*place: Any) -> StatementFinished:
    """A statement whose time is known, whatever else the packet of its result had."""
    return StatementFinished(*place[:4], ms=12)


def spec(_conn: object, location: Location) -> Identity:
    """The database of all pictures."""
    return Identity("spec", "me", "me", "18.1", "db.example.com", 5432, location)


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
    screen = re.sub(r"\(\d\d\.\d kB\)", "(24.6 kB)", screen)
    times = r"\b\d\d:\d\d:\d\d(\.\d+)?\b|\b20\d\d-\d\d-\d*"
    return re.sub(times, lambda found: re.sub(r"\d", "0", found[0]), screen)


async def compare(ui: Ui, name: str, *sizes: tuple[int, int], colors: bool = False) -> None:
    """Hold the screen against its pictures, in each size or in those of ``sizes``."""
    for columns, rows in sizes or SIZES:
        await ui.pilot.resize_terminal(columns, rows)
        await ui.settled()
        path = PICTURES / f"{name}-{columns}x{rows}.txt"
        await _compare(ui, path, picture_with_colors if colors else picture)


async def _compare(ui: Ui, path: Path, take: Callable[[Ui], str]) -> None:
    """The same for one size, as soon as the screen has drawn what is below a dialog."""
    is_update = bool(os.environ.get("UPDATE_SNAPSHOTS"))
    wanted = path.read_text() if path.exists() else ""
    deadline = time.monotonic() + (2 if is_update else 5)
    while take(ui) != wanted and time.monotonic() < deadline:
        await ui.pilot.pause(0.05)
    if is_update and take(ui) != wanted:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(take(ui))
    else:
        assert take(ui) == wanted


def picture(ui: Ui) -> str:
    """The screen, and below it which of its cells look alike."""
    text = [row.rstrip() for row in frozen(ui.screen).split("\n")]
    letters, _ = looks(ui)
    return "\n".join([*text, "", *letters]) + "\n"


def picture_with_colors(ui: Ui) -> str:
    """The same, and what each letter looks like."""
    _, legend = looks(ui)
    return "\n".join([picture(ui), *legend]) + "\n"


def looks(ui: Ui) -> tuple[list[str], list[str]]:
    """A letter for how each cell looks, by rows, and what the letters stand for.

    What most cells look like is a dot, and left out at the end of a row.
    """
    rows = [
        [str(segment.style) for segment in strip for _ in range(segment.cell_length)]
        for strip in ui.strips
    ]
    cells = [cell for row in rows for cell in row]
    common = max(set(cells), key=cells.count)
    letters = {common: "."}
    for cell in cells:
        letters.setdefault(cell, string.ascii_letters[len(letters) - 1])
    drawn = ["".join(letters[cell] for cell in row).rstrip(".") for row in rows]
    return drawn, [f"{letter} {cell}" for cell, letter in letters.items()]


VIEWS: dict[str, tuple[str, ...]] = {
    "failure": (),
    "sql": ("1",),
    "plan": ("1", "right_square_bracket"),
    "result": ("3", "right_square_bracket", "right_square_bracket"),
    "ledger": ("2", "right_square_bracket"),
    "findings": ("1", "f"),
    "filter": ("1", "slash", "v", "a", "c"),
    "zoom": ("4", "plus"),
    "apply": ("a",),
    "dry-run": ("d",),
    "help": ("question_mark",),
    "runs": ("T",),
}


@pytest.mark.parametrize("view", VIEWS)
@played
async def test_views(desk: Desk, view: str) -> None:
    history(desk)
    async with desk.open(*SIZES[0]) as ui:
        await ui.press(*VIEWS[view])
        await compare(ui, view)


@played
async def test_themes(desk: Desk) -> None:
    history(desk)
    async with desk.open(*SIZES[0]) as ui:
        await ui.press("3", "1")
        drawn = {path.name.partition("-80x24")[0] for path in (PICTURES / "themes").glob("*")}
        themes = list(ui.app.available_themes)
        if not os.environ.get("UPDATE_SNAPSHOTS"):
            # A version of Textual that has one more is none that draws the others otherwise.
            themes = [theme for theme in themes if theme in drawn]
            assert len(themes) > 15
            themes = list(tools.all_in_ci(themes, 5))
        for theme in themes:
            ui.app.theme = theme
            await compare(ui, f"themes/{theme}", colors=True)


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


@pytest.mark.parametrize("state", [nothing, applied, unreachable, no_folder])
@played
async def test_states(desk: Desk, state: Callable[[Desk], Awaitable[None]]) -> None:
    await state(desk)
    async with desk.open(*SIZES[0]) as ui:
        await compare(ui, state.__name__.replace("_", "-"))


@played
async def test_a_run(desk: Desk) -> None:
    desk.write("0001_documents.sql", "CREATE TABLE documents (id INT PRIMARY KEY);\n")
    desk.write(
        "0002_talk.sql",
        "DO $$ BEGIN\n    RAISE NOTICE 'half of it';\n    RAISE WARNING 'careful';\n"
        "    PERFORM pg_sleep(30);\nEND $$;\n",
    )
    desk.write("0003_never.sql")
    async with desk.open(*SIZES[0]) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "WARNING: careful" in ui.log and "DO $$ BEGIN RAISE" in ui.screen)
        await compare(ui, "run")
        await ui.press("q")
        await compare(ui, "quit")
        await ui.press("escape", "x", "y")
        await ui.run_over()
        await compare(ui, "cancelled")


ADA = Activity(
    *(4711, "ada", "psql", "10.1.2.3", "idle in transaction", 180.0, None),
    "UPDATE documents\n  SET title = 'Untitled' WHERE title IS NULL",
)
REPORTS = Activity(4712, "reports", "", "", "active", 80.0, None, "SELECT count(*) FROM documents")
WEB = Activity(4713, "web", "gunicorn", "10.1.2.4", "active", 8.0, 8.0, "SELECT * FROM documents")
AT = ("0001_titles.sql", 2, 2)


def seen(done: int) -> list[Event]:
    """The events that the observer may send all at once."""
    scan = "building index: scanning table"
    progress = ServerProgress("CREATE INDEX", "public.documents", scan, done, 30_000, "blocks")
    blocked = Blocked("ShareLock", "table public.documents", 12.0, (ADA, REPORTS))
    return [
        ProgressSeen(*AT, progress),
        BlockedSeen(*AT, blocked),
        VictimsSeen(*AT, Victims(3, 8.0, (WEB,))),
    ]


DONE = BatchTotals(10_000, 9_000, 20, 4.0)
BATCH: dict[str, Any] = {"rows": 40_000, "size": 500, "ms": 98.0, "average": 2_250.0}
LEFT: dict[str, Any] = {"left_s": (60.0, 120.0), "at": "10000", "dead": 1_234}
BATCHES = [
    BatchesStarted(*AT, "public.documents", ("id",), "documents_pkey", 40_000, BatchTotals()),
    *(BatchFinished(*AT, DONE, **BATCH, per_second=speed, **LEFT) for speed in (900.0, 2_000.0)),
]


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@played
async def test_a_run_that_waits(desk: Desk, size: tuple[int, int]) -> None:
    desk.write("0001_titles.sql", "SELECT 1;\nSELECT pg_sleep(30);\n")
    async with desk.open(*size) as ui:
        await ui.press("a", "y")
        run_on = ui.app.run_on
        assert run_on is not None
        await ui.until(lambda: run_on.progress.statement == 1)
        # A low terminal has one row for what holds the run up.
        is_low = size[1] < 16
        await ui.until(lambda: is_low or "SELECT pg" in ui.screen.partition("statement 2")[2])
        for event in (*seen(100), seen(12_345)[0]):
            run_on._enqueue(event)
        await ui.until(lambda: ("■ Blocked" if is_low else "41 %") in ui.screen)
        await compare(ui, "blocked", size)
        await ui.press("b", "j")
        await compare(ui, "blockers", size)
        await ui.press("t")
        await compare(ui, "terminate", size)
        await ui.press("escape", "k", "c")
        await compare(ui, "cancel-query", size)
        for event in (BlockedSeen(*AT, None), VictimsSeen(*AT, None)):
            run_on._enqueue(event)
        await ui.press("escape")
        await ui.until(lambda: "Nothing blocks the run" in ui.screen)
        await compare(ui, "no-blockers", size)
        await ui.press("escape")
        for event in BATCHES:
            run_on._enqueue(event)
        await ui.until(lambda: "% " in ui.screen)
        await compare(ui, "backfill", size)
        run_on._enqueue(BatchesWaiting(*AT, ("the standby replica is 9 s behind",), 30.0))
        await ui.until(lambda: "Has waited" in ui.screen)
        await compare(ui, "backfill-waits", size)
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_a_rehearsal(desk: Desk) -> None:
    desk.execute("CREATE TABLE documents (id INT PRIMARY KEY, title TEXT)")
    desk.write(
        "0001_readers.sql",
        "CREATE TABLE readers (name TEXT);\n"
        "ALTER TABLE documents ADD reader TEXT DEFAULT 'nobody';\n"
        "ALTER TABLE documents ALTER id TYPE BIGINT;\n",
    )
    desk.write("0002_index.sql", "CREATE INDEX CONCURRENTLY ON documents (title);\n")
    desk.write("0003_broken.sql", "SELECT 1;\nSELECT reeder FROM documents;\n")
    desk.write("0004_never.sql")
    async with desk.open(*SIZES[0]) as ui:
        await ui.press("R")
        await compare(ui, "rehearse")
        await ui.press("y")
        await ui.run_over()
        await compare(ui, "rehearsal")
        await ui.press("escape")
        await compare(ui, "rehearsed")
