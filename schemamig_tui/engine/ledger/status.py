"""The files of the folder against the rows of the ledger: what is applied, pending, failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from schemamig_tui.engine.ledger.table import LedgerRow
from schemamig_tui.engine.script.files import MigrationFile, same_content
from schemamig_tui.errors import SettingsError
from schemamig_tui.text import visible


class State(StrEnum):
    """Where a migration stands."""

    APPLIED = "applied"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Migration:
    """A name with its file, its row, or both.

    ``changed`` tells that the file is not what the row's checksum says: drift for an applied
    migration, an attempt at mending for a failed one.
    """

    name: str
    file: MigrationFile | None
    row: LedgerRow | None
    changed: bool

    @property
    def state(self) -> State:
        """Applied, pending, or failed."""
        if self.row is None:
            return State.PENDING
        return State.APPLIED if self.row.success else State.FAILED

    @property
    def missing(self) -> bool:
        """Whether it is recorded, but its file is not in the folder."""
        return self.file is None


@dataclass(frozen=True)
class Status:
    """All migrations in the byte order of their names."""

    migrations: tuple[Migration, ...]

    @cached_property
    def applied(self) -> tuple[Migration, ...]:
        """Those the ledger calls a success, with or without a file."""
        return self._in(State.APPLIED)

    @cached_property
    def pending(self) -> tuple[Migration, ...]:
        """Those without a row."""
        return self._in(State.PENDING)

    @cached_property
    def failed(self) -> tuple[Migration, ...]:
        """Those whose last try failed or did not end."""
        return self._in(State.FAILED)

    @cached_property
    def changed(self) -> tuple[Migration, ...]:
        """Applied ones whose file is not what was applied."""
        return tuple(m for m in self.applied if m.changed)

    @cached_property
    def missing(self) -> tuple[Migration, ...]:
        """Recorded ones without a file."""
        return tuple(m for m in self.migrations if m.missing)

    def to_run(self, to: str | None = None) -> tuple[Migration, ...]:
        """What an apply would run: pending and failed ones with a file, up to and with ``to``.

        Raises SettingsError when ``to`` is no file of the folder. Where it is applied already,
        those before it are still to run.
        """
        if to is not None and all(m.name != to or m.missing for m in self.migrations):
            raise SettingsError(
                f"there is no migration {visible(to)}",
                hint="give --to the name of a file in the folder; --list shows them",
            )
        last = None if to is None else to.encode()
        return tuple(
            m
            for m in self.migrations
            if m.state is not State.APPLIED
            and m.file is not None
            and (last is None or m.name.encode() <= last)
        )

    def _in(self, state: State) -> tuple[Migration, ...]:
        return tuple(m for m in self.migrations if m.state is state)


def compare(files: Iterable[MigrationFile], rows: Iterable[LedgerRow]) -> Status:
    """Match files and rows by name.

    Reads a file again only where its checksum is not the row's (see ``files.same_content``).
    """
    by_name = {file.name: file for file in files}
    recorded = {row.filename: row for row in rows}
    return Status(
        tuple(
            Migration(
                name,
                file := by_name.get(name),
                row := recorded.get(name),
                _changed(file, row),
            )
            for name in sorted(by_name.keys() | recorded.keys(), key=str.encode)
        )
    )


def _changed(file: MigrationFile | None, row: LedgerRow | None) -> bool:
    if file is None or row is None or row.checksum is None:
        return False
    return file.checksum != row.checksum and not same_content(file, row.checksum)
