"""Writes to stdout or stderr such that a closed or full stream cannot stop a run."""

import os
from collections.abc import Iterable
from typing import TextIO

from schemamig_tui.text import Styled

_COLORS = {"bold": 1, "red": 31, "green": 32, "yellow": 33}
_COLOR_OF = {"strong": "bold", "good": "green", "bad": "red"}


class Output:
    """Writes lines to stdout or stderr, each at once.

    Where the reader has gone (``| head``) or the disk is full, the rest is dropped and the program
    goes on: a run of migrations must not end half-way because nobody reads its log, when the exit
    code and the ledger still have the result. What the encoding of the stream lacks is
    written as an escape, and the marks have twins in ASCII.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.lost: str | None = None
        """Why some of the output is missing; a reader that has gone is no loss."""
        self._stream = stream
        self._encoding = (stream and stream.encoding) or "utf-8"
        self._color = False
        try:
            "✓✗•".encode(self._encoding)
            self.done, self.failed, self.pending = "✓✗•"
        except UnicodeEncodeError:
            self.done, self.failed, self.pending = "+x*"

    def use_color(self) -> None:
        """Have colour from now on, if the stream is a terminal that knows any.

        With FORCE_COLOR it has some whatever it is, such as the log of a CI (force-color.org).
        """
        self._color = self._stream is not None and bool(
            os.environ.get("FORCE_COLOR")
            or (self._stream.isatty() and os.environ.get("TERM", "dumb") != "dumb")
        )

    def paint(self, color: str, text: str) -> str:
        """``text`` in bold, red, green or yellow; as it is where there is no colour."""
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self._color else text

    def write(self, text: str) -> None:
        """Write ``text`` and end the line. Raises nothing."""
        if self._stream is None:  # closed before the program began, or lost
            return
        line = f"{text}\n".encode(self._encoding, "backslashreplace").decode(self._encoding)
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.lost = error.strerror
            # Whatever is still in its buffer must not fail when the interpreter flushes it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            self._stream = None

    def write_styled(self, lines: Iterable[Styled]) -> None:
        """Write each line, in the colour of its style. Raises nothing."""
        for style, text in lines:
            self.write(self.paint(_COLOR_OF[style], text) if style in _COLOR_OF else text)
