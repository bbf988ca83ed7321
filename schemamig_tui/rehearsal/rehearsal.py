"""Run the pending migrations of a folder for real, in one transaction that is rolled back.

What is different from a run, where it could be felt:

- All files see the same now(), and what one of them has locked stays locked to the end. What a
  later file locks again cannot be seen: it is told of what its statements name.
- BEGIN, COMMIT and SET TRANSACTION of a file are taken out. Deferred constraints are checked where
  a COMMIT would check them, but SET LOCAL, ON COMMIT DROP and cursors last to the end of the file,
  and SET CONSTRAINTS ALL to the end of the rehearsal for constraints that later files create.
- In a file without a transaction works what only does so in one, such as LOCK.
- NOTIFY sends nothing. Sequences are not rolled back, nor is what leaves the database: dblink,
  COPY TO a file or a program.
- What a new session would start with, such as ALTER ROLE ... SET, has no effect.
- Waits for locks, statements, and pauses of the program have a limit, unless a file sets its own.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.errors import LockNotAvailable

from schemamig_tui.engine.pipeline.loss import ends_session, loss_message, one_line
from schemamig_tui.engine.run.preparation import Connect, Preparation, RunContext
from schemamig_tui.errors import ConnectionLost, LockTimeout, SchemamigError
from schemamig_tui.limits import Limits
from schemamig_tui.rehearsal.events import RehearsalFinished, RehearsalListener
from schemamig_tui.rehearsal.guards import Guards
from schemamig_tui.rehearsal.stage import Stage

LOCK_TIMEOUT = 2.0
"""How many seconds a statement waits for a lock, where ``Limits.lock`` does not say."""
STATEMENT_TIMEOUT = 60.0
"""How many seconds a statement may take, unless told otherwise."""

_NO_LIMITS = Limits()


class Rehearsal:
    """One rehearsal. ``connect`` makes a new connection in autocommit mode; it opens two.

    ``table`` names the ledger, which is read and never written. ``statement_timeout`` is in
    seconds; None is no limit. Raises SettingsError for a table name that is none.
    """

    def __init__(
        self,
        connect: Connect,
        directory: Path,
        table: str,
        listener: RehearsalListener,
        *,
        limits: Limits = _NO_LIMITS,
        statement_timeout: float | None = STATEMENT_TIMEOUT,
    ) -> None:
        self._preparation = Preparation(connect, directory, table, limits)
        self._listener = listener
        self._statement_timeout = statement_timeout

    def cancel(self) -> None:
        """Stop the rehearsal; everything is rolled back in any case. From any thread."""
        self._preparation.cancellation.request()

    def rehearse(self, to: str | None = None) -> RehearsalFinished:
        """Rehearse everything pending, up to and with the file ``to``, up to the first failure.

        Returns what has been found, which a RehearsalFinished event has told already. Raises
        FilesError, SettingsError, LedgerError, ConnectionFailed, LockTimeout and Interrupted where
        ``Runner.apply`` does.
        """
        began = time.perf_counter()
        with _losses_as_errors(), self._preparation.survey(to) as findings:
            if not findings.todo:
                ms = (time.perf_counter() - began) * 1000
                finished = RehearsalFinished((), (), None, (), ms)
                self._listener(finished)
                return finished
            # A file may say DEALLOCATE ALL behind psycopg's back.
            findings.conn.prepare_threshold = None
            with self._preparation.locked(findings, to, self._listener) as context:
                return self._stage(context, findings.conn).perform(began)

    def _stage(self, context: RunContext, conn: psycopg.Connection[Any]) -> Stage:
        lock = LOCK_TIMEOUT if context.limits.lock is None else context.limits.lock
        return Stage(
            context,
            conn,
            Guards(lock, self._statement_timeout, conn.info.server_version),
            self._listener,
        )


@contextlib.contextmanager
def _losses_as_errors() -> Iterator[None]:
    try:
        yield
    except LockNotAvailable as error:
        raise LockTimeout(
            "the schema cannot be read: another session holds a table exclusively",
            hint="wait until that session is done, or end it",
        ) from error
    except psycopg.Error as error:
        if ends_session(error):
            raise ConnectionLost(loss_message(error)) from error
        raise SchemamigError(f"the schema cannot be read: {one_line(error)}") from error
