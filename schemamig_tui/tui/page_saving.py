"""Saves what a rehearsal has found as a page, such as for a pull request."""

from functools import partial
from pathlib import Path

from schemamig_tui.reporting.rehearsal_page import RehearsalPage
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.saving import Saving, ask_to_save
from schemamig_tui.tui.widgets.run_log import RunLog


def ask_to_save_page(app: BaseApp, log: RunLog, page: RehearsalPage) -> None:
    """Ask for a file, and save the page there, as --report does."""
    about = "A page for a pull request, with the advice; as .json the same for programs."
    saving = Saving("rehearsal", about, "rehearsal.md", _refusal, partial(_write, page))
    ask_to_save(app, log, saving)


def _refusal(path: Path) -> str | None:
    """Why nothing is written there: a file that is no such page is somebody's."""
    from schemamig_tui.reporting.report_file import is_page, refusal

    if problem := refusal(path):
        return problem[:1].upper() + problem[1:]
    if path.exists() and not is_page(path):
        return "That file is there, and is no rehearsal"
    return None


def _write(page: RehearsalPage, path: Path) -> None:
    from schemamig_tui.reporting.report_file import save

    save(path, page)
