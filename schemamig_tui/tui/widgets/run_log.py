"""The live log. It is bounded, and shows its end unless the user scrolls up."""

from collections import deque
from collections.abc import Iterable, Sequence

from textual.content import Content
from textual.geometry import Size

from schemamig_tui.connect import Identity
from schemamig_tui.engine.events import Event
from schemamig_tui.tui.database import database_log_line
from schemamig_tui.tui.lines import Line, inline, plain, width
from schemamig_tui.tui.log_lines import Entry, entries, made
from schemamig_tui.tui.widgets.lines_view import LinesView

LONGEST = 10_000
"""How many lines are kept."""

_MEASURED = 100  # of those that come at once; only how far one can scroll sideways depends on it


class RunLog(LinesView):
    """Lines that come in at the end and are dropped at the beginning."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self._kept: deque[Entry] = deque(maxlen=LONGEST)
        self._folded: deque[Line] = deque()
        self._heights: deque[int] = deque(maxlen=LONGEST)
        self._follows = True
        self._database: Identity | None = None
        self.border_title = "5 Log"

    @property
    def text(self) -> str:
        """All that is kept, as it is copied."""
        return plain([made(line) for line in self._kept])

    def row(self, number: int) -> Line | None:
        """A line, made now, or a row of one where they are folded."""
        if self.folds:
            return self._folded[number] if number < len(self._folded) else None
        return made(self._kept[number]) if number < len(self._kept) else None

    def add(self, lines: Iterable[Entry]) -> None:
        """Add lines; the view goes with them if it is at the end."""
        before = len(self._kept)
        lines = list(lines)
        self._kept.extend(lines)
        dropped = before + len(lines) - len(self._kept)
        if self.folds:
            dropped = self._add_folded(lines[-LONGEST:])
        self._at = max(0, self._at - dropped)
        columns = max((width(made(line)) for line in lines[-_MEASURED:]), default=0)
        self._measure(max(self.virtual_size.width, columns))
        if self._follows:
            self._go_to_end()
        elif dropped:
            self.scroll_to(y=self.scroll_y - dropped, animate=False, immediate=True)
        self.refresh()

    def add_survey(self, database: Identity | None, warnings: Iterable[str]) -> None:
        """Add what a look at folder and database has warned of, and which database it was.

        That is said once, and again when it is another one.
        """
        if database is not None and database != self._database:
            self._database = database
            self.add([database_log_line(database)])
        self.add((("warn", inline(text)),) for text in warnings)

    def _add_folded(self, lines: Sequence[Entry]) -> int:
        """Add lines as rows; returns how many rows were dropped for them."""
        dropped = 0
        for rows in self.fold(map(made, lines)):
            if len(self._heights) == LONGEST:
                for _ in range(self._heights[0]):
                    self._folded.popleft()
                dropped += self._heights[0]
            self._folded.extend(rows)
            self._heights.append(len(rows))
        return dropped

    def _measure(self, columns: int) -> None:
        if self.folds:
            columns = self.scrollable_content_region.width
        self.virtual_size = Size(columns, len(self._folded if self.folds else self._kept))

    def _arrange(self) -> None:
        follows = self._follows
        with self._keeping_line():
            self._folded.clear()
            self._heights = deque(maxlen=LONGEST)
            if self.folds:
                self._add_folded(list(self._kept))
            self._measure(max((width(made(line)) for line in self._kept), default=0))
        if follows:
            self._go_to_end()
        self.refresh()

    def add_events(self, events: Sequence[Event]) -> None:
        """Add the lines of events."""
        self.add(entries(events[-LONGEST:]))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling away from the end stops the log from following, coming back lets it."""
        super().watch_scroll_y(old_value, new_value)
        self._follows = new_value >= self.max_scroll_y

    def follow(self) -> None:
        """Go to the end and stay there, unless somebody reads."""
        if not self.has_focus:
            self._go_to_end()

    def on_resize(self) -> None:
        """Stay at the end. Textual lets the view fold again, after that."""
        if self._follows:
            self._go_to_end()

    def on_lines_view_searching(self, message: LinesView.Searching) -> None:
        """Show how a search stands."""
        message.stop()
        self.border_subtitle = Content(message.text)

    def _go_to_end(self) -> None:
        self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
