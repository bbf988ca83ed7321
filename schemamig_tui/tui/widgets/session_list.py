"""A list of sessions of the server, under titles, with a cursor on one of them."""

from collections.abc import Sequence

from textual.geometry import Size

from schemamig_tui.engine import wording
from schemamig_tui.engine.activity import Activity
from schemamig_tui.tui.lines import Line, folded, inline
from schemamig_tui.tui.widgets.cursor_list import CursorList

Group = tuple[str, Sequence[Activity]]
"""A title, and the sessions below it."""


class SessionList(CursorList):
    """Who each session is, how it is, and its query."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: Sequence[Group] = ()
        self._empty: Line = ()
        self._rows: list[tuple[Line, int | None]] = []

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
            self._rows += [(row, None) for row in folded((("strong", title),), columns)]
            for session in sessions:
                rows = [row for line in _lines(session) for row in folded(line, columns)]
                self._rows += [(row, number) for row in rows]
                number += 1
        if not self._rows:
            self._rows = [(row, None) for row in folded(self._empty, columns)]
        self.virtual_size = Size(0, len(self._rows))
        self.refresh(layout=True)

    @property
    def count(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    def rows_of(self, item: int) -> range:
        """The rows of a session; with the first one its title is to be visible, too."""
        rows = [row for row, (_, owner) in enumerate(self._rows) if owner == item]
        return range(rows[0] if item else 0, rows[-1] + 1) if rows else range(0)

    def item_at(self, row: int) -> int | None:
        """The session that a row belongs to."""
        return self._rows[row][1] if row < len(self._rows) else None

    def line_at(self, row: int, columns: int) -> Line:
        """A title, or a line of a session."""
        return self._rows[row][0] if row < len(self._rows) else ()

    def on_resize(self) -> None:
        """Fold again."""
        self._arrange()


def _same(one: Activity, other: Activity) -> bool:
    return (one.pid, one.started, one.application) == (other.pid, other.started, other.application)


def _lines(session: Activity) -> list[Line]:
    who: Line = (("plain", f"  {inline(wording.session(session))}"),)
    if not session.query:
        return [who]
    return [who, (("dim", f"    {inline(wording.query_head(session.query))}"),)]
