"""The dialog that asks for a password. It keeps nothing of it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from schemamig_tui.errors import PasswordWanted
from schemamig_tui.tui.lines import Line, body
from schemamig_tui.tui.screens.closed_on_top import ClosedOnTop
from schemamig_tui.tui.screens.dialogs import Dialog
from schemamig_tui.tui.widgets.lines_view import LinesView

_PROMISE: Line = (("dim", "The password is used until the program ends, and kept nowhere."),)


class PasswordInput(Input):
    """An input that shows dots, and gives nothing of what was typed to the clipboard."""

    def action_copy(self) -> None:
        """Copy nothing."""

    def action_cut(self) -> None:
        """Cut nothing."""


class PasswordDialog(ClosedOnTop, ModalScreen[str | None]):
    """Asks for the password that ``error`` is about; its result is what was typed, or None."""

    AUTO_FOCUS = "PasswordInput"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, error: PasswordWanted) -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        """What the server says, and the input."""
        lines: list[Line] = [(("plain", line),) for line in body(self._error.message)]
        with Dialog("Password", "esc   enter connects"):
            yield LinesView([*lines, (), _PROMISE], fold=True)
            yield PasswordInput(password=True, placeholder="Password", compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand it over."""
        event.stop()
        password = event.value
        event.input.value = ""
        self.dismiss(password)
