"""Runs migrations exactly right: files, scripts, the ledger, and the run itself.

The engine knows no UI, no docker and no command line, and prints nothing: it reports events
(``engine.events``). Other packages import its names from here; besides, they import the plain
values of ``engine.events`` and ``engine.activity``, and the sentences about them in
``engine.wording``. The module of a name is only loaded when the name is asked for, because a start
has to be quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemamig_tui.engine.ledger.rows import LedgerRow
    from schemamig_tui.engine.ledger.status import Migration, State, Status, compare
    from schemamig_tui.engine.ledger.table import Ledger
    from schemamig_tui.engine.pipeline.connect import Connect
    from schemamig_tui.engine.run.failure import describe
    from schemamig_tui.engine.run.plan import Plan, PlannedFile
    from schemamig_tui.engine.run.planning import make_plan
    from schemamig_tui.engine.run.runner import Runner
    from schemamig_tui.engine.run.selection import Selection
    from schemamig_tui.engine.run.survey import Folder, Survey
    from schemamig_tui.engine.script.files import MigrationFile, scan
    from schemamig_tui.engine.script.script import Script, parse
    from schemamig_tui.engine.watch.blockers import cancel_session, terminate_session

__all__ = [
    "Connect",
    "Folder",
    "Ledger",
    "LedgerRow",
    "Migration",
    "MigrationFile",
    "Plan",
    "PlannedFile",
    "Runner",
    "Script",
    "Selection",
    "State",
    "Status",
    "Survey",
    "cancel_session",
    "compare",
    "describe",
    "make_plan",
    "parse",
    "scan",
    "terminate_session",
]

_MODULES = {
    "Connect": "pipeline.connect",
    "Folder": "run.survey",
    "Ledger": "ledger.table",
    "LedgerRow": "ledger.rows",
    "Migration": "ledger.status",
    "MigrationFile": "script.files",
    "Plan": "run.plan",
    "PlannedFile": "run.plan",
    "Runner": "run.runner",
    "Script": "script.script",
    "Selection": "run.selection",
    "State": "ledger.status",
    "Status": "ledger.status",
    "Survey": "run.survey",
    "cancel_session": "watch.blockers",
    "compare": "ledger.status",
    "describe": "run.failure",
    "make_plan": "run.planning",
    "parse": "script.script",
    "scan": "script.files",
    "terminate_session": "watch.blockers",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
