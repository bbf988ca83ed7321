"""Compares the files of the folder with the rows of the ledger: applied, pending, failed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from schemamig_tui.engine.ledger.rows import MD5_OF_NOTHING, LedgerRow
from schemamig_tui.engine.ledger.wording import IN_BATCHES
from schemamig_tui.engine.script.files import (
    MANUAL,
    MigrationFile,
    allows_out_of_order,
    fitting,
    has_statements,
    same_content,
)
from schemamig_tui.engine.script.line_ends import BUDGET, had_mixed_line_ends
from schemamig_tui.errors import SettingsError
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible


class State(StrEnum):
    """Where a migration stands."""

    APPLIED = "applied"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It has a row that does not say: its success is NULL, as in the table of another tool."""


_TO_RUN = (State.PENDING, State.FAILED)


class Migration(NamedTuple):
    """A name with its file, its row, or both.

    ``changed`` tells that the file does not have the checksum of the row: drift for an applied
    migration, an attempt at mending for a failed one. ``written_since``: the file was empty when it
    was recorded, and has statements now, which have never been run. ``unwritten``: neither this
    file nor any behind it has anything to run, so it stays pending until somebody writes it. Where
    the file is missing, ``renamed_to`` is the name under which a file has its checksum now;
    ``recorded_as`` is the name in the ledger of such a file.
    """

    name: str
    file: MigrationFile | None
    row: LedgerRow | None
    changed: bool
    written_since: bool = False
    unwritten: bool = False
    renamed_to: str | None = None
    recorded_as: str | None = None

    @property
    def state(self) -> State:
        """The state, by the row alone."""
        if self.row is None or self.written_since:
            return State.PENDING
        if self.row.success is None:
            return State.UNKNOWN
        return State.APPLIED if self.row.success else State.FAILED

    @property
    def has_nothing(self) -> bool:
        """Whether it is not applied, and its file has nothing to run yet.

        A file of which a try has done a part had something to run: it has lost that, and does not
        count.
        """
        is_empty = self.state in _TO_RUN and self.file is not None and self.file.unwritten
        return is_empty and not self._is_begun

    @property
    def _is_begun(self) -> bool:
        """Whether an earlier try has done some of its statements or batches, and not all."""
        # With it comes all that cuts files, which a list of them is quicker without.
        from schemamig_tui.engine.ledger.checkpoint import read_checkpoint

        message = self.row.error_message if self.row and self.state is State.FAILED else None
        checkpoint = read_checkpoint(message)
        return checkpoint is not None and bool(checkpoint.statements or checkpoint.batches)

    @property
    def batches_done(self) -> str | None:
        """The progress of its batches, in words, where some are done and not all; else None."""
        message = self.row.error_message if self.row and self.state is State.FAILED else None
        lines = (message or "").splitlines()
        found = (line for line in lines if line.startswith(IN_BATCHES))
        return next((line.removeprefix(IN_BATCHES) for line in found), None)

    @property
    def missing(self) -> bool:
        """Whether the ledger has it, but the folder has no file for it."""
        return self.file is None

    @property
    def in_order(self) -> bool:
        """Whether it is applied, and its file is as it was then."""
        return self.state is State.APPLIED and not self.changed and not self.missing

    @property
    def has_issue(self) -> bool:
        """Whether it has failed, is unknown, changed, missing or renamed, or was empty once."""
        in_doubt = self.state in (State.FAILED, State.UNKNOWN) or self.recorded_as is not None
        return in_doubt or self.missing or self.changed or self.written_since


@dataclass(frozen=True)
class Status:
    """All migrations in the byte order of their names."""

    migrations: tuple[Migration, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Migration]:
        """All of them by their names."""
        return {migration.name: migration for migration in self.migrations}

    @cached_property
    def applied(self) -> tuple[Migration, ...]:
        """Those the ledger calls a success, with or without a file."""
        return self._in(State.APPLIED)

    @cached_property
    def pending(self) -> tuple[Migration, ...]:
        """Those without a row, and those that were empty when they were recorded."""
        return self._in(State.PENDING)

    @cached_property
    def failed(self) -> tuple[Migration, ...]:
        """Those whose last try failed or did not end."""
        return self._in(State.FAILED)

    @cached_property
    def unknown(self) -> tuple[Migration, ...]:
        """Those whose row has no ``success``; nothing can be applied before somebody sets it."""
        return self._in(State.UNKNOWN)

    @cached_property
    def changed(self) -> tuple[Migration, ...]:
        """Applied ones whose file has changed since."""
        return tuple(m for m in self.applied if m.changed)

    @cached_property
    def missing(self) -> tuple[Migration, ...]:
        """Recorded ones without a file."""
        return tuple(m for m in self.migrations if m.missing)

    @cached_property
    def not_in_order(self) -> tuple[Migration, ...]:
        """What ``--check`` finds: a database that is up to date has none."""
        return tuple(m for m in self.migrations if not m.in_order)

    @cached_property
    def has_issues(self) -> bool:
        """Whether any migration has an issue."""
        return any(m.has_issue for m in self.migrations)

    @cached_property
    def renamed(self) -> tuple[Migration, ...]:
        """Those still to run that the ledger has under an old name, which has no file any more."""
        return tuple(m for m in self.migrations if m.recorded_as)

    @cached_property
    def last_applied(self) -> Migration | None:
        """The last one, by name, that the ledger calls a success."""
        return self.applied[-1] if self.applied else None

    @cached_property
    def out_of_order(self) -> tuple[Migration, ...]:
        """Those still to run that sort before an applied one, and do not say that they may.

        Renamed ones are left out. Reads the beginning of such files. Raises FilesError when one
        cannot be read.
        """
        last = self.last_applied
        return tuple(
            m
            for m in self.to_run()
            if last and m.name.encode() < last.name.encode() and not self._may_be_late(m)
        )

    def _may_be_late(self, migration: Migration) -> bool:
        # One that has failed was in its place when it was tried, and is tried again there.
        tried = migration.row is not None or migration.recorded_as is not None
        return tried or (migration.file is not None and allows_out_of_order(migration.file))

    def to_run(self, to: str | None = None) -> tuple[Migration, ...]:
        """What an apply would run: pending and failed ones with a file, up to and with ``to``.

        Unwritten files at the end stay pending: see ``unwritten``.

        Raises SettingsError when ``to`` is no file of the folder. Where ``to`` is applied already,
        the files before it are still to run.
        """
        open_ones = self._open_ones(to)
        return open_ones[: _written(open_ones)]

    @cached_property
    def _first_to_run(self) -> bytes | None:
        """The name of the first file to run that is not unwritten."""
        names = (m.name.encode() for m in self._open_ones(None) if not m.has_nothing)
        return next(names, None)

    def has_to_run(self, to: str | None = None) -> bool:
        """Whether ``to_run`` returns any: a quicker way to ask where ``to`` is in the folder."""
        first = self._first_to_run
        return first is not None and (to is None or first <= to.encode())

    def unwritten(self, to: str | None = None) -> tuple[Migration, ...]:
        """Those up to ``to`` that stay pending until somebody writes them.

        An empty file with a written one behind it is no such file: it may be part of a history, so
        it is applied as nothing. Raises SettingsError as ``to_run`` does.
        """
        open_ones = self._open_ones(to)
        return open_ones[_written(open_ones) :]

    @property
    def empty(self) -> tuple[Migration, ...]:
        """Those that an apply would record as applied although they have nothing to run."""
        return tuple(m for m in self.to_run() if m.has_nothing)

    def _open_ones(self, to: str | None) -> tuple[Migration, ...]:
        if to is not None and all(m.name != to or m.missing for m in self.migrations):
            names = [m.name for m in self.migrations if not m.missing]
            hint = did_you_mean(to, map(visible, names))
            raise SettingsError(
                f"there is no migration {visible(to)}",
                hint=hint or "give --to the name of a file in the folder; --list shows them",
            )
        if to is None:
            return self._open
        last = to.encode()
        return tuple(m for m in self._open if m.name.encode() <= last)

    @cached_property
    def _open(self) -> tuple[Migration, ...]:
        return tuple(m for m in self.migrations if m.state in _TO_RUN and m.file is not None)

    def _in(self, state: State) -> tuple[Migration, ...]:
        return tuple(m for m in self.migrations if m.state is state)


def compare(files: Iterable[MigrationFile], rows: Iterable[LedgerRow]) -> Status:
    """Match files and rows by name.

    Reads a file again only where its checksum is not that of the row, because line ends do not
    count (see ``files.same_content`` and, for a file that had both kinds, ``script.line_ends``).
    """
    by_name = {file.name: file for file in files}
    recorded = {row.filename: row for row in rows}
    since = {name for name, row in recorded.items() if _written_since(by_name.get(name), row)}
    changed = _changed(by_name, {name: row for name, row in recorded.items() if name not in since})
    status = Status(
        tuple(
            Migration(name, by_name.get(name), recorded.get(name), name in changed, name in since)
            for name in sorted(by_name.keys() | recorded.keys(), key=str.encode)
        )
    )
    left = {migration.name for migration in status.unwritten()}
    old_names = _renamed(status)
    new_names = {old: new for new, old in old_names.items()}
    if not left and not old_names:
        return status
    return Status(
        tuple(
            one._replace(
                unwritten=one.name in left,
                renamed_to=new_names.get(one.name),
                recorded_as=old_names.get(one.name),
            )
            for one in status.migrations
        )
    )


def _renamed(status: Status) -> Mapping[str, str]:
    """The missing migration that each renamed file was recorded as, by the new name."""
    gone: dict[str, list[str]] = {}
    for one in status.missing:
        checksum = one.row.md5 if one.row else None
        if checksum and checksum not in (MD5_OF_NOTHING, MANUAL):
            gone.setdefault(checksum, []).append(one.name)
    found: dict[str, str] = {}
    for one in status.to_run() if gone else ():
        if one.file and (old := gone.get(fitting(one.file, gone) or "")):
            found[one.name] = old.pop(0)
    return found


def _changed(files: Mapping[str, MigrationFile], rows: Mapping[str, LedgerRow]) -> Collection[str]:
    """The names of the files that are not what was recorded."""
    differing = {
        name: (file, checksum)
        for name, file in files.items()
        if (row := rows.get(name))
        and (checksum := row.md5) is not None
        and file.checksum != checksum
        and not same_content(file, checksum)
    }
    share = BUDGET // max(1, len(differing))
    return {
        name
        for name, (file, checksum) in differing.items()
        if not had_mixed_line_ends(file.path, file.checksum, checksum, share)
    }


def _written_since(file: MigrationFile | None, row: LedgerRow) -> bool:
    """Whether a file was recorded as empty, and has statements now."""
    is_of_nothing = row.success is True and row.md5 == MD5_OF_NOTHING
    return is_of_nothing and file is not None and has_statements(file)


def _written(migrations: tuple[Migration, ...]) -> int:
    """How many migrations there are up to the last one whose file is written."""
    count = len(migrations)
    while count and migrations[count - 1].has_nothing:
        count -= 1
    return count
