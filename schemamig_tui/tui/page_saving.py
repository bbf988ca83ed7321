"""Saves what a rehearsal has found as a page, such as for a pull request."""

from functools import partial
from pathlib import Path

from schemamig_tui.errors import SchemamigError
from schemamig_tui.reporting.rehearsal_page import RehearsalPage
from schemamig_tui.settings.values import read_path
from schemamig_tui.tui.announcing import announce, announce_failure
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.screens.typed import TypedQuestion, refused_path
from schemamig_tui.tui.widgets.run_log import RunLog


def ask_to_save_page(app: BaseApp, log: RunLog, page: RehearsalPage) -> None:
    """Ask for a file, and save the page there, as --report does."""
    text = "A page for a pull request, with the advice; as .json the same for programs."
    lines: list[Line] = [(("plain", text),)]

    def answered(typed: str | None) -> None:
        if typed is not None:
            app.work("save page", _save, app, log, page, read_path(typed.strip()))

    question = TypedQuestion(
        "Save the rehearsal",
        lines,
        _refusal,
        enter="saves it",
        placeholder="Its path, such as rehearsal.md",
    )
    app.push_screen(question, answered)


def _refusal(typed: str) -> str | None:
    """Why nothing is written there: a file that is no such page is somebody's."""
    from schemamig_tui.reporting.report_file import is_page, refusal

    if problem := refused_path(typed):
        return problem
    path = read_path(typed.strip())
    if problem := refusal(path):
        return problem[:1].upper() + problem[1:]
    if path.exists() and not is_page(path):
        return "That file is there, and is no rehearsal"
    return None


async def _save(app: BaseApp, log: RunLog, page: RehearsalPage, path: Path) -> None:
    from schemamig_tui.reporting.report_file import save

    try:
        await in_thread(partial(save, path, page))
    except SchemamigError as error:
        announce_failure(app, log, "The rehearsal is not saved", error)
    else:
        announce(app, log, f"The rehearsal is saved: {path}")
