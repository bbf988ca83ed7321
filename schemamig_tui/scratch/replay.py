"""Runs the applied migrations from zero on a scratch database."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from schemamig_tui.engine import Folder, Ledger, MigrationFile, Plan, Runner, make_plan, parse
from schemamig_tui.engine.events import Event, FileFailed, FileStarted, RunFinished
from schemamig_tui.engine.pipeline.connect import Connect
from schemamig_tui.engine.run.survey import survey
from schemamig_tui.errors import FilesError, Interrupted, SettingsError
from schemamig_tui.limits import Limits
from schemamig_tui.sql.shared_objects import SUBSCRIBES, SharedChange, shared_change
from schemamig_tui.text import visible

_NOT_APPLIED = "it is not applied in the database"
Progress = Callable[[str, int, int], None]
"""Called with the name, the number and the count of files, as each of them begins."""


@dataclass(frozen=True)
class Replayed:
    """The files that have run, the one that failed, if one did, and those behind that."""

    ran: tuple[str, ...]
    failed: FileFailed | None
    not_run: tuple[str, ...]


def plan_from_zero(
    connect: Connect, folder: Folder, ledger: Ledger, applied: Collection[str]
) -> Plan:
    """The plan of running the files that are ``applied`` in another database in this empty one.

    Raises the first reason why they cannot be read, a FilesError.
    """
    with contextlib.closing(connect()) as conn:
        plan = make_plan(survey(conn, folder, ledger))
    refusals = tuple(
        one for one in plan.refusals if not isinstance(one, FilesError) or one.path.name in applied
    )
    others = (one.name for one in plan.migrations if one.name not in applied)
    plan = replace(
        plan,
        migrations=tuple(one for one in plan.migrations if one.name in applied),
        files=tuple(one for one in plan.files if one.name in applied),
        refusals=refusals,
        waiting=dict.fromkeys(others, _NOT_APPLIED),
    )
    plan.require()
    return plan


def shared_changes(files: Iterable[MigrationFile]) -> Iterator[tuple[str, int, SharedChange]]:
    """Each statement that changes what all databases of a server share: its file and its line.

    A file that cannot be read as it is now has none: ``plan_from_zero`` says why.
    """
    for file in files:
        with contextlib.suppress(FilesError):
            script = parse(file)
            for i in range(len(script)):
                if change := shared_change(script.sql(i)):
                    yield file.name, script.line(i), change
                elif script.traits(i).rights == "role":
                    yield file.name, script.line(i), SharedChange("GRANT of a role")
            script.release()


def refuse_subscriptions(files: Iterable[MigrationFile]) -> None:
    """Raise SettingsError where a file would make a scratch database subscribe to another server.

    That makes a slot over there, and copies all rows, as it has done for the real one.
    """
    for name, line, change in shared_changes(files):
        if change.label == SUBSCRIBES:
            raise SettingsError(
                f"{visible(name)}, line {line}: with {SUBSCRIBES} a scratch database would"
                " subscribe to the other server as well",
                hint="a database with subscriptions cannot be verified",
            )


def refuse_shared_changes(files: Iterable[MigrationFile]) -> None:
    """Raise SettingsError where a file would change more of the server than a scratch database."""
    for name, line, change in shared_changes(files):
        raise SettingsError(
            f"{visible(name)}, line {line}: {change.label} is for the whole server, and not for a"
            " scratch database alone",
            hint="use --scratch embedded, where whatever a migration makes is removed again",
        )


def replay(
    plan: Plan,
    connect: Connect,
    directory: Path,
    table: str,
    limits: Limits,
    progress: Progress,
    cancelling: Callable[[Callable[[], None]], contextlib.AbstractContextManager[None]],
) -> Replayed:
    """Run the plan, until a file fails. Raises as ``Runner.apply``, Interrupted when cancelled."""
    failures: list[FileFailed] = []

    def listen(event: Event) -> None:
        match event:
            case FileStarted(name, number, total):
                progress(name, number, total)
            case FileFailed():
                failures.append(event)

    runner = Runner(connect, directory, table, listen, limits=limits)
    with cancelling(runner.cancel):
        finished: RunFinished = runner.apply(plan)
    if finished.cancelled:
        raise Interrupted("interrupted while the migrations ran on the scratch")
    return Replayed(finished.applied, failures[-1] if failures else None, finished.remaining)
