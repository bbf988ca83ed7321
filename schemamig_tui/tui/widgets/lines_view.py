"""A view of lines that scroll. Only the visible ones are drawn, so that length costs nothing."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, islice
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from schemamig_tui.tui import keys, palette
from schemamig_tui.tui.lines import Line, folded, inline, plain, width
from schemamig_tui.tui.search import Search


class StyledView(ScrollView):
    """A scrolling widget that draws row by row, in the styles of ``palette``."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))
    """How much there is to scroll over: columns and rows."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles: dict[tuple[str, str | None], Style] = {}
        self._own_style: Style | None = None

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles, self._own_style = {}, None

    def watch_virtual_size(self) -> None:
        """Fit the scrollbars, and the whole screen only where the size is that of the lines.

        Textual 8.2 arranges every widget of the screen anew whenever other lines are shown in one.
        """
        if self.styles.auto_dimensions:
            self.refresh(layout=True)
        else:
            self._scroll_update(self.virtual_size)

    @property
    def rich_style(self) -> Style:
        """Its own style, which each row ends with: Textual 8.2 would mix it anew for each."""
        if self._own_style is None:
            self._own_style = super().rich_style
        return self._own_style

    def strip(self, line: Line, on: str | None = None) -> Strip:
        """A line in the colours of the theme, over the style ``on`` for the whole row."""
        return Strip([Segment(text, self.style_of(name, on)) for name, text in line])

    def style_of(self, name: str, on: str | None = None) -> Style:
        """A style as Rich has it."""
        found = self._styles.get((name, on))
        if found is None:
            ansi = self.app.native_ansi_color
            found = self._styles[name, on] = palette.style(name, on, self.visual_style, ansi=ansi)
        return found


class LinesView(StyledView, can_focus=True):
    """Shows lines; the arrows, h, j, k, l, g and G scroll them, and ``/`` searches them."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("view")

    class Searching(Message):
        """A search has begun, goes on or is over: ``text`` is how it stands, for the frame."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self, lines: Sequence[Line] = (), *, fold: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.lines = lines
        self._rows: Sequence[Line] = ()
        self._heights: Sequence[int] = ()  # rows for each line; without them it is one for each
        self._fold = fold
        self._wraps: dict[bool, bool] = {}  # what the user wants, where ``_fold`` is so
        self._search: Search | None = None
        self._is_typing = False
        self._at = 0

    @property
    def text(self) -> str:
        """What is shown, as it is copied."""
        return plain(self.lines)

    def show(self, lines: Sequence[Line], *, keep_place: bool = False, fold: bool = False) -> None:
        """Show other lines, from the top or from the same place; ``fold`` those that are long."""
        self.lines = lines
        self._fold = fold
        self._arrange()
        if not keep_place:
            self._at = 0
            self.scroll_to(0, 0, animate=False)

    def show_line(self, number: int) -> None:
        """Scroll to where a line is the first one that is shown."""
        self.scroll_to(0, sum(self._heights[:number]), animate=False)

    def on_mount(self) -> None:
        """Show what there is from the beginning."""
        self._arrange()

    @property
    def folds(self) -> bool:
        """Whether long lines are folded, as the user wants it, or else whoever shows them."""
        return self._wraps.get(self._fold, self._fold)

    def fold(self, lines: Iterable[Line]) -> Iterator[list[Line]]:
        """Each of ``lines`` as rows of the screen."""
        # The scrollbar takes its room only when it is needed, which folding would change.
        columns, code = self.scrollable_content_region.width, any(self._wraps.values())
        for line in lines:
            yield folded(line, columns, code=code) if self.folds else [line]

    def _arrange(self) -> None:
        rows = list(self.fold(self.lines))
        self._show_rows(rows, widest(rows))

    def _show_rows(self, rows: Sequence[Sequence[Line]], columns: int) -> None:
        """Show each line as other rows, of which the widest takes so many columns."""
        with self._keeping_line():
            self._heights = [len(those) for those in rows]
            self._rows = [row for those in rows for row in those]
            self.virtual_size = Size(columns, len(self._rows))
        self.refresh()

    @contextmanager
    def _keeping_line(self) -> Iterator[None]:
        """Keep the line at the top, and the one to search on from, while the rows become others."""
        top, at, before = self.scroll_offset.y, self._at, self._heights
        yield
        self._at = _moved(at, before, self._heights)
        self.scroll_to(y=_moved(top, before, self._heights), animate=False, immediate=True)

    def on_resize(self) -> None:
        """Fold again."""
        if self.folds:
            self._arrange()

    def render_line(self, y: int) -> Strip:
        """One row of the screen. A number in front of it is there wherever one has scrolled to."""
        left, top = self.scroll_offset
        columns = self.scrollable_content_region.width
        row = self.row(top + y)
        if row is None:
            return Strip.blank(columns, self.rich_style)
        if self._search:
            row = self._search.marked(row)
        number = row[:1] if left and row and row[0][0] == "number" else ()
        line = self.strip(row)
        kept = self.strip(number)
        first, last = left + kept.cell_length, left + columns
        if line.cell_length <= last:
            return Strip.join([kept, line.crop_extend(first, last, self.rich_style)])
        return Strip.join([kept, line.crop(first, last - 1), self.strip((("number", "…"),))])

    def row(self, number: int) -> Line | None:
        """A row as it is folded; None behind the last one."""
        return self._rows[number] if number < len(self._rows) else None

    # -- searching

    def action_search(self) -> None:
        """Type what to search for; what is found is shown meanwhile."""
        self._is_typing, self._search = True, Search("")
        self._at = self.scroll_offset.y
        self._report()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While a search is typed, all keys are text."""
        return self._is_typing and bool(character and character.isprintable())

    def on_key(self, event: events.Key) -> None:
        """Take what is typed; ``enter`` ends that, ``escape`` ends the search."""
        search = self._search
        if search is None or not (self._is_typing or event.key == "escape"):
            return
        if event.key == "escape" or (event.key == "enter" and not search.text):
            self._is_typing, self._search = False, None
        elif event.key == "enter":
            self._is_typing = False
        elif event.key == "backspace":
            self._search = Search(search.text[:-1])
        elif event.character and event.character.isprintable():
            self._search = Search(search.text + event.character)
        else:
            return
        event.stop()
        event.prevent_default()
        self._report(found=self._search is None or self._go(self._at, 1))

    def on_blur(self) -> None:
        """End typing a search when the focus goes elsewhere."""
        if self._is_typing:
            self._is_typing = False
            self._report()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that go on with a search to the screen where there is none."""
        return action != "find" or self._search is not None

    def action_find(self, step: int) -> None:
        """Go to the next place that was searched for, or with -1 to the one before."""
        if self._search:
            self._report(found=self._go(self._at + step, step))

    def _go(self, start: int, step: int) -> bool:
        """Show the next row that has what is searched for; tells whether there is one."""
        assert self._search is not None
        rows = self.virtual_size.height
        at = self._search.next_row(self.row, rows, start, step) if rows else None
        if at is None:
            return not self._search.text
        self._at = at
        row = self.row(at)
        column = self._search.found_in(row)[0].stop if row else 0
        columns, height = self.scrollable_content_region.size
        left = max(0, column - columns // 2) if column > columns else 0
        self.scroll_to(left, max(0, at - height // 3), animate=False)
        return True

    def _report(self, *, found: bool = True) -> None:
        """Say in the frame how the search stands."""
        self.refresh()
        if self._search is None:
            self.post_message(self.Searching(""))
            return
        cursor = "▏" if self._is_typing else ""
        how = "" if found else "  not found"
        turn = f"  {keys.key_of('view-next')} {keys.key_of('view-previous')}"
        more = turn if found and not self._is_typing else ""
        self.post_message(self.Searching(f"/{inline(self._search.text)}{cursor}{how}{more}"))

    # -- the keys

    def action_line_down(self) -> None:
        """Scroll a line down."""
        self.scroll_down(animate=False)

    def action_line_up(self) -> None:
        """Scroll a line up."""
        self.scroll_up(animate=False)

    def action_first(self) -> None:
        """Go to the top."""
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        """Go to the end."""
        self.scroll_end(animate=False)

    def action_sideways(self, to: int) -> None:
        """Scroll half a page to the right, or with -1 to the left."""
        columns = self.scrollable_content_region.width
        self.scroll_relative(x=to * columns // 2, animate=False)

    def action_wrap(self) -> None:
        """Fold long lines, or fold them no more."""
        self._wraps[self._fold] = not self.folds
        self._arrange()


def widest(rows: Iterable[Sequence[Line]]) -> int:
    """How many columns the widest row takes."""
    return max((width(row) for those in rows for row in those), default=0)


def _moved(row: int, before: Sequence[int], after: Sequence[int]) -> int:
    """The row that now shows what ``row`` showed; the lines had ``before`` rows, now ``after``."""
    line, into, of = row, 0, 1
    if before:
        starts = list(accumulate(before, initial=0))
        line = min(bisect_right(starts, row), len(before)) - 1
        into, of = row - starts[line], before[line]
    if line >= len(after):
        return sum(after) or line
    return sum(islice(after, line)) + into * after[line] // of
