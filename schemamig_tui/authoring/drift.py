"""Finds what has changed in a migration since it was applied, from the versions in git."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemamig_tui.authoring.git import Repository
from schemamig_tui.authoring.versions import Version, find_versions
from schemamig_tui.engine import Migration
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.file_access import content_of
from schemamig_tui.sql.fingerprint import same_tokens
from schemamig_tui.text import some_names, visible

PATIENCE = 2.0
"""How many seconds git may take, which goes through all commits, for what nobody has asked for."""


@dataclass(frozen=True)
class Drift:
    """An applied file that has changed: the version that was applied, and the text of now."""

    name: str
    version: Version
    now: bytes

    @property
    def only_comments(self) -> bool:
        """Whether nothing has changed but comments and white space."""
        return same_tokens(self.version.text, self.now)

    def sentences(self) -> Iterator[str]:
        """The commits, and whether only comments have changed, safe to show."""
        by = self.version.changed_by
        yield f"applied:    {self.version.commit}"
        yield f"changed by: {by or 'no commit; it has changed since the last one'}"
        if self.only_comments:
            yield "Only comments and white space have changed."

    def lines(self) -> Iterator[str]:
        """The lines of a unified diff, safe to show."""
        diff = difflib.unified_diff(
            _lines(self.version.text),
            _lines(self.now),
            f"{visible(self.name)} as applied",
            f"{visible(self.name)} now",
            lineterm="",
        )
        return (visible(line.expandtabs()) for line in diff)


def drift_of(migration: Migration) -> Drift | None:
    """What has changed in an applied migration with a file; None: nothing has.

    Raises FilesError where what was applied is not known: git has not kept it.
    """
    assert migration.file is not None
    assert migration.row is not None
    if not migration.changed:
        return None
    path = migration.file.path
    checksum = migration.row.md5
    why, is_shallow = "its row has no checksum", False
    if checksum and checksum != MANUAL:
        try:
            repository = Repository.of(path.parent)
            versions = find_versions(repository, {migration.name: checksum})
            is_shallow = repository.is_shallow
        except SchemamigError as error:
            why = error.message
        else:
            if version := versions.get(migration.name):
                return Drift(migration.name, version, content_of(path))
            where = "of those in this shallow clone " if is_shallow else ""
            why = f"no commit {where}has a version of it with this checksum"
    restore = (
        "Get the whole history with git fetch --unshallow, restore" if is_shallow else "Restore"
    )
    raise FilesError(
        f"The text that was applied is not known: the ledger has its MD5 only, and {why}.",
        path=path,
        hint=f"{restore} the text with the MD5 {visible(checksum or '')}, or accept the one of now:"
        f" --accept-checksum {visible(migration.name)}",
    )


def only_comments(migrations: Sequence[Migration]) -> tuple[str, ...]:
    """A sentence about those of the changed migrations in which only comments have changed.

    None where there are no such, or git cannot tell, or not in time: nobody has asked for it.
    """
    wanted = {m.name: m.row.md5 for m in migrations if m.changed and m.file and m.row and m.row.md5}
    files = {m.name: m.file.path for m in migrations if m.file}
    if not wanted:
        return ()
    try:
        folder = next(files[name].parent for name in wanted)
        versions = find_versions(Repository.of(folder, PATIENCE), wanted)
        names = [
            name
            for name, version in versions.items()
            if Drift(name, version, content_of(files[name])).only_comments
        ]
    except SchemamigError:
        return ()
    if not names:
        return ()
    return (f"Only comments have changed since it was applied: {some_names(names)}.",)


def _lines(text: bytes) -> list[str]:
    return text.decode(errors="backslashreplace").replace("\r\n", "\n").split("\n")
