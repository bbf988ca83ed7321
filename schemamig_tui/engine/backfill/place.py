"""What all parts of a backfill share: the statement, the session of its file, and the run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from schemamig_tui.engine.backfill.control import BatchControl
from schemamig_tui.engine.backfill.key import Unusable
from schemamig_tui.engine.events import Listener
from schemamig_tui.engine.ledger.checkpoint import Progress
from schemamig_tui.engine.ledger.writes import LedgerWrites
from schemamig_tui.engine.script.batched import BatchedStatement
from schemamig_tui.engine.script.script import Script
from schemamig_tui.errors import FilesError


@dataclass(frozen=True)
class BatchedPlace:
    """Statement ``number``, from 0, of ``script``: one that runs in batches."""

    script: Script
    number: int

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.script.file.name

    @cached_property
    def batched(self) -> BatchedStatement:
        """The statement with its directive."""
        return self.script.batched[self.number]

    @cached_property
    def line(self) -> int:
        """The line of the statement."""
        return self.script.line(self.number)

    @property
    def at(self) -> tuple[str, int, int]:
        """File name, statement number (from 1) and line: the first fields of its events."""
        return self.name, self.number + 1, self.line

    def refusal(self, why: Unusable) -> FilesError:
        """The error that the statement cannot run, or go on, in batches."""
        line = self.batched.line
        return FilesError(why.message, path=self.script.file.path, line=line, hint=why.hint)


@dataclass(frozen=True)
class FileSession:
    """Queries that switch a transaction of the file between the file's role and settings and ours.

    ``as_ourselves`` goes to the user that the session began as, ``as_the_file`` goes back.
    ``in_mid_file`` makes the rest of the transaction fit for our own work.
    """

    as_ourselves: bytes
    as_the_file: bytes
    in_mid_file: bytes


@dataclass(frozen=True)
class BatchingRun:
    """What the batches of one statement need from the run.

    ``unknowable`` is the field of the file's checkpoint, for the statements in front of this one.
    ``finished`` is called with the command tag of the whole statement when it is done.
    """

    writes: LedgerWrites
    session: FileSession
    progress: Progress
    unknowable: int | None
    report: Listener
    control: BatchControl
    finished: Callable[[str], None]
