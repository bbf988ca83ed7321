"""Says why a key does nothing now: then it is not in the footer, and pressing it shows why."""

from collections.abc import Collection
from dataclasses import dataclass

from schemamig_tui.engine import Migration, Selection, State, Status
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.tui.engine_thread import EngineThread
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.plans import nothing_to_do
from schemamig_tui.tui.repairing import repairs_of

_WRITES = ("apply", "apply_to", "apply_only", "repair", "adopt")
_NOT_DURING_A_RUN = (
    *("apply", "apply_to", "apply_only", "rehearse", "rehearse_to", "refresh"),
    *("document", "validate", "verify", "repair", "adopt", "reverse", "target"),
)
_WITH_LEDGER = ("apply", "dry_run", "rehearse", "history", "document", "validate", "verify")
_WITH_CONNECTION = ("reverse", "repair", "adopt")
_ALL = ("apply", "dry_run", "rehearse")
_UP_TO = ("apply_to", "rehearse_to")
_WITH_SELECTED = ("preview", "repair", "difference", "finding")
_WITH_FILE = ("apply_to", "apply_only", "rehearse_to", "edit", "copy_path", "reverse")


@dataclass(frozen=True, slots=True)
class KeyState:
    """The state that decides which keys work.

    ``run`` is the run that is under way; ``verifies``: a verification is. ``has_looked``: the
    ledger has been read. ``refused`` are the files that cannot be run, and ``selected`` is the
    migration under the cursor.
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
        return f"Not while a {state.run.noun} is on"
    is_away = action in (*_WITH_LEDGER, *_WITH_FILE) and not state.has_looked
    if is_away or (action in _WITH_CONNECTION and not state.is_connected):
        why = "Nothing can be shown yet" if state.is_connected else "Not connected"
        return f"{why}: {key_of('refresh')} tries again"
    if action == "apply" and state.refused:
        return f"There are files that cannot be run: {key_of('dry-run')} says why"
    return _no_file(state.selected) if action in _WITH_FILE else None


def _no_file(selected: Migration | None) -> str | None:
    """Why there is no file to work on; None: there is one."""
    if selected is None:
        return "No file is selected"
    return None if selected.file else f"{selected.name} is not in the folder"


@dataclass(frozen=True, slots=True)
class Shown:
    """What actions can work on: the migrations, and of these the ``selected`` one.

    ``has_report``: there is a rehearsal to be looked at, ``has_targets``: others can be chosen.
    """

    status: Status
    selected: Migration | None
    has_report: bool
    has_targets: bool


def no_use(action: str, shown: Shown) -> str | None:
    """Why an action would have nothing to do, as a sentence without a full stop; else None."""
    status, selected = shown.status, shown.selected
    if action in _ALL:
        return None if status.has_to_run() else nothing_to_do(status, Selection())
    if action in ("odd", "filter", "report", "target"):
        return _nothing_of(action, shown)
    if selected is None:
        return "No migration is selected" if action in _WITH_SELECTED else None
    name = selected.name
    if action in _UP_TO:
        return None if status.has_to_run(name) else nothing_to_do(status, Selection(to=name))
    if action == "apply_only" and (selected.state is State.APPLIED or selected.unwritten):
        return nothing_to_do(status, Selection(only=name))
    if action == "repair" and not repairs_of(selected):
        return f"{name} is as the ledger has it: there is nothing to mend"
    if action == "difference":
        return no_difference(selected)
    return None


def _nothing_of(action: str, shown: Shown) -> str | None:
    """Why there is nothing of what an action shows; None: there is."""
    status = shown.status
    if action == "odd" and not status.has_issues:
        return "No migration is failed, changed or missing"
    if action == "filter" and not status.migrations:
        return "There is no migration to filter"
    if action == "report" and not shown.has_report:
        return f"No rehearsal yet: {key_of('rehearse')} rehearses what is pending"
    if action == "target" and not shown.has_targets:
        return "There were no targets in the settings at the start"
    return None


def no_difference(migration: Migration) -> str | None:
    """Why there is no difference of a migration to what was applied; None: there is one."""
    if migration.renamed_to or migration.recorded_as:
        why = "is as it was recorded, but for its name"
    elif migration.state is not State.APPLIED:
        why = "is not applied"
    elif migration.missing:
        why = "is not in the folder"
    elif not migration.changed:
        why = "has not changed"
    else:
        return None
    return f"{migration.name} {why}: there is no difference to show"
