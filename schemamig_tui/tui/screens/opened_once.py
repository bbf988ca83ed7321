"""Keeps Textual from styling and arranging a screen several times when it opens."""

from typing import TYPE_CHECKING, Any

from textual import events
from textual.geometry import Size
from textual.screen import Screen

if TYPE_CHECKING:
    _Screen = Screen[Any]
else:
    _Screen = object  # a widget of Textual inherits the stylesheet of its first widget alone


class OpenedOnce(_Screen):
    """A screen whose widgets are styled and arranged once, when they are mounted.

    Textual 8.2 styles all widgets once more when the screen is shown, because the theme may have
    changed since. There is no need: it applies a new theme to each screen, also below a dialog.
    """

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """The screen is shown, for the first time or again."""
        event.refresh_styles = False

    def _screen_resized(self, size: Size) -> None:
        """Arrange the widgets if the size has changed, or if they were not arranged yet.

        When a screen opens, Textual 8.2 tells the same size up to four times, also to the screen
        behind a dialog, and arranges all widgets of both each time. It gives a screen the classes
        of its size only after that: a list that is too low in between would scroll.
        """
        if size != self._compositor.size or self._layout_widgets:
            self.update_classes(size_classes(self, size), animate=False)
            super()._screen_resized(size)


def size_classes(screen: Screen[Any], size: Size) -> dict[str, bool]:
    """The classes that depend on the size of a screen, and whether it has them in this size."""
    columns, rows = screen.app.HORIZONTAL_BREAKPOINTS or [], screen.app.VERTICAL_BREAKPOINTS or []
    fit = screen._get_breakpoint_classes
    fitting = fit(size.width, columns) | fit(size.height, rows)
    return {name: name in fitting for _, name in (*columns, *rows)}
