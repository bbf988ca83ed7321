"""What a run tells of a statement that runs in batches: events, plain values.

``statement`` and ``line`` are 1-based, and those of the statement in the file ``name``.
"""

from dataclasses import dataclass

from schemamig_tui.engine.activity import Blocked
from schemamig_tui.engine.events import BatchEvent, Failure


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """What is done: keys ``walked`` (0 for a statement that repeats), rows ``changed``.

    ``seconds`` is the time in batches, without what was waited between them.
    """

    walked: int = 0
    changed: int = 0
    batches: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchesStarted(BatchEvent):
    """A statement is about to run in batches, behind what ``resumed`` tells.

    ``table`` is its table as SQL, None where a statement repeats and does not name it, which then
    has no ``key`` and no ``index``. ``rows`` is about how many rows there are; None: not known.
    """

    table: str | None
    key: tuple[str, ...]
    index: str | None
    rows: int | None
    resumed: BatchTotals


@dataclass(frozen=True, slots=True)
class BatchFinished(BatchEvent):
    """A batch is committed with its progress; of many quick ones not each is reported.

    ``ms`` is what it took, ``size`` how many keys the next one has. ``per_second`` are the rows
    changed a second just now, ``average`` those since this run began. ``left_s`` is what is left in
    seconds, at the least and at the most; None: nobody knows. ``at`` is the last key that is done,
    ``dead`` are the dead rows of the table as the server counts them.
    """

    done: BatchTotals
    rows: int | None
    size: int
    ms: float
    per_second: float
    average: float
    left_s: tuple[float, float] | None
    at: str | None
    dead: int | None


@dataclass(frozen=True, slots=True)
class BatchesWaiting(BatchEvent):
    """The next batch waits for these ``reasons``, sentences, and has for ``waited_s`` seconds.

    It is reported again where there are others than before, and every half minute.
    """

    reasons: tuple[str, ...]
    waited_s: float


@dataclass(frozen=True, slots=True)
class BatchesGoOn(BatchEvent):
    """Nothing is in the way of the next batch any more, after ``waited_s`` seconds."""

    waited_s: float


@dataclass(frozen=True, slots=True)
class BatchRetried(BatchEvent):
    """A batch has been rolled back, and is tried again with ``size`` keys after ``pause_ms``.

    The batches before it stay. ``blocked`` is what was seen in the way; None where it was too short
    to be seen.
    """

    failure: Failure
    blocked: Blocked | None
    size: int
    pause_ms: float


@dataclass(frozen=True, slots=True)
class BatchesNoted(BatchEvent):
    """Something of the database that matters to the batches, and stops nothing; it comes once."""

    message: str


@dataclass(frozen=True, slots=True)
class BatchesFinished(BatchEvent):
    """All batches of a statement are done; ``ms`` is how long this run was at them."""

    done: BatchTotals
    ms: float


@dataclass(frozen=True, slots=True)
class BatchRehearsed(BatchEvent):
    """One batch of ``keys`` has been run, to be rolled back; 0 are those of one that repeats.

    It has ``changed`` so many rows in ``ms``, and written ``wal`` bytes of WAL, if nobody else did.
    ``rows`` is about how many are left; ``total_ms``, with the pauses of the directive, and
    ``total_wal`` are for all of them at that speed, None where it is not known how many there are.
    """

    keys: int
    changed: int
    ms: float
    wal: int
    rows: int | None
    total_ms: float | None
    total_wal: int | None
