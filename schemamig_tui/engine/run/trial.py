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
    first = Backend.of(conn)
    # What people are shown of a refused plan is asked for behind a pooler as well.
    if not plan.migrations or (plan.refusals and not first.pooled):
        return plan.refusals
    try:
        with losses_as_errors():
            return (*plan.refusals, *_refusals(plan, connect, first))
    except SchemamigError as error:
        return (*plan.refusals, error)


def require_session(connect: Connect, conn: psycopg.Connection[Any]) -> None:
    """Raise PoolingRefused where ``conn`` has no session of its own: it allows no transaction."""
    first = Backend.of(conn)
    if first.pooled:
        Watch(connect, first).__exit__()


def _refusals(plan: Plan, connect: Connect, first: Backend) -> Iterator[FilesError]:
    with Watch(connect, first) as watch:
        if plan.refusals or not any(file.left_off for file in plan.files):
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
