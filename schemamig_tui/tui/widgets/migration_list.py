"""A pane of migrations: ten thousand of them cost no more than the visible ones."""

from collections.abc import Collection, Sequence

from textual.geometry import Size

from schemamig_tui.engine import Migration, MigrationFile, State
from schemamig_tui.text import cells
from schemamig_tui.tui.lines import Line, inline, shortened
from schemamig_tui.tui.widgets.cursor_list import CursorList

_MARKS = {
    State.APPLIED: ("good", "✓"),
    State.FAILED: ("bad", "✗"),
    State.UNKNOWN: ("warn", "?"),
    State.PENDING: ("warn", "•"),
}


class MigrationList(CursorList):
    """The migrations of one state, with a cursor on one of them."""

    def __init__(self, state: State, number: int) -> None:
        super().__init__(id=state.value)
        self.state = state
        self._title = f"{number} {state.value.title()}"
        self.border_title = self._title
        self._rows: Sequence[Migration] = ()
        self._run_on: str | None = None
        self._refused: Collection[MigrationFile] = frozenset()
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
        self.show_cursor()
        self.refresh()

    def mark_running(self, name: str | None) -> None:
        """Mark the migration that is being run."""
        if name != self._run_on:
            self._run_on = name
            self.refresh()

    def mark_refused(self, files: Collection[MigrationFile]) -> None:
        """Mark the files that cannot be run."""
        if files != self._refused:
            self._refused = files
            self.refresh()

    def select(self, name: str) -> bool:
        """Put the cursor on a migration; returns whether it is here."""
        for place, row in enumerate(self._rows):
            if row.name == name:
                self.go(place)
                return True
        return False

    @property
    def count(self) -> int:
        """How many migrations there are."""
        return len(self._rows)

    def line_at(self, row: int, columns: int) -> Line:
        """A migration, or why there is none."""
        if row < len(self._rows):
            return self._line(self._rows[row], columns)
        return self._empty[row] if not self._rows and row < len(self._empty) else ()

    def _line(self, row: Migration, columns: int) -> Line:
        style, mark = ("accent", "▶") if row.name == self._run_on else _MARKS[row.state]
        name = inline(row.name)
        remark = "refused" if row.file in self._refused else _remark(row)
        room = columns - 2 - (len(remark) + 1 if remark else 0)
        if cells(name) > room:
            name = shortened(name, room)
        gap = " " * (columns - 2 - cells(name) - len(remark))
        return ((style, f"{mark} "), ("plain", f"{name}{gap}"), ("warn", remark))


def _remark(row: Migration) -> str:
    if row.missing:
        return "missing"
    if row.changed:
        return "changed"
    if row.unwritten:
        return "unwritten"
    return "was empty" if row.written_since else ""
