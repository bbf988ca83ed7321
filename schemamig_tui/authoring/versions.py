"""Finds, in git, the version of a file that has the checksum in the ledger."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from schemamig_tui.authoring.git import Commit, Edit, Repository


@dataclass(frozen=True)
class Version:
    """The text of a file that was applied.

    ``commit`` has brought it, ``changed_by`` has changed it first; None: no commit has, so it has
    changed since the last one.
    """

    text: bytes
    commit: Commit
    changed_by: Commit | None


def find_versions(repository: Repository, checksums: Mapping[str, str]) -> dict[str, Version]:
    """The version of each file, by name, that has this MD5, as far as there is one.

    The history of HEAD is looked at first, and that of everything else for what is not in there.
    Line ends do not count, as git may have changed them. Raises GitUnavailable.
    """
    found = _find(repository, checksums, everywhere=False)
    if missing := {name: md5 for name, md5 in checksums.items() if name not in found}:
        found |= _find(repository, missing, everywhere=True)
    return found


def _find(
    repository: Repository, checksums: Mapping[str, str], *, everywhere: bool
) -> dict[str, Version]:
    edits = [
        edit
        for edit in repository.edits(list(checksums), everywhere=everywhere)
        if edit.name in checksums
    ]
    names: dict[str, set[str]] = {}
    for edit in edits:
        if edit.new:
            names.setdefault(edit.new, set()).add(edit.name)
    found: dict[str, Version] = {}
    for blob, text in repository.contents(names):
        sums = _checksums(text)
        for name in names[blob]:
            if checksums[name] in sums:
                found[name] = _version(text, blob, [edit for edit in edits if edit.name == name])
    return found


def _version(text: bytes, blob: str, edits: list[Edit]) -> Version:
    """``edits`` are those of one file, the newest first."""
    brought = next(edit.commit for edit in edits if edit.new == blob)
    # The first one behind the newest that has brought it.
    behind = next((i for i, edit in enumerate(edits) if edit.new == blob), 0)
    changed = [edit.commit for edit in edits[:behind] if edit.old == blob]
    return Version(text, brought, changed[-1] if changed else None)


def _checksums(text: bytes) -> set[str]:
    unix = text.replace(b"\r\n", b"\n")
    return {
        hashlib.md5(one, usedforsecurity=False).hexdigest()
        for one in (text, unix, unix.replace(b"\n", b"\r\n"))
    }
