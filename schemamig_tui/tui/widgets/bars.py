"""Bars of one or two rows: the base class, the database, the tabs, and the keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.binding import ActiveBinding, Binding
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip

from schemamig_tui.connect import Identity
from schemamig_tui.text import cells
from schemamig_tui.tui import keys
from schemamig_tui.tui.database import database_line
from schemamig_tui.tui.lines import Line, width
from schemamig_tui.tui.widgets.lines_view import StyledView

_ALWAYS = 2  # The last two keys are help and quit; the help lists the keys that do not fit.


class Bar(StyledView, can_focus=False):
    """A few rows; the right end of each stays visible when its left part is too long."""

    rows: reactive[Sequence[tuple[Line, Line]]] = reactive((), always_update=True)
    """For each row what is on the left, and what is on the right."""

    def fit(self, rows: Sequence[tuple[Line, Line]]) -> None:
        """Show these rows in as many as they are; without any there is no bar."""
        if len(rows) != len(self.rows):
            self.styles.height = len(rows)
            self.styles.display = "block" if rows else "none"
        if rows != self.rows:
            self.rows = rows

    def row(self, y: int) -> tuple[Line, Line]:
        """What is on the left and on the right of a row."""
        return self.rows[y] if y < len(self.rows) else ((), ())

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        columns = self.size.width
        left, right = self.row(y)
        room = max(0, columns - width(right))
        line = self.strip(left)
        if line.cell_length > room - bool(right):
            line = Strip.join([line.crop(0, room - 2), self.strip((("dim", "… "),))])
        line = line.extend_cell_length(room, self.rich_style)
        return Strip.join([line, self.strip(right)]).crop_extend(0, columns, self.rich_style)


class DatabaseBar(Bar, can_focus=False):
    """The database that a dialog is about, as it fits into one row."""

    def __init__(self, database: Identity) -> None:
        super().__init__()
        self._database = database

    def row(self, y: int) -> tuple[Line, Line]:
        """The one row."""
        return database_line(self._database, self.size.width), ()


class TabStrip(Bar, can_focus=False):
    """The names of tabs in one row, of which one is active."""

    active: reactive[str] = reactive("")

    @dataclass
    class Clicked(Message):
        """A tab was clicked."""

        tab: str

    def __init__(self, tabs: Sequence[str]) -> None:
        super().__init__()
        self._tabs = tuple(tabs)
        self.names = {tab: tab for tab in tabs}
        """What each tab is called at the moment."""

    def render_line(self, y: int) -> Strip:
        """The one row."""
        columns = self.size.width
        strips = []
        for tab in self._tabs:
            style = "title" if tab == self.active else "dim"
            strips.append(self.strip(((style, f" {self.names[tab]} "),)))
        turn = f"{keys.key_of('previous-tab')} {keys.key_of('next-tab')}"
        names, turning = Strip.join(strips), self.strip((("key", turn),))
        room = columns - turning.cell_length
        if names.cell_length < room:
            names = Strip.join([names.extend_cell_length(room, self.rich_style), turning])
        return names.crop_extend(0, columns, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Post which tab was clicked."""
        x = event.get_content_offset_capture(self).x
        for tab in self._tabs:
            x -= cells(self.names[tab]) + 2
            if x < 0:
                self.post_message(self.Clicked(tab))
                return


class KeyBar(Bar, can_focus=False):
    """The keys that work now, by the names that they have at the moment.

    Textual's Footer, in 8.2, has a widget per key, and is slow to change.
    """

    def __init__(self, name_of: Callable[[Binding], str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._name_of = name_of

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    def _keys(self) -> list[tuple[str, Line]]:
        """The action of each key, and what is shown of it."""
        actions: dict[str, Line] = {}
        program = {key.id for key in keys.PROGRAM}
        # A key that its user has set comes last in Textual 8.2.
        found = self.screen.active_bindings.values()
        for active in sorted(found, key=lambda active: active.binding.id in program):
            binding = active.binding
            shown = self._works(active) and keys.in_footer(binding, self.screen.classes)
            if shown and binding.action not in actions:
                key = self.app.get_key_display(binding)
                actions[binding.action] = (
                    ("key", f" {key}"),
                    ("plain", f" {self._name_of(binding)} "),
                )
        listed = list(actions.items())
        while len(listed) > _ALWAYS and sum(width(line) for _, line in listed) > self.size.width:
            del listed[-1 - _ALWAYS]
        return listed

    def _works(self, active: ActiveBinding) -> bool:
        """Whether a key works on this screen, or would without the dialog above it.

        Textual 8.2 asks the screen on top whether an action of ``screen`` works, also of another.
        """
        where, _, action = active.binding.action.partition("(")[0].rpartition(".")
        return bool(self.screen.check_action(action, ())) if where == "screen" else active.enabled

    def render_line(self, y: int) -> Strip:
        """The one row."""
        spans = [span for _, line in self._keys() for span in line]
        return self.strip(tuple(spans)).crop_extend(0, self.size.width, self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        """A click on a key presses it."""
        x = event.get_content_offset_capture(self).x
        for action, line in self._keys():
            x -= width(line)
            if x < 0:
                await self.screen.run_action(action)
                return
