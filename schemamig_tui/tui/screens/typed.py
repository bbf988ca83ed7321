"""A dialog that asks for a line of text."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from schemamig_tui.connect import Identity
from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import is_there
from schemamig_tui.settings.values import read_path
from schemamig_tui.tui.lines import Line, body
from schemamig_tui.tui.screens.closed_on_top import ClosedOnTop
from schemamig_tui.tui.screens.dialogs import Dialog
from schemamig_tui.tui.widgets.bars import DatabaseBar
from schemamig_tui.tui.widgets.lines_view import LinesView


def refused_path(typed: str) -> str | None:
    """Why what was typed is no path, or none that may be looked at; None: it is one."""
    if not typed.strip():
        return "It needs a path"
    try:
        is_there(read_path(typed.strip()))
    except ValueError as error:
        return f"It {error}"
    except FilesError as error:  # its name is too long, or a folder of it may not be read
        return error.message
    return None


class TypedQuestion(ClosedOnTop, ModalScreen[str | None]):
    """Asks for a line; its result is what was typed, or None.

    ``refuse`` gets what was typed and returns why that will not do, or None. The dialog shows it
    above ``lines``, where there is room for all of it, until something else is typed.
    """

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(
        self,
        title: str,
        lines: Sequence[Line],
        refuse: Callable[[str], str | None],
        *,
        enter: str,
        placeholder: str,
        database: Identity | None = None,
    ) -> None:
        super().__init__()
        self._title, self._lines, self._refuse = title, lines, refuse
        self._enter, self._placeholder, self._database = enter, placeholder, database

    def compose(self) -> ComposeResult:
        """What it is for, and the input."""
        with Dialog(self._title, f"esc   enter {self._enter}"):
            if self._database is not None:
                yield DatabaseBar(self._database)
            yield LinesView(self._lines, fold=True)
            yield Input(placeholder=self._placeholder, compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say why not."""
        event.stop()
        if problem := self._refuse(event.value):
            lines: list[Line] = [(("bad", line),) for line in body(problem)]
            self.query_one(LinesView).show([*lines, *self._lines], fold=True)
        else:
            self.dismiss(event.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say again what it is for."""
        event.stop()
        self.query_one(LinesView).show(self._lines, fold=True)
