"""A list of sessions of the server, under titles, with a cursor on one of them."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from schemamig_tui.engine import wording
from schemamig_tui.engine.activity import Activity
from schemamig_tui.tui import keys
from schemamig_tui.tui.lines import Line, folded, inline
from schemamig_tui.tui.widgets.lines_view import StyledView

Group = tuple[str, Sequence[Activity]]
"""A title, and the sessions below it."""


class SessionList(StyledView, can_focus=True):
    """Who each session is, how it is, and its query."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("list")

    def __init__(self) -> None:
        super().__init__()
        self._groups: Sequence[Group] = ()
        self._empty: Line = ()
        self._rows: list[tuple[Line, int | None]] = []
        self._cursor = 0

    @property
    def _sessions(self) -> list[Activity]:
        return [session for _, sessions in self._groups for session in sessions]

    @property
    def selected(self) -> Activity | None:
        """The session under the cursor."""
        sessions = self._sessions
        return sessions[self._cursor] if sessions else None

    def fill(self, groups: Sequence[Group], empty: Line) -> None:
        """Show ``groups``, or ``empty`` where there is none; the cursor stays on its session."""
        before = self.selected
        self._groups, self._empty = groups, empty
        sessions = self._sessions
        places = [place for place, one in enumerate(sessions) if before and _same(one, before)]
        self._cursor = places[0] if places else max(0, min(self._cursor, len(sessions) - 1))
        self._arrange()

    def _arrange(self) -> None:
        columns = self.scrollable_content_region.width
        self._rows = []
        number = 0
        for title, sessions in self._groups:
            if self._rows:
                self._rows.append(((), None))
            self._rows.append((((("strong", title),)), None))
            for session in sessions:
                rows = [row for line in _lines(session) for row in folded(line, columns)]
                self._rows += [(row, number) for row in rows]
                number += 1
        if not self._rows:
            self._rows = [(row, None) for row in folded(self._empty, columns)]
        self.virtual_size = Size(0, len(self._rows))
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        columns = self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if place >= len(self._rows):
            return Strip.blank(columns, self.rich_style)
        line, number = self._rows[place]
        if number is None or number != self._cursor:
            return self.strip(line).crop_extend(0, columns, self.rich_style)
        return self.strip(line, "cursor").crop_extend(0, columns, self.style_of("plain", "cursor"))

    # -- the cursor

    def action_move(self, by: int) -> None:
        """Move the cursor by so many sessions."""
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor to where a page further is."""
        tall = max(1, len(self._rows) // max(1, len(self._sessions)))
        self._go(self._cursor + by * max(1, self.size.height // tall))

    def action_first(self) -> None:
        """Move the cursor to the first session."""
        self._go(0)

    def action_last(self) -> None:
        """Move the cursor to the last session."""
        self._go(len(self._sessions) - 1)

    def _go(self, number: int) -> None:
        self._cursor = max(0, min(number, len(self._sessions) - 1))
        rows = [row for row, (_, owner) in enumerate(self._rows) if owner == self._cursor]
        if rows:
            # With the first session its title is to be visible, too.
            top = rows[0] if self._cursor else 0
            region = Region(0, top, 1, rows[-1] - top + 1)
            self.scroll_to_region(region, animate=False, force=True)
        self.refresh()

    def on_resize(self) -> None:
        """Fold again."""
        self._arrange()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Select the session under the mouse."""
        place = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if place < len(self._rows) and (number := self._rows[place][1]) is not None:
            self._go(number)


def _same(one: Activity, other: Activity) -> bool:
    return (one.pid, one.started, one.application) == (other.pid, other.started, other.application)


def _lines(session: Activity) -> list[Line]:
    who: Line = (("plain", f"  {inline(wording.session(session))}"),)
    if not session.query:
        return [who]
    return [who, (("dim", f"    {inline(wording.query_head(session.query))}"),)]
