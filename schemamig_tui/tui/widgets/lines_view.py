"""A view of lines that scroll. Only the visible ones are drawn, so that length costs nothing."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from schemamig_tui.tui import keys, palette
from schemamig_tui.tui.lines import Line, folded, plain, width


class StyledView(ScrollView):
    """A scrolling widget that draws row by row, in the styles of ``palette``."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles: dict[tuple[str, str | None], Style] = {}

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles = {}

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
    """Shows lines; the arrows, h, j, k, l, g and G scroll them."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("view")

    def __init__(
        self, lines: Sequence[Line] = (), *, fold: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.lines = lines
        self._rows: Sequence[Line] = ()
        self._fold = fold

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
            self.scroll_to(0, 0, animate=False)

    def on_mount(self) -> None:
        """Show what there is from the beginning."""
        self._arrange()

    def _arrange(self) -> None:
        rows = self.lines
        if self._fold:
            # The scrollbar takes its room only when it is needed, which folding would change.
            columns = self.scrollable_content_region.width
            rows = [row for line in rows for row in folded(line, columns)]
        self._rows = rows
        self.virtual_size = Size(max(map(width, rows), default=0), len(rows))
        self.refresh()

    def on_resize(self) -> None:
        """Fold again."""
        if self._fold:
            self._arrange()

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        left, top = self.scroll_offset
        columns = self.scrollable_content_region.width
        row = self.row(top + y)
        if row is None:
            return Strip.blank(columns, self.rich_style)
        line = self.strip(row)
        if line.cell_length <= left + columns:
            return line.crop_extend(left, left + columns, self.rich_style)
        return Strip.join([line.crop(left, left + columns - 1), self.strip((("number", "…"),))])

    def row(self, number: int) -> Line | None:
        """A row as it is folded; None behind the last one."""
        return self._rows[number] if number < len(self._rows) else None

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
