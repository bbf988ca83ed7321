"""The driver of the terminal, for the time when it is closed, or used by another program."""

import asyncio
import contextlib
from typing import IO, Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class LastingDriver(LinuxDriver):
    """Textual's driver, which outlives its terminal, and takes it just once after a SIGCONT.

    In Textual 8.2 the thread that writes ends with the first error (EIO, once the window or the
    connection is closed); its queue takes 30 pieces more, and then the program waits for ever.

    Textual's driver begins to read keys with each SIGCONT. After a SIGSTOP, which no program can
    handle, or where nothing was stopped (systemd sends SIGCONT after SIGTERM), it reads them
    already: two threads would share what is typed, the program would wait for one of them for ever
    at its end, and it would not restore the terminal.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert self._file is not None  # without a terminal there is no UI
        self._file = _DroppingStream(self._file)  # type: ignore[assignment]  # all that is used of one

    def _sigcont_application(self, *_: object) -> None:
        """Go on: at once if a SIGTSTP has given the terminal back, else when the loop has time."""
        if self._must_signal_resume or not self._auto_restart:
            super()._sigcont_application()
        else:
            with contextlib.suppress(RuntimeError):  # there is no loop any more
                asyncio.get_running_loop().call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        """Give the terminal back, which a shell may have used meanwhile, and take it."""
        if self._key_thread is not None and self._key_thread.is_alive():
            self.suspend_application_mode()
            self._must_signal_resume = True
            self.resume_application_mode()


class _DroppingStream:
    """A stream whose errors do not matter, because nobody is there any more to see the output."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()
