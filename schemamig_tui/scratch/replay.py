"""Runs the applied migrations from zero on a scratch database."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from schemamig_tui.connect.target import Target
from schemamig_tui.engine import Plan, Runner, Status, Survey, compare, make_plan
from schemamig_tui.engine.events import Event, FileFailed, FileStarted, RunFinished
from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.errors import Interrupted, SettingsError
from schemamig_tui.settings import Settings
from schemamig_tui.sql.shared_objects import SUBSCRIBES, SharedChange, shared_change
from schemamig_tui.text import visible

_NOT_APPLIED = "it is not applied in the database"
Progress = Callable[[str, int, int], None]
"""Called with the name, the number and the count of files, as each of them begins."""
Cancelling = Callable[[Callable[[], None]], contextlib.AbstractContextManager[None]]
"""A context in which a function is called if the user wants to stop."""


def seldom(progress: Progress, seconds: float) -> Progress:
    """A function that passes the progress on, at most once in so many seconds."""
    last = time.monotonic()

    def passed_on(name: str, number: int, total: int) -> None:
        nonlocal last
        if time.monotonic() >= last + seconds:
            last = time.monotonic()
            progress(name, number, total)

    return passed_on


@dataclass(frozen=True)
class Replayed:
    """The files that have run, the one that failed, if one did, and those behind that.

    With ``remembered`` an earlier run has run them.
    """

    ran: tuple[str, ...]
    failed: FileFailed | None
    not_run: tuple[str, ...]
    remembered: bool = False


class PlacedChange(NamedTuple):
    """A statement of a file that changes what all databases of a server share."""

    name: str
    line: int
    change: SharedChange


def survey_from_zero(found: Survey, applied: Collection[str]) -> Survey:
    """What a survey of an empty database would find, if the ``applied`` files were all there are.

    ``found`` is a survey of the database that they are applied in.
    """
    status = compare(found.folder.files, ())
    kept = Status(tuple(one for one in status.migrations if one.name in applied))
    state = LedgerState(found.state.database, False, False, None, None, None, False, ())
    return replace(found, state=state, status=kept)


def plan_from_zero(zero: Survey) -> Plan:
    """The plan of running all files of a ``survey_from_zero``. Reads them.

    Raises the first reason why they cannot be read, a FilesError.
    """
    plan = make_plan(zero)
    plan.require()
    others = (file.name for file in zero.folder.files)
    known = {one.name for one in plan.migrations}
    waiting = {name: _NOT_APPLIED for name in others if name not in known}
    return replace(plan, waiting=waiting)


def shared_changes(plan: Plan) -> Iterator[PlacedChange]:
    """Each statement of the plan that changes what all databases of a server share."""
    for file in plan.files:
        script = file.script
        for i in range(len(script)):
            if change := shared_change(script.sql(i)):
                yield PlacedChange(file.name, script.line(i), change)
            elif script.traits(i).rights == "role":
                change = SharedChange("GRANT of a role", of_roles=True)
                yield PlacedChange(file.name, script.line(i), change)
        script.release()


def refuse_changes(changes: Iterable[PlacedChange], *, is_shared: bool) -> None:
    """Raise SettingsError for what no scratch may do, or none on a server that is shared.

    A subscription, for instance, would make another slot on the publishing server, and copy all
    rows once more.
    """
    for name, line, change in changes:
        place = f"{visible(name)}, line {line}"
        if change.label == SUBSCRIBES:
            raise SettingsError(
                f"{place}: with {SUBSCRIBES} a scratch database would subscribe to the other"
                " server as well",
                hint="no scratch can stand for a database with subscriptions",
            )
        if is_shared:
            raise SettingsError(
                f"{place}: {change.label} is for the whole server, and not for a scratch database"
                " alone",
                hint="use --scratch embedded, where whatever a migration makes is removed again",
            )


def replay(
    plan: Plan,
    target: Target,
    settings: Settings,
    progress: Progress,
    cancelling: Cancelling,
) -> Replayed:
    """Run the plan, until a file fails. Raises as ``Runner.apply``, Interrupted when cancelled."""
    failures: list[FileFailed] = []

    def listen(event: Event) -> None:
        match event:
            case FileStarted(name, number, total):
                progress(name, number, total)
            case FileFailed():
                failures.append(event)

    runner = Runner(
        target.connect, settings.directory, settings.table, listen, limits=settings.limits
    )
    with cancelling(runner.cancel):
        finished: RunFinished = runner.apply(plan)
    if finished.cancelled:
        raise Interrupted("interrupted while the migrations ran on the scratch")
    return Replayed(finished.applied, failures[-1] if failures else None, finished.remaining)
