"""A pane of migrations: ten thousand of them cost no more than the visible ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from schemamig_tui.engine import Migration, State
from schemamig_tui.text import cells
from schemamig_tui.tui import keys
from schemamig_tui.tui.lines import Line, inline, shortened
from schemamig_tui.tui.widgets.lines_view import StyledView

_MARKS = {
    State.APPLIED: ("good", "✓"),
    State.FAILED: ("bad", "✗"),
    State.UNKNOWN: ("warn", "?"),
    State.PENDING: ("warn", "•"),
}


class MigrationList(StyledView, can_focus=True):
    """The migrations of one state, with a cursor on one of them."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("list")

    @dataclass
    class Moved(Message):
        """The cursor is on another migration, or the pane has got the focus."""

        pane: "MigrationList"

        @property
        def control(self) -> "MigrationList":
            """The pane, for ``on``."""
            return self.pane

    def __init__(self, state: State, number: int) -> None:
        super().__init__(id=state.value)
        self.state = state
        self._title = f"{number} {state.value.title()}"
        self.border_title = self._title
        self._rows: Sequence[Migration] = ()
        self._cursor = 0
        self._run_on: str | None = None
        self._empty: tuple[Line, ...] = ()

    # -- what is shown

    @property
    def selected(self) -> Migration | None:
        """The migration under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    def fill(self, rows: Sequence[Migration], total: int, empty: tuple[Line, ...] = ()) -> None:
        """Show ``rows`` out of ``total``, or ``empty``; the cursor stays on its migration."""
        name = self.selected.name if self.selected else None
        # What was applied last is at the end, and is what one wants to see.
        follows = self.state is State.APPLIED and not self.has_focus
        at_end = self._cursor >= len(self._rows) - 1
        height = self.scrollable_content_region.height
        shows_end = self.scroll_offset.y + height >= len(self._rows)
        self._rows, self._empty = rows, empty
        if follows and at_end:
            self._cursor = max(0, len(rows) - 1)
        elif not (self._cursor < len(rows) and rows[self._cursor].name == name):
            # A row that went leaves the cursor on the one that took its place.
            places = {row.name: place for place, row in enumerate(rows)} if name else {}
            self._cursor = places.get(name or "", min(self._cursor, max(0, len(rows) - 1)))
        count = f"{total:,}" if len(rows) == total else f"{len(rows):,} of {total:,}"
        self.border_title = f"{self._title} {count}"
        self.set_class(not rows, "-empty")
        self.virtual_size = Size(0, len(rows))
        if self.state is State.APPLIED and shows_end:
            # It goes on to show the end as long as the cursor stays visible.
            end = min(self._cursor, len(rows) - height)
            self.scroll_to(y=end, animate=False, force=True, immediate=True)
        self._follow()
        self.refresh()

    def mark_running(self, name: str | None) -> None:
        """Mark the migration that is being run."""
        if name != self._run_on:
            self._run_on = name
            self.refresh()

    def select(self, name: str) -> bool:
        """Put the cursor on a migration; returns whether it is here."""
        for place, row in enumerate(self._rows):
            if row.name == name:
                self._go(place)
                return True
        return False

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        columns = self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if not self._rows and y < len(self._empty):
            return self.strip(self._empty[y]).crop_extend(0, columns, self.rich_style)
        if place >= len(self._rows):
            return Strip.blank(columns, self.rich_style)
        line = self._line(self._rows[place], columns)
        if place != self._cursor:
            return self.strip(line).crop_extend(0, columns, self.rich_style)
        on = "cursor" if self.has_focus else "cursor-blurred"
        return self.strip(line, on).crop_extend(0, columns, self.style_of("plain", on))

    def _line(self, row: Migration, columns: int) -> Line:
        style, mark = ("accent", "▶") if row.name == self._run_on else _MARKS[row.state]
        name = inline(row.name)
        remark = _remark(row)
        room = columns - 2 - (len(remark) + 1 if remark else 0)
        if cells(name) > room:
            name = shortened(name, room)
        gap = " " * (columns - 2 - cells(name) - len(remark))
        return ((style, f"{mark} "), ("plain", f"{name}{gap}"), ("warn", remark))

    # -- the cursor

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by so many pages."""
        self._go(self._cursor + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._go(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._go(len(self._rows) - 1)

    def _go(self, place: int) -> None:
        place = max(0, min(place, len(self._rows) - 1))
        if place != self._cursor:
            self._cursor = place
            self._follow()
            self.refresh()
        self.post_message(self.Moved(self))

    def _follow(self) -> None:
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)

    def on_focus(self) -> None:
        """What has the focus is what the detail shows."""
        self.post_message(self.Moved(self))

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self._follow()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Select the row under the mouse, before the pane grows because it gets the focus."""
        place = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if place < len(self._rows):
            self._go(place)


def _remark(row: Migration) -> str:
    if row.missing:
        return "missing"
    if row.changed:
        return "changed"
    if row.unwritten:
        return "unwritten"
    return "was empty" if row.written_since else ""
