"""Drafts the reversal of one migration, writes it as the newest of the folder, and tries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.authoring.naming import NewName, PrefixStyle, description, next_name, slug
from schemamig_tui.authoring.new import create_file
from schemamig_tui.authoring.reversal import trial
from schemamig_tui.authoring.reversal.draft import Draft, Drafting
from schemamig_tui.authoring.reversal.history import history
from schemamig_tui.authoring.reversal.trial import Trial
from schemamig_tui.authoring.reversal.walk import Walk, obstacles
from schemamig_tui.authoring.reversal.writing import reverts, title_of, write
from schemamig_tui.engine import Migration, Script, State, Survey
from schemamig_tui.engine.ledger.left_off import left_off
from schemamig_tui.engine.ledger.shape import readable
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.run.reading import read
from schemamig_tui.engine.script.files import beginning, has_statements
from schemamig_tui.errors import SettingsError
from schemamig_tui.limits import REHEARSAL_LOCK, REHEARSAL_STATEMENT
from schemamig_tui.text import visible


@dataclass(frozen=True)
class Rollback:
    """A reversal that was written as ``path``, and what became of it in the trial.

    ``original`` is the file that it reverts, ``complete`` tells that it leaves nothing of it.
    """

    path: Path
    original: str
    complete: bool
    trial: Trial
    warning: str | None = None


@dataclass(frozen=True)
class RollbackLimits:
    """How long, in seconds, a statement may wait for a lock, and how long it may take."""

    lock: float | None = REHEARSAL_LOCK
    statement: float | None = REHEARSAL_STATEMENT


_LIMITS = RollbackLimits()


def write_rollback(
    conn: psycopg.Connection[Any],
    survey: Survey,
    name: str,
    today: date,
    *,
    style: PrefixStyle | None = None,
    limits: RollbackLimits = _LIMITS,
    cancellation: Cancellation | None = None,
) -> Rollback:
    """Write the reversal of the file ``name``, as it stands in ``survey``.

    ``conn`` is a connection in autocommit mode, on which all is run in a transaction that is rolled
    back: a pending file, with those before it, to know what was there, and then the draft.
    Raises SettingsError for a file that is not in the folder, has no statements, or has a draft
    that is still to run, FilesError for one that cannot be read or written, and psycopg.Error where
    the connection is lost.
    """
    migration = _migration(survey, name)
    if migration.file and not has_statements(migration.file):
        raise SettingsError(f"{visible(name)} has no statements: there is nothing to take back")
    _refuse_second(survey, name)
    new = next_name([file.name for file in survey.folder.files], title_of(name), today, style)
    cancellation = cancellation or Cancellation()
    walk = partial(Walk, conn, cancellation, limits.lock, limits.statement)
    drafting = _RollbackWriter(walk, survey, migration, new, today)
    return drafting.of_pending() if drafting.done == 0 else drafting.of_applied()


def _migration(survey: Survey, name: str) -> Migration:
    for migration in survey.status.migrations:
        if migration.name == name and migration.file:
            return migration
    raise SettingsError(
        f"there is no migration {visible(name)}",
        hint="give the name of a file in the folder; --list shows them",
    )


def _refuse_second(survey: Survey, name: str) -> None:
    """Raise SettingsError where a reversal of the file is still to run: a second one would fail."""
    described = slug(title_of(name))
    for migration in survey.status.migrations:
        file, is_to_run = migration.file, migration.state is not State.APPLIED
        if (
            file
            and is_to_run
            and description(file.name) == described
            and reverts(beginning(file).decode(errors="replace"), name)
        ):
            raise SettingsError(
                f"{visible(file.name)} reverts {visible(name)} already, and has not run",
                hint="edit that file, or remove it to have it drafted anew",
            )


class _RollbackWriter:
    def __init__(
        self,
        walk: Callable[[], Walk],
        survey: Survey,
        migration: Migration,
        new: NewName,
        today: date,
    ) -> None:
        self._walk = walk
        self._survey = survey
        self._migration = migration
        self._new = new
        self._today = today
        self._script = self._read(migration)
        self.done = self._statements_done()
        """How many of its statements have run; None: all of them."""
        self._kept = readable(survey.ledger.schema)

    def of_pending(self) -> Rollback:
        """The reversal of a file that has not run: the database is as before it, or nearly so."""
        with self._walk() as walk:
            stopped = self._run_before(walk)
            before = None if stopped else walk.schema()
            drafting = Drafting(self._script, self._kept, walk if before else None, stopped=stopped)
            draft = drafting.draft()
            script = self._write(draft, asked=before is not None)
            if before is None or draft.stopped:
                return self._rollback(draft, script, Trial(left_out=draft.stopped))
            return self._rollback(draft, script, trial.behind(walk, script, before, self._kept))

    def of_applied(self) -> Rollback:
        """The reversal of a file that has run, or a part of it: what was before is not known."""
        with self._walk() as walk:
            schema = walk.default_schema
        earlier = history(
            (
                (self._read(one), one.state is State.APPLIED and not one.changed)
                for one in self._before()
            ),
            schema,
        )
        draft = Drafting(self._script, self._kept, history=earlier).draft(self.done)
        script = self._write(draft, asked=False)
        with self._walk() as walk:
            tried = trial.of_applied(
                walk, script, self._script if self.done is None else None, self._kept
            )
        return self._rollback(draft, script, tried)

    def _statements_done(self) -> int | None:
        if self._migration.state is State.PENDING:
            return 0
        if self._migration.state is not State.FAILED:
            return None
        left = left_off(self._migration.row, self._script)
        return left.done if left else 0

    def _read(self, migration: Migration) -> Script:
        return read(migration, self._survey.dialect, resume=False).script

    def _before(self) -> Iterator[Migration]:
        """The files before it."""
        for one in self._survey.status.migrations:
            if one.name == self._migration.name:
                return
            if one.file:
                yield one

    def _run_before(self, walk: Walk) -> str | None:
        """Run the pending files before it. Why that cannot be done, or None."""
        for one in self._before():
            if one.state in (State.PENDING, State.FAILED):
                script = self._read(one)
                reason = next(obstacles(script), None) or walk.run_all(script)
                script.release()
                if reason:
                    return f"{visible(one.name)}, which is to run before it: {reason}"
        return None

    def _write(self, draft: Draft, *, asked: bool) -> Script:
        name = self._migration.name
        text = write(draft, name, self._today, asked=asked)
        path = self._survey.folder.directory / self._new.name
        create_file(path, text)
        return trial.read(path, text, self._survey.dialect)

    def _rollback(self, draft: Draft, script: Script, tried: Trial) -> Rollback:
        return Rollback(
            script.file.path, self._migration.name, draft.complete, tried, self._new.warning
        )
