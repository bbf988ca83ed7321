"""Applies the migrations of a plan, and reports what happens as events."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.engine.events import Listener, RunFinished, Warned
from schemamig_tui.engine.pipeline.connect import Connect
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.engine.run.plan import Plan, state_of_run
from schemamig_tui.engine.run.planning import make_plan
from schemamig_tui.engine.run.preparation import ExtensionHint, Preparation
from schemamig_tui.engine.run.selection import EVERYTHING, Selection
from schemamig_tui.limits import Limits

if TYPE_CHECKING:  # where nothing is to run, nothing runs in batches
    from schemamig_tui.engine.backfill.control import BatchControl

_NO_LIMITS = Limits()


class Runner:
    """One run. ``connect`` makes a new connection in autocommit mode; the run needs two.

    ``table`` names the ledger. ``extension_hint`` says what to do about an extension, by its name,
    that the server does not have. Raises SettingsError for a table name that is none.
    """

    def __init__(
        self,
        connect: Connect,
        directory: Path,
        table: str,
        listener: Listener,
        *,
        limits: Limits = _NO_LIMITS,
        extension_hint: ExtensionHint | None = None,
    ) -> None:
        self._preparation = Preparation(connect, directory, table, limits, extension_hint)
        self._listener = listener

    @cached_property
    def batch_control(self) -> BatchControl:
        """What a person may do to statements that run in batches. From any thread."""
        from schemamig_tui.engine.backfill.control import BatchControl

        return BatchControl()

    def cancel(self) -> None:
        """Stop the run: what is committed stays, the rest is rolled back. From any thread."""
        self._preparation.cancellation.request()

    def apply(self, plan: Plan) -> RunFinished:
        """Apply what ``plan`` holds, in its order, and stop at the first failure.

        What another run has applied since is left out. Returns what has been done, which a
        RunFinished event has reported already. Raises PlanChanged where something else would run
        than what was planned, and FilesError and LedgerError, before anything has run;
        ConnectionFailed, LockTimeout, and Interrupted when cancelled before the start.
        """
        began = time.perf_counter()
        with losses_as_errors(), self._preparation.connected() as conn:
            return self._apply(conn, plan, began)

    def apply_pending(self, selection: Selection = EVERYTHING) -> RunFinished:
        """Plan what is chosen of everything pending, and apply it.

        A file without a transaction whose last try stopped in the middle goes on there, unless the
        selection says otherwise. Returns and raises as ``apply``, DriftError, and SettingsError for
        a file that does not exist.
        """
        began = time.perf_counter()
        pending = self._preparation.pending(lambda found: make_plan(found, selection))
        with losses_as_errors(), pending as (conn, plan):
            return self._apply(conn, plan, began)

    def _apply(self, conn: psycopg.Connection[Any], plan: Plan, began: float) -> RunFinished:
        for warning in plan.warnings:
            self._listener(Warned(warning))
        plan.require()
        if not plan.migrations:
            ms = (time.perf_counter() - began) * 1000
            version = state_of_run(plan.survey).version
            waiting = tuple(plan.waiting)
            finished = RunFinished(
                (), None, (), version, ms, unwritten=plan.unwritten, waiting=waiting
            )
            self._listener(finished)
            return finished
        from schemamig_tui.engine.run.run import Run

        with self._preparation.locked(conn, plan, self._listener) as context:
            return Run(context, self._listener, self.batch_control).apply(began)
