"""Spares a screen to be styled twice when it opens."""

from textual import events


class StyledOnce:
    """A screen whose widgets keep the styles that they were mounted with.

    Textual 8.2 styles all of them once more when the screen is to be seen, as the theme may have
    changed since; but it gives a new theme to each screen, also to those under a dialog.
    """

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """It is to be seen, for the first time or again."""
        event.refresh_styles = False
