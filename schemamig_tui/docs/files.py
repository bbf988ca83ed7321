"""Writes a document as files, each of them whole or not at all."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from schemamig_tui.docs.document import Document
from schemamig_tui.docs.markdown import MARK, pages
from schemamig_tui.docs.merge import merged
from schemamig_tui.docs.parser import read
from schemamig_tui.docs.writer import write
from schemamig_tui.file_access import content_of, is_there, remove, replace_content, unwritable
from schemamig_tui.units import plural

State = Literal["created", "changed", "unchanged"]
_WORDS = {"created": "Created", "changed": "Changed", "unchanged": "Nothing to change in"}


@dataclass(frozen=True)
class Generated:
    """A file that has been generated; ``state`` tells whether it is new, or has changed.

    ``lost`` are the things that are gone from the database, and that had notes written by hand.
    """

    path: Path
    document: Document
    state: State
    lost: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was done with the file, and what is in it, without a full stop."""
        return f"{_WORDS[self.state]} {self.path}: {self.document.counts}"

    @property
    def remarks(self) -> Iterator[str]:
        """What the file lacks, or shows elsewhere than people may expect, in sentences."""
        if self.document.beyond:
            things = plural(self.document.beyond, "thing")
            yield f"{things} that DBML has no words for: in the notes"
        if self.document.left_out:
            objects = plural(self.document.left_out, "object")
            yield f"{objects} in no schema, such as extensions: left out"
        for name in self.lost:
            yield f"{name} is gone, and with it what was written of it by hand"


def generate(path: Path, database: Document) -> Generated:
    """Write the file; what people have written into the one that is there stays.

    Raises FilesError, with the line of a file that cannot be read.
    """
    document, lost = _with_hand(database, path)
    return Generated(path, document, write_file(path, write(document)), lost)


def generate_pages(path: Path, database: Document) -> Generated:
    """Write the overview as ``path``, and a page for each schema into the folder of that name.

    They have what people have written into the DBML beside it. Pages of schemas that are gone are
    removed. Raises FilesError.
    """
    document, _ = _with_hand(database, path.with_suffix(".dbml"))
    found = pages(document, path.stem)
    states = {write_file(path.parent / name, text) for name, text in found.items()}
    for old in path.with_suffix("").glob("*.md"):
        if f"{path.stem}/{old.name}" not in found and _is_ours(old):
            states.add("changed")
            remove(old)
    state = states.pop() if len(states) == 1 else "changed"
    return Generated(path, replace(document, beyond=0), state)


def generate_dump(path: Path, database: Document, dump: str) -> Generated:
    """Write a dump of the schema. Raises FilesError."""
    return Generated(path, replace(database, beyond=0), write_file(path, dump))


def _with_hand(database: Document, path: Path) -> tuple[Document, tuple[str, ...]]:
    return merged(database, read(path, database)) if is_there(path) else (database, ())


def _is_ours(page: Path) -> bool:
    return content_of(page).startswith(MARK.encode())


def write_file(path: Path, text: str) -> State:
    """Write a text in the place of what is there. Raises FilesError, and leaves that as it is."""
    content = text.encode()
    is_new = not os.path.exists(path)  # noqa: PTH110 - False also where nobody may look
    if not is_new and content_of(path) == content:
        return "unchanged"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from None
    replace_content(path, content)
    return "created" if is_new else "changed"
