"""Finds what is risky or unclear in migrations: squawk and our own rules, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import psycopg

from schemamig_tui.engine import Script
from schemamig_tui.lint import silence
from schemamig_tui.lint.finding import LintFinding, LintReport, Severity
from schemamig_tui.lint.rules import data, locks, writing
from schemamig_tui.lint.rules.rule import Asks, Hit, LintRule, StatementCheck
from schemamig_tui.lint.squawk import Squawk
from schemamig_tui.lint.statement import Before, Statement
from schemamig_tui.lint.table_sizes import table_sizes, with_table_state

RULES: Mapping[str, LintRule] = {
    rule.name: rule for rule in (*locks.RULES, *data.RULES, *writing.RULES)
}
"""Our own rules by name."""

_READ = 1024 * 1024


def lint(
    scripts: Sequence[Script],
    conn: psycopg.Connection[Any] | None = None,
    *,
    lock_timeout: bool = False,
    severities: Mapping[str, Severity | None] | None = None,
) -> LintReport:
    """Look at files that are to run in this order.

    ``conn`` is a connection in autocommit mode to the database that they are for; without one
    nothing is raised or cleared. ``lock_timeout``: every statement has one. ``severities`` are
    those that rules are given; None is off. Raises FilesError for a file that has changed, and
    psycopg.OperationalError when the connection is lost.
    """
    version = conn.info.server_version if conn else None
    squawk = Squawk(scripts, version)
    remarks: list[str] = []
    try:
        found = [*_own(scripts, remarks, lock_timeout=lock_timeout or _limited(conn))]
        if conn:
            tables = {finding.table for finding in found if finding.table and _asks(finding)}
            sizes = table_sizes(conn, [*tables])
        else:
            sizes = {}
        asks = {name: rule.asks for name, rule in RULES.items()}
        found = [*with_table_state(found, asks, sizes), *squawk.findings()]
    finally:
        squawk.close()
    by_file: dict[str, list[LintFinding]] = {script.file.name: [] for script in scripts}
    for finding in silence.by_settings(found, severities or {}):
        by_file[finding.file].append(finding)
    result: dict[str, tuple[LintFinding, ...]] = {}
    for script in scripts:
        left = silence.accept(script, by_file[script.file.name], RULES)
        ordered = sorted(left, key=lambda one: (one.line, -one.severity, one.rule))
        result[script.file.name] = tuple(ordered)
        script.release()
    return LintReport(result, (*squawk.remarks, *remarks))


def _own(
    scripts: Sequence[Script], remarks: list[str], *, lock_timeout: bool
) -> Iterator[LintFinding]:
    before = Before()
    for script in scripts:
        statements = _statements(script, remarks)
        before.start_file(statements, lock_timeout=lock_timeout)
        for rule, check_file in _OF_FILES:
            for hit in check_file(script, statements):
                yield _finding(rule, script, None, hit)
        wrapped = script.mode == "transaction"
        for statement, inside in zip(statements, script.in_blocks(), strict=False):
            for rule, check in _rules_for(statement.verb):
                for hit in check(statement, before):
                    yield _finding(rule, script, statement, hit)
            before.follow(statement, in_transaction=wrapped or inside)
        script.release()


_OF_FILES = tuple((rule, rule.check_file) for rule in RULES.values() if rule.check_file)
_OF_STATEMENTS = tuple((rule, rule.check) for rule in RULES.values() if rule.check)


@cache
def _rules_for(verb: bytes) -> tuple[tuple[LintRule, StatementCheck], ...]:
    """The rules for a statement that begins with this word; there are as many words as verbs."""
    return tuple(
        (rule, check) for rule, check in _OF_STATEMENTS if not rule.verbs or verb in rule.verbs
    )


def _statements(script: Script, remarks: list[str]) -> list[Statement]:
    statements: list[Statement] = []
    read = 0
    for i in range(len(script)):
        if read > _READ:
            remarks.append(f"{script.file.name}: our rules have looked at its first MB only")
            break
        statements.append(Statement(script, i))
        read += len(statements[-1].sql)
    return statements


def _finding(rule: LintRule, script: Script, statement: Statement | None, hit: Hit) -> LintFinding:
    return LintFinding(
        rule.name,
        rule.severity,
        script.file.name,
        hit.line or (statement.line if statement else 1),
        hit.message,
        rule.safer,
        statement=statement.number if statement else None,
        table=hit.table,
    )


def _asks(finding: LintFinding) -> bool:
    return RULES[finding.rule].asks is not Asks.NOTHING


def _limited(conn: psycopg.Connection[Any] | None) -> bool:
    """Whether role or database have a lock_timeout of their own."""
    if conn is None:
        return False
    row = conn.execute("SELECT current_setting('lock_timeout')").fetchone()
    return row is not None and row[0] != "0"
