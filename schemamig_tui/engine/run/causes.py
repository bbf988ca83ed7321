"""Adds to a failure what the database and the observer know of its cause."""

from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic

from schemamig_tui import units
from schemamig_tui.engine import wording
from schemamig_tui.engine.events import Failure
from schemamig_tui.engine.ledger.write_failures import explain_write, is_own_check
from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.pipeline.step import Role
from schemamig_tui.engine.run.failure import (
    IS_STATEMENT_TIMEOUT,
    WITHOUT_LOCK,
    name_own,
    unwritten,
)
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.units import lasting

_NEARLY = 0.9  # our clock and the server's differ by the time that an answer takes


class Causes:
    """Finds why statements of a run have failed."""

    def __init__(self, context: RunContext, log: Logbook, observer: Observer) -> None:
        self._context = context
        self._log = log
        self._observer = observer

    def of(
        self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash, failure: Failure
    ) -> Failure:
        """The failure at ``crash``, with what is known of it. Raises psycopg.Error."""
        code = failure.sqlstate
        if not self._context.cancellation.requested:
            failure = name_own(crash, failure)
        if crash.step.role in (Role.LEDGER, Role.FENCE):
            error = Diagnostic(crash.result, encoding=conn.info.encoding)
            if refusal := explain_write(conn, self._context.ledger, run.name, error):
                message = refusal.message
                if crash.step.role is Role.LEDGER:
                    message = unwritten(run.script, message)
                code = None if is_own_check(error) else code
                return replace(failure, message=message, hint=refusal.hint, sqlstate=code)
        if code in WITHOUT_LOCK:
            return self._without_lock(run, crash, failure)
        if code == pg_errors.QueryCanceled.sqlstate and not self._context.cancellation.requested:
            return self._giving_way(run, failure)
        if code == pg_errors.ReadOnlySqlTransaction.sqlstate:
            return self._read_only(conn, failure)
        return failure

    def _read_only(self, conn: psycopg.Connection[Any], failure: Failure) -> Failure:
        """The failure, with why a new session takes no writes, where somebody has changed that."""
        if (refusal := self._context.ledger.inspect(conn).unwritable) is None:
            return failure
        hint = f"By now {refusal.message}; {refusal.hint}"
        return replace(failure, hint="\n".join(filter(None, (failure.hint, hint))))

    def _without_lock(self, run: FileRun, crash: Crash, failure: Failure) -> Failure:
        """The failure, with who held the lock, and how often the file was tried."""
        if run.retries and self._context.cancellation.requested:
            return replace(
                failure,
                message="cancelled by the user before the next try",
                sqlstate=pg_errors.QueryCanceled.sqlstate,
                detail=f"The last try has ended so: {failure.message}",
            )
        message, detail = failure.message, failure.detail
        if run.retries:
            message += f" (tried {run.retries + 1} times)"
        if seen := self._observer.in_the_way(crash.step):
            # Of a deadlock the server tells the processes and numbers; here are names.
            detail = "\n".join(filter(None, (wording.had_lock(seen), detail)))
        return replace(failure, message=message, detail=detail)

    def _giving_way(self, run: FileRun, failure: Failure) -> Failure:
        """The failure, with why the run cancelled the statement: for whom, or for its own limit."""
        if (seen := self._observer.gave_way) is None:
            limit = self._context.limits.statement
            if not limit or not self._has_lasted(limit, run, failure):
                return failure
            hint = f"A statement may take {units.limit(limit)} (--statement-timeout)."
            return replace(failure, hint="\n".join(filter(None, (failure.hint, hint))))
        who = units.plural(seen.count, "session")
        longest = "" if seen.count == 1 else ", the longest"
        return replace(
            failure,
            message=f"cancelled because {who} had waited behind it{longest}"
            f" {lasting(seen.longest_s)} (--max-blocking)",
            detail="\n".join(map(wording.session, seen.sessions)),
            gave_way=True,
        )

    def _has_lasted(self, limit: float, run: FileRun, failure: Failure) -> bool:
        """Whether a cancelled statement has reached our limit, in seconds.

        On a busy machine we may have read late that the file began. So the server's message counts
        more than our clock, unless the file sets a limit of its own.
        """
        if IS_STATEMENT_TIMEOUT in failure.message and not run.script.mentions("statement_timeout"):
            return True
        return self._log.elapsed >= _NEARLY * limit * 1000
