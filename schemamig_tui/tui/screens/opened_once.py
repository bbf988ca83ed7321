"""Spares a screen to be styled and arranged several times when it opens."""

from typing import TYPE_CHECKING, Any

from textual import events
from textual.geometry import Size
from textual.screen import Screen

if TYPE_CHECKING:
    _Screen = Screen[Any]
else:
    _Screen = object  # a widget of Textual inherits the stylesheet of its first widget alone


class OpenedOnce(_Screen):
    """A screen whose widgets keep the styles and the places that they were mounted with.

    Textual 8.2 styles all of them once more when the screen is to be seen, as the theme may have
    changed since; but it gives a new theme to each screen, also to those under a dialog.
    """

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """It is to be seen, for the first time or again."""
        event.refresh_styles = False

    def _screen_resized(self, size: Size) -> None:
        """Arrange the widgets where the size is another one, or where they wait for that.

        When a screen opens, Textual 8.2 tells the same size up to four times, also to the screen
        behind a dialog, and arranges all widgets of both each time. It gives a screen the classes
        of its size only after that: a list that is too low in between would scroll.
        """
        if size != self._compositor.size or self._layout_widgets:
            self.update_classes(size_classes(self, size), animate=False)
            super()._screen_resized(size)


def size_classes(screen: Screen[Any], size: Size) -> dict[str, bool]:
    """The classes that a screen may have because of its size, and whether it has them in this."""
    columns, rows = screen.app.HORIZONTAL_BREAKPOINTS or [], screen.app.VERTICAL_BREAKPOINTS or []
    fit = screen._get_breakpoint_classes
    fitting = fit(size.width, columns) | fit(size.height, rows)
    return {name: name in fitting for _, name in (*columns, *rows)}
