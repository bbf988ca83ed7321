"""Reads the folder of migrations and the ledger, and compares them: the survey."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.engine.ledger.status import Status, compare
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.ledger.warnings import (
    drift_warnings,
    empty_warnings,
    folder_warnings,
)
from schemamig_tui.engine.pipeline.timeouts import without_statement_timeout
from schemamig_tui.engine.script.files import MigrationFile, passed_over, scan
from schemamig_tui.sql.dialect import Dialect

# The first version whose transactions can use the values of an enum that they make.
_OPEN_ENUMS = 170000


@dataclass(frozen=True)
class Folder:
    """A folder of migrations: its ``files`` in their order.

    ``passed_over`` are files that are no migrations because of their suffix.
    """

    directory: Path
    files: tuple[MigrationFile, ...]
    passed_over: tuple[str, ...]

    @classmethod
    def read(cls, directory: Path, before: Folder | None = None) -> Folder:
        """Read the folder; of the files that were there ``before`` only what may have changed.

        Raises FilesError.
        """
        files = scan(directory, before.files if before else ())
        return cls(directory, files, tuple(passed_over(directory)))


@dataclass(frozen=True)
class Survey:
    """The folder and the ledger at one moment, and the status of each migration.

    ``dialect`` is how the session reads files, and ``time_zone`` its TimeZone, in which the times
    of the ledger are.
    """

    folder: Folder
    ledger: Ledger
    state: LedgerState
    status: Status
    dialect: Dialect
    time_zone: str | None

    def warnings(self, to: str | None = None) -> tuple[str, ...]:
        """Warnings about the folder, up to and with the file ``to``; they stop nothing."""
        return folder_warnings(self.status, self.folder.passed_over, to)

    @property
    def ahead(self) -> tuple[str, ...]:
        """Warnings about a run to come; a plan says these in a place of its own.

        They name files that a run would record without running anything, and rules of the ledger.
        """
        rules = self.state.rules
        refused = () if rules is None else (f"{rules.message}: {rules.hint}",)
        return (*empty_warnings(self.status), *refused)

    @property
    def drift(self) -> tuple[str, ...]:
        """Warnings where the files are not what the ledger says has been run."""
        return drift_warnings(self.status)


def survey(
    conn: psycopg.Connection[Any], folder: Folder, ledger: Ledger, before: Survey | None = None
) -> Survey:
    """Read the ledger, and compare the folder with it; ``before`` is an earlier survey of both.

    Raises LedgerError, FilesError for a file that cannot be compared, and psycopg.Error.
    """
    state = without_statement_timeout(conn, lambda: ledger.inspect(conn))
    same = before and (before.folder.files, before.state.rows) == (folder.files, state.rows)
    status = before.status if before and same else compare(folder.files, state.rows)
    zone = conn.info.parameter_status("TimeZone")
    return Survey(folder, ledger, state, status, dialect_of(conn), zone)


def with_folder_of_now(before: Survey) -> Survey:
    """A survey with the folder as it is now, and the ledger as it was. Raises FilesError."""
    folder = Folder.read(before.folder.directory, before.folder)
    if folder == before.folder:
        return before
    return replace(before, folder=folder, status=compare(folder.files, before.state.rows))


def dialect_of(conn: psycopg.Connection[Any]) -> Dialect:
    """How a session reads files, as the server has reported when the session began."""
    return Dialect(
        standard_strings=conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off",
        has_open_enums=conn.info.server_version >= _OPEN_ENUMS,
        counts_bytes=conn.pgconn.parameter_status(b"server_encoding") == b"SQL_ASCII",
    )
