"""The screen that covers all others while the terminal is too small for them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from schemamig_tui.tui.keys import key_of

COLUMNS, ROWS = 30, 9
"""The smallest terminal that has room for a pane, its frame, and the header."""
NORMAL_COLUMNS, TALL_ROWS = 70, 16
"""From so many columns and rows on there is room for all panes; see the stylesheet."""


def is_too_small(size: Size) -> bool:
    """Whether a terminal of this size has no room for the other screens."""
    return size.width < COLUMNS or size.height < ROWS


class TooSmall(ModalScreen[None]):
    """Says how large the terminal is, and has to be. A run goes on behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q", "app.quit", "Quit", id="quit")]

    def compose(self) -> ComposeResult:
        """The sentence."""
        yield Static(id="too-small", markup=False)

    def on_resize(self) -> None:
        """Say it with the size of the moment."""
        now = f"{self.app.size.width}x{self.app.size.height}"
        text = f"This terminal is too small: {now}. It takes {COLUMNS}x{ROWS}."
        self.query_one("#too-small", Static).update(f"{text} {key_of('quit')} quits.")

    def on_screen_resume(self) -> None:
        """Go, if the terminal has grown below a question whether to quit."""
        if self.is_current and not is_too_small(self.app.size):
            self.app.pop_screen()
