"""The selected migration: its SQL, plan, result, and ledger row."""

from collections.abc import Callable, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from schemamig_tui.engine import Migration, State
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.details import TABS, Details, details
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.widgets.bars import TabStrip
from schemamig_tui.tui.widgets.lines_view import LinesView

_TO_MEND = (State.FAILED, State.UNKNOWN)


class Detail(Vertical):
    """A strip of tabs over the lines of one of them."""

    class Opened(Message):
        """A migration is shown."""

    def __init__(self) -> None:
        super().__init__(id="detail-pane")
        self._details: Details | None = None
        self._wanted: tuple[Migration, bool] | None = None
        self._strip = TabStrip(TABS)
        self.view = LinesView(id="detail")
        self.tab = TABS[0]

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
        standard_strings: bool,
        log: Sequence[Line],
        runs: bool,
        again: bool,
    ) -> None:
        """Read a migration and show it; one that is shown as it is, only where that is ``again``.

        ``log`` is what its last run has reported, ``runs`` whether that is not over. Posts Opened
        when it is shown.
        """
        if (migration, runs) != self._wanted or again:
            self._wanted = (migration, runs)
            work = partial(
                details, migration, standard_strings=standard_strings, log=log, runs=runs
            )
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
        if self._details:
            fold = self.tab != "SQL"
            self.view.show(self._details.tabs[self.tab], keep_place=keep_place, fold=fold)
