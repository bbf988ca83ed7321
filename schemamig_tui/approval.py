"""Holds an approved plan to what was approved: exactly that runs, or nothing.

Compared are the server's system identifier, the database, the ledger with all its rows, and of each
file the name, the checksum, the mode and the statement at which it begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from schemamig_tui.engine import Plan, Selection
from schemamig_tui.text import visible

# Everybody may ask, unless a service has taken that away.
_IDENTIFIER = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"


NO_IDENTIFIER = (
    "The server does not tell its system identifier: another one with a database of the same name,"
    " and the same rows in its ledger, would be taken for it."
)
"""What there is to know where the server tells none."""


@dataclass(frozen=True, slots=True)
class ApprovedFile:
    """A file of a saved plan. ``mode`` is None for one that could not be read at that time.

    ``resumed`` counts the statements of it that an earlier try has committed.
    """

    name: str
    checksum: str
    mode: str | None
    resumed: int


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """A saved plan, as it has to be again. ``applied`` counts the migrations in the ledger.

    ``system`` is None where the server did not tell its identifier. ``to``, ``only``, ``resume``
    and ``skip_backfills`` are what the plan was made with.
    """

    system: str | None
    database: str
    table: str
    applied: int
    digest: str
    to: str | None
    only: str | None
    resume: bool
    skip_backfills: bool
    files: tuple[ApprovedFile, ...]

    @property
    def selection(self) -> Selection:
        """The selection for a new plan, which is compared with this one."""
        return Selection(
            self.to, resume=self.resume, skip_backfills=self.skip_backfills, only=self.only
        )

    def differences(self, plan: Plan, system: str | None) -> Iterator[str]:
        """How ``plan`` differs from what was approved, as sentences; none where it is the same.

        ``system`` is the identifier of the server that ``plan`` was made on.
        """
        survey = plan.survey
        if self.system is not None and self.system != system:
            yield (
                f"the server is another one (its system identifier is {system or 'not told'},"
                f" and was {visible(self.system)})"
            )
        for what, now, before in (
            ("database", survey.state.database, self.database),
            ("ledger", survey.ledger.name, self.table),
        ):
            if now != before:
                yield f"the {what} is {visible(now)}, and was {visible(before)}"
        yield from self._of_files(plan)
        if survey.state.digest != self.digest:
            counts = f"{survey.state.version:,} are applied, and {self.applied:,} were"
            yield f"the rows of the ledger have changed ({counts})"

    def _of_files(self, plan: Plan) -> Iterator[str]:
        now = {one.name: one for one in approved_files(plan)}
        known = plan.survey.status.by_name
        for file in self.files:
            name, found = visible(file.name), now.pop(file.name, None)
            migration = known.get(file.name)
            if found is None and (migration is None or migration.missing):
                yield f"{name} is gone"
            elif found is None:
                yield f"{name} is not to be run any more"
            elif found.checksum != file.checksum:
                sums = f"its checksum is {found.checksum}, and was {visible(file.checksum)}"
                yield f"{name} has changed ({sums})"
            elif found.mode != file.mode:
                yield f"{name} would be run as {found.mode}, and was to be as {file.mode}"
            elif found.resumed != file.resumed:
                yield (
                    f"{name} would go on after statement {found.resumed:,},"
                    f" and was to after {file.resumed:,}"
                )
        yield from (f"{visible(name)} has appeared" for name in now)


def system_identifier(conn: psycopg.Connection[Any]) -> str | None:
    """The identifier of a cluster, standbys included; None where the server does not tell it.

    Raises psycopg.OperationalError when the connection is lost.
    """
    try:
        row = conn.execute(_IDENTIFIER).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return None
    return row[0] if row else None


def approved_files(plan: Plan) -> Iterator[ApprovedFile]:
    """The files of a plan, in their order, as an apply compares them."""
    planned = {file.name: file for file in plan.files}
    for migration in plan.migrations:
        assert migration.file is not None  # see Status.to_run
        file = planned.get(migration.name)
        yield ApprovedFile(
            migration.name,
            migration.file.checksum,
            mode=file.mode.value if file else None,
            resumed=file.done if file else 0,
        )
