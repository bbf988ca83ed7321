"""Takes over another tool: its files become ours, and its ledger's rows are recorded in ours.

The rows are committed together, before the files are moved to their places. After a crash in
between a file is missing: that is shown, and a second ``--adopt`` mends it. In the other order, a
run after the crash would apply a migration once more.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemamig_tui.authoring.adopt.folder import TheirFile, TheirFolder, read_their_folder
from schemamig_tui.authoring.adopt.placing import (
    is_there,
    move,
    refuse_other_names,
    refuse_same,
    written_aside,
)
from schemamig_tui.authoring.adopt.their_ledger import (
    TheirLedger,
    read_their_ledger,
    their_table,
)
from schemamig_tui.authoring.adopt.tools import Tool
from schemamig_tui.authoring.repair import RepairPlace, changed_since, repairing
from schemamig_tui.engine.ledger.repairs import Record
from schemamig_tui.engine.run.survey import Folder
from schemamig_tui.engine.script.names import check_names
from schemamig_tui.text import some_names


@dataclass(frozen=True)
class AdoptedFile:
    """A migration of the other tool: its ``source`` in their folder, and our ``path``.

    ``checksum`` is the MD5 of our file. ``written``: our file was not there. ``applied``: it is, by
    our ledger or theirs. ``recorded``: our ledger had no such row; then ``applied_at`` and ``ms``,
    the duration, are those of their ledger, if it has them.
    """

    source: Path
    path: Path
    checksum: str
    written: bool
    applied: bool
    recorded: bool
    applied_at: str | None
    ms: int = field(compare=False)


@dataclass(frozen=True)
class Adoption:
    """What was taken over, or would be; ``table`` is their ledger, None: there is none."""

    tool: str
    table: str | None
    files: tuple[AdoptedFile, ...]
    warnings: tuple[str, ...]
    preview: bool

    @property
    def written(self) -> int:
        """How many files were not there."""
        return sum(file.written for file in self.files)

    @property
    def recorded(self) -> int:
        """How many rows our ledger did not have."""
        return sum(file.recorded for file in self.files)

    @property
    def pending(self) -> int:
        """How many are applied by none of both ledgers."""
        return sum(not file.applied for file in self.files)


def adopt(
    place: RepairPlace, tool: Tool, directory: Path, approved: Adoption | None = None
) -> Adoption:
    """Take over what ``tool`` has in ``directory`` and in the database; or see what that would be.

    All of it, or nothing; and where a preview was ``approved``, nothing else than that. Raises
    FilesError for a file that cannot be taken over, or that is in our folder with another content,
    LedgerError, also where something else than what was approved is there by now, and LockTimeout
    while a run is on.
    """
    theirs = read_their_folder(tool, directory)
    refuse_same(place.directory, directory)
    names = {file.name for file in theirs.files}
    check_names(directory, [file.name for file in theirs.files])
    new = [file for file in theirs.files if not is_there(place.directory / file.name, file)]
    refuse_other_names(place.directory, new, names)
    with contextlib.ExitStack() as stack:
        # Written before anything is recorded, as a disk may be full.
        aside = None if place.preview else stack.enter_context(written_aside(place.directory, new))
        with repairing(place, Folder(place.directory, (), ())) as (repairs, status):
            ours = {one.name for one in status.migrations if one.row and one.row.success}
            ledger = read_their_ledger(place.conn, tool)
            adoption = _adoption(place, tool, theirs, ledger, ours, {file.name for file in new})
            if approved and replace(approved, preview=place.preview) != adoption:
                raise changed_since("the ledgers or the folders have")
            records = [
                Record(file.path.name, file.checksum, file.applied_at, file.ms)
                for file in adoption.files
                if file.recorded
            ]
            if records and not place.preview:
                repairs.create_table()
                repairs.record(records)
        if aside:
            move(aside, place.directory, new)
    return adoption


def _adoption(
    place: RepairPlace,
    tool: Tool,
    theirs: TheirFolder,
    ledger: TheirLedger | None,
    ours: Set[str],
    new: Set[str],
) -> Adoption:
    """What is to be done: ``ours`` are applied by our ledger, and the ``new`` files not there."""
    files = []
    for file in theirs.files:
        row = ledger.row(file.key, file.version) if ledger else None
        is_ours = file.name in ours
        files.append(
            AdoptedFile(
                file.path,
                place.directory / file.name,
                hashlib.md5(file.up.text, usedforsecurity=False).hexdigest(),
                written=file.name in new,
                applied=is_ours or row is not None,
                recorded=row is not None and not is_ours,
                applied_at=row.applied_at if row else None,
                ms=(row and row.ms) or 0,
            )
        )
    warnings = (*theirs.warnings, *_warnings(tool, theirs.files, ledger))
    table = ledger.table if ledger else None
    return Adoption(tool.name, table, tuple(files), warnings, place.preview)


def _warnings(tool: Tool, files: Sequence[TheirFile], ledger: TheirLedger | None) -> Iterator[str]:
    if ledger is None:
        yield (
            f"There is no {their_table(tool)} as {tool.name} makes it in this database, so none is"
            " recorded as applied."
        )
        return
    if gone := sorted(ledger.rows.keys() - {file.key for file in files}):
        yield f"Not taken over, as {ledger.table} has it and there is no file: {some_names(gone)}."
    changed = [
        file.path.name
        for file in files
        if (row := ledger.rows.get(file.key))
        and row.checksum not in (None, hashlib.sha384(file.content).hexdigest())
    ]
    if changed:
        yield (
            f"Changed since {tool.name} has applied it, and taken as it is now:"
            f" {some_names(changed)}."
        )
