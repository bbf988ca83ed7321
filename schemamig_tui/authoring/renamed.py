"""Finds files that were perhaps renamed and changed at once, by the texts that git has kept."""

from collections import Counter
from collections.abc import Iterator, Mapping

from schemamig_tui.authoring.drift import PATIENCE
from schemamig_tui.authoring.git import Repository
from schemamig_tui.authoring.versions import find_versions
from schemamig_tui.engine import Status
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.errors import SchemamigError
from schemamig_tui.file_access import content_of
from schemamig_tui.text import some_names, visible

# With fewer of their lines the same, files are told to be alike that only have the same habits.
_ALIKE = 0.7
_LARGEST = 1024 * 1024
_MOST = 100  # where more are missing, somebody has put all of them into a new one

_Lines = Counter[bytes]


def perhaps_renamed(status: Status) -> tuple[str, ...]:
    """A sentence about files to run that look like applied ones that are missing.

    None where there are no such, or git has not kept what the missing ones were, or cannot tell in
    time: nobody has asked for it.
    """
    missing = {
        m.name: m.row.md5
        for m in status.applied
        if m.missing and not m.renamed_to and m.row and m.row.md5 not in (None, MANUAL)
    }
    files = [m.file for m in status.to_run() if m.file and not m.recorded_as]
    files = [file for file in files if file.size <= _LARGEST]
    if not (0 < len(missing) <= _MOST and 0 < len(files) <= _MOST):
        return ()
    try:
        versions = find_versions(Repository.of(files[0].path.parent, PATIENCE), missing)
        old = {name: _lines(version.text) for name, version in versions.items()}
        new = {file.name: _lines(content_of(file.path)) for file in files} if old else {}
    except SchemamigError:
        return ()
    pairs = dict(_pairs(old, new))
    if not pairs:
        return ()
    names = some_names([f"{one} is {other} now" for one, other in pairs.items()])
    before, now = next(iter(pairs.items()))
    return (
        f"Perhaps renamed and changed since recorded, by the lines that are the same: {names}."
        f" An apply would run it again. If it is so, --mark-applied {visible(now)} records the new"
        f" file by hand, and --forget {visible(before)} removes the row of the old one.",
    )


def _pairs(old: Mapping[str, _Lines], new: Mapping[str, _Lines]) -> Iterator[tuple[str, str]]:
    """The names of old and new files that are most alike, each of them once."""
    alike = sorted(
        (-share, one, other)
        for one, lines in old.items()
        for other, others in new.items()
        if (share := _share(lines, others)) >= _ALIKE
    )
    taken: set[str] = set()
    for _, one, other in alike:
        if taken.isdisjoint((one, other)):
            taken |= {one, other}
            yield one, other


def _share(lines: _Lines, others: _Lines) -> float:
    """How much of both is the same, from 0 to 1."""
    return 2 * (lines & others).total() / max(1, lines.total() + others.total())


def _lines(text: bytes) -> _Lines:
    return Counter(line.strip() for line in text.split(b"\n") if line.strip())
