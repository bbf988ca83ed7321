"""Reports findings in migrations, for people."""

from collections.abc import Iterator, Sequence

from schemamig_tui.headless.output import Output
from schemamig_tui.lint.finding import LintFinding, LintReport, Severity, counted
from schemamig_tui.text import visible
from schemamig_tui.units import plural

_COLORS = {Severity.NOTE: "bold", Severity.WARNING: "yellow", Severity.ERROR: "red"}


def lint_lines(report: LintReport, out: Output) -> Iterator[str]:
    """The findings by file, each with its way out, and how many there are."""
    for file, found in report.by_file.items():
        if found:
            yield out.paint("bold", visible(file))
            for finding in found:
                yield from _finding(finding, out)
            yield ""
    yield f"{plural(len(report.by_file), 'file')}: {counted(report.findings)}"


def planned_lines(findings: Sequence[LintFinding], out: Output) -> Iterator[str]:
    """Those that are more than a note, each in a line below the file that is planned."""
    for finding in findings:
        if finding.severity > Severity.NOTE:
            yield f"      {_line(finding, finding.brief, out)}"


def _finding(finding: LintFinding, out: Output) -> Iterator[str]:
    yield f"  {_line(finding, finding.sentence, out)}"
    if finding.safer and finding.severity > Severity.NOTE:
        yield f"      {visible(finding.safer)}"


def _line(finding: LintFinding, sentence: str, out: Output) -> str:
    severity = out.paint(_COLORS[finding.severity], f"{finding.severity}:")
    return f"{severity} line {finding.line}: {visible(sentence)}"
