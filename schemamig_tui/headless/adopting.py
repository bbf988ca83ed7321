"""``--adopt``: take over the migrations and the ledger of another tool."""

import contextlib
from pathlib import Path

from schemamig_tui.authoring.adopt.adopt import adopt as take_over
from schemamig_tui.authoring.adopt.tools import tool_named
from schemamig_tui.authoring.repair import RepairPlace
from schemamig_tui.engine import wording
from schemamig_tui.engine.events import LockAwaited
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.errors import ExitCode, SettingsError
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings


def adopt(
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
    name: str,
    directory: str | None,
    preview: bool,
) -> ExitCode:
    """Take over what the tool of this ``name`` has in ``directory``, by default its usual one."""
    tool = tool_named(name)
    theirs = directory or tool.folder
    if theirs is None:
        raise SettingsError(f"{tool.name} has no usual folder", hint="name it with --dir")

    def report_wait(awaited: LockAwaited) -> None:
        reporter.warning(f"A run is on: {wording.holder(awaited.holder)}. It is waited for.")

    cancellation = Cancellation()
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        contextlib.closing(target.connect(on_wait)) as conn,
        stop.cancelling(cancellation.request),
    ):
        place = RepairPlace(
            conn,
            settings.directory,
            settings.table,
            report_wait,
            settings.run_lock_timeout,
            cancellation,
            preview,
        )
        adoption = take_over(place, tool, Path(theirs))
    for warning in adoption.warnings:
        reporter.warning(warning)
    reporter.adopted(adoption)
    return ExitCode.DONE
