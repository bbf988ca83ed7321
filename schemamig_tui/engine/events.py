"""What a run tells its listeners, as it happens.

Every event is a frozen value. A listener is any callable that takes one; it is called on the
threads of the engine, never twice at a time, so it has to be quick, and must not raise: that ends
the run at once, without a record of the file that is open. Times are milliseconds measured on the
client; lines and statement numbers are 1-based.
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
    statement in its file, ``source`` the text of the line that ``place`` points at. ``gave_way``
    tells that the run has cancelled it itself, for those who waited behind it.
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
    """Something about the folder or the ledger stops nothing, but should be known."""

    message: str


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """Another run holds the run lock; sent once for every holder. None: it cannot be seen."""

    holder: Session | None


@dataclass(frozen=True, slots=True)
class FileStarted:
    """The server has begun with a file, the ``number``-th of ``total``.

    ``resumed`` counts the statements that an earlier try has committed: it goes on behind them.
    """

    name: str
    number: int
    total: int
    mode: Mode
    statements: int
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class FileWarned:
    """Something about a file that has started is allowed, but may not be what was meant."""

    name: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """The server said something while running a statement of a file."""

    name: str
    statement: int
    line: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class StatementFinished:
    """A statement succeeded. ``tag`` is the server's command tag, such as ``INSERT 0 1``.

    ``ms`` is None where nobody knows it, because the result came together with another one: with
    that of the next statement, whose ``ms`` is then of ``batch`` statements up to and with it, or
    with what came before it, which has taken the time.
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
    """The run waits for a lock, or for others than before; None: it goes on.

    FileRetried and FileFailed end the wait, too, and what VictimsSeen tells. ``statement`` and
    ``line`` are None while it does our own work, such as the COMMIT.
    """

    name: str
    statement: int | None
    line: int | None
    blocked: Blocked | None


@dataclass(frozen=True, slots=True)
class VictimsSeen:
    """Others wait behind the run, or others than before; None: nobody does any more."""

    name: str
    statement: int | None
    line: int | None
    victims: Victims | None


@dataclass(frozen=True, slots=True)
class FileRetried:
    """A file could not get a lock in time. It has been rolled back, and will be started again.

    That is after a pause of ``pause_ms``, for the ``retry``-th of ``retries`` times. ``blocked``
    is what was seen in the way; None where it was too short to be seen.
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
    """Something about a statement that runs in batches: see ``engine.batch_events``."""

    name: str
    statement: int
    line: int


@dataclass(frozen=True, slots=True)
class ServerAwaited:
    """The connection is lost for ``reason``, and the server cannot be reached.

    The run gives it up to ``seconds`` to come back, to see what it has committed, and to record
    that ``name`` has failed; None between two files. A cancellation ends the wait.
    """

    name: str | None
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class FilesLost:
    """Files of this run that were reported as applied, and which the server does not have any more.

    It has crashed before their commits were on disk, or the one that answers now is a standby that
    was behind when it took over; or their rows alone were deleted, by a trigger or a person. They
    are pending again, and the run ends.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileApplied:
    """A file has been committed together with its ledger row.

    ``ms`` is what the row has as its execution_time_ms.
    """

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class FileFailed:
    """A file failed; all of it that was in a transaction has been rolled back.

    ``recorded`` tells whether the ledger has the failure; ``unrecorded`` says why not. ``kept``
    counts the statements of a file without a transaction that stay applied. It is None where the
    server could not be asked: then the file may even have been applied. ``obstacle`` says why the
    next run cannot go on behind them, and what to do then; None: as far as ledger and file tell, it
    can.
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
    files of this run, ``failed`` the one that ended it, ``remaining`` those it did not come to,
    ``lost`` those that FilesLost has taken back. ``version`` is the number of successful rows in
    the ledger, None when the server could no longer be asked: then of ``applied`` is only known
    that the server had committed it. ``cancelled`` tells that the user ended the run. ``unwritten``
    are the pending files that were left because nobody has written them yet, ``waiting`` those that
    stay pending for another reason, which a warning has given.
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
