"""What is to run, read and found fit before any of it runs."""

from collections.abc import Sequence
from typing import Any

import psycopg

from schemamig_tui.engine.ledger.checkpoint import left_off
from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.engine.ledger.status import Migration
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.step_order import makes_ledger
from schemamig_tui.engine.script.script import parse
from schemamig_tui.errors import FilesError, LedgerError


def prepare(
    conn: psycopg.Connection[Any],
    ledger: Ledger,
    todo: Sequence[Migration],
    state: LedgerState,
    *,
    resume: bool = True,
) -> list[FileRun]:
    """Read all the files that are to run; without ``resume`` each starts at its first statement.

    Raises FilesError for the first one that cannot be, and LedgerError where the first of them
    could not be recorded.
    """
    standard = conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off"
    runs = [read(migration, standard_strings=standard, resume=resume) for migration in todo]
    may_create = state.exists or state.may_create
    if runs and not may_create and not makes_ledger(runs[0].script, ledger):
        raise LedgerError(
            f"the ledger {ledger.name} does not exist, and may not be created",
            hint=ledger.grants(conn),
        )
    return runs


def read(migration: Migration, *, standard_strings: bool, resume: bool = True) -> FileRun:
    """Read one file, and where it is to go on; see ``prepare``."""
    assert migration.file is not None  # see Status.to_run
    script = parse(migration.file, standard_conforming_strings=standard_strings)
    left = left_off(migration, script) if resume else None
    if left and left.obstacle:
        what = "statement has" if left.done == 1 else f"{left.done} statements have"
        raise FilesError(
            f"its first {what} been applied by an earlier try, and {left.obstacle}",
            path=migration.file.path,
            hint="Restore the file, or undo those statements by hand and start it over from its"
            " first statement with --no-resume.",
        )
    return FileRun(script, retried=migration.row is not None, done=left.done if left else 0)
