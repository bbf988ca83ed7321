"""Dialogs: a question, a text, and the keys."""

from enum import StrEnum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button

from schemamig_tui.connect import Identity
from schemamig_tui.tui import keys
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.screens.closed_on_top import ClosedOnTop
from schemamig_tui.tui.screens.too_small import NORMAL_COLUMNS
from schemamig_tui.tui.widgets.bars import DatabaseBar
from schemamig_tui.tui.widgets.lines_view import LinesView

_SHOWN_S = 6.0


class Dialog(Vertical):
    """The frame of a dialog: its title above, below the keys, or for a while a remark.

    Of the keys the one that leaves comes first: Textual cuts what does not fit at the end.
    """

    def __init__(self, title: str, keys: str = "", *, wide: bool = False) -> None:
        super().__init__(classes="dialog -wide" if wide else "dialog")
        self.border_title = Content(title)
        self.border_subtitle = Content(keys)
        self._keys = keys
        self._timer: Timer | None = None

    def remark(self, text: str, seconds: float | None = _SHOWN_S) -> None:
        """Show a text in the place of the keys; None is until the next one."""
        if self._timer:
            self._timer.stop()
        self.border_subtitle = Content(text or self._keys)
        self._timer = self.set_timer(seconds, self._remind) if text and seconds else None

    def show_keys(self, keys: str) -> None:
        """Show other keys, also behind a remark."""
        if str(self.border_subtitle) == self._keys:
            self.border_subtitle = Content(keys)
        self._keys = keys

    def _remind(self) -> None:
        self.border_subtitle = Content(self._keys)

    def on_lines_view_searching(self, message: LinesView.Searching) -> None:
        """Show how a search stands."""
        message.stop()
        self.remark(message.text, None)


class Answer(StrEnum):
    """An answer to a question: the id of a button."""

    NO = "no"
    YES = "yes"
    OTHER = "other"


class Question(ClosedOnTop, ModalScreen[Answer]):
    """A dialog with a text and a question about a database. "No" has the focus; ``y`` is yes.

    Where ``other`` is given it is a third answer, for which the key is ``s``.
    """

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('yes')", "Yes", tooltip="Do it"),
        Binding("n,escape,q", "answer('no')", "No", tooltip="Leave everything as it is"),
        Binding("s", "answer('other')", "The other way"),
        Binding("j,down", "scroll('line_down')", "Down", show=False),
        Binding("k,up", "scroll('line_up')", "Up", show=False),
        Binding("pagedown,ctrl+d", "scroll('page_down')", "A page down", show=False),
        Binding("pageup,ctrl+u", "scroll('page_up')", "A page up", show=False),
        Binding("g,home", "scroll('first')", "To the top", show=False),
        Binding("G,end", "scroll('last')", "To the end", show=False),
        Binding("right", "app.focus_next", "Next answer", show=False),
        Binding("left", "app.focus_previous", "Previous answer", show=False),
    ]

    def __init__(
        self,
        title: str,
        view: LinesView,
        database: Identity | None,
        *,
        yes: str,
        no: str = "Cancel",
        other: str = "",
    ) -> None:
        super().__init__()
        self._title, self._view, self._database = title, view, database
        self._yes, self._no, self._other = yes, no, other

    def compose(self) -> ComposeResult:
        """The text over the answers."""
        with Dialog(self._title):
            if self._database is not None:
                yield DatabaseBar(self._database)
            yield self._view
            with Horizontal(classes="answers"):
                yield Button(Content(f"{self._no} (esc)"), id=Answer.NO)
                if self._other:
                    yield Button(Content(f"{self._other} (s)"), id=Answer.OTHER)
                yield Button(Content(f"{self._yes} (y)"), id=Answer.YES, variant="primary")

    def on_mount(self) -> None:
        """Fit the answers into the width."""
        self._fit_answers(self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the answers into the width."""
        self._fit_answers(event.size.width)

    def _fit_answers(self, columns: int) -> None:
        """Leave out the blanks in them where all would not fit beside each other.

        The stylesheets of Textual 8.2 cannot: they take no ``line-pad: 0``, nor does ``auto``.
        """
        is_narrow = columns < NORMAL_COLUMNS
        for button in self.query(Button):
            button.styles.line_pad = 0 if is_narrow else 1
            button.styles.width = len(str(button.label)) if is_narrow else "auto"

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.action_answer(event.button.id or Answer.NO)

    def action_answer(self, answer: str) -> None:
        """Answer."""
        if answer != Answer.OTHER or self._other:
            self.dismiss(Answer(answer))

    def action_scroll(self, how: str) -> None:
        """Scroll the text, by one of its own actions."""
        getattr(self._view, f"action_{how}")()


class TextDialog(ClosedOnTop, ModalScreen[None]):
    """A dialog with a text to read; ``keys`` are those that it has besides."""

    AUTO_FOCUS = "LinesView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("question_mark", "dismiss", "Close", id="help"),
        Binding("c", "app.copy", "Copy", id="copy"),
    ]

    def __init__(self, title: str, view: LinesView, *, keys: str = "", wide: bool = False) -> None:
        super().__init__()
        self._title, self._view, self._keys, self._wide = title, view, keys, wide

    def compose(self) -> ComposeResult:
        """The text."""
        with Dialog(self._title, self._shown(self._keys), wide=self._wide):
            yield self._view

    def show_keys(self, own: str) -> None:
        """Show others of its own keys."""
        self.query_one(Dialog).show_keys(self._shown(own))

    def _shown(self, own: str) -> str:
        search, copy = keys.key_of("view-search"), keys.key_of("copy")
        return f"esc   {own}{search} search   {copy} copy"


def key_lines(where: keys.Where) -> list[Line]:
    """The table of keys as the help shows it: first those for ``where`` one is."""
    lines: list[Line] = []
    groups = sorted(keys.GROUPS.items(), key=lambda group: group[1][0].where != where)
    for title, group in groups:
        lines += [(), (("title", f" {title} "),)] if lines else [(("title", f" {title} "),)]
        lines += [(("key", f"  {keys.shown(key):<14}"), ("plain", key.what)) for key in group]
    return lines
