"""``--apply`` and ``--rehearse``: the commands that take time and can be cancelled."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemamig_tui.connect import OnWait, Target
from schemamig_tui.engine.events import Failure, FileFailed, RunFinished
from schemamig_tui.engine.pipeline.loss import is_lost
from schemamig_tui.errors import ExitCode, PlanChanged
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings

if TYPE_CHECKING:  # an apply can do without
    from schemamig_tui.approval import ApprovedPlan
    from schemamig_tui.engine import Plan
    from schemamig_tui.rehearsal.events import RehearsalEvent, RehearsalFinished

_LOCK_NOT_AVAILABLE = "55P03"


def apply(
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
    *,
    to: str | None,
    resume: bool,
    strict: bool = False,
    only: str | None = None,
    skip_backfills: bool = False,
    plan_file: Path | None = None,
) -> ExitCode:
    """Apply what is pending, up to ``to``; or exactly what was saved as ``plan_file``."""
    from schemamig_tui.engine import Runner

    if plan_file:
        from schemamig_tui.plan_file import load

    approved = load(plan_file) if plan_file else None
    to = approved.to if approved else to
    failures = _Failures(reporter.run(settings.directory, to, settings.warn_after))
    with connecting(settings, reporter, stop) as (target, on_wait):
        runner = Runner(
            partial(target.connect, on_wait),
            settings.directory,
            settings.table,
            failures,
            limits=settings.limits,
            extension_hint=target.extension_hint,
        )
        plan = (
            _still_approved(approved, target, settings, on_wait, strict=strict)
            if approved
            else None
        )
        with stop.cancelling(runner.cancel):
            finished = (
                runner.apply(plan)
                if plan
                else runner.apply_pending(
                    to, resume=resume, strict=strict, only=only, skip_backfills=skip_backfills
                )
            )
        if finished.applied and settings.docs_after_apply:
            from schemamig_tui.headless.documenting import document_run

            document_run(settings, reporter, target)
        return failures.exit_code(finished)


def _still_approved(
    approved: "ApprovedPlan", target: Target, settings: Settings, on_wait: OnWait, *, strict: bool
) -> "Plan":
    """The plan of what would run now. Raises PlanChanged where that is not what was approved."""
    from schemamig_tui.approval import system_identifier
    from schemamig_tui.engine import make_plan
    from schemamig_tui.survey import looking

    with looking(target, settings, on_wait) as (conn, survey):
        plan = make_plan(
            survey,
            approved.to,
            resume=approved.resume,
            strict=strict,
            skip_backfills=approved.skip_backfills,
            only=approved.only,
        )
        if differences := [*approved.differences(plan, system_identifier(conn))]:
            raise PlanChanged(differences)
    return replace(plan, exact=True)


def rehearse(settings: Settings, reporter: Reporter, stop: Stop, *, to: str | None) -> ExitCode:
    """Rehearse what is pending, up to ``to``."""
    from schemamig_tui.rehearsal.rehearsal import Rehearsal

    failures = _Failures(reporter.rehearsal(settings.directory, to))
    with connecting(settings, reporter, stop) as (target, on_wait):
        rehearsal = Rehearsal(
            partial(target.connect, on_wait),
            settings.directory,
            settings.table,
            failures,
            limits=settings.limits,
            statement_timeout=settings.rehearsal_statement_timeout,
            extension_hint=target.extension_hint,
        )
        with stop.cancelling(rehearsal.cancel):
            return failures.exit_code(rehearsal.rehearse_pending(to))


class _Failures:
    """A listener that passes every event on and remembers why a migration failed."""

    def __init__(self, report: Callable[[Any], None]) -> None:
        self._report = report
        self._last: Failure | None = None

    def __call__(self, event: "RehearsalEvent") -> None:
        if isinstance(event, FileFailed):
            self._last = event.failure
        self._report(event)

    def exit_code(self, finished: "RunFinished | RehearsalFinished") -> ExitCode:
        """The exit code for a run or rehearsal that has finished."""
        if isinstance(finished, RunFinished) and finished.lost:
            return ExitCode.NO_CONNECTION
        if finished.cancelled:
            return ExitCode.INTERRUPTED
        if finished.failed is None:
            return ExitCode.DONE
        failure = self._last
        if failure is None:
            return ExitCode.MIGRATION_FAILED
        if is_lost(failure.severity):
            return ExitCode.NO_CONNECTION
        if failure.sqlstate == _LOCK_NOT_AVAILABLE or failure.gave_way:
            return ExitCode.LOCKED
        return ExitCode.MIGRATION_FAILED
