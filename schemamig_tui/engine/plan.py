"""What is to run, read and found fit before any of it runs."""

from collections.abc import Sequence
from typing import Any

import psycopg

from schemamig_tui.engine.ledger import Ledger, LedgerState
from schemamig_tui.engine.progress import read_progress, still_holds
from schemamig_tui.engine.script import parse
from schemamig_tui.engine.status import Migration
from schemamig_tui.engine.steps import FileRun, creates_schema
from schemamig_tui.errors import FilesError, LedgerError
from schemamig_tui.text import visible


def prepare(
    conn: psycopg.Connection[Any],
    ledger: Ledger,
    todo: Sequence[Migration],
    state: LedgerState,
) -> list[FileRun]:
    """Read all the files that are to run.

    Raises FilesError for the first one that cannot be, and LedgerError where the first of them
    could not be recorded.
    """
    standard = conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off"
    runs = [_read(migration, ledger, standard_strings=standard) for migration in todo]
    may_create = state.exists or state.may_create
    if runs and not may_create and not creates_schema(runs[0].script, ledger.schema):
        raise LedgerError(
            f"the ledger {ledger.name} does not exist, and may not be created",
            hint=ledger.grants(conn),
        )
    return runs


def _read(migration: Migration, ledger: Ledger, *, standard_strings: bool) -> FileRun:
    assert migration.file is not None  # see Status.to_run
    script = parse(migration.file, standard_conforming_strings=standard_strings)
    row = migration.row
    done = read_progress(row.error_message if row else None)
    if done and not still_holds(done, script):
        name = migration.name.replace("'", "''")
        raise FilesError(
            f"its first {done.statements} statements have been applied by an earlier try,"
            " and have changed since",
            path=migration.file.path,
            hint="restore them, or make the file start over after undoing them by hand:"
            f" DELETE FROM {ledger.name} WHERE filename = '{visible(name)}';",
        )
    return FileRun(script, retried=row is not None, done=done.statements if done else 0)
