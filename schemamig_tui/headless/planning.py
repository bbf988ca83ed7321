"""``--dry-run``: shows the plan of an apply, and all that an apply would be refused for."""

from schemamig_tui.engine import make_plan
from schemamig_tui.errors import ExitCode, FilesError
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings
from schemamig_tui.survey import Review, looking, review


def dry_run(
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
    *,
    to: str | None,
    resume: bool,
    with_sql: bool,
) -> ExitCode:
    """Report the plan of everything pending up to ``to``; ``with_sql`` with its statements.

    Returns what an apply would end with where it would be refused, and else that all is well.
    """
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        looking(target, settings, on_wait) as (conn, survey),
    ):
        plan = make_plan(survey, to, resume=resume)
        for warning in plan.warnings:
            reporter.warning(warning)
        found = review(plan, target, conn)
    _report(found, reporter, with_sql=with_sql)
    return found.refusals[0].exit_code if found.refusals else ExitCode.DONE


def _report(found: Review, reporter: Reporter, *, with_sql: bool) -> None:
    plan = found.plan
    files = {file.name: file for file in plan.files}
    refused = {error.path.name for error in found.refusals if isinstance(error, FilesError)}
    doubts = {error.path.name: error for error in plan.doubts}
    for error in found.refusals:
        reporter.error(error)
    reporter.plan_started(plan.survey.status, plan.to, len(plan.migrations))
    for migration in plan.migrations:
        name = migration.name
        if name in doubts:
            reporter.warning(f"{doubts[name].place}: {doubts[name].message}")
        elif name not in refused:
            file = files[name]
            reporter.planned(migration, file.script, done=file.done, with_sql=with_sql)
            file.script.release()
    reporter.advised(found.advice)
    reporter.plan_ended(len(plan.migrations) - len(refused), len(refused))
