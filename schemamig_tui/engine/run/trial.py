"""Finds, without beginning a run, what would refuse an apply before its first statement."""

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
    """All that would refuse an apply of ``plan``, in the order in which the apply would meet it.

    ``conn`` is a connection in autocommit mode. Where the plan needs a second connection, one is
    tried; on another one after it the session of a file that goes on where it stopped is restored.
    Nothing is changed, and no lock is waited for. Where another run is on, the session is not
    tried: that run may work on the same file.
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
    """Raise PoolingRefused where a pooler gives ``conn`` no session of its own."""
    first = Backend.of(conn)
    if first.pooled:
        with Watch(connect, first):
            pass  # Making it is the test.


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
