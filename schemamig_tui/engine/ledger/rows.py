"""The rows of the ledger, and the state of its table, as values."""

import re
from datetime import datetime
from hashlib import sha256
from typing import LiteralString, NamedTuple

from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.errors import LedgerError
from schemamig_tui.text import visible

MD5_OF_NOTHING: LiteralString = "d41d8cd98f00b204e9800998ecf8427e"
"""The checksum of a file that was empty when it was recorded, which is a success of nothing."""


class LedgerRow(NamedTuple):
    """A row of the ledger.

    ``applied_at`` has no time zone. It is the server's text where Python has no such date
    (infinity, BC, the year 20000), and None where the column is NULL: any column can be NULL in a
    table that another tool has made. A ``filename`` of NULL is read as the word NULL. Where
    ``success`` is None, nobody knows whether the migration is applied.
    """

    filename: str
    applied_at: datetime | str | None
    checksum: str | None
    execution_time_ms: int | None
    success: bool | None
    error_message: str | None

    @property
    def when(self) -> str:
        """``applied_at`` as people read it, to the second."""
        if isinstance(self.applied_at, datetime):
            return self.applied_at.isoformat(" ", "seconds")
        return self.applied_at or "at a time unknown"

    @property
    def md5(self) -> str | None:
        """The checksum in the form in which a file's is compared with it: see ``as_md5``."""
        return None if self.checksum is None else as_md5(self.checksum)

    @property
    def summary(self) -> str:
        """The row in one line, safe to show."""
        state = {True: "applied", False: "failed", None: "success is NULL"}[self.success]
        why = (self.error_message or "").partition("\n")[0]
        because = f", error: {why}" if why else ""
        odd = {None: "no checksum", "": "an empty checksum"}
        checksum = odd.get(self.checksum, f"checksum {self.checksum}")
        return visible(f"{state}, {self.when}, {checksum}{because}")


class LedgerRefusal(NamedTuple):
    """Why the ledger cannot be used, and the way out."""

    message: str
    hint: str

    @property
    def error(self) -> LedgerError:
        """The refusal as an error."""
        return LedgerError(self.message, hint=self.hint)


class LedgerState(NamedTuple):
    """The ledger in the database: whether its table and schema exist, and its rows in order.

    ``uncreatable`` tells why the role cannot create what is missing, ``unwritable`` why nothing can
    be recorded; they are None where that is possible. ``rules`` is the sentence about rules that
    may keep rows from being written. ``has_triggers``: triggers may run when rows are written.
    ``database`` is the server's own name of the database.
    """

    database: str
    exists: bool
    schema_exists: bool
    uncreatable: LedgerRefusal | None
    unwritable: LedgerRefusal | None
    rules: LedgerRefusal | None
    has_triggers: bool
    rows: tuple[LedgerRow, ...]

    @property
    def version(self) -> int:
        """The version of the schema: how many migrations are a success."""
        return sum(row.success is True for row in self.rows)

    @property
    def digest(self) -> str:
        """A digest of all rows, in hex; without their times, which depend on the time zone."""
        digest = sha256()
        for row in self.rows:
            values = (row.filename, row.checksum, row.execution_time_ms, row.success)
            digest.update(repr((*values, row.error_message)).encode())
        return digest.hexdigest()


def as_md5(checksum: str) -> str:
    """A checksum of the ledger, written as those of files are; MANUAL stays as it is.

    Other tools, and SQL's upper(md5()), write the same hex in upper case.
    """
    return checksum if checksum == MANUAL else checksum.lower()


def as_moment(text: str | None) -> datetime | str | None:
    """Read a timestamp in the date style ISO; returns the text where Python has no such date.

    The offset of a time zone is dropped here: a cast on the server would fail for times in the last
    hours that it can hold.
    """
    if text is None:
        return None
    local = _OFFSET.sub("", text)
    try:
        return datetime.fromisoformat(local)
    except ValueError:
        return local


_OFFSET = re.compile(r"(?<=[\d.])[+-]\d\d(?::\d\d){0,2}(?=\Z| BC\Z)")
