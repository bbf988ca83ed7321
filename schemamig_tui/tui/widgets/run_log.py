"""The live log: bounded, and at its end unless somebody reads further up."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from textual.geometry import Size

from schemamig_tui.tui.lines import Line, width
from schemamig_tui.tui.widgets.lines_view import LinesView

LONGEST = 10_000
"""How many lines are kept."""


class RunLog(LinesView):
    """Lines that come in at the end and are dropped at the beginning."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self._kept: deque[Line] = deque(maxlen=LONGEST)
        self.lines = self._rows = self._kept
        self._follows = True
        self.border_title = "5 Log"

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines; the view goes with them if it is at the end."""
        before = len(self._kept)
        lines = list(lines)
        self._kept.extend(lines)
        dropped = before + len(lines) - len(self._kept)
        widest = max(map(width, islice(lines, max(0, len(lines) - LONGEST), None)), default=0)
        self.virtual_size = Size(max(self.virtual_size.width, widest), len(self._kept))
        if self._follows:
            self._go_to_end()
        elif dropped:
            self.scroll_to(y=self.scroll_y - dropped, animate=False, immediate=True)
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling away from the end stops the log from following, coming back lets it."""
        super().watch_scroll_y(old_value, new_value)
        self._follows = new_value >= self.max_scroll_y

    def on_resize(self) -> None:
        """Stay at the end."""
        if self._follows:
            self._go_to_end()

    def _go_to_end(self) -> None:
        self.scroll_end(animate=False, immediate=True, x_axis=False)
