"""The bytes of one migration file: a small file is in memory, a big one is read in pieces.

A file is not mapped into memory, because the process would be killed (SIGBUS) if somebody truncated
the file, and its pages would count as memory of the process. A big file is read with ``pread``
instead: it takes no more memory than the caller keeps, and where a piece is gone there is an error
with a message.
"""

import copy
import os
from pathlib import Path

from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import unreadable

HELD = 64 * 1024
"""A file of up to so many bytes is read once and kept."""

_AHEAD = 64 * 1024

Stamp = tuple[int, int, int, int]
"""What a file is known by: device, inode, size in bytes, and time of the last change in ns."""


def stamp_of(stat: os.stat_result) -> Stamp:
    """The stamp of a file. It stays the same as long as nobody writes to it."""
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


class Source:
    """Access to the bytes of a file, all from one state of it.

    A big file is opened when it is needed and closed by ``release``, after which it may be needed
    again. What is read after somebody changed it raises FilesError. A change that keeps the size
    and falls into the same tick of the file system's clock as the one before the first reading
    (1 to 10 ms on Linux) cannot be seen. It is for one thread: see ``apart``.
    """

    __slots__ = ("_ahead", "_ahead_at", "_fd", "_held", "path", "size", "stamp")

    def __init__(self, path: Path) -> None:
        """Raises FilesError when the file cannot be read."""
        self.path = path
        self._fd = -1
        self._held: bytes | None = None
        self._ahead = b""
        self._ahead_at = 0
        stat = self._open()
        self.size = stat.st_size
        self.stamp = stamp_of(stat)
        if self.size <= HELD:
            self._held = self._read(0, self.size)
            self.release()

    def read(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, or to the end of the file."""
        if self._held is not None:
            return self._held[start:end]
        end = min(end, self.size)
        if end - start >= _AHEAD:
            return self._read(start, end)
        # Statement after statement is asked for, and the newlines between them.
        if not self._ahead_at <= start <= end <= self._ahead_at + len(self._ahead):
            self._ahead = self._read(start, min(start + _AHEAD, self.size))
            self._ahead_at = start
        return self._ahead[start - self._ahead_at : end - self._ahead_at]

    def _read(self, start: int, end: int) -> bytes:
        if self._fd < 0:
            self._open()
        length = max(0, end - start)
        try:
            found = os.pread(self._fd, length, start)
            stamp = stamp_of(os.fstat(self._fd))
        except OSError as error:
            raise unreadable(self.path, error) from None
        if stamp != self.stamp or len(found) < length:
            raise FilesError(
                "This file was changed while it was in use.",
                path=self.path,
                hint="Start again to see what is in it now.",
            )
        return found

    def apart(self) -> "Source":
        """The same state of the file for another thread, which opens the file by itself."""
        other = copy.copy(self)
        other._fd = -1
        other._ahead = b""
        return other

    def release(self) -> None:
        """Close the file, if it is open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._ahead = b""

    def __del__(self) -> None:
        self.release()

    def _open(self) -> os.stat_result:
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            return os.fstat(self._fd)
        except OSError as error:
            raise unreadable(self.path, error) from None
