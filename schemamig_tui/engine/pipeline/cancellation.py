"""The wish to stop, asked for from any thread or a signal handler."""

import os
import select


class Cancellation:
    """A flag that can be waited for together with a socket.

    Once requested it stays so. ``fileno`` becomes readable with it, so that whoever polls it next
    to a connection wakes at once.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._requested = False

    @property
    def requested(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._requested

    def fileno(self) -> int:
        """The descriptor that becomes readable when the cancellation is requested."""
        return self._read

    def request(self) -> None:
        """Ask to stop. Safe in a signal handler; asking again changes nothing."""
        if not self._requested:
            self._requested = True
            os.write(self._write, b"x")

    def wait(self, seconds: float) -> bool:
        """Sleep, but not longer than until the request; tells whether it has come."""
        if not self._requested:
            select.select([self._read], [], [], seconds)
        return self._requested

    def __del__(self) -> None:
        # Nobody can say when the last request, from a signal handler, may come.
        os.close(self._read)
        os.close(self._write)
