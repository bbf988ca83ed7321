"""A pane of migrations: ten thousand of them cost no more than the visible ones."""

from collections.abc import Collection, Mapping, Sequence

from textual.geometry import Size

from schemamig_tui.engine import Migration, MigrationFile, State
from schemamig_tui.text import cells
from schemamig_tui.tui.applied_columns import AppliedColumns, Order, in_order
from schemamig_tui.tui.lines import Line, Span, inline, shortened, width
from schemamig_tui.tui.widgets.cursor_list import CursorList

_MARKS = {
    State.APPLIED: ("good", "✓"),
    State.FAILED: ("bad", "✗"),
    State.UNKNOWN: ("warn", "?"),
    State.PENDING: ("warn", "•"),
}
_WIDE = 40  # columns from which on there is room for words behind most names


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
        self._columns = AppliedColumns()
        self._rehearsed: Mapping[str, tuple[MigrationFile, bool]] = {}
        self.order = Order.NAME
        """What the applied ones are sorted by; it counts from the next fill on."""

    # -- what is shown

    @property
    def selected(self) -> Migration | None:
        """The migration under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    def fill(self, rows: Sequence[Migration], total: int, empty: tuple[Line, ...] = ()) -> None:
        """Show ``rows`` out of ``total``, or ``empty``; the cursor stays on its migration."""
        name = self.selected.name if self.selected else None
        # What was applied last is at the end, and is what one wants to see.
        follows = (
            self.state is State.APPLIED and self.order is not Order.DURATION and not self.has_focus
        )
        if self.state is State.APPLIED:
            rows = in_order(rows, self.order)
            self._columns = AppliedColumns.of(rows)
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
        order = "" if self.order is Order.NAME else f", by {self.order}"
        self.border_title = f"{self._title} {count}{order}"
        # Of the others it is only the one with the focus that has another height when it is empty.
        resized = self.has_focus or self.state is State.FAILED
        self.set_class(not rows, "-empty", update=resized)
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

    def mark_rehearsed(self, marks: Mapping[str, tuple[MigrationFile, bool]]) -> None:
        """Mark what was rehearsed as it is now, and whether it went well."""
        self._rehearsed = marks
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
    def odd(self) -> list[int]:
        """The places of those that have an issue."""
        return [place for place, row in enumerate(self._rows) if row.has_issue]

    @property
    def place(self) -> int:
        """Where the cursor is, from 0."""
        return self._cursor

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
        remark_style, remark = self._remark(row, short=columns < _WIDE)
        applied = row.state is State.APPLIED
        facts = self._columns.spans(row, columns - 2) if applied else ()
        columns -= width(facts)
        room = columns - 2 - (len(remark) + 1 if remark else 0)
        if cells(name) > room:
            name = shortened(name, room)
        gap = " " * (columns - 2 - cells(name) - len(remark))
        return ((style, f"{mark} "), ("plain", f"{name}{gap}"), (remark_style, remark), *facts)

    def _remark(self, row: Migration, *, short: bool) -> Span:
        """How the rehearsal of a migration went, or what is odd about it."""
        if row.file in self._refused:
            return "warn", "refused"
        file, went_well = self._rehearsed.get(row.name, (None, False))
        if file is None or file != row.file or row.state is State.APPLIED:
            return "warn", _remark(row)
        if went_well:
            return "good", "✓" if short else "rehearsed"
        return "bad", "✗" if short else "would fail"


def _remark(row: Migration) -> str:
    if row.renamed_to or row.recorded_as:
        return "renamed"
    if row.missing:
        return "missing"
    if row.changed:
        return "changed"
    if row.unwritten:
        return "unwritten"
    if row.has_nothing:
        return "empty"
    return "was empty" if row.written_since else ""
