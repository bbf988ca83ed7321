"""Writes the failure of a migration into the ledger, or finds out why that is not possible."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.events import Failure, Mode
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.ledger.left_off import left_off
from schemamig_tui.engine.ledger.status import Migration
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.ledger.write_failures import explain_write
from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.pipeline.quiet import run_quietly
from schemamig_tui.engine.run.failed_session import checkpoint_lines
from schemamig_tui.engine.run.failure import describe
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.step_order import makes_ledger, record_failure
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.errors import LedgerError
from schemamig_tui.patience import NO_TRANSACTION_TIMEOUT
from schemamig_tui.text import one_line, visible

# Nobody should wait for ever when the run is over, and its end has to be reported; and a timeout
# of the role is not meant for that.
_PATIENCE = f"""
SELECT pg_catalog.set_config('lock_timeout', '10s', false),
    pg_catalog.set_config('statement_timeout', '0', false),
    {NO_TRANSACTION_TIMEOUT}
"""
# Behind a pooler a session starts with the server's own.
_ENCODING = "SELECT pg_catalog.set_config('client_encoding', 'UTF8', false)"


def make_fit(conn: psycopg.Connection[Any]) -> None:
    """Roll back whatever is open, and make the session fit to record how the run ended.

    Then it is as good as new, and waits for locks for ten seconds at the most. Raises
    psycopg.Error.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        conn.execute("ROLLBACK")
    conn.execute("DISCARD ALL")
    # The role that the session started with, which DISCARD ALL need not bring back.
    conn.execute("RESET ROLE")
    conn.execute(_ENCODING)
    conn.execute(_PATIENCE)


def record(
    conn: psycopg.Connection[Any],
    ledger: Ledger,
    files: Sequence[FileRun],
    run: FileRun,
    failure: Failure,
    elapsed: float,
    *,
    is_new: bool,
    had_ledger: bool,
) -> str | None:
    """Write that ``run``, one of the ``files`` of a run, has failed after ``elapsed`` ms.

    ``is_new``: before the run there was no ledger; ``had_ledger``: by now this server has had one.
    The session has to be fit (``make_fit``). Returns why it could not be recorded, or None. Raises
    psycopg.OperationalError when the connection is lost.
    """
    return _attempt(
        conn, lambda: _record(conn, ledger, files, run, failure, elapsed, is_new, had_ledger)
    )


def obstacle(conn: psycopg.Connection[Any], ledger: Ledger, run: FileRun) -> str | None:
    """Why the next run cannot go on with a file whose failure is recorded, and what to do then.

    None where it can, as far as ledger and file tell. Raises psycopg.OperationalError when the
    connection is lost.
    """
    try:
        rows = ledger.read(conn)
    except (LedgerError, psycopg.Error):
        if conn.closed:
            raise
        return None
    stopped = left_off(next((row for row in rows if row.filename == run.name), None), run.script)
    return f"{stopped.obstacle}. {stopped.way_out}" if stopped and stopped.obstacle else None


def record_unread(
    conn: psycopg.Connection[Any], ledger: Ledger, migration: Migration, failure: Failure
) -> str | None:
    """Write that a file, when its turn came, could not be read or could not go on; see ``record``.

    The checkpoint of an earlier try is never overwritten.
    """
    row, file = migration.row, migration.file
    assert file is not None  # see Status.to_run
    if row and read_checkpoint(row.error_message):
        return "its row says how far an earlier try has got, and stays as it is"
    message = describe(failure, migration.name)
    return _attempt(conn, lambda: _write(conn, ledger, file, 0, message))


def _attempt(conn: psycopg.Connection[Any], recording: Callable[[], str | None]) -> str | None:
    try:
        return recording()
    except LedgerError as error:
        return error.message
    except psycopg.Error as error:
        if conn.closed:
            raise
        return one_line(error)


def flush(conn: psycopg.Connection[Any], ledger: Ledger, applied: Sequence[str]) -> None:
    """Make the ``applied`` files durable, where the run has ended before its last, durable commit.

    Where that is not possible, the server makes them durable within a second. Raises
    psycopg.OperationalError when the connection is lost.
    """
    if not applied:
        return
    try:
        conn.execute(_PATIENCE)
        conn.execute(ledger.writes.touch(applied[-1]))
    except psycopg.Error:
        if conn.closed:
            raise


def _record(
    conn: psycopg.Connection[Any],
    ledger: Ledger,
    files: Sequence[FileRun],
    run: FileRun,
    failure: Failure,
    elapsed: float,
    is_new: bool,
    had_ledger: bool,
) -> str | None:
    state = ledger.inspect(conn)
    if not state.exists and any(makes_ledger(file.script, ledger) for file in files):
        # With the table there, or its schema, the migration that makes it could never be applied.
        what = f"table {ledger.name}" if state.schema_exists else f"schema {ledger.schema}"
        return f"a migration is to create the {what} itself"
    if had_ledger and not state.exists:
        # A new one would hide that, and be in the way when the old one gets its name back.
        return (
            f"the table {ledger.name}, which this run has seen, is gone: restore it before the next"
            " --apply, which would otherwise begin with the first file"
        )
    message = describe(failure, run.name)
    progress = ""
    if run.script.mode is Mode.NO_TRANSACTION:
        rows = (row.error_message for row in state.rows if row.filename == run.name)
        progress = "\n" + checkpoint_lines(run, next(rows, None))
    overwrites = is_new and makes_ledger(run.script, ledger)
    return _write(conn, ledger, run.script.file, elapsed, message, progress, overwrites=overwrites)


def _write(
    conn: psycopg.Connection[Any],
    ledger: Ledger,
    file: MigrationFile,
    elapsed: float,
    message: str,
    progress: str = "",
    *,
    overwrites: bool = False,
) -> str | None:
    crash = None
    for text in _spellings(conn, message):
        ms, text = round(elapsed), text + progress
        steps = record_failure(ledger, file, ms, text, overwrites=overwrites)
        crash = run_quietly(conn, steps)
        if crash is None:
            return None
        make_fit(conn)
        if Diagnostic(crash.result).sqlstate != pg_errors.UntranslatableCharacter.sqlstate:
            break
    return crash and _why(conn, ledger, file.name, crash)


def _spellings(conn: psycopg.Connection[Any], text: str) -> Iterator[str]:
    """The text; then, where the database cannot hold it, the text with question marks."""
    yield text
    yield _holdable(conn, text)
    yield text.encode("ascii", "replace").decode()


def _holdable(conn: psycopg.Connection[Any], text: str) -> str:
    """The text with a question mark for every character that the database cannot hold."""
    encoding = conn.info.parameter_status("server_encoding")
    conn.execute(f"SET client_encoding TO {encoding}")
    try:
        codec = conn.info.encoding
    except psycopg.NotSupportedError:  # as EUC_TW, in which psycopg could send no query either
        codec = "ascii"
    conn.pgconn.exec_(b"SET client_encoding TO UTF8")
    return text.encode(codec, "replace").decode(codec)


def _why(conn: psycopg.Connection[Any], ledger: Ledger, name: str, crash: Crash) -> str:
    error = Diagnostic(crash.result, encoding=conn.info.encoding)
    if refusal := explain_write(conn, ledger, name, error):
        return f"{refusal.message}: {refusal.hint}"
    return visible(error.message_primary or "the server gave no reason")
