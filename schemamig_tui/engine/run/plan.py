"""The plan of an apply or a rehearsal: it is made once, shown, and run just as it was shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.engine.ledger.status import Migration
from schemamig_tui.engine.ledger.table import unsettled
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.engine.run.survey import Survey
from schemamig_tui.errors import FilesError, PlanChanged, SchemamigError
from schemamig_tui.text import visible

if TYPE_CHECKING:  # where nothing is to run, no file is read
    from schemamig_tui.engine.events import Mode
    from schemamig_tui.engine.ledger.left_off import LeftOff
    from schemamig_tui.engine.script.script import Script


@dataclass(frozen=True, eq=False, slots=True)
class PlannedFile:
    """A file that is to run, read; ``left_off`` says where an earlier try of it has stopped."""

    migration: Migration
    script: Script
    left_off: LeftOff | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.migration.name

    @property
    def mode(self) -> Mode:
        """How it is to be run."""
        return self.script.mode

    @property
    def done(self) -> int:
        """How many of its statements an earlier try has committed: it goes on behind them."""
        return self.left_off.done if self.left_off else 0


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to run, as ``survey`` has found it, up to and with the file ``to``.

    ``migrations`` are to run in this order, ``files`` are those that could be read, and
    ``unwritten`` are left until somebody writes them. ``refusals`` say why nothing of the plan can
    run; ``doubts`` say which files cannot run as they are read now, but perhaps behind another file
    that changes how they are read. Without ``resume`` a file that stopped in the middle starts
    over. An ``exact`` plan was approved for the ledger as it was, and holds for no other.
    ``waiting`` are files that stay pending, each with the reason; ``only`` is the one file that
    runs by itself, and ``skip_backfills`` tells that files with batches were left out.
    """

    survey: Survey
    to: str | None
    resume: bool
    migrations: tuple[Migration, ...]
    files: tuple[PlannedFile, ...]
    unwritten: tuple[str, ...]
    refusals: tuple[SchemamigError, ...] = ()
    doubts: tuple[FilesError, ...] = ()
    exact: bool = False
    waiting: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    skip_backfills: bool = False

    @property
    def selection(self) -> Selection:
        """The selection that it was made of, without ``strict``, which it has passed."""
        return Selection(
            self.to, resume=self.resume, skip_backfills=self.skip_backfills, only=self.only
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the folder and the ledger, and the files that wait, as sentences."""
        waiting = (waits(name, reason) for name, reason in self.waiting.items())
        return (*self.survey.warnings(self.to), *self.survey.drift, *waiting)

    def starting_over(self) -> Plan:
        """The plan with every file from its first statement on."""
        files = tuple(replace(file, left_off=None) for file in self.files)
        return replace(self, resume=False, files=files)

    def scripts(self) -> Iterator[Script]:
        """The scripts of the files that could be read; use each before you take the next one.

        They are copies: another thread may run the plan while somebody still reads it here.
        """
        for file in self.files:
            script = file.script.apart()
            yield script
            script.release()

    def require(self) -> None:
        """Raise the first of the refusals, if there is one."""
        if self.refusals:
            raise self.refusals[0]

    def open_in(self, now: Survey) -> tuple[Migration, ...]:
        """What is to run by the survey ``now``, without what the plan leaves out.

        Raises SettingsError where the file ``to`` is gone.
        """
        return tuple(
            migration
            for migration in self.selection.of(now.status)
            if migration.name not in self.waiting
        )

    def still_to_run(self, now: Survey) -> tuple[Migration, ...]:
        """What of the plan is to run ``now``: another run may have applied a part meanwhile.

        Raises PlanChanged where something else would run than what was planned, and as
        ``require`` does.
        """
        todo = self.open_in(now)
        if differences := [*self._differences(now, todo)]:
            raise PlanChanged(differences)
        for refusal in ledger_refusals(now, todo):
            raise refusal
        return todo

    def _differences(self, now: Survey, todo: Sequence[Migration]) -> Iterator[str]:
        planned = {migration.name: migration for migration in self.migrations}
        known = now.status.by_name
        for name, migration in planned.items():
            found = known.get(name)
            if found is None or found.file is None:
                yield f"{visible(name)} is gone"
            elif found.file != migration.file:
                yield f"{visible(name)} has changed"
            elif found.row != migration.row and found.changed and found.row and found.row.success:
                yield f"{visible(name)} has been applied with another content"
        yield from (f"{visible(one.name)} has appeared" for one in todo if one.name not in planned)
        if self.exact and now.state.digest != self.survey.state.digest:
            yield f"the ledger {now.ledger.name} has changed"


def waits(name: str, reason: str) -> str:
    """The sentence that a file stays pending."""
    return f"{visible(name)} stays pending: {reason}."


def ledger_refusals(survey: Survey, todo: Sequence[Migration]) -> Iterator[SchemamigError]:
    """Why ``todo`` cannot run with this ledger; where nothing is to run, it may be read-only.

    A row that does not say whether its migration was applied is a reason as well.
    """
    if refusal := unsettled(survey.state.rows, survey.ledger):
        yield refusal.error
    if todo and survey.state.unwritable:
        yield survey.state.unwritable.error


def state_of_run(survey: Survey) -> LedgerState:
    """The ledger for a run, without rows of files that were recorded when they were empty."""
    empty = {migration.name for migration in survey.status.pending}
    rows = tuple(row for row in survey.state.rows if row.filename not in empty)
    return survey.state._replace(rows=rows)
