"""Findings in migrations as lines: below a file of a plan, and in the tab of their own."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemamig_tui.engine import Migration, State
from schemamig_tui.lint.finding import LintFinding, LintReport, Severity, counted
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import Line, indented, inline

_MOST_SHOWN = 500
_MARKS = {
    Severity.ERROR: ("bad", "✗"),
    Severity.WARNING: ("warn", "!"),
    Severity.NOTE: ("dim", "·"),
}


class FindingsPage(NamedTuple):
    """The lines of the tab, and for each finding the number of its first line."""

    lines: Sequence[Line]
    starts: Sequence[int]


def planned_findings(findings: Sequence[LintFinding]) -> Iterator[Line]:
    """Those that are more than a note, each in a line below the file that is planned."""
    for one in findings:
        if one.severity > Severity.NOTE:
            style, mark = _MARKS[one.severity]
            yield ((style, f"{mark} line {one.line}: {inline(one.brief)}"),)


def findings_page(
    migration: Migration, report: LintReport | None, code: Sequence[Line], selected: int
) -> FindingsPage:
    """The tab of a migration whose file has the lines ``code``; ``report`` is None before it is
    known.
    """
    if migration.state not in (State.PENDING, State.FAILED) and not migration.written_since:
        return _hint("Only what is to be run is looked at.")
    if report is None:
        return _hint("Looking for what is risky or unclear ...")
    if migration.name not in report.by_file:
        return _hint(*(report.remarks or ("It cannot be run as it is: the tab Plan says why.",)))
    findings = report.of(migration.name)
    if not findings:
        return FindingsPage([(("good", "✓ "), ("plain", "No findings"))], ())
    lines: list[Line] = [_title(findings)]
    starts = []
    for number, one in enumerate(findings[:_MOST_SHOWN]):
        lines.append(())
        starts.append(len(lines))
        lines += _finding(one, code, is_selected=number == selected)
    if more := len(findings) - _MOST_SHOWN:
        lines += [(), (("dim", f"... and {more:,} more, which --lint shows"),)] if more > 0 else []
    return FindingsPage(lines, starts)


def _title(findings: Sequence[LintFinding]) -> Line:
    turn = f"{key_of('next-finding')} {key_of('previous-finding')}"
    return (
        ("strong", counted(findings)),
        ("key", f"   {turn}"),
        ("dim", " next, previous"),
        ("key", f"   {key_of('explain')}"),
        ("dim", " explains"),
    )


def _finding(one: LintFinding, code: Sequence[Line], *, is_selected: bool) -> Iterator[Line]:
    style, mark = _MARKS[one.severity]
    cursor = ("accent", "▶ ") if is_selected else ("plain", "  ")
    title = ("strong" if is_selected else "plain", inline(one.rule))
    yield (cursor, (style, f"{mark} {one.severity}"), ("dim", f"  line {one.line}  "), title)
    if one.line <= len(code):
        yield (("plain", "    "), ("number", f"{one.line} "), *code[one.line - 1])
    yield from indented("plain", "   ", one.message)
    if one.table_state:
        yield from indented("plain", "    database:", one.table_state)
    if one.safer:
        yield from indented("plain", "    safer:", one.safer)


def _hint(*sentences: str) -> FindingsPage:
    return FindingsPage([(("dim", inline(sentence)),) for sentence in sentences], ())
