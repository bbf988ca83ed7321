"""Bars of one or two rows: where we are connected, the tabs, and how far the run is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from schemamig_tui.text import cells
from schemamig_tui.tui.lines import Line, width
from schemamig_tui.tui.widgets.lines_view import Painted

_GAP = 2


class Bar(Painted):
    """A few rows, with something at their right end where there is room for it."""

    rows: reactive[Sequence[tuple[Line, Line]]] = reactive((), always_update=True)
    """For each row what is on the left, and what is on the right."""

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        columns = self.size.width
        left, right = self.rows[y] if y < len(self.rows) else ((), ())
        room = columns - width(left) - width(right)
        if room < _GAP:
            right, room = (), columns - width(left)
        line = (*left, ("plain", " " * max(0, room)), *right)
        return self.strip(line).crop_extend(0, columns, self.rich_style)


class TabStrip(Bar):
    """The names of tabs in one row, of which one is active."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--active"}

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
            base = None
            if tab == self.active:
                base = self.get_component_rich_style("tabs--active", partial=True)
            strips.append(self.strip((("dim", f" {self.names[tab]} "),), base))
        return Strip.join(strips).crop_extend(0, columns, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Tell which tab was clicked."""
        x = event.get_content_offset_capture(self).x
        for tab in self._tabs:
            x -= cells(self.names[tab]) + 2
            if x < 0:
                self.post_message(self.Clicked(tab))
                return
