"""Saves the plan that a dry run shows, for ``--apply --plan`` to run exactly that."""

import contextlib
from functools import partial
from pathlib import Path

from schemamig_tui.approval import NO_IDENTIFIER, system_identifier
from schemamig_tui.connect import Target
from schemamig_tui.engine import Plan
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.settings.values import read_path
from schemamig_tui.tui.announcing import announce, announce_failure
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.screens.typed import TypedQuestion, refused_path
from schemamig_tui.tui.widgets.run_log import RunLog


def ask_to_save(app: BaseApp, log: RunLog, plan: Plan, target: Target) -> None:
    """Ask for a file, and save the plan there; it runs with ``--apply --plan FILE``."""
    lines: list[Line] = [
        (
            ("plain", "--apply --plan with that file runs exactly this, or nothing: "),
            ("plain", "also elsewhere, such as in a pipeline."),
        )
    ]

    def answered(typed: str | None) -> None:
        if typed is not None:
            app.work("save plan", _save, app, log, plan, target, read_path(typed.strip()))

    question = TypedQuestion(
        "Save the plan",
        lines,
        _refusal,
        enter="saves it",
        placeholder="Its path, such as plan.json",
    )
    app.push_screen(question, answered)


def _refusal(typed: str) -> str | None:
    """Why nothing is written there: a file that is no plan is somebody's."""
    from schemamig_tui.plan_file import load

    if problem := refused_path(typed):
        return problem
    path = read_path(typed.strip())
    if path.exists():
        try:
            load(path)
        except FilesError:
            return "That file is there, and is no plan"
    return None


async def _save(app: BaseApp, log: RunLog, plan: Plan, target: Target, path: Path) -> None:
    try:
        system = await in_thread(partial(_write, plan, target, path))
    except SchemamigError as error:
        announce_failure(app, log, "The plan is not saved", error)
    else:
        announce(app, log, f"The plan is saved: {path}")
        if system is None:
            announce(app, log, NO_IDENTIFIER, "warning")


def _write(plan: Plan, target: Target, path: Path) -> str | None:
    """Write it, and return what tells the server. Blocks."""
    from schemamig_tui.plan_file import save

    with losses_as_errors(), contextlib.closing(target.connect()) as conn:
        system = system_identifier(conn)
    save(path, plan, system)
    return system
