"""``--adopt``: take over the migrations and the ledger of another tool."""

from pathlib import Path

from schemamig_tui.authoring.adopt.adopt import adopt as take_over
from schemamig_tui.authoring.adopt.tools import tool_named
from schemamig_tui.errors import ExitCode, SettingsError
from schemamig_tui.headless.repairing import repair_place
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

    with repair_place(settings, reporter, stop, preview=preview) as place:
        adoption = take_over(place, tool, Path(theirs))
    for warning in adoption.warnings:
        reporter.warning(warning)
    reporter.adopted(adoption)
    return ExitCode.DONE
