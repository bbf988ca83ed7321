"""A dialog in which one of a few things is chosen."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.screens.closed_on_top import ClosedOnTop
from schemamig_tui.tui.screens.dialogs import Dialog


class Choice(ClosedOnTop, ModalScreen[str | None]):
    """Shows sentences by their ids; the result is the id of the one that was chosen, or None."""

    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Cancel"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, options: Mapping[str, str], *, enter: str) -> None:
        super().__init__()
        self._title, self._options, self._enter = title, options, enter

    def compose(self) -> ComposeResult:
        """The list."""
        with Dialog(self._title, f"esc   enter {self._enter}"):
            yield OptionList(
                *(Option(Content(inline(text)), id=id) for id, text in self._options.items())
            )

    def action_move(self, by: int) -> None:
        """Go down, or with -1 up."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose it."""
        event.stop()
        self.dismiss(event.option_id)
