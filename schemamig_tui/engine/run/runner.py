"""Apply the pending migrations of a folder, and tell what happens."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui.engine.events import Listener, RunFinished, Warned
from schemamig_tui.engine.pipeline.connect import Connect
from schemamig_tui.engine.pipeline.loss import ends_session, loss_message
from schemamig_tui.engine.run.preparation import ExtensionHint, Preparation
from schemamig_tui.errors import ConnectionLost, LockTimeout, SchemamigError
from schemamig_tui.limits import Limits
from schemamig_tui.text import one_line

_NO_LIMITS = Limits()


class Runner:
    """One run. ``connect`` makes a new connection in autocommit mode; the run opens two.

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

    def cancel(self) -> None:
        """Stop the run: what is committed stays, the rest is rolled back. From any thread."""
        self._preparation.cancellation.request()

    def apply(self, to: str | None = None, *, resume: bool = True) -> RunFinished:
        """Apply everything pending, up to and with the file ``to``, and stop at the first failure.

        A file without a transaction whose last try stopped in the middle goes on there; without
        ``resume`` it starts over from its first statement.

        Returns what has been done, which a RunFinished event has reported already. Raises
        FilesError and SettingsError before anything has run, LedgerError when nothing could be
        recorded, ConnectionFailed, LockTimeout, and Interrupted when cancelled before the start.
        """
        began = time.perf_counter()
        preparation = self._preparation
        with _losses_as_errors(), preparation.survey(to) as findings:
            for warning in findings.warnings:
                self._listener(Warned(warning))
            if not findings.todo:
                ms = (time.perf_counter() - began) * 1000
                version, unwritten = findings.state.version, findings.unwritten
                finished = RunFinished((), None, (), version, ms, unwritten=unwritten)
                self._listener(finished)
                return finished
            from schemamig_tui.engine.run.run import Run

            with preparation.locked(findings, to, self._listener, resume=resume) as context:
                return Run(context, findings.conn, self._listener).apply(began)


@contextlib.contextmanager
def _losses_as_errors() -> Iterator[None]:
    """What is met outside of a pipeline; nothing has been left half done there."""
    try:
        yield
    except psycopg.OperationalError as error:
        if isinstance(error, pg_errors.LockNotAvailable):
            raise LockTimeout(f"the ledger could not be read: {one_line(error)}") from error
        if ends_session(error):
            raise ConnectionLost(loss_message(error)) from error
        raise SchemamigError(f"the server refused what a run needs: {one_line(error)}") from error
