"""Cancels a run from any thread or a signal handler: wakes whoever waits, and asks the server."""

import os
import select
import threading
import time
from collections.abc import Callable

from schemamig_tui import patience
from schemamig_tui.engine.pipeline.loss import CancelUnconfirmed

CANCEL_EVERY = 0.1
"""Seconds between two requests to cancel: one that comes between two statements has no effect."""


class Cancellation:
    """A flag that can be waited for together with a socket.

    Once requested, it stays so. ``fileno`` becomes readable then: whoever polls it beside a
    connection wakes at once.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._requested_at: float | None = None

    @property
    def requested(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._requested_at is not None

    def requested_at(self) -> float | None:
        """When somebody has asked to stop, by time.monotonic; None: nobody has."""
        return self._requested_at

    def fileno(self) -> int:
        """The descriptor that becomes readable when the cancellation is requested."""
        return self._read

    def request(self) -> None:
        """Ask to stop. Safe in a signal handler; asking again changes nothing."""
        if not self.requested:
            self._requested_at = time.monotonic()
            os.write(self._write, b"x")

    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until the request; returns whether it has come."""
        if not self.requested:
            poll = select.poll()  # unlike select, it takes descriptors from 1024 on
            poll.register(self._read, select.POLLIN)
            poll.poll(seconds * 1000)
        return self.requested

    def __del__(self) -> None:
        # Nobody can say when the last request, from a signal handler, may come.
        os.close(self._read)
        os.close(self._write)


class Canceller:
    """Asks the server to cancel, by calling ``cancel`` in a thread of its own: it may take a while.

    Meanwhile the thread that runs the pipeline goes on to read what the server says.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._confirm_by: float | None = None
        self._next = 0.0
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Ask, unless the last request is still on its way, or has only just been made.

        To be called until the server has cancelled. Raises CancelUnconfirmed where it has not,
        ``Patience.confirm`` seconds after the first time.
        """
        now, confirm = time.monotonic(), patience.PATIENCE.confirm
        if self._confirm_by is None:
            self._confirm_by = now + confirm
        if now >= self._confirm_by:
            raise CancelUnconfirmed(confirm)
        if now >= self._next and not (self._thread and self._thread.is_alive()):
            self._next = now + CANCEL_EVERY
            self._thread = threading.Thread(target=self._cancel, name="cancel", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Wait for a request on its way: a late one would hit what the connection does next."""
        if self._thread:
            self._thread.join(patience.PATIENCE.confirm)
