"""Reads the files of a run, and finds them fit, before any of them runs."""

from collections.abc import Sequence
from typing import Any, NoReturn, overload

import psycopg

from schemamig_tui.engine.ledger.left_off import left_off
from schemamig_tui.engine.ledger.status import Migration
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.plan import Plan, PlannedFile
from schemamig_tui.engine.run.survey import dialect_of
from schemamig_tui.engine.script.script import Script, parse
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.sql.session_effects import Effect, effect
from schemamig_tui.text import visible
from schemamig_tui.units import first


class RunFiles(Sequence[FileRun]):
    """The files of a run in their order: those that have been read, and the names of all.

    They are read before anything runs, up to and with a file that may change how later sessions
    read strings (ALTER DATABASE ... SET standard_conforming_strings). The files behind that one are
    ``unread`` until it has run.
    """

    def __init__(self, plan: Plan, migrations: Sequence[Migration]) -> None:
        """Take the files of ``migrations``; those that ``plan`` has read are not read again."""
        self._migrations = migrations
        self._resume = plan.resume
        self._read: list[FileRun] = []
        self._dialect = self._planned_dialect = plan.survey.dialect
        planned = {file.name: file for file in plan.files}
        for migration in migrations:
            file = planned.get(migration.name)
            if file is None or file.migration.row != migration.row:
                break
            self._read.append(run_of(file))
            if file.script.changes_reading:
                break

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
        """The names of the files that can only be read later."""
        return self.names[len(self._read) :]

    def read_on(self, conn: psycopg.Connection[Any], begun: int) -> None:
        """Read on for the new session ``conn``, as far as possible; ``begun`` files have begun.

        Files that were read for another kind of session are read again. Raises FilesError for the
        first that cannot be run; but not yet where a file in front of it may call code that one of
        the begun files has made, and which may change how it is read.
        """
        dialect = dialect_of(conn)
        if dialect != self._dialect:
            self._dialect = dialect
            del self._read[begun:]
        for migration in self._migrations[len(self._read) :]:
            if len(self._read) > begun and self._read[-1].script.changes_reading:
                break
            try:
                file = read(migration, dialect, resume=self._resume)
            except FilesError as error:
                if self._may_change_reading(begun):
                    break
                raise self._with_changer(error) from error
            self._read.append(run_of(file))

    def _may_change_reading(self, begun: int) -> bool:
        """Whether a file that has not begun may call code that changes how files are read."""
        made = any(run.script.changes_reading for run in self._read[:begun])
        return made and any(_runs_code(run.script) for run in self._read[begun:])

    def migration(self, name: str) -> Migration:
        """The migration of one of the files, read or not."""
        return self._migrations[self.names.index(name)]

    def _with_changer(self, error: FilesError) -> FilesError:
        """The error; its hint names an earlier file that has changed how this one is read."""
        changers = [run.name for run in self._read if run.script.changes_reading]
        if not changers or self._dialect == self._planned_dialect:
            return error
        value = "on" if self._dialect.standard_strings else "off"
        changer = (
            f"{visible(changers[-1])} ran before it and has changed how this file is read:"
            f" standard_conforming_strings is {value} now."
        )
        return FilesError(
            error.message,
            path=error.path,
            line=error.line,
            column=error.column,
            hint="\n".join(filter(None, (error.hint, changer))),
        )


def _runs_code(script: Script) -> bool:
    return any(effect(script.sql(i), script.traits(i)) >= Effect.RUNS for i in range(len(script)))


def read(migration: Migration, dialect: Dialect, *, resume: bool = True) -> PlannedFile:
    """Read one file, and find where it is to go on; whether it can is up to ``resume.check``."""
    assert migration.file is not None  # see Status.to_run
    script = parse(migration.file, dialect)
    return PlannedFile(migration, script, left_off(migration.row, script) if resume else None)


def run_of(file: PlannedFile) -> FileRun:
    """A file that is about to run."""
    left = file.left_off
    return FileRun(
        file.script,
        retried=file.migration.row is not None,
        done=file.done,
        left_off=left,
        modes=left.checkpoint.chained if left else None,
    )


def refuse_obstacle(run: FileRun) -> None:
    """Raise FilesError where, by ledger and file, it cannot go on where it stopped."""
    if run.left_off and run.left_off.obstacle:
        refuse(run, run.left_off.obstacle, run.left_off.way_out)


def refuse(run: FileRun, why: str, way_out: str | None) -> NoReturn:
    """Raise FilesError: a file cannot go on where it stopped."""
    done = "it was tried before"
    if run.done:
        has = "has" if run.done == 1 else "have"
        done = f"its {first(run.done, 'statement')} {has} been applied by an earlier try"
    raise FilesError(
        f"{done}, and {why}",
        path=run.script.file.path,
        hint=way_out,
    )
