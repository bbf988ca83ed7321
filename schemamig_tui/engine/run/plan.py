"""What an apply or a rehearsal is to run: decided once, shown, and held to until it runs."""

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
    ``unwritten`` are left until somebody writes them. ``refusals`` say why nothing of it can run,
    ``doubts`` which files cannot be as they are read now, but perhaps behind another file that
    changes how. Without ``resume`` a file that stopped in the middle starts over. A plan that is
    ``exact`` was approved for the ledger as it was, and holds for no other. ``waiting`` are files
    that stay pending, each with the reason; ``only`` is the one file that is run by itself, and
    ``skip_backfills`` tells that none with batches was to be in the plan.
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
        """What it was made of, but for ``strict``, which is over when it is made."""
        return Selection(
            self.to, resume=self.resume, skip_backfills=self.skip_backfills, only=self.only
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about folder and ledger, and what waits, as sentences; it stops nothing."""
        waiting = (waits(name, reason) for name, reason in self.waiting.items())
        return (*self.survey.warnings(self.to), *self.survey.drift, *waiting)

    def starting_over(self) -> Plan:
        """The plan with every file from its first statement on."""
        files = tuple(replace(file, left_off=None) for file in self.files)
        return replace(self, resume=False, files=files)

    def scripts(self) -> Iterator[Script]:
        """The scripts of the files that could be read, each to be used before the next one.

        They are apart from those of the plan: it may be approved, and run in another thread, while
        somebody still looks at it.
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
        """What would be to run in a survey of ``now``, but for what the plan leaves out.

        Raises SettingsError where the file that it ends with is gone.
        """
        return tuple(
            migration
            for migration in self.selection.of(now.status)
            if migration.name not in self.waiting
        )

    def still_to_run(self, now: Survey) -> tuple[Migration, ...]:
        """What of it is to run ``now``: another run may have applied some of it meanwhile.

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
    """Why the ledger keeps ``todo`` from being run; with nothing to do it may be read-only.

    A row that does not say whether its migration was applied has to be settled first.
    """
    if refusal := unsettled(survey.state.rows, survey.ledger):
        yield refusal.error
    if todo and survey.state.unwritable:
        yield survey.state.unwritable.error


def state_of_run(survey: Survey) -> LedgerState:
    """The ledger for a run: the row of a file that was empty says nothing of what is in it now."""
    empty = {migration.name for migration in survey.status.pending}
    rows = tuple(row for row in survey.state.rows if row.filename not in empty)
    return survey.state._replace(rows=rows)
