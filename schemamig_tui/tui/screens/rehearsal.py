"""The dialog that shows what a rehearsal has found."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView


class RehearsalDialog(TextDialog):
    """Shows what a rehearsal has found; it can be saved as a page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "save", "Save as a page")]

    class PageAsked(Message):
        """It is to be saved."""

    def __init__(self, view: LinesView) -> None:
        super().__init__("Rehearsal", view, keys="s save   ", wide=True)

    def action_save(self) -> None:
        """Ask for it to be saved."""
        self.post_message(self.PageAsked())
