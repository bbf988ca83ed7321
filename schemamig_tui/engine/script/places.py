"""Converts byte offsets of a file to lines and columns, and points errors at them."""

from array import array

from schemamig_tui.engine.events import Place
from schemamig_tui.engine.script.source import Source
from schemamig_tui.errors import FilesError

BOM = b"\xef\xbb\xbf"
_PIECE = 64 * 1024
_BLOCK = 32 * 1024


class Lines:
    """Finds the line of each byte of a file; cheap in any order, as it keeps what it counts."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # How many lines end before the start of each block, as far as they have been counted.
        self._before = array("Q", [0])
        self._last = 0, 0

    def line(self, offset: int) -> int:
        """The line of the byte at ``offset``."""
        return 1 + self.ends(offset)

    def ends(self, offset: int) -> int:
        """How many lines end before the byte at ``offset``."""
        start, count = self._last
        if not start <= offset < start + _BLOCK:
            block = offset // _BLOCK
            start, count = block * _BLOCK, self._before_block(block)
        count += newlines(self._source, start, offset)
        self._last = offset, count
        return count

    def _before_block(self, block: int) -> int:
        before = self._before
        while len(before) <= block:
            start = (len(before) - 1) * _BLOCK
            before.append(before[-1] + newlines(self._source, start, start + _BLOCK))
        return before[block]


def place(source: Source, offset: int) -> Place:
    """Line and column of the byte at ``offset``; the file counts as UTF-8 here."""
    line = 1 + newlines(source, 0, offset)
    start = line_start(source, offset)
    before = source.read(start, offset).removeprefix(BOM)
    return Place(line, 1 + len(before.decode(errors="replace")))


def fault(source: Source, offset: int, message: str, *, hint: str | None = None) -> FilesError:
    """A FilesError that points at the byte at ``offset``."""
    where = place(source, offset)
    return FilesError(message, path=source.path, line=where.line, column=where.column, hint=hint)


def newlines(source: Source, start: int, end: int) -> int:
    """How many lines end between two bytes."""
    if start < end <= start + _PIECE:
        return source.read(start, end).count(b"\n")
    count = 0
    while start < end:
        piece = source.read(start, min(end, start + _PIECE))
        count += piece.count(b"\n")
        start += len(piece)
    return count


def line_start(source: Source, offset: int) -> int:
    """Where the line of the byte at ``offset`` starts."""
    while offset > 0:
        start = max(0, offset - _PIECE)
        found = source.read(start, offset).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        offset = start
    return 0


def line_offset(source: Source, line: int) -> int:
    """Where a line starts; the end of the file for a line behind it."""
    offset = 0
    while line > 1:
        piece = source.read(offset, offset + _PIECE)
        if not piece:
            break
        ends = piece.count(b"\n")
        if ends >= line - 1:
            return offset + len(piece) - len(piece.split(b"\n", line - 1)[-1])
        line -= ends
        offset += len(piece)
    return offset
