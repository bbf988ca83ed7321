"""The selected migration: its SQL, plan, result, ledger row, and the findings in it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from schemamig_tui.engine import Migration, State
from schemamig_tui.lint.finding import LintFinding, LintReport
from schemamig_tui.lint.page import page_of
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.tui import keys
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.details import FINDINGS, TABS, Details, details
from schemamig_tui.tui.finding_lines import findings_page
from schemamig_tui.tui.lines import Line, body, inline
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.bars import TabStrip
from schemamig_tui.tui.widgets.lines_view import LinesView

_TO_MEND = (State.FAILED, State.UNKNOWN)


class Detail(Vertical):
    """A strip of tabs over the lines of one of them."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("findings")

    class Opened(Message):
        """A migration is shown."""

    class Turned(Message):
        """Another tab is open."""

    def __init__(self) -> None:
        super().__init__(id="detail-pane")
        self._details: Details | None = None
        self._wanted: tuple[Migration, bool] | None = None
        self._strip = TabStrip(TABS)
        self.view = LinesView(id="detail")
        self.tab = TABS[0]
        self.report: LintReport | None = None
        """What was found in all that is to run; None before somebody has wanted to see it."""
        self._finding = ("", 0)

    def compose(self) -> ComposeResult:
        """The strip and the lines."""
        yield self._strip
        yield self.view

    @property
    def migration(self) -> Migration | None:
        """The migration that is shown, as it was when it was read."""
        return self._details.migration if self._details else None

    def open_migration(
        self,
        migration: Migration,
        *,
        dialect: Dialect,
        log: Sequence[Line],
        runs: bool,
        again: bool,
    ) -> None:
        """Read a migration and show it; one that is shown already only with ``again``.

        ``log`` is what its last run has reported, ``runs`` whether that is not over. Posts Opened
        when it is shown.
        """
        if (migration, runs) != self._wanted or again:
            self._wanted = (migration, runs)
            work = partial(details, migration, dialect=dialect, log=log, runs=runs)
            self.run_worker(self._read(work), group="detail", exclusive=True)

    async def _read(self, work: Callable[[], Details]) -> None:
        self.show(await in_thread(work))
        self.post_message(self.Opened())

    def show(self, found: Details) -> None:
        """Show a migration: one that needs mending its result, others the tab that was open.

        Somebody who is reading it goes on to read the same tab.
        """
        before = self._details
        self._details = found
        failed = found.migration.state in _TO_MEND
        is_new = before is None or before.migration.name != found.migration.name
        was_failed = before is not None and before.migration.state in _TO_MEND
        is_read = self.view.has_focus and not is_new
        if failed and (is_new or not was_failed) and not is_read:
            self.tab = "Result"
        elif is_new and was_failed and self.tab == "Result":
            self.tab = "SQL"
        self._strip.names["Result"] = "Error" if found.migration.state is State.FAILED else "Result"
        self.border_title = Content(f"4 {inline(found.migration.name)}")
        self._refresh(keep_place=not is_new)

    def show_message(self, lines: Sequence[Line]) -> None:
        """Show lines where there is no migration."""
        self._details = self._wanted = None
        self.border_title = "4"
        self.view.show(lines, fold=True)

    def open(self, tab: str) -> None:
        """Show a tab."""
        if tab != self.tab:
            self.tab = tab
            self._refresh(keep_place=False)
            self.post_message(self.Turned())

    def show_findings(self, report: LintReport) -> None:
        """Show what was found in all that is to run."""
        self.report = report
        if self.tab == FINDINGS:
            self._refresh(keep_place=True)

    @property
    def finding_number(self) -> int:
        """The number of the finding that is selected, from 0, if there are any."""
        name, number = self._finding
        if self.report is None or self.migration is None or self.migration.name != name:
            return 0
        return max(0, min(number, len(self.report.of(name)) - 1))

    @property
    def finding(self) -> LintFinding | None:
        """The finding that is selected in the open tab."""
        if self.tab != FINDINGS or self.report is None or self.migration is None:
            return None
        found = self.report.of(self.migration.name)
        return found[self.finding_number] if found else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys for a finding to the screen where none is selected."""
        return action != "explain" or self.finding is not None

    def action_explain(self) -> None:
        """Show the page on the rule of the finding that is selected."""
        if self.finding is not None:
            lines: list[Line] = [
                (("plain" if text.startswith(" ") else "strong", text),)
                for text in body(page_of(self.finding))
            ]
            self.app.push_screen(
                TextDialog(inline(self.finding.rule), LinesView(lines, fold=True), wide=True)
            )

    def select_finding(self, file: str, number: int) -> None:
        """Select a finding; one in another file as soon as that is shown."""
        self._finding = (file, number)
        if self.migration and self.migration.name == file:
            self._refresh(keep_place=False)

    def turn(self, by: int) -> None:
        """Show the next tab, or the one before."""
        self.open(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    def on_tab_strip_clicked(self, message: TabStrip.Clicked) -> None:
        """Show the tab that was clicked."""
        message.stop()
        self.open(message.tab)

    def on_lines_view_searching(self, message: LinesView.Searching) -> None:
        """Show how a search stands."""
        message.stop()
        self.border_subtitle = Content(message.text)

    def _refresh(self, *, keep_place: bool) -> None:
        self._strip.active = self.tab
        self._strip.refresh()
        if self._details is None:
            return
        if self.tab == FINDINGS:
            self._show_findings(self._details, keep_place=keep_place)
        else:
            # Where the file cannot be read, the tab for its SQL has sentences.
            fold = self.tab != "SQL" or not self._details.code
            self.view.show(self._details.tabs[self.tab], keep_place=keep_place, fold=fold)

    def _show_findings(self, shown: Details, *, keep_place: bool) -> None:
        number = self.finding_number
        page = findings_page(shown.migration, self.report, shown.code, number)
        self.view.show(page.lines, keep_place=True, fold=True)
        if not keep_place:
            self.view.show_line(page.starts[number] if 0 < number < len(page.starts) else 0)
