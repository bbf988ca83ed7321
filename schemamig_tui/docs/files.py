"""Writes a document as a file, whole or not at all."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from schemamig_tui.docs.document import Document
from schemamig_tui.docs.merge import merged
from schemamig_tui.docs.parser import read
from schemamig_tui.docs.writer import write
from schemamig_tui.errors import FilesError


@dataclass(frozen=True)
class Generated:
    """A file that says now what the database has; ``state`` tells what has become of it.

    ``lost`` are the things that are gone from the database with what was written by hand of them.
    """

    path: Path
    document: Document
    state: Literal["created", "changed", "unchanged"]
    lost: tuple[str, ...] = ()


def generate(path: Path, database: Document) -> Generated:
    """Write the file; what people have written into the one that is there stays.

    Raises FilesError, with the line of a file that cannot be read.
    """
    if not path.exists():
        write_file(path, write(database))
        return Generated(path, database, "created")
    document, lost = merged(database, read(path))
    state = write_file(path, write(document))
    return Generated(path, document, state, lost)


def write_file(path: Path, text: str) -> Literal["changed", "unchanged"]:
    """Write a text in the place of what is there. Raises FilesError, and leaves that as it is."""
    path = path.resolve()  # a link stays one
    new = path.with_name(f".{path.name}.new")
    content = text.encode()
    try:
        if path.exists() and path.read_bytes() == content:
            return "unchanged"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            new.write_bytes(content)
            if path.exists():
                shutil.copymode(path, new)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise FilesError(
            f"This cannot be written: {error.strerror}.",
            path=path,
            hint="Check the permissions of the folder, and that there is room.",
        ) from error
    return "changed"
