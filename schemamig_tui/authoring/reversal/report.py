"""Reports the draft of a reversal and its trial, for people and for programs."""

from collections.abc import Iterator
from typing import Any

from schemamig_tui.authoring.reversal.rollback import Rollback
from schemamig_tui.authoring.reversal.trial import Trial
from schemamig_tui.catalog.render import text
from schemamig_tui.text import visible


def sentences(rollback: Rollback) -> Iterator[tuple[bool, str]]:
    """What is to be said of a draft, each with whether it is good."""
    yield rollback.trial.as_before, _outcome(rollback.trial)
    if not rollback.complete:
        yield False, "Not everything is taken back: look for NOT TAKEN BACK in the file."


def differences(trial: Trial) -> list[str]:
    """The lines of how the schema differs from what it should be."""
    return text(trial.differences).splitlines()


def values(rollback: Rollback) -> dict[str, Any]:
    """The keys of the event ``rollback_drafted``."""
    trial = rollback.trial
    return {
        "name": rollback.path.name,
        "path": str(rollback.path),
        "original": rollback.original,
        "complete": rollback.complete and not trial.differences,
        "as_before": trial.as_before,
        "tried_again": trial.again,
        "left_out": trial.left_out,
        "failed": trial.failed,
        "differences": [list(line) for line in trial.differences],
    }


def _outcome(trial: Trial) -> str:
    if trial.left_out:
        return f"Not rehearsed: {visible(trial.left_out)}."
    if trial.failed:
        return f"Rehearsed and rolled back: it fails. {visible(trial.failed)}"
    how = "with its original again behind it" if trial.again else "behind its original"
    as_it = "as it is now" if trial.again else "as it was before"
    if trial.differences:
        return f"Rehearsed {how} and rolled back: the schema is not {as_it}."
    return f"Rehearsed {how} and rolled back: the schema is {as_it}."
