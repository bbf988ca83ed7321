"""How far a file without a transaction has got, as the ledger's error_message says it.

The note ends in a line such as ``Statements done: 3 of 7 (md5 5f3c...)``. The digest is that of the
statements that are done, so that a later run can tell whether they still are what was run.
"""

import hashlib
import re
from typing import NamedTuple

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger.status import Migration
from schemamig_tui.engine.script.script import Script

_LINE = re.compile(r"^Statements done: (\d+) of \d+ \(md5 ([0-9a-f]{32})\)\Z", re.M)


class Done(NamedTuple):
    """What a note says: how many statements are committed, and their digest."""

    statements: int
    digest: str


class Progress:
    """Writes the notes of one script; asked in rising order it reads every statement once."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hashed = 0

    def line(self, done: int) -> str:
        """The line that tells how far the file has got."""
        for i in range(self._hashed, done):
            self._md5.update(self._script.sql(i) + b";")
        self._hashed = max(done, self._hashed)
        return f"Statements done: {done} of {len(self._script)} (md5 {self._md5.hexdigest()})"

    def message(self, done: int) -> str:
        """The error_message of a file that is still running."""
        return f"running: {done} of {len(self._script)}\n{self.line(done)}"


def read_progress(error_message: str | None) -> Done | None:
    """What the note in an error_message says; None where there is no note."""
    found = _LINE.search(error_message or "")
    return Done(int(found[1]), found[2]) if found else None


class LeftOff(NamedTuple):
    """Where the last try of a file has stopped: behind its first ``done`` statements.

    ``obstacle`` says why the next one cannot go on there; None: it can.
    """

    done: int
    obstacle: str | None


def left_off(migration: Migration, script: Script) -> LeftOff | None:
    """Where an apply would go on with a file; None where it starts with the first statement."""
    row = migration.row
    done = read_progress(row.error_message) if row and not row.success else None
    if done is None or done.statements == 0:
        return None
    obstacle = None
    if not _still_holds(done, script):
        obstacle = "the file has changed there since"
    elif script.mode is not Mode.NO_TRANSACTION:
        obstacle = "now the file is to be run as one transaction"
    return LeftOff(done.statements, obstacle)


def _still_holds(done: Done, script: Script) -> bool:
    """Whether the statements that are done still are the first ones of the script."""
    if done.statements > len(script):
        return False
    return Progress(script).line(done.statements).endswith(f"{done.digest})")
