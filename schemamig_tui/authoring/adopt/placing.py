"""Puts the files of an adoption into our folder, and none over another one.

All raise FilesError: where something is in the way, or cannot be read or written.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from schemamig_tui.authoring.adopt.folder import TheirFile
from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import content_of, unwritable


def refuse_same(ours: Path, theirs: Path) -> None:
    """Refuse one folder for both, where ours would run what is written for the other tool."""
    if ours.resolve() == theirs.resolve():
        raise FilesError(
            "This is the folder of our own migrations as well, and both cannot be in one.",
            path=theirs,
            hint="Name another one for ours by the variable SCHEMAMIG_DIR, or by dir in the"
            " settings; with --adopt, --dir is the folder of the other tool.",
        )


def refuse_other_names(directory: Path, new: Sequence[TheirFile], names: set[str]) -> None:
    """Refuse files that are there under an earlier name, as the numbers were shorter then.

    1 of Flyway is 0001, and from the first 1.1 on 0001_0000: both files would run.
    """
    found = {_title(path.name): path for path in directory.glob("*.sql") if path.name not in names}
    for file in new:
        path = found.get(_title(file.name))
        if path and _content(path) == file.up.text:
            raise FilesError(
                f"This is what {file.path.name} becomes, under the name that it had before its"
                " version got more digits or parts.",
                path=path,
                hint=f"Rename it to {file.name}, do this again, and then --forget {path.name}.",
            )


def _title(name: str) -> str:
    return name.lstrip("0123456789_")


def _content(path: Path) -> bytes | None:
    return content_of(path) if os.path.lexists(path) else None


def is_there(path: Path, file: TheirFile) -> bool:
    """Whether our file is there already; one that is another is refused."""
    content = _content(path)
    if content is None:
        return False
    if content != file.up.text:
        raise FilesError(
            f"This file is there already, and is not what {file.path.name} becomes.",
            path=path,
            hint="Move it away, or rename it; a file of ours is never overwritten.",
        )
    return True


@contextlib.contextmanager
def written_aside(directory: Path, files: Sequence[TheirFile]) -> Iterator[Path]:
    """A hidden folder within ours that has the files, and is removed at the end."""
    try:
        is_new = not directory.exists()
        directory.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".adopt-", dir=directory))
    except OSError as error:
        raise unwritable(directory, error) from error
    try:
        for file in files:
            try:
                (aside / file.name).write_bytes(file.up.text)
            except OSError as error:
                raise unwritable(directory / file.name, error) from error
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):  # has files by now
                directory.rmdir()


def move(aside: Path, directory: Path, files: Sequence[TheirFile]) -> None:
    """Move the files to their places; what others have put there meanwhile stays as it is."""
    for file in files:
        path = directory / file.name
        if not is_there(path, file):
            try:
                (aside / file.name).rename(path)
            except OSError as error:
                raise unwritable(path, error) from error
