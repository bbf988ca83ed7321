"""Why a key does nothing now: it is then not in the footer, and whoever presses it is told."""

from collections.abc import Collection
from dataclasses import dataclass

from schemamig_tui.engine import Migration
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.tui.engine_thread import EngineThread
from schemamig_tui.tui.keys import key_of

_WRITES = ("apply", "apply_to", "apply_only", "repair", "adopt")
_NOT_DURING_A_RUN = (
    *("apply", "apply_to", "apply_only", "rehearse", "rehearse_to", "refresh"),
    *("document", "validate", "verify", "repair", "adopt", "reverse", "target"),
)
_WITH_LEDGER = ("apply", "dry_run", "rehearse", "history", "document", "validate", "verify")
_WITH_CONNECTION = ("reverse", "repair", "adopt")
_WITH_FILE = ("apply_to", "apply_only", "rehearse_to", "edit", "copy_path", "reverse")


@dataclass(frozen=True, slots=True)
class KeyState:
    """What it depends on which keys work.

    ``run`` is the run that is on, ``verifies``: a verification is. ``has_looked``: the ledger has
    been read, ``refused`` are the files that cannot be run, and ``selected`` is the migration under
    the cursor.
    """

    run: EngineThread | None
    verifies: bool
    read_only: bool
    has_looked: bool
    is_connected: bool
    refused: Collection[MigrationFile]
    selected: Migration | None


def obstacle(action: str, state: KeyState) -> str | None:
    """Why an action cannot be taken, as a sentence without a full stop; None: it can."""
    if action == "cancel_run":
        if state.run is None:
            return None if state.verifies else "No run is on"
        return "It is being cancelled" if state.run.cancelled else None
    if action in _WRITES and state.read_only:
        return "Read-only: nothing is written to this database"
    if action in _NOT_DURING_A_RUN and state.run is not None:
        return "Not while a run is on"
    is_away = action in (*_WITH_LEDGER, *_WITH_FILE) and not state.has_looked
    if is_away or (action in _WITH_CONNECTION and not state.is_connected):
        return f"Not connected: {key_of('refresh')} tries again"
    if action == "apply" and state.refused:
        return f"There are files that cannot be run: {key_of('dry-run')} says why"
    if action in _WITH_FILE and (state.selected is None or state.selected.file is None):
        return "No file is selected"
    return None
