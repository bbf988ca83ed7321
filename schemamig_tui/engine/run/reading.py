"""What is to run, read and found fit before any of it runs."""

from collections.abc import Sequence
from typing import Any, NoReturn, overload

import psycopg

from schemamig_tui.engine.ledger.left_off import left_off
from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.engine.ledger.status import Migration
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.step_order import makes_ledger
from schemamig_tui.engine.script.script import parse
from schemamig_tui.errors import FilesError, LedgerError


class RunFiles(Sequence[FileRun]):
    """The files of a run in their order: those that have been read, and the names of all.

    They are read before anything runs, up to and with one that may change how the strings of later
    sessions are cut (ALTER DATABASE ... SET standard_conforming_strings). The files behind it are
    ``unread`` until it has run.
    """

    def __init__(self, migrations: Sequence[Migration], *, resume: bool = True) -> None:
        self._migrations = migrations
        self._resume = resume
        self._read: list[FileRun] = []
        self._standard_strings = True

    @overload
    def __getitem__(self, index: int) -> FileRun: ...
    @overload
    def __getitem__(self, index: slice) -> list[FileRun]: ...
    def __getitem__(self, index: int | slice) -> FileRun | list[FileRun]:
        return self._read[index]

    def __len__(self) -> int:
        return len(self._read)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, read or not."""
        return tuple(migration.name for migration in self._migrations)

    @property
    def unread(self) -> tuple[str, ...]:
        """The names of those that can only be read later."""
        return self.names[len(self._read) :]

    def read_on(self, conn: psycopg.Connection[Any], begun: int) -> None:
        """Read as many files as can be for the new session ``conn``; ``begun`` have begun to run.

        Those that were cut for sessions of another kind are read again. Raises FilesError for the
        first one that cannot be run.
        """
        standard = conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off"
        if standard != self._standard_strings:
            self._standard_strings = standard
            del self._read[begun:]
        for migration in self._migrations[len(self._read) :]:
            if len(self._read) > begun and self._read[-1].script.changes_reading:
                break
            self._read.append(read(migration, standard_strings=standard, resume=self._resume))


def prepare(
    conn: psycopg.Connection[Any],
    ledger: Ledger,
    todo: Sequence[Migration],
    state: LedgerState,
    *,
    resume: bool = True,
) -> RunFiles:
    """Read the files that are to run; without ``resume`` each starts at its first statement.

    Raises FilesError for the first one that cannot be, and LedgerError where the first of them
    could not be recorded.
    """
    runs = RunFiles(todo, resume=resume)
    runs.read_on(conn, 0)
    may_create = state.exists or state.may_create
    if runs and not may_create and not makes_ledger(runs[0].script, ledger):
        raise LedgerError(
            f"the ledger {ledger.name} does not exist, and may not be created",
            hint=ledger.grants(conn),
        )
    return runs


def read(migration: Migration, *, standard_strings: bool, resume: bool = True) -> FileRun:
    """Read one file, and where it is to go on, if it can: see ``resume.check``."""
    assert migration.file is not None  # see Status.to_run
    script = parse(migration.file, standard_conforming_strings=standard_strings)
    left = left_off(migration, script) if resume else None
    return FileRun(
        script,
        retried=migration.row is not None,
        done=left.done if left else 0,
        left_off=left,
        modes=left.checkpoint.chained if left else None,
    )


def refuse_obstacle(run: FileRun) -> None:
    """Raise FilesError where ledger and file tell that it cannot go on where it stopped."""
    if run.left_off and run.left_off.obstacle:
        refuse(run, run.left_off.obstacle, run.left_off.way_out)


def refuse(run: FileRun, why: str, way_out: str | None) -> NoReturn:
    """Raise FilesError: a file cannot go on where it stopped."""
    what = "statement has" if run.done == 1 else f"{run.done:,} statements have"
    done = f"its first {what} been applied by an earlier try" if run.done else "it was tried before"
    raise FilesError(
        f"{done}, and {why}",
        path=run.script.file.path,
        hint=way_out,
    )
