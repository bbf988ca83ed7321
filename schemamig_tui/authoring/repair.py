"""Repairs the ledger by hand; a repair that makes no sense is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.engine import Folder, Ledger, Migration, State, Status
from schemamig_tui.engine.events import LockAwaited
from schemamig_tui.engine.ledger.own_session import UNTIMED
from schemamig_tui.engine.ledger.repairs import Repair, Repairs
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.engine.pipeline.transaction import CHECK_CONSTRAINTS
from schemamig_tui.engine.run.survey import survey
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.engine.watch.run_lock import Locks, Queue
from schemamig_tui.errors import LedgerError, SettingsError
from schemamig_tui.text import visible


@dataclass(frozen=True)
class RepairPlace:
    """What a repair works on: a connection in autocommit mode, a folder, and the ledger's table.

    ``report_wait`` is called with the session that holds the run lock; the repair waits for it up
    to ``timeout`` seconds, or without an end. A ``preview`` is rolled back. Where repairs were
    ``approved``, just these are done: a row that has changed since is a LedgerError.
    """

    conn: psycopg.Connection[Any]
    directory: Path
    table: str
    report_wait: Callable[[LockAwaited], None]
    timeout: float | None = None
    cancellation: Cancellation | None = None
    preview: bool = False
    approved: tuple[Repair, ...] | None = None

    def as_approved(self, *repairs: Repair) -> tuple[Repair, ...]:
        """The repairs, if they are those that were approved. Raises LedgerError."""
        rows = [(one.name, one.before) for one in repairs]
        if self.approved is not None and rows != [(one.name, one.before) for one in self.approved]:
            raise changed_since("the ledger or the folder has")
        return repairs


def changed_since(what: str) -> LedgerError:
    """The error for what was approved and is not what would be done now."""
    return LedgerError(
        f"{what} changed since: nothing was done",
        hint="look at what is there now, and decide again",
    )


def mark_applied(place: RepairPlace, name: str) -> tuple[Repair, ...]:
    """Record a file as applied by hand; that may be pending, or have failed.

    All repairs raise SettingsError where they make no sense, LedgerError where the ledger does not
    take them, LockTimeout while a run is on, and FilesError.
    """
    with repairing(place) as (repairs, status):
        migration = _file(status, name)
        if migration.state is State.APPLIED:
            raise SettingsError(f"{visible(name)} is applied already")
        repairs.create_table()
        return place.as_approved(*repairs.mark_applied([name]))


def baseline(place: RepairPlace, name: str) -> tuple[Repair, ...]:
    """Record all files up to and with one as applied by hand that are not: a database in use."""
    with repairing(place) as (repairs, status):
        _file(status, name)
        names = [
            one.name
            for one in status.migrations
            if one.file and one.state is not State.APPLIED and one.name.encode() <= name.encode()
        ]
        if not names:
            raise SettingsError(f"all up to {visible(name)} are applied already")
        repairs.create_table()
        return place.as_approved(*repairs.mark_applied(names))


def accept_checksum(place: RepairPlace, name: str) -> tuple[Repair, ...]:
    """Record the checksum of a file that has changed since it was applied."""
    with repairing(place) as (repairs, status):
        migration = _file(status, name)
        if migration.state is not State.APPLIED:
            raise SettingsError(
                f"{visible(name)} is not applied", hint="only an applied file can have changed"
            )
        assert migration.row is not None
        assert migration.file is not None
        if not migration.changed and migration.row.checksum not in (MANUAL, None):
            raise SettingsError(f"{visible(name)} has not changed since it was applied")
        return place.as_approved(repairs.accept_checksum(name, migration.file.checksum))


def accept_name(place: RepairPlace, name: str) -> tuple[Repair, ...]:
    """Record the name of a file that was recorded under another one, and is as it was.

    ``name`` may be either of them. How far a try has got goes with it.
    """
    with repairing(place) as (repairs, status):
        for one in status.renamed:
            if one.recorded_as and name in (one.name, one.recorded_as):
                return place.as_approved(*repairs.rename(one.recorded_as, one.name))
        _file(status, name)
        raise SettingsError(
            f"no migration that is missing has the checksum of {visible(name)}",
            hint="if it has been changed as well, --mark-applied records it by hand, and --forget"
            " removes the row of its old name",
        )


def forget(place: RepairPlace, name: str) -> tuple[Repair, ...]:
    """Remove the row of a migration that has failed, or whose file is gone."""
    with repairing(place) as (repairs, status):
        migration = next((one for one in status.migrations if one.name == name), None)
        if migration is None or migration.row is None:
            raise SettingsError(
                f"the ledger has no row of {visible(name)}", hint="--list shows what it has"
            )
        if migration.row.success and not migration.missing:
            raise SettingsError(
                f"{visible(name)} is applied, and its file is there: it would be applied again",
                hint="only rows of failed and of missing migrations can be forgotten",
            )
        return place.as_approved(repairs.forget(name))


REPAIRS: dict[str, Callable[[RepairPlace, str], tuple[Repair, ...]]] = {
    "mark-applied": mark_applied,
    "accept-checksum": accept_checksum,
    "accept-name": accept_name,
    "forget": forget,
    "baseline": baseline,
}
"""The repairs by their flags."""


@contextlib.contextmanager
def repairing(place: RepairPlace, folder: Folder | None = None) -> Iterator[tuple[Repairs, Status]]:
    """One transaction under the locks of a run, and what folder and ledger say by then.

    The folder is that of the place, unless one is given that was read before.
    """
    ledger = Ledger(place.table)
    cancellation = place.cancellation or Cancellation()
    queue = Queue(cancellation, place.report_wait, place.timeout)
    locks = Locks.of(ledger.name)
    conn = place.conn
    with losses_as_errors():
        for lock in (locks.run, locks.work):
            queue.await_lock(lock, conn)
        try:
            found = survey(conn, folder or Folder.read(place.directory), ledger)
            for refusal in filter(None, (found.state.unwritable, found.state.uncreatable)):
                raise refusal.error
            with conn.transaction(force_rollback=place.preview):
                conn.execute(UNTIMED)
                conn.execute(CHECK_CONSTRAINTS)
                yield Repairs(conn, ledger), found.status
        finally:
            if not conn.closed:
                locks.work.drop(conn)
                locks.run.drop(conn)


def _file(status: Status, name: str) -> Migration:
    migration = next((one for one in status.migrations if one.name == name and one.file), None)
    if migration is None:
        raise SettingsError(
            f"there is no migration {visible(name)}",
            hint="give the name of a file in the folder; --list shows them",
        )
    return migration
