"""Pictures of the real UI on a real database: ``python -m tests.screenshots``.

Writes the SVG files of ``screenshots/``, from the sample migrations and a few that take their time
or fail, on a server that is gone afterwards.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from textual.pilot import Pilot

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.runner import Runner
from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp
from tests.conftest import short_folder, wait_until_gone

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "screenshots"
SIZE = (130, 38)
_APPLIED_BEFORE = "20251019_add_user_preferences.sql"

_SLOW = """\
-- Migration: Normalize titles
-- Date: 2025-10-25

DO $$
BEGIN
    FOR batch IN 1..4 LOOP
        RAISE NOTICE 'Batch % of 4: 25000 titles normalized', batch;
        PERFORM pg_sleep(0.4);
    END LOOP;
    RAISE WARNING '17 titles are longer than 200 characters';
END
$$;

SELECT pg_sleep(30);
"""
_BROKEN = """\
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
SELECT documents.id, projects.owner
FROM kb.documents
JOIN kb.projects ON projects.id = documents.project_id;
"""


def main() -> None:
    """Make all pictures."""
    with short_folder() as folder:
        shutil.copytree(ROOT / "migrations", folder / "migrations")
        server = Embedded(folder / "pg", fast=True)
        with server, psycopg.connect(server.conninfo, autocommit=True) as admin:
            admin.execute("CREATE DATABASE spec")
            where = conninfo_to_dict(server.conninfo)
            os.environ["DATABASE_URL"] = f"postgresql:///spec?host={where['host']}&user=postgres"
            os.chdir(folder)
            _apply(_APPLIED_BEFORE)
            asyncio.run(_take_pictures(folder))
        wait_until_gone(server.base)


def _apply(to: str) -> None:
    def connect() -> psycopg.Connection:
        return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    Runner(connect, Path("migrations"), "kb.schema_migrations", lambda event: None).apply(to)


async def _take_pictures(folder: Path) -> None:
    app = MigrationsApp(Settings(connection="environment"))
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: bool(app.status.pending))
        await _picture(pilot, "overview")
        app.theme = "textual-light"
        await _picture(pilot, "light")
        app.theme = "ansi-dark"
        await _picture(pilot, "ansi")
        app.theme = "textual-dark"
        await pilot.press("d")
        await _picture(pilot, "dry-run")
        await pilot.press("escape", "question_mark")
        await _picture(pilot, "help")
        await pilot.press("escape")
        (folder / "migrations/20251025_normalize_titles.sql").write_text(_SLOW)
        (folder / "migrations/20251026_share_documents.sql").write_text(_BROKEN)
        await pilot.press("r")
        await _until(pilot, lambda: app.status.pending[-1].name.startswith("20251026"))
        await pilot.press("a")
        await _picture(pilot, "apply")
        await pilot.press("y")
        await _until(pilot, lambda: "longer than 200" in app.main.log_view.text)
        app.main.select("20251025_normalize_titles.sql")
        await asyncio.sleep(2)
        await _picture(pilot, "live")
        await pilot.press("x")
        await _until(pilot, lambda: app.run_on is None)
        slow = folder / "migrations/20251025_normalize_titles.sql"
        slow.write_text(_SLOW.replace("pg_sleep(30)", "1"))
        await pilot.press("a", "y")
        await _until(pilot, lambda: app.run_on is None)
        await _picture(pilot, "failure")
    app.close()


async def _until(pilot: Pilot[None], what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        await pilot.pause(0.05)


async def _picture(pilot: Pilot[None], name: str) -> None:
    await pilot.pause(0.7)
    PICTURES.mkdir(exist_ok=True)
    svg = pilot.app.export_screenshot(title="schemamig-tui")
    (PICTURES / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()
