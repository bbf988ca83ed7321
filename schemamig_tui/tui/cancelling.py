"""Cancels work on a scratch, which has several parts with a way to cancel of their own."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from schemamig_tui.errors import Interrupted

PROGRESS_SECONDS = 2.0
"""So often at the most the log gets a line on how far the migrations are on a scratch."""


class CancelSwitch:
    """Passes a cancellation on to the part that works now, or to the next one.

    It is used by the thread that works; ``cancel`` may be called from any other.
    """

    def __init__(self) -> None:
        self.requested = False
        self._lock = threading.Lock()
        self._cancel: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Stop what is at work."""
        with self._lock:
            self.requested = True
            cancel = self._cancel
        if cancel:
            cancel()

    @contextlib.contextmanager
    def cancelling(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Within this ``cancel`` is what stops the work."""
        with self._lock:
            self._cancel = cancel
        if self.requested:
            cancel()
        try:
            yield
        finally:
            with self._lock:
                self._cancel = None

    def on_wait(self, seconds_left: float, reason: str) -> None:
        """Wait on for a server, or raise Interrupted."""
        if self.requested:
            raise Interrupted("interrupted while waiting for the scratch")
