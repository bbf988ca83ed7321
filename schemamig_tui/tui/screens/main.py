"""The main screen: three panes of migrations, the selected one, the log."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from schemamig_tui.engine import Migration, MigrationFile, State, Status
from schemamig_tui.tui import keys
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.screens.opened_once import OpenedOnce
from schemamig_tui.tui.widgets.bars import KeyBar
from schemamig_tui.tui.widgets.detail import Detail
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.migration_list import MigrationList
from schemamig_tui.tui.widgets.run_log import RunLog
from schemamig_tui.tui.widgets.run_panel import RunPanel
from schemamig_tui.tui.widgets.status_bars import TopBar

_ZOOMS = ("-zoom-lists", "-zoom-detail", "-zoom-log")
"""The classes of the screen while one part of it has all the room."""


class Filter(Input):
    """The input for the filter."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("filter")


class MainScreen(OpenedOnce, Screen[None]):
    """Arranges the panes, and knows which migration is selected."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("main")
    AUTO_FOCUS = "#pending"

    class Selected(Message):
        """A migration is selected, or stands otherwise than before."""

    def __init__(self, directory: str, warnings: Sequence[str] = ()) -> None:
        # It begins with a page: to become one would style all of it once more.
        super().__init__(classes="-page")
        self.top = TopBar(id="top")
        self.filter = Filter(placeholder="Filter by name", id="filter", compact=True)
        self.detail = Detail()
        self.run_panel = RunPanel()
        self.log_view = RunLog()
        self._directory = directory
        self._warnings = warnings
        self._status = Status(())
        self._selected: str | None = None
        self._followed: str | None = None  # what is run, as long as the cursor goes with it
        self.refused: frozenset[MigrationFile] = frozenset()
        """The files that cannot be run as they are."""
        self.running: str | None = None
        """The name of the migration that is being run."""
        states = (State.PENDING, State.FAILED, State.APPLIED)
        self._lists = [MigrationList(state, number) for number, state in enumerate(states, 1)]
        self._go_to(State.PENDING)

    def compose(self) -> ComposeResult:
        """The bars on top and below, the panes between them."""
        yield self.top
        with Horizontal(id="panes"):
            with Vertical(id="lists"):
                yield self.filter
                yield from self._lists
            yield self.detail
        yield self.run_panel
        yield self.log_view
        yield KeyBar(self.run_panel.key_name, id="keys")

    def on_mount(self) -> None:
        """Log what the settings have that was not used."""
        self.log_view.add_survey(None, self._warnings)

    @property
    def status(self) -> Status:
        """What is shown of the migrations."""
        return self._status

    @property
    def selected(self) -> Migration | None:
        """The migration that the detail is to show, as it stands now.

        In a list that is the one under the cursor, also when a key comes right behind another one.
        """
        pane = self.focused
        if isinstance(pane, MigrationList) and pane.selected:
            return self._migration(pane.selected.name)
        return self._migration(self._selected)

    def hidden(self, names: Sequence[str]) -> list[str]:
        """Those of ``names`` that the filter keeps out of the list of what is pending."""
        words = self.filter.value.lower().split()
        pending = {row.name for row in self._status.pending}
        return [
            name
            for name in names
            if name in pending and not all(word in name.lower() for word in words)
        ]

    def _migration(self, name: str | None) -> Migration | None:
        return self._status.by_name.get(name) if name is not None else None

    # -- what is shown

    def show_page(self, lines: Sequence[Line]) -> None:
        """Show lines in the place of a migration: why there is none to be shown.

        On a narrow screen they have the room of the lists, until ``leave_page``.
        """
        self.detail.show_message(lines)
        self._set_class("-page", on=True, where="-narrow")
        if self.has_class("-narrow"):
            self.set_focus(self.detail.view)

    def leave_page(self) -> None:
        """There is more to be shown than a page."""
        if self.has_class("-page"):
            self._set_class("-page", on=False, where="-narrow")
            if self.has_class("-narrow"):
                self.action_pane(self._pane.value)

    def fill(self, status: Status, *, running: str | None = None) -> None:
        """Show the status. The focus stays in its pane.

        Where that is a list the selected migration is the one under its cursor; elsewhere it stays
        the same, even if it moves to another pane. What has failed is shown whatever the filter.
        """
        before = self._migration(self._selected)
        self._status = status
        self.mark_refused(self.refused)
        for pane in self._lists:
            rows: Sequence[Migration] = getattr(status, pane.state.value)
            if pane.state is State.FAILED:  # what is in doubt needs somebody, too
                rows = (*status.unknown, *rows)
            total = len(rows)
            if pane.state is not State.FAILED:
                rows = self._filtered_rows(rows)
            pane.fill(rows, total, self._empty(pane.state, filtered=len(rows) < total))
        self.mark_running(running)
        now = self._migration(self._selected)
        if before and (now is None or (now.name == before.name and now.state is not before.state)):
            self._select_again(now)
        self.post_message(self.Selected())

    def _filtered_rows(self, rows: Sequence[Migration]) -> Sequence[Migration]:
        words = self.filter.value.lower().split()
        if not words:
            return rows
        return [row for row in rows if all(word in row.name.lower() for word in words)]

    def _select_again(self, now: Migration | None) -> None:
        """Select something when what was selected has left its pane, for another or for good."""
        pane = self.focused
        if isinstance(pane, MigrationList) and pane.selected:
            self._go_to(pane.state)
            self._selected = pane.selected.name
        elif now is not None:
            self.select(now.name, focus=False)
        else:
            self.select_first(focus=False)

    def _empty(self, state: State, *, filtered: bool) -> tuple[Line, ...]:
        if filtered:
            return ((("dim", f"No match; {keys.key_of('back')} shows all"),),)
        if state is State.FAILED:
            return ((("dim", "None"),),)
        if state is State.APPLIED:
            return ((("dim", "None yet"),),)
        if not self._status.migrations:
            return ((("dim", "No .sql file in"),), (("plain", inline(self._directory)),))
        if self._status.failed or self._status.unknown:
            return ((("dim", "None"),),)
        return ((("good", "✓ Everything is applied"),),)

    def mark_refused(self, files: Collection[MigrationFile]) -> None:
        """Mark files that cannot be run; one that has changed since is not among them any more."""
        still = {one.name: one.file for one in self._status.to_run()} if files else {}
        self.refused = frozenset(file for file in files if file == still.get(file.name))
        for pane in self._lists:
            pane.mark_refused(self.refused)

    def mark_running(self, name: str | None) -> None:
        """Mark the migration that is being run, and select it if the cursor follows the run.

        None: no one is run.
        """
        if name != self.running:
            self.running = name
            self.post_message(self.Selected())
        for pane in self._lists:
            pane.mark_running(name)
        if name and self._followed is not None and name != self._followed:
            reads = not isinstance(self.focused, MigrationList)
            self._followed = None if reads else name
            if not reads:
                self.select(name)

    def mark_rehearsed(self, marks: Mapping[str, tuple[MigrationFile, bool]]) -> None:
        """Mark what was rehearsed, and whether it went well, as long as the file stays the same."""
        for pane in self._lists:
            pane.mark_rehearsed(marks)

    def show_run(self, *, on: bool) -> None:
        """Show the panel of a run, or hide it again."""
        self.run_panel.display = on
        self._set_class("-running", on=on, where="-low")

    def follow_run(self) -> None:
        """Let cursor and log go with the run from now on, until their user moves them or reads."""
        self._followed = ""
        self.log_view.follow()

    def stop_following(self, name: str) -> None:
        """Select a migration if the cursor still goes with the run, and leave it there."""
        if self._followed is not None:
            self.select(name)
        self._followed = None

    def select(self, name: str, *, focus: bool = True) -> None:
        """Put the cursor on a migration, and the focus on its pane if it is on a list now."""
        for pane in self._lists:
            if pane.select(name):
                self._go_to(pane.state)
                self._selected = name
                if focus and (self.focused is None or isinstance(self.focused, MigrationList)):
                    self.set_focus(pane)
                return

    def select_first(self, *, focus: bool = True) -> None:
        """Select what is to be done first: what has failed, what is pending."""
        status = self._status
        for migrations in (status.unknown, status.failed, status.pending, status.applied[-1:]):
            if migrations:
                self.select(migrations[0].name, focus=focus)
                return

    def _go_to(self, state: State) -> None:
        """One of the lists is the one to work in: where there are few rows it gets them all."""
        self._pane = state
        for pane in self._lists:
            pane.set_class(pane.state is state, "-open", update=self.has_class("-low"))

    def _list(self, state: State) -> MigrationList:
        return next(pane for pane in self._lists if pane.state is state)

    # -- the selection

    @on(MigrationList.Moved)
    def _moved(self, message: MigrationList.Moved) -> None:
        message.stop()
        pane = message.pane
        if not isinstance(pane, MigrationList):
            return
        if pane.selected or pane.has_focus:
            self._go_to(pane.state)
        if pane.selected:
            self._selected = pane.selected.name
            if self._followed and self.focused is pane and self._selected != self._followed:
                self._followed = None
            self.post_message(self.Selected())

    # -- the keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys work now; the others are not in the footer."""
        if action == "filter":
            return bool(self._status.migrations) and not self.filter.has_focus
        if action == "odd":
            return self._status.has_issues
        if action == "preview":
            is_used = self.detail.tab == "SQL" or self.detail.finding is not None
            return self.selected is not None and not (is_used and self.detail.view.has_focus)
        return True

    def action_preview(self) -> None:
        """Read the SQL, or first why it has failed where that is not beside the list already."""
        hides_failure = not self.detail.display and self.selected in self._status.failed
        self.detail.open("Result" if hides_failure else "SQL")
        self.action_pane("detail")

    def action_read(self, by: int) -> None:
        """Scroll what is shown of the selected migration, a third of a page down or with -1 up."""
        view = self.detail.view
        view.scroll_relative(y=by * max(1, view.size.height // 3), animate=False)

    def action_tab(self, by: int) -> None:
        """Turn to another tab."""
        self.detail.turn(by)

    def action_pane(self, name: str) -> None:
        """Focus a pane, which is made visible first."""
        pane = self.query_one(f"#{name}")
        self._make_visible(pane)
        self.set_focus(pane)  # at once: the next key is for this pane

    def _make_visible(self, pane: Widget) -> None:
        """Where there is room for one part only, give it to that with ``pane``."""
        if self._is_zoomed:
            self._zoom(_zoom_of(pane))
        if isinstance(pane, MigrationList):
            self._go_to(pane.state)
        if not isinstance(pane, RunLog):  # which has room of its own on a narrow screen
            self._set_class("-reading", on=isinstance(pane, LinesView), where="-narrow")

    def on_descendant_focus(self) -> None:
        """What has the focus is what stays visible when the terminal becomes narrow."""
        if self.focused is not None:
            self._make_visible(self.focused)

    def _set_class(self, name: str, *, on: bool, where: str) -> None:
        """Set a class that changes the look of a screen with the class ``where``, and no other."""
        self.set_class(on, name, update=self.has_class(where))

    @property
    def _is_zoomed(self) -> bool:
        return any(self.has_class(zoom) for zoom in _ZOOMS)

    def _zoom(self, wanted: str | None = None) -> None:
        """Give one of the parts all the room, or to each its own."""
        self.update_classes({zoom: zoom == wanted for zoom in _ZOOMS})

    def action_odd(self, by: int) -> None:
        """Select the next migration that is failed, changed or missing, or with -1 the one before.

        Behind the last one comes the first.
        """
        odd = [(number, place) for number, pane in enumerate(self._lists) for place in pane.odd]
        if not odd:
            self.notify("The filter hides what is changed or missing", markup=False)
            return
        at = self._lists.index(self._list(self._pane))
        here = (at, self._lists[at].place)
        found = [one for one in odd if (one > here if by > 0 else one < here)] or odd
        number, place = found[0 if by > 0 else -1]
        self.action_pane(self._lists[number].state.value)
        self._lists[number].go(place)

    def action_sort(self) -> None:
        """Sort what is applied by something else; the cursor stays on its migration."""
        pane = self._list(State.APPLIED)
        pane.order = pane.order.next
        self.fill(self._status)
        pane.show_cursor()

    def action_filter(self) -> None:
        """Type a filter."""
        self.filter.display = True
        self._make_visible(self.filter)
        self.set_focus(self.filter)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.fill(self._status)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        pane = self._list(self._pane)
        if not pane.selected:
            pane = next((other for other in self._lists if other.selected), pane)
        self.set_focus(pane)
        if not self.filter.value:
            self.filter.display = False

    def action_zoom(self) -> None:
        """Give the pane with the focus all the room, or back."""
        if self._is_zoomed:
            self._zoom()
        elif self.focused is not None:
            self._zoom(_zoom_of(self.focused))

    def action_back(self) -> None:
        """Leave what was entered last: the filter, the zoom, the detail."""
        if self.filter.has_focus or (self.filter.value and isinstance(self.focused, MigrationList)):
            self.filter.value = ""
            self.filter.display = False
            self.action_pane(self._pane.value)
        elif self._is_zoomed:
            self._zoom()
        else:
            self.action_pane(self._pane.value)


def _zoom_of(pane: Widget) -> str:
    """The class that gives all the room to the part of the screen with ``pane``."""
    if isinstance(pane, RunLog):
        return "-zoom-log"
    return "-zoom-detail" if isinstance(pane, LinesView) else "-zoom-lists"
