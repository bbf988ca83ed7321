"""Scans the folder of migrations: its files, in their order, with their checksums.

A file that is unusable whatever it contains (a name that the ledger cannot hold, no permission to
read it) is refused here, before anything runs. The contents are the matter of ``script``.
"""

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import FileIO
from pathlib import Path

from schemamig_tui.engine.script.names import check_names, is_migration
from schemamig_tui.engine.script.source import Stamp, stamp_of
from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import unreadable
from schemamig_tui.sql import unwritten

MANUAL = "MANUAL"
"""The checksum of a ledger row that was written by hand; it matches every content."""

_PIECE = 256 * 1024

# Seconds in which a file may change twice and have one time: Linux takes that of its last tick, 1
# to 10 ms ago. Where no time is finer than 10 ms it may be FAT, which goes in steps of two seconds.
_TICK, _COARSE_TICK = 0.1, 2.0
_FINE_NS = 10_000_000

# A file in which nothing is written is not longer than this, in bytes, with all its comments.
_LONGEST_UNWRITTEN = 16 * 1024


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """A file of the folder. ``size`` is in bytes, ``checksum`` the MD5 of the bytes in hex.

    ``unwritten``: it has no bytes, or nothing between its BEGIN and COMMIT. As long as a file has
    the same ``stamp`` it has the same checksum; None: somebody was writing to it. ``recent``: it
    had changed so shortly before it was read that one more change might not show in the stamp.
    """

    name: str
    path: Path
    size: int
    checksum: str
    unwritten: bool = field(default=False, compare=False)
    stamp: Stamp | None = field(default=None, repr=False, compare=False)
    recent: bool = field(default=False, repr=False, compare=False)


def scan(directory: Path, known: Iterable[MigrationFile] = ()) -> tuple[MigrationFile, ...]:
    """Every ``*.sql`` directly in ``directory``, in byte order of the name.

    Sub-folders, hidden files and other names are left out; an empty folder is an empty tuple.
    ``known`` are the files of an earlier scan: those that still have their stamp are not read
    again. Raises FilesError for a folder that is missing, is none or cannot be listed, and for a
    file that cannot be read or recorded.
    """
    found = _entries(directory)
    found.sort(key=lambda entry: os.fsencode(entry.name))
    check_names(directory, [entry.name for entry in found])
    by_name = {file.name: file for file in known}
    return tuple(_read(directory / entry.name, by_name.get(entry.name)) for entry in found)


def migration_names(directory: Path) -> list[str]:
    """The names of the migrations, in byte order, without a look into the files.

    Raises FilesError for a folder that is missing, is none or cannot be listed.
    """
    return sorted((entry.name for entry in _entries(directory)), key=os.fsencode)


def passed_over(directory: Path) -> list[str]:
    """The names of files that are no migrations only because of their suffix, such as ``.SQL``."""
    try:
        with os.scandir(directory) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.endswith(".sql")
                and is_migration(entry.name.lower())
                and not entry.is_dir()
            )
    except OSError:
        return []  # scan says what is wrong with it


def same_content(file: MigrationFile, checksum: str) -> bool:
    """Whether ``checksum``, as ``LedgerRow.md5`` has it, still stands for the file.

    Line ends do not count: the checksum of the file with another kind of line end stands for it
    too, and so does that with or without a line end behind the last line. The file is only read for
    that when its own checksum is another one. Raises FilesError when it cannot be read.
    """
    return checksum in (file.checksum, MANUAL) or checksum in _with_other_line_ends(file.path)


def fitting(file: MigrationFile, checksums: Container[str]) -> str | None:
    """The one of ``checksums`` that stands for the file; line ends do not count.

    Raises FilesError when it cannot be read.
    """
    if file.checksum in checksums:
        return file.checksum
    return next((one for one in _with_other_line_ends(file.path) if one in checksums), None)


def has_statements(file: MigrationFile) -> bool:
    """Whether there is anything to run in a file. Raises FilesError when it cannot be read."""
    if file.unwritten or file.size == 0:
        return False
    first = beginning(file)
    return file.size > len(first) or unwritten.has_statements(first)


def allows_out_of_order(file: MigrationFile) -> bool:
    """Whether a file says that it may run behind later ones. Raises FilesError if unreadable."""
    from schemamig_tui.sql.directives import allows_out_of_order

    return allows_out_of_order(beginning(file))


def beginning(file: MigrationFile) -> bytes:
    """What a file begins with: enough for the comments at its top. Raises FilesError."""
    with _opened(file.path) as opened:
        return opened.read(_PIECE)


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return [entry for entry in entries if _is_migration(entry)]
    except FileNotFoundError:
        raise FilesError(
            "The folder of the migrations does not exist.",
            path=directory,
            hint="Create it, or name another one with --dir.",
        ) from None
    except NotADirectoryError:
        raise FilesError(
            "This is a file, not a folder of migrations.",
            path=directory,
            hint="Name the folder that holds the file with --dir.",
        ) from None
    except OSError as error:
        raise unreadable(directory, error) from None


def _is_migration(entry: os.DirEntry[str]) -> bool:
    # A broken link or a socket stays in, to be refused by name: left out, it would be missed.
    if not is_migration(entry.name):
        return False
    try:
        return not entry.is_dir()
    except OSError:  # a link to itself
        return True


def _read(path: Path, known: MigrationFile | None) -> MigrationFile:
    try:
        return _hashed(path, known)
    except OSError as error:
        raise unreadable(path, error) from None


def _hashed(path: Path, known: MigrationFile | None) -> MigrationFile:
    before = path.stat()
    if not stat.S_ISREG(before.st_mode):
        raise FilesError("This is not a regular file.", path=path)
    stamp = stamp_of(before)
    if known and known.stamp == stamp and not known.recent:
        return known
    tick = _TICK if before.st_mtime_ns % _FINE_NS else _COARSE_TICK
    recent = before.st_mtime > time.time() - tick
    size = 0
    piece = b""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        for piece in _pieces(file):
            size += len(piece)
            digest.update(piece)
            if size == before.st_size:  # whether there is more behind it, the stamp tells
                break
        unchanged = stamp == stamp_of(os.fstat(file.fileno()))
    return MigrationFile(
        path.name,
        path,
        size,
        digest.hexdigest(),
        unwritten=_is_unwritten(piece, size),
        stamp=stamp if unchanged else None,
        recent=recent,
    )


def _is_unwritten(text: bytes, size: int) -> bool:
    is_all = size == len(text) <= _LONGEST_UNWRITTEN
    return size == 0 or (is_all and unwritten.is_empty_transaction(text))


def _with_other_line_ends(path: Path) -> tuple[str, ...]:
    """The checksums that the file would have with other line ends.

    First with LF only and with CRLF only, where a lone CR stays; then where a lone CR counts as a
    line end, too; then with lone CRs only. Last, the same once more without the line end of the
    last line, because editors add that one.
    """
    digests = [hashlib.md5(usedforsecurity=False) for _ in range(5)]
    held = b""
    with _opened(path) as file:
        for piece in _pieces(file):
            text = held + piece
            held = next((end for end in _LINE_ENDS if text.endswith(end)), b"")
            _hash_with_other_line_ends(digests, text[: len(text) - len(held)])
    unended = [digest.copy() for digest in digests]
    _hash_with_other_line_ends(digests, held or b"\n")
    return tuple(digest.hexdigest() for digest in (*digests, *unended))


_LINE_ENDS = (b"\r\n", b"\n", b"\r")


def _hash_with_other_line_ends(digests: "Sequence[hashlib._Hash]", text: bytes) -> None:
    kept = text.replace(b"\r\n", b"\n")
    unix = kept.replace(b"\r", b"\n")
    ways = (kept, kept.replace(b"\n", b"\r\n"), unix)
    for digest, way in zip(
        digests, (*ways, unix.replace(b"\n", b"\r\n"), unix.replace(b"\n", b"\r")), strict=True
    ):
        digest.update(way)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    """Open a file to read it. Errors of the system become FilesError."""
    try:
        with path.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise unreadable(path, error) from None


def _pieces(file: FileIO) -> Iterator[bytes]:
    return iter(partial(file.read, _PIECE), b"")
