"""``--dry-run``: shows the plan of an apply, and all that an apply would be refused for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.approval import NO_IDENTIFIER, system_identifier
from schemamig_tui.engine import Plan, Selection, make_plan
from schemamig_tui.errors import ExitCode, FilesError
from schemamig_tui.findings import findings_in
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.linting import refuse_findings
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.lint.finding import LintReport
from schemamig_tui.settings import Settings
from schemamig_tui.sql.creations import creates_table
from schemamig_tui.sql.words import Name
from schemamig_tui.survey import Review, looking, review
from schemamig_tui.text import visible

if TYPE_CHECKING:  # most plans have no batches
    from schemamig_tui.engine.backfill.preview import BatchesPreview


def dry_run(
    settings: Settings,
    reporter: Reporter,
    stop: Stop,
    selection: Selection,
    *,
    lint_error: bool,
    with_sql: bool,
    save_to: Path | None,
) -> ExitCode:
    """Report the plan of a selection; ``with_sql`` also its statements.

    One that can be applied is saved as ``save_to``; with ``lint_error`` one with findings cannot.
    Returns what an apply would end with where it would be refused, and else that all is well.
    Raises FilesError where the plan cannot be saved, and LintRefusal.
    """
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        looking(target, settings, on_wait) as (conn, survey),
    ):
        plan = make_plan(survey, selection)
        for warning in plan.warnings:
            reporter.warning(warning)
        found = review(plan, target, conn, settings.advice_timeout)
        asked = None if found.unknown else conn
        findings = findings_in([file.script for file in plan.files], settings, asked)
        previews = _previews(plan, asked) if asked else {}
        system = system_identifier(conn) if save_to else None
    for remark in findings.remarks:
        reporter.warning(remark)
    _report(found, previews, findings, reporter, with_sql=with_sql)
    if found.refusals:
        if save_to:
            reporter.warning("The plan is not saved, as it cannot be applied.")
        return found.refusals[0].exit_code
    if lint_error:
        refuse_findings(findings, settings)
    if save_to:
        from schemamig_tui.plan_file import save

        if system is None:
            reporter.warning(NO_IDENTIFIER)
        save(save_to, plan, system)
        reporter.saved(save_to)
    return ExitCode.DONE


def _previews(
    plan: Plan, conn: psycopg.Connection[Any]
) -> "Mapping[str, Sequence[BatchesPreview]]":
    """What is known of the statements in batches, by file, before any of it runs."""
    files = [file for file in plan.files if file.script.batched]
    if not files:
        return {}
    from schemamig_tui.engine.backfill.place import BatchedPlace
    from schemamig_tui.engine.backfill.preview import preview

    previews: dict[str, list[BatchesPreview]] = {}
    for file in files:
        mark = file.left_off.checkpoint.batches if file.left_off else None
        previews[file.name] = []
        for i in file.script.batched:
            if i >= file.done:
                place = BatchedPlace(file.script, i)
                one = preview(conn, place, mark if i == file.done else None)
                maker = (
                    _maker(plan, file.name, i, place.batched.asked.table) if one.obstacle else None
                )
                if maker:
                    what = f"Its table does not exist yet: {visible(maker)} makes it."
                    one = replace(one, obstacle=what)
                previews[file.name].append(one)
    return previews


def _maker(plan: Plan, name: str, statement: int, table: Name | None) -> str | None:
    """The file that makes a table in front of a statement of the file ``name``."""
    for file in plan.files if table else ():
        count = statement if file.name == name else len(file.script)
        for i in range(count):
            if table and creates_table(file.script.sql(i), table.schema or "", table.name):
                return file.name
        if file.name == name:
            break
        file.script.release()
    return None


def _report(
    found: Review,
    previews: "Mapping[str, Sequence[BatchesPreview]]",
    findings: LintReport,
    reporter: Reporter,
    *,
    with_sql: bool,
) -> None:
    plan = found.plan
    files = {file.name: file for file in plan.files}
    refused = {error.path.name for error in found.refusals if isinstance(error, FilesError)}
    doubts = {error.path.name: error for error in plan.doubts}
    for error in found.refusals:
        reporter.error(error)
    total, waiting = len(plan.migrations), len(plan.waiting)
    reporter.plan_started(plan.survey.status, plan.to, total, waiting)
    for migration in plan.migrations:
        name = migration.name
        if name in doubts:
            reporter.warning(doubts[name].placed_message)
        elif name not in refused:
            file = files[name]
            reporter.planned(migration, file.script, done=file.done, with_sql=with_sql)
            reporter.found(findings.of(name))
            for seen in previews.get(name, ()):
                reporter.previewed(name, seen)
            file.script.release()
    reporter.advised(found.advice)
    reporter.plan_ended(len(plan.migrations) - len(refused), len(refused))
