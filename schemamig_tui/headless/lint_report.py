"""Findings in migrations, for people."""

from collections.abc import Iterator

from schemamig_tui.headless.output import Output
from schemamig_tui.lint.finding import LintFinding, LintReport, Severity
from schemamig_tui.text import visible
from schemamig_tui.units import plural

_COLORS = {Severity.NOTE: "bold", Severity.WARNING: "yellow", Severity.ERROR: "red"}


def lint_lines(report: LintReport, out: Output) -> Iterator[str]:
    """The findings by file, each with its way out, and how many there are."""
    for file in report.files:
        if found := report.of(file):
            yield out.paint("bold", visible(file))
            for finding in found:
                yield from _finding(finding, out)
            yield ""
    counts = [
        plural(count, str(severity))
        for severity in reversed(Severity)
        if (count := sum(one.severity is severity for one in report.findings))
    ]
    yield f"{plural(len(report.files), 'file')}: {', '.join(counts) or 'no findings'}"


def _finding(finding: LintFinding, out: Output) -> Iterator[str]:
    severity = out.paint(_COLORS[finding.severity], f"{finding.severity}:")
    verdict = f" ({finding.verdict})" if finding.verdict else ""
    message = visible(f"{finding.message}{verdict} [{finding.rule}]")
    yield f"  line {finding.line}: {severity} {message}"
    if finding.safer and finding.severity > Severity.NOTE:
        yield f"      {visible(finding.safer)}"
