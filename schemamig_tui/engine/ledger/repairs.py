"""Writes into the ledger what a person, and no run, says of a migration.

Each row is read again in the same transaction, and the repair fails where the table has not kept
it, because a trigger may have changed it. Everything is qualified, as in ``ledger.writes``, and for
the same reason.
"""

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from schemamig_tui.engine.ledger.checkpoint import read_checkpoint, statements_done
from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.table import NO_NAME, Ledger
from schemamig_tui.engine.ledger.write_failures import explain_write
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.errors import LedgerError
from schemamig_tui.text import one_line, visible
from schemamig_tui.units import plural

_THIS_FILE: LiteralString = (
    " WHERE filename OPERATOR(pg_catalog.=) {name}"
    ' AND filename COLLATE pg_catalog."C" OPERATOR(pg_catalog.=) {name}'
)
_NOW: LiteralString = "pg_catalog.clock_timestamp()"
_INSERT: LiteralString = (
    "INSERT INTO {table} (filename, applied_at, checksum, execution_time_ms, success)"
    " VALUES ({name}, {applied_at}, {checksum}, {ms}, true)"
)
_UPDATE: LiteralString = (
    "UPDATE {table} SET applied_at = {applied_at}, checksum = {checksum},"
    " execution_time_ms = {ms}, success = true, error_message = NULL" + _THIS_FILE
)
_ACCEPT: LiteralString = "UPDATE {table} SET checksum = {checksum}" + _THIS_FILE
_RENAME: LiteralString = "UPDATE {table} SET filename = {new_name}" + _THIS_FILE
_DELETE: LiteralString = "DELETE FROM {table}" + _THIS_FILE
_DELETE_UNNAMED: LiteralString = "DELETE FROM {table} WHERE filename IS NULL"


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
    """A success on the word of a person or another tool.

    ``applied_at`` is a timestamp; None: now.
    """

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

    def mark_applied(self, names: Iterable[str]) -> tuple[Repair, ...]:
        """Record migrations as applied by hand, in the place of the rows that they may have."""
        return self.record([Record(name, MANUAL, None, 0) for name in names])

    def record(self, records: Sequence[Record]) -> tuple[Repair, ...]:
        """Record successes, in the place of the rows that their migrations may have."""
        before = self._rows()
        for one in records:
            self._write(
                _UPDATE if one.name in before else _INSERT,
                one.name,
                checksum=sql.Literal(one.checksum),
                applied_at=_moment(one.applied_at),
                ms=sql.Literal(one.ms),
            )
        after = self._rows()
        return tuple(
            self._checked(
                Repair(one.name, before.get(one.name), after.get(one.name)),
                _is_kept(one, after.get(one.name)),
            )
            for one in records
        )

    def accept_checksum(self, name: str, checksum: str) -> Repair:
        """Record another checksum for a migration, and nothing else."""
        before = self._row(name)
        self._write(_ACCEPT, name, checksum=sql.Literal(checksum))
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
        """Remove the row of a migration; ``NO_NAME``: all that are of none."""
        before = self._row(name)
        self._write(_DELETE, name)
        if name == NO_NAME:
            self._write(_DELETE_UNNAMED, name)
        after = self._row(name)
        return self._checked(Repair(name, before, after), after is None)

    def _write(
        self,
        query: LiteralString,
        name: str,
        *,
        new_name: str | None = None,
        **values: sql.Composable,
    ) -> None:
        composed = sql.SQL(query).format(
            table=self._ledger.identifier,
            name=sql.Literal(name),
            new_name=sql.Literal(new_name),
            **values,
        )
        try:
            with self._conn.transaction():  # what has failed leaves it open to questions
                self._conn.execute(composed)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            why, hint = one_line(error), "connect as a role that may do that, such as its owner"
            if not isinstance(error, psycopg.errors.InsufficientPrivilege) and (
                refusal := explain_write(self._conn, self._ledger, new_name or name, error.diag)
            ):
                why, hint = refusal
            raise LedgerError(
                f"the ledger {self._ledger.name} cannot be written: {why}", hint=hint
            ) from error

    def _rows(self) -> dict[str, LedgerRow]:
        return {row.filename: row for row in self._ledger.read(self._conn)}

    def _row(self, name: str) -> LedgerRow | None:
        return self._rows().get(name)

    def _checked(self, repair: Repair, kept: bool) -> Repair:
        if not kept:
            raise LedgerError(
                f"the ledger {self._ledger.name} has not kept what was written for"
                f" {visible(repair.name)}: a trigger, a rule or a policy of the table may do that",
                hint="nothing was changed",
            )
        return repair


def _moment(applied_at: str | None) -> sql.Composable:
    if applied_at is None:
        return sql.SQL(_NOW)
    return sql.SQL("{}::pg_catalog.timestamp").format(sql.Literal(applied_at))


def _is_kept(record: Record, row: LedgerRow | None) -> bool:
    """Whether a row says what was to be recorded."""
    return row is not None and (row.success, row.checksum, row.error_message) == (
        True,
        record.checksum,
        None,
    )
