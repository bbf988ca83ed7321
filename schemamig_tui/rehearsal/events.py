"""The events that only a rehearsal has.

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
    """A lock on a relation that was there before: ``table public.users``, and its strongest mode.

    ``mode`` is a mode as pg_locks names it; ``blocks`` is what others have to wait with: some of
    ``reads``, ``writes``, ``DDL``.
    """

    relation: str
    mode: str
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocksTaken:
    """A statement took locks, or stronger ones than its file had, on relations from before.

    The strongest come first. A lock on an index or a column's sequence is left out if the lock on
    its table implies it. A lock that an earlier file took is still held, so pg_locks cannot show
    that it is taken again: it is reported if the text of the statement names the relation. A
    relation that is locked again without being named, such as a partition, is missed. In a
    rehearsal that names a hundred relations and more, pg_locks is not read behind each statement
    that does nothing but change the catalogs: what such a one locks besides what it names is
    reported of one behind it.
    """

    name: str
    statement: int
    line: int
    locks: tuple[RelationLock, ...]


@dataclass(frozen=True, slots=True)
class ScratchUsed:
    """The rehearsal is not in the database but on a scratch, which has the schema and no rows.

    It comes before all that is found there. ``applied`` migrations have made its schema, in an
    earlier run where that is ``remembered``. ``differences`` is how many there are between that and
    the schema of the database, and ``differing`` names what differs. Times are not
    known, the rows that are written are those there; scans and sizes have what the database has.
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
    """A statement wrote tables or indexes anew that were there before (their relfilenode).

    The indexes that were written anew with their table are left out. ``sizes`` are those of the
    tables in the database, where the rehearsal is on a scratch.
    """

    name: str
    statement: int
    line: int
    relations: tuple[str, ...]
    sizes: tuple[RelationSize, ...] = ()


@dataclass(frozen=True, slots=True)
class TableScan:
    """A table was read whole: ``rows`` is what was read of it, ``bytes`` its size.

    Where parallel workers have helped, these are about so many rows as ANALYZE has found.
    """

    relation: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """So many rows of a table were written, by the statement, its triggers and cascades."""

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
    """What a statement did to relations that were there before, besides writing them anew.

    ``scanned`` are tables that it read whole, ``built`` the indexes that it built on them and
    ``emptied`` what has no rows since it was truncated. ``wal`` is how many bytes of WAL there are
    since the statement before: other sessions may have written some of them. A statement of less
    than 64 kB of WAL that did nothing else is left out.
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
    """What was written to a table and rolled back: it takes room until a VACUUM."""

    relation: str
    rows: int


@dataclass(frozen=True, slots=True)
class FileRehearsed:
    """All statements of a file have succeeded.

    ``exclusive_ms`` is how long the file by itself would have held an ACCESS EXCLUSIVE lock on a
    relation that was there before: from the start of the statement that took it to the end of the
    file, or to its own next COMMIT. ``changes`` is what the file does to the schema, ``wal`` as in
    ``WorkDone``. On a scratch a time is None, but for the 0 where there is no such lock.
    """

    name: str
    ms: float | None
    exclusive_ms: float | None
    changes: tuple[Change, ...]
    wal: int = 0


@dataclass(frozen=True, slots=True)
class FileLeftOut:
    """A file cannot be rehearsed: ``reason`` says why, mostly which statement needs to commit.

    Where only the server could know, the file has started; what it did has been rolled back.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outage:
    """How long at a stretch a run would block others on a relation that was there before.

    ``blocks`` is as in ``RelationLock``, ``name`` the file that does it for the longest. ``ms`` is
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
    ``failed`` the one that ended it, ``remaining`` those it did not come to. ``needs`` is the file
    that was left out which the failed one most likely builds on. ``sequences`` names those that
    were there before and have moved on, because no rollback sets a sequence back.

    ``outages`` are those of reads and of writes, of the files that were rehearsed; the longest
    ones that block reads come first. ``rewritten`` are all relations that were written anew, and
    ``emptied`` all that were truncated. ``unwritten`` are the pending files that nobody has written
    yet.

    ``dead`` are the rows that are left behind in tables from before, most of them first, ``wal`` is
    how many bytes of WAL were written meanwhile, and ``slots`` keep it until it has been read.
    ``counted`` is False where the server does not count (``track_counts``) and the role may not
    have it do so: then no scans and no rows are known. ``over_budget`` are the files that took
    longer than ``budget_ms``, or held ACCESS EXCLUSIVE longer. On a scratch nothing is left behind,
    and ``sizes`` are those in the database of what is locked, written anew or truncated.
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
