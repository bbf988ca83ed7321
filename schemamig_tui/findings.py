"""The findings in migrations under the settings of the program, for the UI and the commands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg

from schemamig_tui.engine import Script
from schemamig_tui.lint.finding import LintReport, Severity
from schemamig_tui.lint.lint import lint
from schemamig_tui.lint.rule_names import remarks
from schemamig_tui.settings import Settings


def findings_in(
    scripts: Sequence[Script], settings: Settings, conn: psycopg.Connection[Any] | None = None
) -> LintReport:
    """The findings in files that are to run in this order; ``LintReport.of`` gives those of one.

    ``conn`` is a connection in autocommit mode to the database that they are for. Raises FilesError
    for a file that has changed, and psycopg.OperationalError when the connection is lost.
    """
    severities = {
        rule: None if value == "off" else Severity[value.upper()]
        for rule, value in settings.rules.items()
    }
    limited = bool(settings.lock_timeout)
    report = lint(scripts, conn, lock_timeout=limited, severities=severities)
    if not severities:
        return report
    unused = remarks([*severities], settings.origins["rules"])
    return replace(report, remarks=(*report.remarks, *unused))


def lint_level(settings: Settings) -> Severity:
    """From which severity on a finding counts for the exit code, and for ``--lint-error``."""
    return Severity[settings.lint_level.upper()]
