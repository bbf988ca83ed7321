"""The driver of the terminal: what it writes when there is no terminal any more is dropped."""

import contextlib
from typing import IO, Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class LastingDriver(LinuxDriver):
    """Textual's driver, which outlives its terminal.

    In Textual 8.2 the thread that writes ends with the first error (EIO, once the window or the
    connection is closed); its queue takes 30 pieces more, and then the program waits for ever.
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


class _DroppingStream:
    """A stream whose errors do not matter: whoever would see what is missing has gone."""

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
