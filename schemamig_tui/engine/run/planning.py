"""Makes the plan of a run: reads the files, and finds every reason why they cannot run."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from schemamig_tui.engine.ledger.status import Status
from schemamig_tui.engine.ledger.warnings import strict_refusal
from schemamig_tui.engine.run.plan import Plan, PlannedFile, ledger_refusals
from schemamig_tui.engine.run.selection import EVERYTHING, Selection
from schemamig_tui.engine.run.survey import Survey
from schemamig_tui.errors import FilesError, SchemamigError, SettingsError
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible

_SKIPPED = "it has batches (--skip-backfills)"


def make_plan(
    survey: Survey,
    selection: Selection = EVERYTHING,
    *,
    progress: Callable[[int], None] = lambda count: None,
) -> Plan:
    """Plan what is chosen of everything that is pending. Reads the files.

    ``progress`` is called with how many files have been read. Raises SettingsError for a file that
    does not exist.
    """
    status, to, only = survey.status, selection.to, selection.only
    todo = selection.of(status)
    if only is not None and not todo:
        raise _not_pending(status, only)
    drift = strict_refusal(status, to) if selection.strict else None
    plan = Plan(
        survey,
        to,
        selection.resume,
        todo,
        files=(),
        unwritten=tuple(migration.name for migration in status.unwritten(to)),
        refusals=(*([drift] if drift else []), *ledger_refusals(survey, todo)),
        only=only,
        skip_backfills=selection.skip_backfills,
    )
    # That there is nothing to do is found without what reads the files.
    if not todo:
        return plan
    plan = _with_files(plan, progress)
    beside = _under_way(plan)
    needs = beside or any(file.script.batched or file.script.required for file in plan.files)
    return _with_waiting(plan, beside) if needs else plan


def _not_pending(status: Status, name: str) -> SettingsError:
    known = {migration.name: migration for migration in status.migrations if migration.file}
    if name in known:
        why = f"{visible(name)} is {known[name].state}"
        return SettingsError(f"there is nothing to do: {why}", hint="--list shows what is pending")
    hint = did_you_mean(name, map(visible, known))
    return SettingsError(f"there is no migration {visible(name)}", hint=hint)


def _under_way(plan: Plan) -> Sequence[PlannedFile]:
    """The files outside of the plan of which some batches are done, and not all."""
    found: list[PlannedFile] = []
    others = {migration.name for migration in plan.migrations}
    for migration in plan.survey.status.failed:
        if migration.batches_done and migration.file and migration.name not in others:
            from schemamig_tui.engine.run.reading import read

            # One that cannot be read now is refused when it is to run.
            with contextlib.suppress(FilesError):
                found.append(read(migration, plan.survey.dialect))
    return found


def _with_waiting(plan: Plan, beside: Sequence[PlannedFile]) -> Plan:
    """The plan without the files that have to wait, and with refusals for missing required files.

    Where a required file is left out of the plan, the file waits, and nothing is refused.
    """
    from schemamig_tui.engine.run.waiting import left_out, refused, unmet

    status = plan.survey.status
    applied = {migration.name for migration in status.applied}
    known = {migration.name for migration in status.migrations if migration.file}
    batched = [file.name for file in plan.files if file.script.batched]
    skipped = batched if plan.skip_backfills else []
    waiting = left_out(plan.files, dict.fromkeys(skipped, _SKIPPED), beside)
    asked_for = [
        refused(file, waiting[file.name])
        for file in plan.files
        if plan.only and file.name in waiting and file.name not in skipped
    ]
    return replace(
        plan,
        refusals=(*plan.refusals, *unmet(plan.files, applied, known), *asked_for),
        migrations=tuple(one for one in plan.migrations if one.name not in waiting),
        files=tuple(file for file in plan.files if file.name not in waiting),
        waiting=waiting,
    )


def _with_files(plan: Plan, progress: Callable[[int], None]) -> Plan:
    from schemamig_tui.engine.run.reading import read
    from schemamig_tui.engine.run.step_order import makes_ledger

    files: list[PlannedFile] = []
    refusals: list[SchemamigError] = [*plan.refusals]
    doubts: list[FilesError] = []
    changer: str | None = None
    for number, migration in enumerate(plan.migrations, 1):
        try:
            file = read(migration, plan.survey.dialect, resume=plan.resume)
        except FilesError as error:
            if changer is None:
                refusals.append(error)
            else:
                doubts.append(_doubt(error, changer))
        else:
            files.append(file)
            if file.script.changes_reading:
                changer = file.name
            file.script.release()
        progress(number)
    missing = plan.survey.state.uncreatable
    makes_it = files[:1] and makes_ledger(files[0].script, plan.survey.ledger)
    if missing and not makes_it:
        refusals.append(missing.error)
    return replace(plan, files=tuple(files), refusals=tuple(refusals), doubts=tuple(doubts))


def _doubt(error: FilesError, changer: str) -> FilesError:
    from schemamig_tui.engine.script.script import read_again

    return FilesError(
        f"{error.message} {read_again(changer)}",
        path=error.path,
        line=error.line,
        column=error.column,
        hint=error.hint,
    )
