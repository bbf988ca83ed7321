"""Looks for findings while the tab for them is open, and goes through them."""

from dataclasses import replace
from functools import partial

from schemamig_tui.engine import Selection, Status, Survey
from schemamig_tui.lint.finding import LintReport
from schemamig_tui.settings import Settings
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.details import FINDINGS
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.pending_findings import pending_findings
from schemamig_tui.tui.screens.main import MainScreen


class Linting:
    """Keeps the findings of the tab up to date while it is open, and goes through them."""

    def __init__(
        self, app: BaseApp, main: MainScreen, looking: Looking, settings: Settings
    ) -> None:
        self._app, self._main = app, main
        self._looking, self._settings = looking, settings
        self._status: Status | None = None
        self._remarked: set[str] = set()

    def look(self) -> None:
        """Look again if the tab is open and something else is to run than the last time."""
        status, latest = self._main.status, self._looking.latest
        if self._main.detail.tab == FINDINGS and status is not self._status and latest:
            self._status = status
            self._app.work("lint", self._lint, replace(latest, status=status))
        self._app.refresh_bindings()  # those of the tab work in it alone

    async def _lint(self, survey: Survey) -> None:
        target, settings = self._looking.target, self._settings
        report = await in_thread(partial(pending_findings, survey, Selection(), target, settings))
        self.remark(report)
        self._main.detail.show_findings(report)
        self._app.refresh_bindings()

    def remark(self, report: LintReport) -> None:
        """Log once what could not be looked at."""
        remarks = [remark for remark in report.remarks if remark not in self._remarked]
        self._remarked.update(remarks)
        self._main.log_view.add([(("warn", inline(remark)),) for remark in remarks])

    def go(self, by: int) -> None:
        """Open the tab; where it is open go to the next finding, or with -1 to the one before.

        They are in the order of the files; behind the last one comes the first.
        """
        detail = self._main.detail
        was_open = detail.tab == FINDINGS
        detail.open(FINDINGS)
        self._main.action_pane("detail")
        report = detail.report
        if report is None or detail.migration is None:
            return
        order = {name: number for number, name in enumerate(report.by_file)}
        places = [(order[name], at) for name in order for at in range(len(report.of(name)))]
        if not places:
            self._app.toast("No findings in what is to run")
            return
        name = detail.migration.name
        here = (order.get(name, -1), detail.finding_number if report.of(name) else -1)
        if not was_open and here in places:
            return
        found = [one for one in places if (one > here if by > 0 else one < here)] or places
        file, at = found[0 if by > 0 else -1]
        self._main.select([*order][file], focus=False)
        detail.select_finding([*order][file], at)
