"""``--lint``: shows what is risky or unclear in migrations that are to run."""

from schemamig_tui.engine import Selection, make_plan, parse, scan
from schemamig_tui.errors import ExitCode, FilesError, LintRefusal
from schemamig_tui.findings import findings_in, lint_level
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.lint.finding import LintReport
from schemamig_tui.settings import Settings
from schemamig_tui.survey import looking


def lint_pending(settings: Settings, reporter: Reporter, stop: Stop, *, to: str | None) -> ExitCode:
    """Look at everything pending, up to ``to``, with what the database says of it."""
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        looking(target, settings, on_wait) as (conn, survey),
    ):
        plan = make_plan(survey, Selection(to))
        # Whether the role could apply them does not matter here.
        refused = [refusal for refusal in plan.refusals if isinstance(refusal, FilesError)]
        for refusal in refused:
            reporter.error(refusal)
        report = findings_in([file.script for file in plan.files], settings, conn)
    code = _report(report, settings, reporter)
    return refused[0].exit_code if refused else code


def lint_new(settings: Settings, reporter: Reporter, ref: str) -> ExitCode:
    """Look at the files that the branch ``ref`` does not have. It needs no database."""
    from schemamig_tui.authoring.against import compare_with

    new = compare_with(settings.directory, ref).new
    scripts = [parse(file) for file in scan(settings.directory) if file.name in new]
    return _report(findings_in(scripts, settings), settings, reporter)


def refuse_findings(
    report: LintReport, settings: Settings, reporter: Reporter | None = None
) -> None:
    """Raise LintRefusal where findings count as much as ``--lint-level`` says.

    They are reported first where there is a ``reporter``.
    """
    level = lint_level(settings)
    if failing := report.at_least(level):
        if reporter:
            reporter.linted(report, level)
        found = "finding is" if failing == 1 else "findings are"
        raise LintRefusal(
            f"nothing is run, as {failing:,} {found} at the level {settings.lint_level} or above",
            hint="mend what --lint shows, or accept it: -- schemamig: allow RULE: reason",
        )


def _report(report: LintReport, settings: Settings, reporter: Reporter) -> ExitCode:
    level = lint_level(settings)
    reporter.linted(report, level)
    return ExitCode.CHECK_FAILED if report.at_least(level) else ExitCode.DONE
