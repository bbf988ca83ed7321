"""Compares the folder with a branch, and finds what a pull request must not do to migrations.

A pull request may only add files that sort behind all files of the branch. Otherwise a database in
which those are applied would run the new ones in another order, or never get a change.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from schemamig_tui.authoring.git import Repository
from schemamig_tui.authoring.naming import description, next_name
from schemamig_tui.engine import MigrationFile, scan
from schemamig_tui.engine.script.files import allows_out_of_order
from schemamig_tui.engine.script.names import is_migration
from schemamig_tui.errors import SettingsError
from schemamig_tui.file_access import content_of
from schemamig_tui.sql.fingerprint import same_tokens


class Problem(StrEnum):
    """What is wrong with a file."""

    CHANGED = "changed"
    COMMENTS = "only comments changed"
    REMOVED = "removed"
    RENAMED = "renamed"
    OUT_OF_ORDER = "out of order"


@dataclass(frozen=True)
class Finding:
    """A file that is not as it should be.

    ``renamed_to`` is the name that it has now, ``in_order`` one that would sort behind all others.
    """

    name: str
    problem: Problem
    renamed_to: str | None = None
    in_order: str | None = None


@dataclass(frozen=True)
class BranchComparison:
    """How a folder differs from what ``ref`` has, whose last file is ``last``.

    ``new`` are the names of the files that are not there.
    """

    ref: str
    last: str | None
    new: tuple[str, ...]
    findings: tuple[Finding, ...]


def compare_with(folder: Path, ref: str) -> BranchComparison:
    """Compare a folder with the branch, tag or commit ``ref``.

    Files that the branch has got since HEAD parted from it only count for the order of the new
    files. Raises FilesError, and GitUnavailable.
    """
    files = {file.name: file for file in scan(folder)}
    repository = Repository.of(folder)
    commit = repository.commit(ref)
    theirs = _migrations(repository, commit)
    base = _migrations(repository, repository.merge_base(commit))
    last = max(theirs, key=str.encode, default=None)
    new = tuple(name for name in files if name not in theirs)
    findings = [*_edited(repository, files, base)]
    names = [*files, *theirs]
    for name in new:
        late = last is not None and name.encode() < last.encode()
        if late and name not in base and not allows_out_of_order(files[name]):
            in_order = _name_behind(names, name)
            names += filter(None, [in_order])
            findings.append(Finding(name, Problem.OUT_OF_ORDER, in_order=in_order))
    findings.sort(key=lambda finding: finding.name.encode())
    return BranchComparison(ref, last, new, tuple(findings))


def _name_behind(names: Sequence[str], name: str) -> str | None:
    try:
        return next_name(names, description(name), date.today()).name
    except SettingsError:
        return None


def _migrations(repository: Repository, commit: str) -> dict[str, str]:
    return {name: blob for name, blob in repository.files(commit).items() if is_migration(name)}


def _edited(
    repository: Repository, files: dict[str, MigrationFile], base: dict[str, str]
) -> list[Finding]:
    """What has become of the files that were there."""
    findings = [*_gone(repository, files, base)]
    contents = {name: content_of(file.path) for name, file in files.items() if name in base}
    suspects = {
        name: blob
        for name, blob in base.items()
        if name in contents and _blob(contents[name], blob) != blob
    }
    texts = dict(repository.contents(suspects.values()))
    for name, blob in suspects.items():
        old, new = map(_with_unix_ends, (texts.get(blob, b""), contents[name]))
        if old != new:
            only = same_tokens(old, new)
            findings.append(Finding(name, Problem.COMMENTS if only else Problem.CHANGED))
    return findings


def _gone(
    repository: Repository, files: dict[str, MigrationFile], base: dict[str, str]
) -> Iterator[Finding]:
    """The files that are not there any more, or have another name, by what is in them."""
    gone = {name: blob for name, blob in base.items() if name not in files}
    for name in repository.left_out() if gone else ():
        gone.pop(name, None)
    texts = dict(repository.contents(gone.values()))
    new: dict[bytes, list[str]] = {}
    for name, file in files.items() if gone else ():
        if name not in base:
            new.setdefault(_with_unix_ends(content_of(file.path)), []).append(name)
    for name, blob in gone.items():
        if names := new.get(_with_unix_ends(texts.get(blob, b""))):
            yield Finding(name, Problem.RENAMED, names.pop(0))
        else:
            yield Finding(name, Problem.REMOVED)


def _with_unix_ends(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n")


def _blob(text: bytes, like: str) -> str:
    """The name that git would give to a blob, with the algorithm of another one."""
    head = f"blob {len(text)}\0".encode()
    algorithm = "sha256" if len(like) == 64 else "sha1"
    return hashlib.new(algorithm, head + text, usedforsecurity=False).hexdigest()
