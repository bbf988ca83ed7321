"""What an apply of a plan would meet before its first statement, found without beginning a run."""

from collections.abc import Iterator
from typing import Any

import psycopg

from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.connect import Connect
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.engine.run.plan import Plan
from schemamig_tui.engine.run.reading import RunFiles, refuse_obstacle
from schemamig_tui.engine.run.reconnect import connect_in_place
from schemamig_tui.engine.run.resume import check
from schemamig_tui.engine.watch.run_lock import Locks
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.errors import FilesError, SchemamigError


def refusals_of(
    plan: Plan, connect: Connect, conn: psycopg.Connection[Any]
) -> tuple[SchemamigError, ...]:
    """All that keeps ``plan`` from being applied, in the order in which an apply meets it.

    ``conn`` is a connection in autocommit mode. A second one is tried where the plan needs one; the
    session of a file that goes on where it stopped is restored on one in its place. Nothing is
    changed, and nobody is waited for: where another run is on, it may be at such a file.
    """
    if plan.refusals or not plan.migrations:
        return plan.refusals
    try:
        with losses_as_errors():
            return tuple(_refusals(plan, connect, conn))
    except SchemamigError as error:
        return (error,)


def _refusals(plan: Plan, connect: Connect, conn: psycopg.Connection[Any]) -> Iterator[FilesError]:
    with Watch(connect, Backend.of(conn)) as watch:
        if not any(file.left_off for file in plan.files):
            return
        locks = Locks.of(plan.survey.ledger.name)
        if locks.run.holder(watch.conn) or locks.work.holder(watch.conn):
            return
    runs = RunFiles(plan, plan.migrations)
    refused = False
    for run in runs:
        try:
            refuse_obstacle(run)
        except FilesError as error:
            refused = True
            yield error
    if not refused:
        check(connect_in_place(connect), connect, locks.work, runs).close()
