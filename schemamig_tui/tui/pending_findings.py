"""Finds what is risky or unclear in what is to run, for the dialogs and the details."""

import contextlib
from dataclasses import replace

from schemamig_tui.connect import Target
from schemamig_tui.engine import Selection, Survey, make_plan
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.errors import ConnectionFailed, SchemamigError
from schemamig_tui.lint.finding import LintReport
from schemamig_tui.settings import Settings
from schemamig_tui.text import one_line

_MOST = 1_000
"""So many files are looked at while somebody waits, which takes a few seconds."""


def pending_findings(
    survey: Survey, selection: Selection, target: Target | None, settings: Settings
) -> LintReport:
    """The findings in what is chosen of a survey to run. Blocks.

    The files are read again, as a run may be reading those of the plan at the same time. Without
    a database nothing is known of the tables.
    """
    from schemamig_tui.findings import findings_in

    if (count := len(selection.of(survey.status))) > _MOST:
        return LintReport({}, (f"{count:,} files take long: --lint looks for findings in them.",))
    unknown: tuple[str, ...] = ()
    try:
        scripts = [file.script for file in make_plan(survey, selection).files]
        if target is not None:
            try:
                with losses_as_errors(), contextlib.closing(target.connect()) as conn:
                    return findings_in(scripts, settings, conn)
            except ConnectionFailed as error:
                unknown = (f"Findings without the database: {one_line(error)}",)
        report = findings_in(scripts, settings)
    except SchemamigError as error:  # such as a file that somebody is changing
        return LintReport({}, (one_line(error),))
    return replace(report, remarks=(*report.remarks, *unknown))
