"""``--apply`` and ``--rehearse``: the commands that take time and can be cancelled."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.connect import OnWait, Target
from schemamig_tui.engine.events import Failure, FileFailed, RunFinished
from schemamig_tui.engine.pipeline.loss import is_lost
from schemamig_tui.errors import (
    ExitCode,
    FilesError,
    PlanChanged,
    SchemamigError,
    SettingsError,
)
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.reporting.recorder import RunRecorder
from schemamig_tui.settings import Settings

if TYPE_CHECKING:  # an apply can do without
    from schemamig_tui.advice.advice import Advice
    from schemamig_tui.approval import ApprovedPlan
    from schemamig_tui.engine import Plan, Selection, Survey
    from schemamig_tui.rehearsal.events import (
        RehearsalEvent,
        RehearsalFinished,
        RehearsalListener,
    )
    from schemamig_tui.reporting.rehearsal_page import RehearsalPage


def apply(
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
    selection: "Selection",
    *,
    lint_error: bool = False,
    plan_file: Path | None = None,
) -> ExitCode:
    """Apply a selection of what is pending, or exactly the plan saved as ``plan_file``.

    With ``lint_error`` nothing is run if there are findings.
    """
    from schemamig_tui.engine import Runner

    if plan_file:
        from schemamig_tui.plan_file import load

    approved = load(plan_file) if plan_file else None
    to = approved.to if approved else selection.to
    failures = _Failures(reporter.run(settings.directory, to, settings.warn_after))
    with connecting(settings, reporter, stop) as (target, on_wait):
        recorder = RunRecorder(settings, target, failures, reporter.warning)
        runner = Runner(
            partial(target.connect, on_wait),
            settings.directory,
            settings.table,
            recorder,
            limits=settings.limits,
            extension_hint=target.extension_hint,
        )
        plan = None
        if approved or lint_error:
            plan = _plan_to_hold_to(
                approved, selection, target, settings, on_wait, reporter if lint_error else None
            )
        with stop.cancelling(runner.cancel), recorder:
            finished = runner.apply(plan) if plan else runner.apply_pending(selection)
        if finished.applied and settings.docs_after_apply:
            from schemamig_tui.headless.documenting import document_run

            document_run(settings, reporter, target)
        return failures.exit_code(finished)


def _plan_to_hold_to(
    approved: "ApprovedPlan | None",
    selection: "Selection",
    target: Target,
    settings: Settings,
    on_wait: OnWait,
    lint_reporter: Reporter | None,
) -> "Plan":
    """The plan to apply: that of the approved file, or of the selection.

    Raises PlanChanged where the plan is not the approved one. With a ``lint_reporter`` the files
    are linted; it gets the findings, which raise LintRefusal.
    """
    from schemamig_tui.engine import make_plan
    from schemamig_tui.survey import looking

    with looking(target, settings, on_wait) as (conn, survey):
        if approved:
            plan = make_plan(survey, approved.selection._replace(strict=selection.strict))
            _require_approved(approved, plan, conn)
            plan = replace(plan, exact=True)
        else:
            plan = make_plan(survey, selection)
        if lint_reporter:
            from schemamig_tui.engine.run.trial import require_session
            from schemamig_tui.findings import findings_in
            from schemamig_tui.headless.linting import refuse_findings

            require_session(partial(target.connect, on_wait), conn)
            report = findings_in([file.script for file in plan.files], settings, conn)
            refuse_findings(report, settings, lint_reporter)
    return plan


def _require_approved(
    approved: "ApprovedPlan", plan: "Plan", conn: psycopg.Connection[Any]
) -> None:
    """Raise PlanChanged where a plan is not what was approved."""
    from schemamig_tui.approval import system_identifier

    if differences := [*approved.differences(plan, system_identifier(conn))]:
        raise PlanChanged(differences)


def rehearse(
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
    *,
    to: str | None,
    report: Path | None = None,
    with_queries: bool = False,
    with_advice: bool = False,
    on_scratch: bool = False,
) -> ExitCode:
    """Rehearse what is pending, up to ``to``; ``with_advice`` asks for that before.

    ``on_scratch``: not in the database, but where ``settings.scratch`` says. What was found is
    written as ``report``, with the queries of other sessions where they are asked for. Raises
    SettingsError for a name that does not say how, and FilesError where it cannot be.
    """
    from schemamig_tui.reporting.rehearsal_page import RehearsalPage

    page = RehearsalPage(queries=with_queries)
    listen = reporter.rehearsal(settings.directory, to)

    def note(event: "RehearsalEvent") -> None:
        listen(event)
        page.take(event)

    failures = _Failures(note if report else listen)
    with _saved(report, page), connecting(settings, reporter, stop) as (target, on_wait):
        if with_advice:
            page.advice = _advice(target, settings, on_wait, to)
            page.database = target.identity
            reporter.advised(page.advice)
        recorder = RunRecorder(settings, target, failures, reporter.warning)
        with recorder:
            if on_scratch:
                finished = _rehearse_on_scratch(
                    target, settings, on_wait, to, recorder, stop, reporter
                )
            else:
                finished = _rehearse_in_place(target, settings, on_wait, to, recorder, stop)
            return failures.exit_code(finished)


def _rehearse_in_place(
    target: Target,
    settings: Settings,
    on_wait: OnWait,
    to: str | None,
    listener: "RehearsalListener",
    stop: Stop,
) -> "RehearsalFinished":
    from schemamig_tui.rehearsal.rehearsal import Rehearsal

    rehearsal = Rehearsal(
        partial(target.connect, on_wait),
        settings.directory,
        settings.table,
        listener,
        limits=settings.rehearsal_limits,
        extension_hint=target.extension_hint,
    )
    with stop.cancelling(rehearsal.cancel):
        return rehearsal.rehearse_pending(to)


def _rehearse_on_scratch(
    target: Target,
    settings: Settings,
    on_wait: OnWait,
    to: str | None,
    listener: "RehearsalListener",
    stop: Stop,
    reporter: Reporter,
) -> "RehearsalFinished":
    from schemamig_tui.headless.verifying import PROGRESS_SECONDS
    from schemamig_tui.scratch.replay import seldom
    from schemamig_tui.scratch_rehearsal import rehearse_on_scratch

    return rehearse_on_scratch(
        target,
        settings,
        on_wait,
        lambda found: _pending(found, to),
        listener,
        progress=seldom(reporter.verifying, PROGRESS_SECONDS),
        cancelling=stop.cancelling,
    )


def _pending(found: "Survey", to: str | None) -> "Plan":
    from schemamig_tui.engine import Selection, make_plan

    return make_plan(found, Selection(to))


@contextlib.contextmanager
def _saved(report: Path | None, page: "RehearsalPage") -> Iterator[None]:
    """Save the page at the end, also where that is none."""
    if report is None:
        yield
        return
    from schemamig_tui.reporting.report_file import refusal, save

    if problem := refusal(report):
        raise SettingsError(f"--report {report}: {problem}", hint="such as rehearsal.md")
    try:
        yield
    except SchemamigError:
        with contextlib.suppress(FilesError):
            save(report, page)
        raise
    save(report, page)


def _advice(
    target: Target, settings: Settings, on_wait: OnWait, to: str | None
) -> "tuple[Advice, ...]":
    """What the database advises on what is pending, up to ``to``."""
    from schemamig_tui.advice.advise import advise
    from schemamig_tui.engine.run.trial import require_session
    from schemamig_tui.survey import looking

    with looking(target, settings, on_wait) as (conn, survey):
        plan = _pending(survey, to)
        require_session(partial(target.connect, on_wait), conn)
        return advise(conn, plan.scripts())


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
            too_slow = not isinstance(finished, RunFinished) and finished.over_budget
            return ExitCode.CHECK_FAILED if too_slow else ExitCode.DONE
        failure = self._last
        if failure is None:
            return ExitCode.MIGRATION_FAILED
        from schemamig_tui.engine.run.failure import WITHOUT_LOCK

        if is_lost(failure.severity):
            return ExitCode.NO_CONNECTION
        if failure.sqlstate in WITHOUT_LOCK or failure.gave_way:
            return ExitCode.LOCKED
        return ExitCode.MIGRATION_FAILED
