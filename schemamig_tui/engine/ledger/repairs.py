"""Writes into the ledger what a person, and no run, says of a migration.

Each row is read again in the same transaction, and the repair fails where the table has not kept
it, because a trigger may have changed it. Everything is qualified, as in ``ledger.writes``, and for
the same reason.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from schemamig_tui.engine.ledger.checkpoint import read_checkpoint, statements_done
from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.ledger.write_failures import explain_write
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.errors import LedgerError
from schemamig_tui.text import one_line, visible
from schemamig_tui.units import plural

_THIS_FILE: LiteralString = (
    " WHERE filename OPERATOR(pg_catalog.=) {name}"
    ' AND filename COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) {name}'
)
_MOMENT: LiteralString = (
    "coalesce(%(applied_at)s::pg_catalog.timestamp,"
    " pg_catalog.clock_timestamp()::pg_catalog.timestamp)"
)
_UPDATE: LiteralString = (
    "UPDATE {table} SET applied_at = pg_catalog.clock_timestamp(), checksum = {checksum},"
    " execution_time_ms = 0, success = true, error_message = NULL" + _THIS_FILE
)
_INSERT: LiteralString = (
    "INSERT INTO {table} (filename, applied_at, checksum, execution_time_ms, success)"
    " VALUES ({name}, pg_catalog.clock_timestamp(), {checksum}, 0, true)"
)
_REPLACE_BY_RECORD: LiteralString = (
    "UPDATE {table} SET applied_at = "
    + _MOMENT
    + ", checksum = %(checksum)s, execution_time_ms = %(ms)s, success = true, error_message = NULL"
    " WHERE filename OPERATOR(pg_catalog.=) %(name)s"
    ' AND filename COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) %(name)s'
)
_INSERT_RECORD: LiteralString = (
    "INSERT INTO {table} (filename, applied_at, checksum, execution_time_ms, success)"
    " VALUES (%(name)s, " + _MOMENT + ", %(checksum)s, %(ms)s, true)"
)
_ACCEPT: LiteralString = "UPDATE {table} SET checksum = {checksum}" + _THIS_FILE
_RENAME: LiteralString = "UPDATE {table} SET filename = {new_name}" + _THIS_FILE
_DELETE: LiteralString = "DELETE FROM {table}" + _THIS_FILE


class Repair(NamedTuple):
    """The row of a migration before and after; None: it had none, or has none any more."""

    name: str
    before: LedgerRow | None
    after: LedgerRow | None

    @property
    def lines(self) -> tuple[str, str]:
        """Both rows, each in one line, safe to show."""
        before, after = (row.summary if row else "no row" for row in (self.before, self.after))
        return f"before: {before}", f"after:  {after}"

    @property
    def unfinished(self) -> str | None:
        """How far the file came, where it stopped half-way and the new row does not say so."""
        if self.before is None or self.before.success or (self.after and not self.after.success):
            return None
        done, total = statements_done(self.before.error_message)
        checkpoint = read_checkpoint(self.before.error_message)
        batches = checkpoint.batches if checkpoint else None
        if not done and not batches:
            return None
        far = f"{done:,} of {plural(total, 'statement')}"
        far += f", and in the next one {batches.people}" if batches else ""
        rest = "the rest is never run" if self.after else "that stays applied"
        return f"stopped after {far}: {rest}"


class Renaming(Repair):
    """A row that gets another name and keeps everything else."""

    @property
    def unfinished(self) -> str | None:
        """Nothing: the row under the new name still has the checkpoint."""
        return None


class Record(NamedTuple):
    """A success that another tool has recorded; ``applied_at`` is a timestamp, None: now."""

    name: str
    checksum: str
    applied_at: str | None
    ms: int


class Repairs:
    """The repairs of a ledger, on a connection with an open transaction of ours.

    All raise LedgerError where the table does not keep what is written, or the role may not write,
    and psycopg.Error. The transaction is to be rolled back then. Its constraints have to be
    immediate, so that no trigger is left for the COMMIT.
    """

    def __init__(self, conn: psycopg.Connection[Any], ledger: Ledger) -> None:
        self._conn = conn
        self._ledger = ledger

    def create_table(self) -> None:
        """Create the table and its schema where they are missing."""
        for query in self._ledger.writes.create:
            self._conn.execute(query)

    def mark_applied(self, name: str) -> Repair:
        """Record a migration as applied by hand, in the place of the row that it may have."""
        before = self._row(name)
        self._write(_INSERT if before is None else _UPDATE, name, MANUAL)
        after = self._row(name)
        kept = after and (after.success, after.checksum, after.error_message) == (
            True,
            MANUAL,
            None,
        )
        return self._checked(Repair(name, before, after), bool(kept))

    def record(self, records: Sequence[Record]) -> tuple[Repair, ...]:
        """Record successes of another tool, in the place of the rows that they may have."""
        before = {row.filename: row for row in self._ledger.read(self._conn)}
        for one in records:
            query = _REPLACE_BY_RECORD if one.name in before else _INSERT_RECORD
            with self._refusals_as_errors(one.name):
                self._conn.execute(
                    sql.SQL(query).format(table=self._ledger.identifier), one._asdict()
                )
        after = {row.filename: row for row in self._ledger.read(self._conn)}
        return tuple(
            self._checked(
                Repair(one.name, before.get(one.name), row),
                row is not None and (row.success, row.checksum) == (True, one.checksum),
            )
            for one in records
            for row in [after.get(one.name)]
        )

    def accept_checksum(self, name: str, checksum: str) -> Repair:
        """Record another checksum for a migration, and nothing else."""
        before = self._row(name)
        self._write(_ACCEPT, name, checksum)
        after = self._row(name)
        kept = before is not None and after == before._replace(checksum=checksum)
        return self._checked(Repair(name, before, after), kept)

    def rename(self, name: str, new_name: str) -> tuple[Repair, Repair]:
        """Record another name for a migration, in the place of the row that this one may have."""
        before, replaced = self._row(name), self._row(new_name)
        if replaced:
            self.forget(new_name)
        self._write(_RENAME, name, new_name=new_name)
        gone, after = self._row(name), self._row(new_name)
        kept = before is not None and after == before._replace(filename=new_name)
        return (
            self._checked(Renaming(name, before, gone), gone is None),
            self._checked(Repair(new_name, replaced, after), kept),
        )

    def forget(self, name: str) -> Repair:
        """Remove the row of a migration."""
        before = self._row(name)
        self._write(_DELETE, name)
        after = self._row(name)
        return self._checked(Repair(name, before, after), after is None)

    def _write(
        self, query: LiteralString, name: str, checksum: str = "", new_name: str = ""
    ) -> None:
        composed = sql.SQL(query).format(
            table=self._ledger.identifier,
            name=sql.Literal(name),
            checksum=sql.Literal(checksum),
            new_name=sql.Literal(new_name),
        )
        with self._refusals_as_errors(new_name or name):
            self._conn.execute(composed)

    @contextlib.contextmanager
    def _refusals_as_errors(self, name: str) -> Iterator[None]:
        try:
            with self._conn.transaction():  # what has failed leaves it open to questions
                yield
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            why, hint = one_line(error), "connect as a role that may do that, such as its owner"
            if not isinstance(error, psycopg.errors.InsufficientPrivilege) and (
                refusal := explain_write(self._conn, self._ledger, name, error.diag)
            ):
                why, hint = refusal
            raise LedgerError(
                f"the ledger {self._ledger.name} cannot be written: {why}", hint=hint
            ) from error

    def _row(self, name: str) -> LedgerRow | None:
        rows = self._ledger.read(self._conn)
        return next((row for row in rows if row.filename == name), None)

    def _checked(self, repair: Repair, kept: bool) -> Repair:
        if not kept:
            raise LedgerError(
                f"the ledger {self._ledger.name} has not kept what was written for"
                f" {visible(repair.name)}: a trigger, a rule or a policy of the table may do that",
                hint="nothing was changed",
            )
        return repair
