"""The events that only a rehearsal reports.

It shares with a run RunStarted, LockAwaited, FileStarted, FileWarned, NoticeReceived,
StatementFinished, ProgressSeen, BlockedSeen, VictimsSeen and FileFailed, which is never recorded.
The events here about a statement come after its StatementFinished. FileStarted counts the files
that can be rehearsed;
BEGIN, COMMIT and SET TRANSACTION are no statements that finish. Times are milliseconds, those of
statements and of rehearsed files by the server's clock; lines and statement numbers are 1-based.
"""

from collections.abc import Callable
from dataclasses import dataclass

from schemamig_tui.catalog.changes import Change
from schemamig_tui.engine.events import Event


@dataclass(frozen=True, slots=True)
class RelationLock:
    """The strongest lock on an existing relation, such as ``table public.users``.

    ``mode`` is a mode as pg_locks names it; ``blocks`` says for what others have to wait: some of
    ``reads``, ``writes``, ``DDL``.
    """

    relation: str
    mode: str
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocksTaken:
    """A statement took locks on existing relations, or stronger locks than its file had.

    The strongest come first. A lock on an index or a column's sequence is left out if the lock on
    its table implies it. A lock that an earlier file took is still held, so pg_locks cannot show
    that it is taken again: it is reported if the text of the statement names the relation. A
    relation that is locked again without being named, such as a partition, is missed. In a
    rehearsal that names a hundred relations or more, pg_locks is not read behind each statement
    that only changes the catalogs: what such a statement locks without naming it is reported with a
    later statement.
    """

    name: str
    statement: int
    line: int
    locks: tuple[RelationLock, ...]


@dataclass(frozen=True, slots=True)
class ScratchUsed:
    """The rehearsal runs on a scratch database, which has the schema but no rows.

    It comes before all that is found there. ``applied`` migrations have made its schema;
    ``remembered``: an earlier run has. ``differences`` counts the differences to the schema of the
    database, and ``differing`` names the objects that differ. Times are null; rows written are
    those of the scratch; scans and sizes are those of the database.
    """

    scratch: str
    applied: int
    remembered: bool
    same_version: bool
    differences: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelationSize:
    """How large a table is in the database: about so many rows, and its bytes with its indexes."""

    relation: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RelationsRewritten:
    """A statement wrote existing tables or indexes anew: they have another relfilenode.

    Indexes that were written anew together with their table are left out. In a rehearsal on a
    scratch, ``sizes`` are those of the tables in the database.
    """

    name: str
    statement: int
    line: int
    relations: tuple[str, ...]
    sizes: tuple[RelationSize, ...] = ()


@dataclass(frozen=True, slots=True)
class TableScan:
    """A table was read as a whole: ``rows`` is how many rows were read, ``bytes`` its size.

    Where parallel workers have helped, ``rows`` is the estimate of ANALYZE.
    """

    relation: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """How many rows of a table were written, by the statement, its triggers and cascades."""

    relation: str
    inserted: int
    updated: int
    deleted: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What a statement did to existing relations, besides writing them anew.

    ``scanned`` are the tables that it read as a whole, ``built`` the indexes that it built on
    existing tables, and ``emptied`` the tables that it truncated. ``wal`` is how many bytes of WAL
    were written since the statement before, some of them perhaps by other sessions. A statement
    that wrote less than 64 kB of WAL, and did nothing else, is left out.
    """

    name: str
    statement: int
    line: int
    scanned: tuple[TableScan, ...]
    built: tuple[str, ...]
    emptied: tuple[str, ...]
    written: tuple[RowsWritten, ...]
    wal: int


@dataclass(frozen=True, slots=True)
class DeadRows:
    """Rows of a table that were written and rolled back: they take room until a VACUUM."""

    relation: str
    rows: int


@dataclass(frozen=True, slots=True)
class FileRehearsed:
    """All statements of a file have succeeded.

    ``exclusive_ms`` is how long the file alone would have held an ACCESS EXCLUSIVE lock on an
    existing relation: from the start of the statement that took it to the end of the file, or to
    the file's own next COMMIT. ``changes`` is what the file does to the schema, ``wal`` as in
    ``WorkDone``. On a scratch a time is None, but for the 0 where there is no such lock.
    """

    name: str
    ms: float | None
    exclusive_ms: float | None
    changes: tuple[Change, ...]
    wal: int = 0


@dataclass(frozen=True, slots=True)
class FileLeftOut:
    """A file cannot be rehearsed: ``reason`` says why, often which statement needs to commit.

    Where only the server knew the reason, the file has started, and has been rolled back.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outage:
    """The longest time without a break in which a run would block others on a relation.

    ``blocks`` is as in ``RelationLock``, ``name`` is the file that blocks it for so long. ``ms`` is
    None on a scratch.
    """

    relation: str
    blocks: tuple[str, ...]
    ms: float | None
    name: str


@dataclass(frozen=True, slots=True)
class OverBudget:
    """A file that took longer than it may (``ms``), which includes its ``exclusive_ms``."""

    name: str
    ms: float
    exclusive_ms: float


@dataclass(frozen=True, slots=True)
class RehearsalFinished:
    """Everything has been rolled back.

    ``rehearsed`` holds the files that succeeded, ``left_out`` those that cannot be rehearsed,
    ``failed`` the one that ended it, ``remaining`` those that did not begin. ``needs`` is the
    left-out file on which the failed one most likely builds. ``sequences`` names the existing
    sequences that have moved on, because no rollback sets a sequence back.

    ``outages`` has the outages of reads and of writes by rehearsed files: those that block reads
    come first, the longest before the others. ``rewritten`` are all relations that were written
    anew, and ``emptied`` all that were truncated. ``unwritten`` are the pending files that nobody
    has written yet.

    ``dead`` are the dead rows that are left behind in existing tables, most of them first. ``wal``
    is how many bytes of WAL were written meanwhile, and ``slots`` are the replication slots that
    keep it. ``counted`` is False where the server does not count (``track_counts``) and the role
    may not switch that on: then neither scans nor rows are known. ``over_budget`` are the files
    that took longer than ``budget_ms``, or held ACCESS EXCLUSIVE for longer. A scratch leaves
    nothing behind; there ``sizes`` are those, in the database, of the relations that are locked,
    written anew or truncated.
    """

    rehearsed: tuple[str, ...]
    left_out: tuple[str, ...]
    failed: str | None
    remaining: tuple[str, ...]
    ms: float
    needs: str | None = None
    sequences: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()
    rewritten: tuple[str, ...] = ()
    cancelled: bool = False
    unwritten: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    dead: tuple[DeadRows, ...] = ()
    wal: int = 0
    slots: tuple[str, ...] = ()
    counted: bool = True
    budget_ms: float | None = None
    over_budget: tuple[OverBudget, ...] = ()
    sizes: tuple[RelationSize, ...] = ()


RehearsalEvent = (
    Event
    | ScratchUsed
    | LocksTaken
    | RelationsRewritten
    | WorkDone
    | FileRehearsed
    | FileLeftOut
    | RehearsalFinished
)
RehearsalListener = Callable[[RehearsalEvent], None]
