"""The bytes of one migration file, held when it is small, read in pieces when it is not.

A file that someone truncates kills a process that has it mapped (SIGBUS), and the pages of a
mapping count as memory of the process. So a big file is read with ``pread`` instead: a piece that
is no longer there is an error with a message, and memory is what the caller keeps.
"""

import os
from pathlib import Path

from schemamig_tui.errors import FilesError

HELD = 64 * 1024
"""A file of up to so many bytes is read once and kept."""


class Source:
    """Random access to the bytes of a file, all from one state of it.

    A big file is opened when first needed and closed by ``release``, after which it can be used
    again. Its device, inode, size and modification time are those of the first opening; when they
    are others later, ``read`` raises FilesError. What cannot be seen is a change of the same size
    within one tick of the file system's clock (1 to 10 ms on Linux).
    """

    __slots__ = ("_fd", "_held", "_stamp", "path", "size")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self._held: bytes | None = None
        self._stamp: tuple[int, ...] | None = None
        self._open()

    def read(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, or to the end of the file."""
        if self._held is not None:
            return self._held[start:end]
        if self._fd < 0:
            self._open()
        end = min(end, self.size)
        pieces = []
        while start < end:
            piece = os.pread(self._fd, end - start, start)
            if not piece:
                raise self._changed()
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def unchanged(self) -> bool:
        """Whether the file is still as it was when first opened. Held bytes always are."""
        if self._held is not None:
            return True
        try:
            stat = os.fstat(self._fd) if self._fd >= 0 else self.path.stat()
        except OSError:
            return False
        return _stamp(stat) == self._stamp

    def release(self) -> None:
        """Close the file. It opens again by itself."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            stat = os.fstat(self._fd)
            stamp = _stamp(stat)
            if self._stamp not in (None, stamp):
                self.release()
                raise self._changed()
            self._stamp = stamp
            self.size = stat.st_size
            if self.size <= HELD:
                self._held = os.read(self._fd, HELD + 1)
                self.size = len(self._held)
                self.release()
        except OSError as error:
            self.release()
            raise FilesError(
                f"Cannot be read: {error.strerror or error}.", path=self.path
            ) from None

    def _changed(self) -> FilesError:
        return FilesError(
            "The file was changed after it had been read.",
            path=self.path,
            hint="Look at the plan again, then start a new run.",
        )

    def __del__(self) -> None:
        self.release()


def _stamp(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
