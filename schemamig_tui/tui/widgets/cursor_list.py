"""A list with a cursor on one of its items: the keys, the mouse, and where it scrolls to."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from schemamig_tui.tui import keys
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.widgets.lines_view import StyledView


class CursorList(StyledView, can_focus=True):
    """Items from 0 on, each in rows of its own; subclasses fill the rows."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("list")

    @dataclass
    class Moved(Message):
        """The cursor is on another item, or the list has got the focus."""

        pane: "CursorList"

        @property
        def control(self) -> "CursorList":
            """The list, for ``on``."""
            return self.pane

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor = 0

    @property
    @abstractmethod
    def count(self) -> int:
        """How many items there are."""

    def rows_of(self, item: int) -> range:
        """The rows of an item, which have to be seen together."""
        return range(item, item + 1)

    def item_at(self, row: int) -> int | None:
        """The item that a row belongs to; None for a row of none."""
        return row if row < self.count else None

    @abstractmethod
    def line_at(self, row: int, columns: int) -> Line:
        """What is in a row; nothing behind the last one."""

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        columns = self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        line = self.line_at(row, columns)
        if self.item_at(row) != self._cursor:
            return self.strip(line).crop_extend(0, columns, self.rich_style)
        on = "cursor" if self.has_focus else "cursor-blurred"
        return self.strip(line, on).crop_extend(0, columns, self.style_of("plain", on))

    # -- the cursor

    def action_move(self, by: int) -> None:
        """Move the cursor by so many items."""
        self.go(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page, of which one row stays in sight."""
        tall = max(1, len(self.rows_of(self._cursor)))
        self.go(self._cursor + by * max(1, math.ceil((self.size.height - 1) / tall)))

    def action_first(self) -> None:
        """Move the cursor to the first item."""
        self.go(0)

    def action_last(self) -> None:
        """Move the cursor to the last item."""
        self.go(self.count - 1)

    def go(self, item: int) -> None:
        """Move the cursor to an item, or to the nearest one that there is."""
        item = max(0, min(item, self.count - 1))
        if item != self._cursor:
            self._cursor = item
            self.refresh()
        self.show_cursor()
        self.post_message(self.Moved(self))

    def show_cursor(self) -> None:
        """Scroll to where the cursor is."""
        if rows := self.rows_of(self._cursor):
            region = Region(0, rows.start, 1, len(rows))
            self.scroll_to_region(region, animate=False, force=True)

    def on_focus(self) -> None:
        """Post the item under the cursor, so that the detail shows it."""
        self.post_message(self.Moved(self))

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self.show_cursor()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Select the item under the mouse, before the list grows because it gets the focus."""
        item = self.item_at(self.scroll_offset.y + event.get_content_offset_capture(self).y)
        if item is not None:
            self.go(item)
