"""Keeps Textual from closing another screen than the one that is to close."""

from typing import Any

from textual import events
from textual.await_complete import AwaitComplete

from schemamig_tui.tui.screens.opened_once import OpenedOnce


class ClosedOnTop(OpenedOnce):
    """A dialog that may be told to close while another screen is above it, or when it is closed.

    Textual 8.2 takes its result then, and closes the screen on top instead. The dialog stays, and
    the program ends with InvalidStateError when it is answered.
    """

    _results: tuple[Any, ...] = ()
    """What it closes with as soon as it is on top."""

    def dismiss(self, result: Any = None) -> AwaitComplete:  # noqa: ANN401  # as declared
        """Close it with a result, now or as soon as it is on top."""
        if not self.is_active:
            self._results = (result,)
            return AwaitComplete()
        closed: AwaitComplete = super().dismiss(result)
        return closed

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Close it, where that has waited for the screen above it."""
        super().on_screen_resume(event)
        if self._results:
            self.dismiss(self._results[0])
