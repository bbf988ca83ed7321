"""The events that a run reports to its listener while it goes on.

Every event is a frozen value. A listener is any callable that takes one. It is called on threads of
the engine, never twice at a time, so it has to be quick. It must not raise, because an exception
ends the run at once, without a record of the file that is open. Times are milliseconds measured on
the client; lines and statement numbers are 1-based.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # most runs are over before there is anything to see
    from schemamig_tui.engine.activity import Blocked, ServerProgress, Victims


class Mode(StrEnum):
    """How a file is run. The value is what people read."""

    TRANSACTION = "transaction"
    OWN_TRANSACTION = "own transaction"
    NO_TRANSACTION = "no transaction"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a migration file. ``column`` counts characters and is None for a whole line."""

    line: int
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of the server that is not an error. ``severity`` is NOTICE, WARNING, INFO ..."""

    severity: str
    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a migration failed, in every detail that is known.

    ``sqlstate`` is None where the server had no part in it. ``statement`` is the number of the
    statement in its file, ``source`` the text of the line that ``place`` points at. ``gave_way``:
    the run has cancelled the statement itself, for sessions that waited behind it.
    """

    message: str
    sqlstate: str | None = None
    severity: str = "ERROR"
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    statement: int | None = None
    place: Place | None = None
    source: str | None = None
    gave_way: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Another session of the database, as pg_stat_activity shows it."""

    pid: int
    user: str
    application: str
    client: str
    since: str


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run is about to begin with ``files`` pending migrations, in this order."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning about the folder or the ledger, which stops nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """Another run holds the run lock; reported once for each holder. None: it cannot be seen."""

    holder: Session | None


@dataclass(frozen=True, slots=True)
class FileStarted:
    """The server has begun with a file, the ``number``-th of ``total``.

    ``resumed`` counts the statements that an earlier try has committed: the file goes on behind
    them.
    """

    name: str
    number: int
    total: int
    mode: Mode
    statements: int
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class FileWarned:
    """A warning about a file that has started: something in it may not be what was meant."""

    name: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """The server sent a message while it ran a statement of a file."""

    name: str
    statement: int
    line: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class StatementFinished:
    """A statement succeeded. ``tag`` is the server's command tag, such as ``INSERT 0 1``.

    ``ms`` is None where the time is not known because two results came together. Where the next
    result came with this one, the ``ms`` of the next event covers ``batch`` statements, itself the
    last of them. Where this result came with the one before, that one has taken the time.
    """

    name: str
    statement: int
    line: int
    tag: str
    ms: float | None
    batch: int = 1


@dataclass(frozen=True, slots=True)
class ProgressSeen:
    """The server has got further with the statement that it runs."""

    name: str
    statement: int | None
    line: int | None
    progress: ServerProgress


@dataclass(frozen=True, slots=True)
class BlockedSeen:
    """The run waits for a lock, or now for other sessions; None: it goes on.

    FileRetried and FileFailed end the wait as well, and also what VictimsSeen has reported.
    ``statement`` and ``line`` are None while the run does work of its own, such as the COMMIT.
    """

    name: str
    statement: int | None
    line: int | None
    blocked: Blocked | None


@dataclass(frozen=True, slots=True)
class VictimsSeen:
    """Sessions wait behind the run, or now other ones; None: none waits any more."""

    name: str
    statement: int | None
    line: int | None
    victims: Victims | None


@dataclass(frozen=True, slots=True)
class FileRetried:
    """A file could not get a lock in time. It has been rolled back, and will be started again.

    It starts after a pause of ``pause_ms``, as the ``retry``-th of at most ``retries`` retries.
    ``blocked`` is the lock that it waited for, and who held it; None where the wait was too short
    to be observed.
    """

    name: str
    ms: float
    failure: Failure
    blocked: Blocked | None
    retry: int
    retries: int
    pause_ms: float


@dataclass(frozen=True, slots=True)
class BatchEvent:
    """The base of the events of a statement that runs in batches: see ``engine.batch_events``."""

    name: str
    statement: int
    line: int


@dataclass(frozen=True, slots=True)
class ServerAwaited:
    """The connection is lost for ``reason``, and the server cannot be reached.

    The run waits up to ``seconds`` for it to come back, in order to see what it has committed, and
    to record that the file ``name`` (None: between two files) has failed. A cancellation ends the
    wait.
    """

    name: str | None
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class FilesLost:
    """Files of this run that were reported as applied are not in the server's ledger any more.

    The server has crashed before their commits were on disk, or the one that answers now is a
    standby that was behind when it took over; or only their rows were deleted, by a trigger or a
    person. The files are pending again, and the run ends.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileApplied:
    """A file has been committed together with its ledger row.

    ``ms`` is the execution_time_ms of that row.
    """

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class FileFailed:
    """A file failed; all of it that was in a transaction has been rolled back.

    ``recorded`` tells whether the ledger has the failure; ``unrecorded`` says why not. ``kept``
    counts the statements of a file without a transaction that stay applied. It is None where the
    server could not be asked: then the file may even have been applied. ``obstacle`` says why the
    next run cannot go on behind these statements, and what to do then; None where, by ledger and
    file, it can.
    """

    name: str
    ms: float
    failure: Failure
    recorded: bool
    unrecorded: str | None = None
    kept: int | None = 0
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over. What it committed is durable, unless ``version`` is None.

    It is the last event of every run, also of one that ends with an error. ``applied`` holds the
    files that this run has applied, ``failed`` the one that ended it, ``remaining`` those that did
    not begin, ``lost`` those that FilesLost has taken back. ``version`` is the number of successful
    rows in the ledger. It is None when the server could no longer be asked: then it is only known
    of ``applied`` that the server had committed it. ``cancelled`` tells that the user ended the
    run. ``unwritten`` are the pending files that were left because nobody has written them yet,
    ``waiting`` those that stay pending for another reason, which a warning has given.
    ``forgotten`` are the files that an earlier run had applied, and that the ledger does not hold
    any more: they are pending again.
    """

    applied: tuple[str, ...]
    failed: str | None
    remaining: tuple[str, ...]
    version: int | None
    ms: float
    cancelled: bool = False
    lost: tuple[str, ...] = ()
    unwritten: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


Event = (
    RunStarted
    | Warned
    | LockAwaited
    | FileStarted
    | FileWarned
    | NoticeReceived
    | StatementFinished
    | ProgressSeen
    | BlockedSeen
    | VictimsSeen
    | FileRetried
    | BatchEvent
    | ServerAwaited
    | FilesLost
    | FileApplied
    | FileFailed
    | RunFinished
)
Listener = Callable[[Event], None]
