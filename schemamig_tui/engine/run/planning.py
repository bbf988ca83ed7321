"""Makes the plan of a run: reads the files, and finds all that keeps them from being run."""

from collections.abc import Callable
from dataclasses import replace

from schemamig_tui.engine.ledger.warnings import strict_refusal
from schemamig_tui.engine.run.plan import Plan, PlannedFile, ledger_refusals
from schemamig_tui.engine.run.survey import Survey
from schemamig_tui.errors import FilesError, SchemamigError


def make_plan(
    survey: Survey,
    to: str | None = None,
    *,
    resume: bool = True,
    strict: bool = False,
    progress: Callable[[int], None] = lambda count: None,
) -> Plan:
    """Plan everything that is pending, up to and with the file ``to``. Reads the files.

    Without ``resume`` a file that stopped in the middle is to start over. With ``strict`` nothing
    is to run where the files are not what has been run. ``progress`` is called with how many files
    have been read. Raises SettingsError for a file ``to`` that does not exist.
    """
    status = survey.status
    todo = status.to_run(to)
    drift = strict_refusal(status, to) if strict else None
    plan = Plan(
        survey,
        to,
        resume,
        todo,
        files=(),
        unwritten=tuple(migration.name for migration in status.unwritten(to)),
        refusals=(*([drift] if drift else []), *ledger_refusals(survey, todo)),
    )
    # That there is nothing to do is found without what reads the files.
    return _with_files(plan, progress) if todo else plan


def _with_files(plan: Plan, progress: Callable[[int], None]) -> Plan:
    from schemamig_tui.engine.run.reading import read
    from schemamig_tui.engine.run.step_order import makes_ledger

    files: list[PlannedFile] = []
    refusals: list[SchemamigError] = [*plan.refusals]
    doubts: list[FilesError] = []
    changer: str | None = None
    standard = plan.survey.standard_strings
    for number, migration in enumerate(plan.migrations, 1):
        try:
            file = read(migration, standard_strings=standard, resume=plan.resume)
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
