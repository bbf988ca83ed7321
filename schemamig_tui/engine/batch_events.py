"""The events of a statement that runs in batches: plain values.

``statement`` and ``line`` are 1-based, and those of the statement in the file ``name``.
"""

from dataclasses import dataclass

from schemamig_tui.engine.activity import Blocked
from schemamig_tui.engine.events import BatchEvent, Failure


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """The progress: keys ``walked`` (0 for a statement that repeats), rows ``changed``.

    ``seconds`` is the time in batches, without the waits between them.
    """

    walked: int = 0
    changed: int = 0
    batches: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchesStarted(BatchEvent):
    """A statement is about to run in batches. ``resumed`` is what earlier tries have done.

    ``table`` is its table as SQL, None where a statement repeats and does not name its table. A
    statement that repeats has no ``key`` and no ``index``. ``rows`` is about how many rows there
    are; None: not known.
    """

    table: str | None
    key: tuple[str, ...]
    index: str | None
    rows: int | None
    resumed: BatchTotals


@dataclass(frozen=True, slots=True)
class BatchFinished(BatchEvent):
    """A batch is committed with its progress. Of many quick batches only some are reported.

    ``ms`` is how long it took, ``size`` how many keys the next batch has. ``per_second`` is how
    many rows are changed a second just now, ``average`` how many since this run began. ``left_s``
    is the time that is left in seconds, at the least and at the most; None: nobody knows. ``at`` is
    the last key that is done, ``dead`` are the dead rows of the table as the server counts them.
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
    """The next batch has waited for ``waited_s`` seconds; ``reasons`` are sentences that say why.

    It is reported again when the reasons change, and every half minute.
    """

    reasons: tuple[str, ...]
    waited_s: float


@dataclass(frozen=True, slots=True)
class BatchesGoOn(BatchEvent):
    """The next batch begins after it has waited for ``waited_s`` seconds."""

    waited_s: float


@dataclass(frozen=True, slots=True)
class BatchRetried(BatchEvent):
    """A batch has been rolled back. It is tried again with ``size`` keys after ``pause_ms``.

    The batches before it stay. ``blocked`` is the lock that it waited for, and who held it; None
    where the wait was too short to be observed.
    """

    failure: Failure
    blocked: Blocked | None
    size: int
    pause_ms: float


@dataclass(frozen=True, slots=True)
class BatchesNoted(BatchEvent):
    """A warning about the database that matters to the batches; each is reported once."""

    message: str


@dataclass(frozen=True, slots=True)
class BatchesFinished(BatchEvent):
    """All batches of a statement are done; ``ms`` is how long this run has worked on them."""

    done: BatchTotals
    ms: float


@dataclass(frozen=True, slots=True)
class BatchRehearsed(BatchEvent):
    """One batch of ``keys`` keys (0 where a statement repeats) has been run, to be rolled back.

    It has ``changed`` so many rows in ``ms``. ``wal`` is how many bytes of WAL were written
    meanwhile, also by others. ``rows`` is about how many rows are left; ``total_ms`` (with the
    pauses of the directive) and ``total_wal`` are for all of them at that speed, None where
    ``rows`` is not known.
    """

    keys: int
    changed: int
    ms: float
    wal: int
    rows: int | None
    total_ms: float | None
    total_wal: int | None
