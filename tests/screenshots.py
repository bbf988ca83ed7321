"""Pictures of the real UI on a real database: ``python -m tests.screenshots``.

Writes the SVG files of ``screenshots/``, from the sample migrations and some more, of which one
takes its time and one fails, on a server that is gone afterwards. A picture is taken by a scene; a
new scene goes into ``SCENES``, and finds everything as the one before has left it.
"""

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from textual.pilot import Pilot

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp
from schemamig_tui.tui.screens.plan import PlanQuestion
from tests.conftest import short_folder, wait_until_gone

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "screenshots"
SIZE = (130, 36)

APPLIED_BEFORE = "20251019_add_user_preferences.sql"
LAST_SAMPLE = "20251024_add_weekly_usage.sql"
SLOW = "20251025_detect_languages.sql"
BROKEN = "20251026_share_documents.sql"
MIGRATIONS = {
    SLOW: """\
-- Migration: Detect languages
-- Date: 2025-10-25

DO $$
BEGIN
    FOR batch IN 1..4 LOOP
        PERFORM kb.normalize_titles(batch);
        RAISE NOTICE 'Batch % of 4: 25000 titles normalized', batch;
    END LOOP;
    RAISE WARNING '17 titles are longer than 200 characters';
END
$$;

ALTER TABLE kb.documents ADD COLUMN lang TEXT;

UPDATE kb.documents SET lang = kb.language_of(body);
""",
    BROKEN: """\
-- Migration: Share documents
-- Date: 2025-10-26

CREATE TABLE kb.document_shares (
    document_id UUID NOT NULL REFERENCES kb.documents (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES core.users (id) ON DELETE CASCADE,
    shared_at TIMESTAMPTZ NOT NULL DEFAULT now(),

    PRIMARY KEY (document_id, user_id)
);

-- Whoever owns the project may read its documents.
INSERT INTO kb.document_shares (document_id, user_id)
SELECT documents.id, projects.ownerid
FROM kb.documents
JOIN kb.projects ON projects.id = documents.project_id;
""",
}
AFTERWARDS = {
    BROKEN: MIGRATIONS[BROKEN].replace("ownerid", "owner_id"),
    "20251027_narrow_languages.sql": """\
-- Migration: Two letters are enough for a language
-- Date: 2025-10-27

ALTER TABLE kb.documents ALTER COLUMN lang TYPE CHAR(2);
""",
    "20251028_index_languages.sql": """\
-- Migration: Find documents by their language
-- Date: 2025-10-28

CREATE INDEX CONCURRENTLY documents_lang ON kb.documents (lang);
""",
}
ROLES = """\
CREATE ROLE ada LOGIN;
CREATE ROLE web LOGIN;
GRANT USAGE ON SCHEMA kb TO ada, web;
GRANT SELECT, UPDATE ON kb.documents TO ada, web;
"""
BACKFILL = "20251029_fill_word_counts.sql"
BATCHES = """\
-- Migration: Count the words of each title
-- Date: 2025-10-29

-- schemamig: backfill table=kb.titles key=id batch=500 rows-per-second=9000
UPDATE kb.titles SET words = array_length(string_to_array(title, ' '), 1)
WHERE id BETWEEN :from AND :to;
"""
TITLES = """\
CREATE TABLE kb.titles (id INT PRIMARY KEY, title TEXT, words INT);
INSERT INTO kb.titles SELECT id, 'On the engine, part ' || id FROM generate_series(1, 120000) id;
ANALYZE kb.titles;
"""
# As if the migrations had been applied over some months.
RUNS = """\
UPDATE kb.schema_migrations SET
    applied_at = applied_at - (20 - id) / 3 * (INTERVAL '9 days' + INTERVAL '71 minutes'),
    execution_time_ms = execution_time_ms + 400 * (id % 7)
"""
# What makes the slow one slow, where nobody sees it.
WORK = """\
CREATE FUNCTION kb.normalize_titles(batch INT) RETURNS VOID VOLATILE LANGUAGE sql
    AS 'SELECT pg_sleep(0.4)';
CREATE FUNCTION kb.language_of(body TEXT) RETURNS TEXT VOLATILE LANGUAGE sql
    AS $$SELECT 'en' FROM pg_sleep(30)$$;
WITH users AS (
    INSERT INTO core.users (email, display_name) VALUES ('ada@example.org', 'Ada') RETURNING id
), projects AS (
    INSERT INTO kb.projects (owner_id, name) SELECT id, 'Notes' FROM users RETURNING id
)
INSERT INTO kb.documents (project_id, title) SELECT id, 'On the engine' FROM projects;
"""
NO_WORK = """\
CREATE OR REPLACE FUNCTION kb.language_of(body TEXT) RETURNS TEXT VOLATILE LANGUAGE sql
    AS $$SELECT 'en'$$;
"""


@dataclass
class Stage:
    """The UI, and the database behind it."""

    app: MigrationsApp
    pilot: Pilot[None]
    admin: psycopg.Connection

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + 60
        while not what():
            assert time.monotonic() < deadline
            await self.pilot.pause(0.05)

    async def start(self, key: str) -> None:
        """Press a key that asks for a run, and say yes to its plan when that is there."""
        await self.pilot.press(key)
        await self.until(lambda: bool(getattr(self.app.screen, "plan", None)))
        await self.pilot.press("y")
        await self.until(lambda: not isinstance(self.app.screen, PlanQuestion))

    async def run(self, key: str) -> None:
        """The same, and wait for its end."""
        await self.start(key)
        await self.over()

    async def over(self) -> None:
        """Wait for the end of the run, and for the look at what it has left."""
        await self.until(lambda: self.app.run_on is None and not self.app.looking.busy)

    async def picture(self, name: str) -> None:
        """Take the picture ``name``."""
        await self.pilot.pause(0.7)
        self.app.clear_notifications()
        for screen in self.app.screen_stack:  # also behind a dialog
            await screen.query("Toast").remove()
        await self.pilot.pause()
        svg = self.app.export_screenshot(title="schemamig-tui")
        (PICTURES / f"{name}.svg").write_text(_alike_everywhere(svg))


async def before_a_run(stage: Stage) -> None:
    """The dialogs."""
    for key, name in (("d", "dry-run"), ("question_mark", "help"), ("a", "apply")):
        await stage.pilot.press(key)
        await stage.picture(name)
        await stage.pilot.press("escape")


async def at_rest(stage: Stage) -> None:
    """The samples are applied, two migrations are left; in three themes."""
    stage.app.main.select(LAST_SAMPLE)
    await stage.run("A")
    stage.app.main.select(SLOW)
    await stage.picture("overview")
    for theme, name in (("textual-light", "light"), ("ansi-dark", "ansi")):
        stage.app.theme = theme
        await stage.picture(name)
    stage.app.theme = "textual-dark"


async def a_slow_statement(stage: Stage) -> None:
    """A run in the middle of it."""
    await stage.start("a")
    await stage.until(lambda: "longer than 200" in stage.app.main.log_view.text)
    await asyncio.sleep(2)
    await stage.picture("live")
    await stage.pilot.press("x", "y")
    await stage.over()


async def a_failure(stage: Stage) -> None:
    """The second migration has failed."""
    stage.admin.execute(NO_WORK)
    await stage.run("a")
    await stage.picture("failure")


async def a_rehearsal(stage: Stage) -> None:
    """The broken migration is mended, and two more have come."""
    folder = stage.app.settings.directory
    for name, sql in AFTERWARDS.items():
        (folder / name).write_text(sql)
    await stage.pilot.press("r")
    await stage.until(lambda: len(stage.app.main.status.to_run()) == len(AFTERWARDS))
    await stage.run("R")
    await stage.picture("rehearsal")
    await stage.pilot.press("escape", "f")
    await stage.picture("findings")


async def a_run_that_waits(stage: Stage) -> None:
    """Somebody has left a transaction open, and others wait behind the run."""
    stage.admin.execute(ROLES)
    stage.app.main.select(BROKEN)
    with _connect(user="ada", application_name="psql") as ada:
        ada.execute("BEGIN")
        ada.execute("UPDATE kb.documents SET title = 'On the engine, revised'")
        await stage.start("a")
        await stage.until(lambda: "Blocked for" in stage.app.main.log_view.text)
        with _connect(user="web", application_name="gunicorn") as web:
            web.pgconn.send_query(b"UPDATE kb.documents SET body = 'The engine weaves'")
            await stage.until(lambda: "1 session waits" in stage.app.main.log_view.text)
            await asyncio.sleep(3)
            await stage.picture("blocked")
            await stage.pilot.press("b")
            await stage.picture("blockers")
            await stage.pilot.press("escape")
            ada.execute("ROLLBACK")
            await stage.over()
            web.close()


async def a_backfill(stage: Stage) -> None:
    """A statement runs in batches."""
    stage.admin.execute(TITLES)
    (stage.app.settings.directory / BACKFILL).write_text(BATCHES)
    await stage.pilot.press("r")
    await stage.until(lambda: len(stage.app.main.status.to_run()) == 1)
    await stage.start("a")
    await stage.until(lambda: stage.app.main.run_panel.has_batches)
    await asyncio.sleep(6)
    await stage.picture("backfill")
    await stage.over()


async def afterwards(stage: Stage) -> None:
    """What was done and when; and somebody has changed an applied file since, and the database."""
    stage.admin.execute(RUNS)
    await stage.pilot.press("r", "T")
    await stage.picture("history")
    await stage.pilot.press("escape")
    changed = stage.app.settings.directory / LAST_SAMPLE
    _git("init"), _git("add", "."), _git("commit", "--message", "Count what is used each week")
    changed.write_text(changed.read_text().replace("min(days.day)", "max(days.day)"))
    await stage.pilot.press("r")
    await stage.until(lambda: bool(stage.app.main.status.changed))
    stage.app.main.select(LAST_SAMPLE)
    for keys, name in ((("D",), "difference"), (("m", "enter"), "repair"), (("V",), "verify")):
        await stage.pilot.press(*keys)
        await stage.until(lambda: stage.app.screen is not stage.app.main)
        await stage.picture(name)
        await stage.pilot.press("escape", "escape")


def _git(*arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


SCENES = (
    before_a_run,
    at_rest,
    a_slow_statement,
    a_failure,
    a_rehearsal,
    a_run_that_waits,
    a_backfill,
    afterwards,
)


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with short_folder() as folder:
        shutil.copytree(ROOT / "migrations", folder / "migrations")
        for name, sql in MIGRATIONS.items():
            (folder / "migrations" / name).write_text(sql)
        server = Embedded(folder / "pg", fast=True)
        with server:
            with psycopg.connect(server.conninfo, autocommit=True) as admin:
                admin.execute("CREATE DATABASE spec")
            where = conninfo_to_dict(server.conninfo)
            os.environ["DATABASE_URL"] = f"postgresql:///spec?host={where['host']}&user=postgres"
            os.chdir(folder)
            os.environ["XDG_STATE_HOME"] = str(folder)  # where no theme was chosen
            asyncio.run(_play())
        wait_until_gone(server.base)


async def _play() -> None:
    with _connect() as admin:
        Runner(
            _connect, Path("migrations"), "kb.schema_migrations", lambda event: None
        ).apply_pending(Selection(APPLIED_BEFORE))
        admin.execute(WORK)
        app = MigrationsApp(Settings(connection="environment"))
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            stage = Stage(app, pilot, admin)
            await stage.until(lambda: bool(app.main.status.pending))
            for scene in SCENES:
                await scene(stage)
        app.close()


def _connect(**parameters: str) -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, **parameters)


# In the place of that of the server for the pictures, as wide as it.
_SOCKET = "/var/run/postgresql-18/main/spec"


def _alike_everywhere(svg: str) -> str:
    """The picture made to look the same in every viewer, and wherever it was taken.

    A web page loads no font for a picture in it. Not every viewer keeps to the widths that a text
    says for itself, so the font has the size at which most are as wide as the columns.
    """
    svg = re.sub(r"/[\w/]+/smt-\w+/pg/s", lambda found: _SOCKET[: len(found[0])], svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    return svg.replace("font-size: 20px", "font-size: 20.3px")


if __name__ == "__main__":
    main()
