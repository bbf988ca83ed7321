"""The folder of migrations: which files are in it, in which order, and what their bytes add up to.

Everything that makes a file unusable as such (a name the ledger cannot hold, no permission to
read it) is found here, before anything runs. What is written in the files is ``script``'s matter.
"""

import hashlib
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemamig_tui.engine.script.source import Stamp, stamp_of
from schemamig_tui.errors import FilesError

NAME_LENGTH = 255
"""The longest file name in characters: the ledger's ``filename VARCHAR(255)``."""

MANUAL = "MANUAL"
"""The checksum of a ledger row that was written by hand; it matches every content."""

_PIECE = 256 * 1024

_PREFIXES = {
    "YYYYMMDD_": re.compile(r"\d{8}_"),
    "YYYY-MM-DD_": re.compile(r"\d{4}-\d{2}-\d{2}_"),
    "NNNN_": re.compile(r"\d{4}_"),
}


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """A file of the folder. ``size`` is in bytes, ``checksum`` the MD5 of the bytes in hex.

    A file that still has its ``stamp`` has its checksum too; None: it was being written to.
    """

    name: str
    path: Path
    size: int
    checksum: str
    stamp: Stamp | None = field(default=None, repr=False, compare=False)


def scan(directory: Path) -> tuple[MigrationFile, ...]:
    """Every ``*.sql`` directly in ``directory``, in byte order of the name.

    Sub-folders, hidden files and other names are left out; an empty folder is an empty tuple.
    Raises FilesError for a folder that is missing, is none or cannot be listed, and for a file
    that cannot be read or recorded.
    """
    try:
        with os.scandir(directory) as entries:
            found = [entry for entry in entries if _is_migration(entry)]
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
        raise _unreadable(directory, error) from None
    found.sort(key=lambda entry: os.fsencode(entry.name))
    return tuple(_read(directory / entry.name) for entry in found)


def naming_warnings(files: Iterable[MigrationFile]) -> tuple[str, ...]:
    """What about the names may put the files into an order that nobody meant, as sentences."""
    styles: dict[str, list[str]] = defaultdict(list)
    for file in files:
        matching = (style for style, prefix in _PREFIXES.items() if prefix.match(file.name))
        styles[next(matching, "")].append(file.name)
    warnings = []
    if unknown := styles.pop("", None):
        warnings.append(
            f"No prefix {', '.join(_PREFIXES)} in the name of {_some(unknown)}: "
            "they run in alphabetical order."
        )
    plain, dashed = styles["YYYYMMDD_"], styles["YYYY-MM-DD_"]
    if plain and dashed:
        warnings.append(
            f"Both date styles are in use ({plain[0]}, {dashed[0]}): "
            "alphabetical order is not the order of the dates."
        )
    return tuple(warnings)


def same_content(file: MigrationFile, checksum: str) -> bool:
    """Whether ``checksum``, as a ledger row has it, still stands for the file.

    A difference in line ends alone is none: the checksum of the file with every CRLF turned into
    LF, or every LF into CRLF, counts too. The file is read for that only when nothing else fits.
    Raises FilesError when it cannot be read.
    """
    return checksum in (file.checksum, MANUAL) or checksum in _with_other_line_ends(file.path)


def _is_migration(entry: os.DirEntry[str]) -> bool:
    # A broken link or a socket stays in, to be refused by name: left out, it would be missed.
    return entry.name.endswith(".sql") and entry.name[0] != "." and not entry.is_dir()


def _read(path: Path) -> MigrationFile:
    _check_name(path)
    before = _stat(path)
    if not stat.S_ISREG(before.st_mode):
        raise FilesError("This is not a regular file.", path=path)
    size = 0
    digest = hashlib.md5(usedforsecurity=False)
    for piece in _pieces(path):
        size += len(piece)
        digest.update(piece)
    stamp = stamp_of(before)
    unchanged = stamp == stamp_of(_stat(path))
    return MigrationFile(path.name, path, size, digest.hexdigest(), stamp if unchanged else None)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None


def _check_name(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise FilesError(
            "The name of the file is not valid UTF-8, so the ledger cannot hold it.",
            path=path,
            hint="Rename the file.",
        ) from None
    if len(path.name) > NAME_LENGTH:
        raise FilesError(
            f"The name of the file has {len(path.name)} characters; "
            f"the ledger holds {NAME_LENGTH}.",
            path=path,
            hint="Rename the file.",
        )
    if path.name.endswith(".down.sql"):
        raise FilesError(
            "This is the way back of a migration (.down.sql): run with the others, "
            "it would undo what they do.",
            path=path,
            hint="Move it out of the folder. To undo a migration, add a new one that reverses it.",
        )


def _with_other_line_ends(path: Path) -> tuple[str, str]:
    """The checksums the file would have with LF only, and with CRLF only."""
    unix = hashlib.md5(usedforsecurity=False)
    windows = hashlib.md5(usedforsecurity=False)
    held = b""
    for piece in _pieces(path):
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n")
        unix.update(text)
        windows.update(text.replace(b"\n", b"\r\n"))
    unix.update(held)
    windows.update(held)
    return unix.hexdigest(), windows.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> FilesError:
    return FilesError(
        f"This cannot be read: {error.strerror}.",
        path=path,
        hint="Check that it is there and that you may read it.",
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
