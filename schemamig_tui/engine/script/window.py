"""Moves a window over the bytes of a file, and checks every byte on the way.

Each byte is looked at once for NUL, once for being valid in the encoding of the place, and once
for the checksum, which shows whether the file is still the one that ``files.scan`` read.
"""

import hashlib

from schemamig_tui.engine.script.places import fault
from schemamig_tui.engine.script.source import Source
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.encodings import UTF8, encoding_name, is_safe, masked

SIZE = 256 * 1024
MARGIN = 1024
"""So many bytes are in sight on both sides of a place that is looked at."""
HEAD = 32 * 1024
"""So many bytes of a statement are in sight when its kind is decided, comments included."""


class Window:
    """The visible part of a file: ``text`` starts at byte ``base``; ``last``: it reaches the end.

    ``text`` is for finding offsets, not for sending: bytes of characters that could fool a lexer
    are masked in it. Every ``position`` is one in ``text``.
    """

    def __init__(self, source: Source, *, trusted: bool) -> None:
        """``trusted`` tells that the file is known to be the one that ``files.scan`` read."""
        self._source = source
        self._encoding = UTF8
        self._digest = None if trusted else hashlib.md5(usedforsecurity=False)
        self._read = 0
        self._checked = 0
        self._checks = True
        self.base = 0
        self.text = b""
        self.last = False
        self._extend()

    def short(self, position: int) -> bool:
        """Whether too little is in sight behind ``position``, though the file goes on."""
        return not self.last and len(self.text) - position < MARGIN

    def show_head(self, position: int) -> int:
        """Read enough to tell what the statement at ``position`` is; returns its new position."""
        while not self.last and len(self.text) - position < HEAD:
            position = self.slide(position)
        return position

    def slide(self, position: int) -> int:
        """Drop what is before ``position`` and read on; returns the new position."""
        self._check(position)
        kept = max(0, position - MARGIN)
        self.text = self.text[kept:]
        self.base += kept
        self._extend()
        return position - kept

    def switch(self, position: int, encoding: str | None) -> None:
        """From ``position`` on the file is in ``encoding``, a PostgreSQL name; None is UTF-8."""
        name = encoding_name(encoding)
        if name == self._encoding:
            return
        self._check(position)
        self._encoding = name
        self.text = self.text[:position]
        self._extend()

    def stop_checking(self, position: int) -> None:
        """From ``position`` on the bytes are not text of the file's encoding."""
        self._check(position)
        self._checks = False

    def go_on_checking(self, position: int) -> None:
        """From ``position`` on the bytes are text of the file's encoding again."""
        if not self._checks:
            self._check(position)
            self._checks = True

    def finish(self, checksum: str) -> None:
        """Check what is left. Raises FilesError when the bytes do not have this checksum."""
        self._check(len(self.text))
        if self._digest and self._digest.hexdigest() != checksum:
            raise FilesError(
                "The file was changed after the folder had been read.",
                path=self._source.path,
                hint="Start again to see what is in it now.",
            )

    def _extend(self) -> None:
        start = self.base + len(self.text)
        fresh = self._source.read(start, start + SIZE)
        new = fresh[self._read - start :]
        if (nul := new.find(0)) >= 0:
            raise fault(
                self._source,
                self._read + nul,
                f"A NUL byte (byte {self._read + nul} of the file): this is not a text file.",
                hint="Save it as UTF-8 without NUL bytes. UTF-16 is full of them.",
            )
        if self._digest:
            self._digest.update(new)
        self._read += len(new)
        if not is_safe(self._encoding):
            if start + len(fresh) < self._source.size:
                # Cut where a character surely ends: these are never a second byte.
                fresh = fresh[: max(map(fresh.rfind, (b"\n", b" ", b",", b"'"))) + 1] or fresh
            fresh = masked(fresh, self._encoding)
        self.text += fresh
        self.last = start + len(fresh) >= self._source.size

    def _check(self, position: int) -> None:
        """Check that everything up to ``position`` is valid UTF-8, where it has to be."""
        text = self.text[self._checked - self.base : position]
        if self._checks and self._encoding == UTF8 and not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError as error:
                at = self._checked + error.start
                if error.end < len(text) or self.last:
                    raise fault(
                        self._source,
                        at,
                        f"Byte {at} of the file (0x{text[error.start]:02X}) is not valid UTF-8.",
                        hint="Save the file as UTF-8, or let it say what it is with "
                        "SET client_encoding as its first statement.",
                    ) from None
                self._checked = at  # a character that goes on behind ``position``
                return
        self._checked = self.base + position
