"""Findings that somebody has accepted: by a comment at the statement, or a rule in the settings.

``-- schemamig: allow RULE: reason`` counts for the statements on its line, or else for the next
one. There is no way to silence all rules.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemamig_tui.engine import Script
from schemamig_tui.lint.finding import LintFinding, Severity
from schemamig_tui.lint.rules.rule import LintRule
from schemamig_tui.spelling import nearest

BAD_ALLOW = LintRule(
    "bad-allow",
    Severity.ERROR,
    "a comment that allows something does not name a rule, or gives no reason",
    "-- schemamig: allow RULE: reason",
)
UNUSED_ALLOW = LintRule(
    "unused-allow",
    Severity.NOTE,
    "a comment allows something that is not found",
    "remove it, or put it in front of the statement that it is about",
)
RULES = (BAD_ALLOW, UNUSED_ALLOW)
"""The rules on these comments, which no comment and no setting silences."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    line: int
    rule: str
    statements: frozenset[int]


def accept(
    script: Script, findings: Sequence[LintFinding], known: Collection[str]
) -> Iterator[LintFinding]:
    """The findings in one file that nobody has accepted, and what is wrong with its comments.

    ``known`` are the rules that surely exist; squawk may have others.
    """
    name = script.file.name
    allowed: list[_Allowed] = []
    starts = [script.line(i) for i in range(len(script))] if script.allowed else []
    for line, text in script.allowed:
        rule, colon, reason = (part.strip() for part in text.partition(":"))
        if rule and colon and reason:
            allowed.append(_Allowed(line, rule, _meant(script, starts, line)))
        else:
            bad = BAD_ALLOW
            yield LintFinding(bad.name, bad.severity, name, line, bad.what, bad.safer)
    used: set[_Allowed] = set()
    for finding in findings:
        by = [one for one in allowed if one.rule == finding.rule and _covers(one, finding)]
        used.update(by)
        if not by:
            yield finding
    for one in allowed:
        if one not in used:
            what = f"nothing that {one.rule} finds is allowed here"
            if one.rule not in known and (meant := nearest(one.rule, known)):
                what += f"; did you mean {meant}?"
            unused = UNUSED_ALLOW
            yield LintFinding(unused.name, unused.severity, name, one.line, what, unused.safer)


def by_settings(
    findings: Sequence[LintFinding], severities: Mapping[str, Severity | None]
) -> Iterator[LintFinding]:
    """The findings with the severity that the settings give to their rule; None drops them."""
    for finding in findings:
        severity = severities.get(finding.rule, finding.severity)
        if severity is finding.severity:
            yield finding
        elif severity is not None:
            yield finding._replace(severity=severity)


def _covers(allowed: _Allowed, finding: LintFinding) -> bool:
    if finding.statement is None:  # about the file: its first comment is as good a place
        return True
    return finding.statement in allowed.statements


def _meant(script: Script, starts: Sequence[int], line: int) -> frozenset[int]:
    """The statements that a comment in this line is about; ``starts`` are the lines of all."""
    after = bisect_right(starts, line)
    first = after
    while first > 0 and line <= starts[first - 1] + script.sql(first - 1).count(b"\n"):
        first -= 1
    if first == after:
        return frozenset({after} if after < len(starts) else ())
    return frozenset(range(first, after))
