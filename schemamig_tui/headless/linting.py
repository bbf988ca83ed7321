"""``--lint``: shows what is risky or unclear in migrations that are to run."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from schemamig_tui.engine import Script, make_plan, parse, scan
from schemamig_tui.errors import ExitCode
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.lint.finding import LintReport, Severity
from schemamig_tui.lint.lint import lint
from schemamig_tui.settings import Settings
from schemamig_tui.survey import looking


def lint_pending(settings: Settings, reporter: Reporter, stop: Stop, *, to: str | None) -> ExitCode:
    """Look at everything pending, up to ``to``, with what the database says of it."""
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        looking(target, settings, on_wait) as (conn, survey),
    ):
        plan = make_plan(survey, to)
        for refusal in plan.refusals:
            reporter.error(refusal)
        report = findings_in([file.script for file in plan.files], settings, conn)
    code = _report(report, settings, reporter)
    return plan.refusals[0].exit_code if plan.refusals else code


def lint_new(settings: Settings, reporter: Reporter, ref: str) -> ExitCode:
    """Look at the files that the branch ``ref`` does not have. It needs no database."""
    from schemamig_tui.authoring.against import compare_with

    new = compare_with(settings.directory, ref).new
    scripts = [parse(file) for file in scan(settings.directory) if file.name in new]
    return _report(findings_in(scripts, settings), settings, reporter)


def findings_in(
    scripts: Sequence[Script], settings: Settings, conn: psycopg.Connection[Any] | None = None
) -> LintReport:
    """The findings in files that are to run, with the severities of the settings."""
    return lint(
        scripts,
        conn,
        lock_timeout=bool(settings.lock_timeout),
        severities=_severities(settings.rules),
    )


def _severities(rules: Mapping[str, str]) -> dict[str, Severity | None]:
    return {
        rule: None if value == "off" else Severity[value.upper()] for rule, value in rules.items()
    }


def _report(report: LintReport, settings: Settings, reporter: Reporter) -> ExitCode:
    level = Severity[settings.lint_level.upper()]
    reporter.linted(report, level)
    return ExitCode.CHECK_FAILED if report.at_least(level) else ExitCode.DONE
