"""Saves the plan that a dry run shows, for ``--apply --plan`` to run exactly that."""

import contextlib
from functools import partial
from pathlib import Path

from schemamig_tui.approval import NO_IDENTIFIER, system_identifier
from schemamig_tui.connect import Target
from schemamig_tui.engine import Plan
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.errors import FilesError
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.saving import Saving, ask_to_save
from schemamig_tui.tui.widgets.run_log import RunLog


def ask_to_save_plan(app: BaseApp, log: RunLog, plan: Plan, target: Target) -> None:
    """Ask for a file, and save the plan there; it runs with ``--apply --plan FILE``."""
    about = (
        "--apply --plan with that file runs exactly this, or nothing:"
        " also elsewhere, such as in a pipeline."
    )
    saving = Saving("plan", about, "plan.json", _refusal, partial(_write, plan, target))
    ask_to_save(app, log, saving)


def _refusal(path: Path) -> str | None:
    """Why nothing is written there: a file that is no plan is somebody's."""
    from schemamig_tui.plan_file import load

    if path.exists():
        try:
            load(path)
        except FilesError:
            return "That file is there, and is no plan"
    return None


def _write(plan: Plan, target: Target, path: Path) -> str | None:
    """Write it with what tells the server, or return that nothing does."""
    from schemamig_tui.plan_file import save

    with losses_as_errors(), contextlib.closing(target.connect()) as conn:
        system = system_identifier(conn)
    save(path, plan, system)
    return NO_IDENTIFIER if system is None else None
