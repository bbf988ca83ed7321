"""Reads and writes whole files; what the system refuses is a FilesError that names the file."""

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path

from schemamig_tui.errors import FilesError

_LONGEST_STREAM = 64 * 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, or of a pipe such as ``<(...)`` of a shell. Raises OSError.

    What is no regular file may have no end, such as ``/dev/zero``: of that 64 MiB may be read.
    """
    with path.open("rb") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file.read()
        content = file.read(_LONGEST_STREAM + 1)
    if len(content) > _LONGEST_STREAM:
        raise OSError(errno.EFBIG, "not a regular file, and longer than 64 MiB")
    return content


def is_there(path: Path) -> bool:
    """Whether a file or a folder is there. Raises FilesError where nobody may look.

    ``Path.exists`` raises OSError then, and is False from Python 3.14 on.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unreadable(path, error) from None
    return True


def content_of(path: Path) -> bytes:
    """The bytes of a file. Raises FilesError."""
    try:
        return read_bytes(path)
    except OSError as error:
        raise unreadable(path, error) from None


def replace_content(path: Path, content: bytes) -> None:
    """Write a file, all of it or nothing. Raises FilesError, and leaves what is there as it is.

    A link stays one, and a file that is there keeps its permissions. What is no regular file is
    left alone: a device such as ``/dev/full`` would be replaced for everybody.
    """
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():
            raise FilesError("This is not a regular file.", path=path)
        with new.open("xb") as file:
            file.write(content)
        if target.exists():
            shutil.copymode(target, new)
        new.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise unwritable(path, error) from None


def remove(path: Path) -> None:
    """Remove a file. Raises FilesError."""
    try:
        path.unlink()
    except OSError as error:
        raise unwritable(path, error) from None


def unreadable(path: Path, error: OSError) -> FilesError:
    """The error for a file or a folder that cannot be read."""
    return FilesError(
        f"This cannot be read: {error.strerror}.",
        path=path,
        hint=None
        if error.errno == errno.EFBIG
        else "Check that it is there and that you may read it.",
    )


def unwritable(path: Path, error: OSError) -> FilesError:
    """The error for a file that cannot be written."""
    return FilesError(
        f"This cannot be written: {error.strerror}.",
        path=path,
        hint="Check that the folder is there, that you may write to it, and that there is room.",
    )
