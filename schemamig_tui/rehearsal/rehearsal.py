"""Runs the pending migrations of a folder for real, in one transaction that is rolled back.

The differences from a run that a migration could notice:

- All files see the same now(), and what one of them has locked stays locked to the end. That a
  later file locks it again does not show in pg_locks: it is reported if its statements name it.
- BEGIN, COMMIT and SET TRANSACTION of a file are left out. Deferred constraints are checked where a
  COMMIT would check them. But SET LOCAL, ON COMMIT DROP and cursors last to the end of the file,
  and SET CONSTRAINTS ALL lasts to the end of the rehearsal for constraints that later files create.
- NOTIFY sends nothing. Sequences are not rolled back, nor is what leaves the database: dblink,
  COPY TO a file or a program.
- All files share a session. ALTER ROLE ... SET and the like, which change what a new session starts
  with, have no effect. A file may notice things that a new session would be free of (see
  ``sql.new_session``), such as settings that are empty, but not unknown. A file that can only be
  read behind another is left out.
- track_counts is switched on again behind a statement that switches it off, and track_functions is
  ``pl`` where the role may set it. pg_prepared_statements has queries of ours, unless the file
  names it.
- Waits for locks, statements, and pauses of the program have a limit, unless a file sets its own.
  A shorter one of the role or the database is kept, as a run keeps it.
"""

import time
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.engine import Connect, Selection, make_plan
from schemamig_tui.engine.events import Warned
from schemamig_tui.engine.run.plan import Plan
from schemamig_tui.engine.run.preparation import (
    ExtensionHint,
    Preparation,
    RunContext,
)
from schemamig_tui.limits import RehearsalLimits
from schemamig_tui.rehearsal.events import RehearsalFinished, RehearsalListener
from schemamig_tui.rehearsal.guards import Guards, own_limits
from schemamig_tui.rehearsal.stage import Stage
from schemamig_tui.schema_errors import schema_errors

_LIMITS = RehearsalLimits()


class Rehearsal:
    """One rehearsal. ``connect`` makes a new connection in autocommit mode; it opens two.

    ``table`` names the ledger, which is only read. ``extension_hint`` says what to do about an
    extension, by its name, that the server does not have. Raises SettingsError for a table name
    that is none.
    """

    def __init__(
        self,
        connect: Connect,
        directory: Path,
        table: str,
        listener: RehearsalListener,
        *,
        limits: RehearsalLimits = _LIMITS,
        extension_hint: ExtensionHint | None = None,
    ) -> None:
        self._preparation = Preparation(connect, directory, table, limits.run, extension_hint)
        self._listener = listener
        self._statement_timeout, self._lock_timeout = limits.statement_timeout, limits.lock_timeout
        budget = limits.time_budget
        self._budget_ms = None if budget is None else budget * 1000

    def cancel(self) -> None:
        """Stop the rehearsal; everything is rolled back in any case. From any thread."""
        self._preparation.cancellation.request()

    def rehearse(self, plan: Plan, *, without_rows: bool = False) -> RehearsalFinished:
        """Rehearse what ``plan`` holds, up to the first failure.

        ``without_rows``: the tables are empty ones of a scratch, and stand for tables with rows.

        Returns the last event, which the listener has got already. Raises PlanChanged, FilesError,
        LedgerError, ConnectionFailed, LockTimeout and Interrupted where ``Runner.apply`` does.
        """
        began = time.perf_counter()
        with schema_errors(), self._preparation.connected() as conn:
            return self._rehearse(conn, plan, began, without_rows=without_rows)

    def rehearse_pending(self, to: str | None = None) -> RehearsalFinished:
        """Plan everything pending, up to and with the file ``to``, and rehearse it.

        Returns and raises as ``rehearse``, and SettingsError for a file that does not exist.
        """
        began = time.perf_counter()
        pending = self._preparation.pending(lambda found: make_plan(found, Selection(to)))
        with schema_errors(), pending as (conn, plan):
            return self._rehearse(conn, plan, began, without_rows=False)

    def _rehearse(
        self, conn: psycopg.Connection[Any], plan: Plan, began: float, *, without_rows: bool
    ) -> RehearsalFinished:
        for warning in plan.warnings:
            self._listener(Warned(warning))
        plan.require()
        if not plan.migrations:
            return nothing_rehearsed(plan, began, self._listener)
        with self._preparation.locked(conn, plan, self._listener) as context:
            conn = context.backend.conn
            # A file may say DEALLOCATE ALL behind psycopg's back.
            conn.prepare_threshold = None
            return self._stage(context, conn).perform(began, without_rows=without_rows)

    def _stage(self, context: RunContext, conn: psycopg.Connection[Any]) -> Stage:
        limits, own = context.limits, own_limits(conn)
        lock = self._lock_timeout if limits.lock is None else limits.lock or None
        guards = Guards(lock, self._statement_timeout, conn.info.server_version)
        # What is asked for holds in a run as well, whatever the role or the database has.
        if limits.lock is None:
            guards = guards.within("lock_timeout", own.get("lock_timeout"))
        if limits.statement is None:
            guards = guards.within("statement_timeout", own.get("statement_timeout"))
        guards = guards.within("transaction_timeout", own.get("transaction_timeout"))
        return Stage(context, conn, guards, self._listener, self._budget_ms)


def nothing_rehearsed(plan: Plan, began: float, listener: RehearsalListener) -> RehearsalFinished:
    """Report a rehearsal of a plan without migrations; ``began`` is when it began."""
    ms = (time.perf_counter() - began) * 1000
    finished = RehearsalFinished((), (), None, (), ms, unwritten=plan.unwritten)
    listener(finished)
    return finished
