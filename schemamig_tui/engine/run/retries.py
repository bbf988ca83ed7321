"""Decides which failed files are sent again: those without an effect that may succeed then."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.events import FileRetried, Mode
from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.pipeline.step import Role
from schemamig_tui.engine.run.failure import WITHOUT_LOCK, explain_crash, wants_no_transaction
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.script.script import Kind
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.patience import doubled

if TYPE_CHECKING:  # most runs have no batches
    from schemamig_tui.engine.run.batching import Batching

# Seconds. The first pause lets a short transaction end; the last one keeps a run from being asleep
# when a long one does.
_FIRST_PAUSE, _LAST_PAUSE = 0.5, 30.0
# How often, at one place of a file, our own work is tried again after a timeout of the file.
_MOST_TIMEOUTS = 9


class Retries:
    """Decides which failures are not final; for a lock, up to ``Limits.retries`` times a file."""

    def __init__(
        self, context: RunContext, log: Logbook, observer: Observer, batching: Batching | None
    ) -> None:
        self._batching = batching
        self._limit = context.limits.retries
        self._renewal = context.renewal
        self._cancellation = context.cancellation
        self._log = log
        self._observer = observer

    def again(self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash) -> bool:
        """Whether to send the open file again; the session is ready for it then."""
        if self._batching and self._batching.again(conn, run, crash):
            return True
        if _belongs_outside(run, crash):
            run.alone.add(crash.step.statement)
            return _reopen(conn, run)
        if _belongs_apart(run, crash):
            run.apart.add(run.done)
            return _reopen(conn, run)
        if self._is_timed_out(run, crash):
            run.timed_out.append(run.done)
            return _reopen(conn, run)
        return self._lacks_lock(conn, run, crash) and self._pause(conn, run, crash)

    def _is_timed_out(self, run: FileRun, crash: Crash) -> bool:
        """Whether a timeout of the file has cancelled our own work in a file without a transaction.

        Then our work has had no effect. With a timeout of a millisecond that happens now and then
        on a busy machine, though the work takes a tenth of it.
        """
        return (
            crash.step.timed
            and run.script.mode is Mode.NO_TRANSACTION
            and run.timed_out.count(run.done) < _MOST_TIMEOUTS
            and Diagnostic(crash.result).sqlstate == pg_errors.QueryCanceled.sqlstate
            and not self._cancellation.requested
            and self._observer.gave_way is None
        )

    def _lacks_lock(self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash) -> bool:
        """Whether it failed because others hold a lock, and all of its work is rolled back."""
        if (
            run.retries >= self._limit
            or self._cancellation.requested
            or Diagnostic(crash.result).sqlstate not in WITHOUT_LOCK
        ):
            return False
        return run.script.mode is not Mode.NO_TRANSACTION or _leaves_nothing(conn, run, crash)

    def _pause(self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash) -> bool:
        """Give up all locks, and wait; returns whether to try again then."""
        failure = explain_crash(crash, run.script, conn.info.encoding)
        blocked = self._observer.in_the_way(crash.step)
        if conn.info.transaction_status is not TransactionStatus.IDLE:
            conn.execute("ROLLBACK")
        if run.script.mode is Mode.NO_TRANSACTION:
            run.reopened = True
        else:
            conn.execute("DISCARD ALL")
            # The role that the session started with, which DISCARD ALL need not bring back.
            conn.execute("RESET ROLE")
            conn.execute(self._renewal)
        # Jitter keeps two that are in each other's way from meeting again.
        pause = doubled(_FIRST_PAUSE, run.retries, _LAST_PAUSE) * random.uniform(0.5, 1.0)
        run.retries += 1
        self._observer.report(
            FileRetried(
                run.name,
                self._log.elapsed,
                failure,
                blocked,
                retry=run.retries,
                retries=self._limit,
                pause_ms=pause * 1000,
            )
        )
        if self._cancellation.wait(pause):
            return False
        self._log.start_over()
        return True


def _belongs_outside(run: FileRun, crash: Crash) -> bool:
    """Whether the statement only has to be sent again outside of a transaction.

    In a file without a transaction, a statement shares one with the note of its progress, unless it
    is known that it cannot. Such a statement has failed without an effect.
    """
    step = crash.step
    return (
        run.script.mode is Mode.NO_TRANSACTION
        and step.role is Role.STATEMENT
        and step.statement == run.done
        and run.script.kind(step.statement) is Kind.ORDINARY
        and step.statement not in run.alone
        and wants_no_transaction(Diagnostic(crash.result))
    )


def _belongs_apart(run: FileRun, crash: Crash) -> bool:
    """Whether a transaction was read-only, so that its note needs a transaction of its own.

    Then the transaction has had no effect.
    """
    return (
        run.script.mode is Mode.NO_TRANSACTION
        and crash.step.role is Role.LEDGER
        and run.done not in run.apart
        and Diagnostic(crash.result).sqlstate == pg_errors.ReadOnlySqlTransaction.sqlstate
    )


def _reopen(conn: psycopg.Connection[Any], run: FileRun) -> bool:
    """Roll back, and have the file go on in its session."""
    run.reopened = True
    for _ in range(_MOST_TIMEOUTS):
        if conn.info.transaction_status is TransactionStatus.IDLE:
            break
        with contextlib.suppress(pg_errors.QueryCanceled):
            conn.execute("ROLLBACK")
    return True


def _leaves_nothing(conn: psycopg.Connection[Any], run: FileRun, crash: Crash) -> bool:
    """Whether all since the last note was in one transaction, so that it had no effect."""
    step = crash.step
    return (
        conn.info.transaction_status is TransactionStatus.INERROR
        and step.role is Role.STATEMENT
        and all(
            run.script.kind(i) not in (Kind.COMMIT, Kind.CHAIN)
            for i in range(run.done, step.statement)
        )
    )
