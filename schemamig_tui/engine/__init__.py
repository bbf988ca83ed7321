"""Runs migrations exactly right: files, scripts, the ledger, and the run itself.

The engine knows no UI, no docker and no command line, and prints nothing: it reports events
(``engine.events``). What the other rooms need of it they import from here; a name loads its module
when it is asked for, as a start has to be quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemamig_tui.engine.ledger.rows import LedgerRow
    from schemamig_tui.engine.ledger.status import Migration, State, Status, compare
    from schemamig_tui.engine.ledger.table import Ledger
    from schemamig_tui.engine.pipeline.connect import Connect
    from schemamig_tui.engine.run.failure import describe
    from schemamig_tui.engine.run.runner import Runner
    from schemamig_tui.engine.script.files import MigrationFile, scan
    from schemamig_tui.engine.script.script import Script, parse

__all__ = [
    "Connect",
    "Ledger",
    "LedgerRow",
    "Migration",
    "MigrationFile",
    "Runner",
    "Script",
    "State",
    "Status",
    "compare",
    "describe",
    "parse",
    "scan",
]

_MODULES = {
    "Connect": "pipeline.connect",
    "Ledger": "ledger.table",
    "LedgerRow": "ledger.rows",
    "Migration": "ledger.status",
    "MigrationFile": "script.files",
    "Runner": "run.runner",
    "Script": "script.script",
    "State": "ledger.status",
    "Status": "ledger.status",
    "compare": "ledger.status",
    "describe": "run.failure",
    "parse": "script.script",
    "scan": "script.files",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
