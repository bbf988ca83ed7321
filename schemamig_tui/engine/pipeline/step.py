"""One query of a pipeline, and what it is for."""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from psycopg.pq.abc import PGresult


class Role(Enum):
    """What a step is for, so that its result is not taken for another."""

    OPEN = auto()
    """Begins a file: its first transaction has started."""
    STATEMENT = auto()
    """A statement of the file itself."""
    BATCH = auto()
    """One batch of a statement of the file that runs in batches."""
    CHECK = auto()
    """Looks at what a statement will meet, or has made. Where it fails, the statement has."""
    HOUSEKEEPING = auto()
    """Our own work between the statements of a file."""
    FRESHNESS = auto()
    """Our own work between two files, which fails if the next one needs a new session."""
    LEDGER = auto()
    """Creates or writes the ledger."""
    FENCE = auto()
    """Locks the row of a file that runs in batches, and fails where another run has written it."""
    CLOSE = auto()
    """Commits a file together with its ledger row."""


class Step(NamedTuple):
    """One query, with all that the pipeline has to know of it.

    ``statement`` is the 0-based number of the statement in its file; a check of deferred
    constraints has that of the statement in front.

    ``types`` are the oids of the types of the ``params``; without them the server infers them.
    ``prompt`` asks for the result at once, or, with ``together``, along with that of the next step;
    with ``awaited`` the next step is only made when the result is there. ``alone`` keeps the step
    out of the pipeline and sends it by the simple protocol, with the chunks of ``copy_data`` when
    the server asks for them. ``line`` is where a statement starts in its file, from 1. ``saves`` is
    how many statements of a file without a transaction are committed when this step has succeeded.
    ``answer`` is called with the result of a query of our own that has rows, and with that of an
    awaited step or of a batch in any case. ``encoding`` is the Python name of the client encoding
    that its file has set, where it has. ``timed``: the step is our own, but a timeout of the file
    may cancel it.
    """

    sql: bytes
    role: Role
    statement: int = 0
    params: tuple[bytes | None, ...] | None = None
    types: tuple[int, ...] | None = None
    prompt: bool = False
    together: bool = False
    awaited: bool = False
    alone: bool = False
    copy_data: Callable[[], Iterator[bytes | memoryview]] | None = None
    saves: int | None = None
    line: int = 1
    answer: Callable[[PGresult], None] | None = None
    encoding: str | None = None
    timed: bool = False


class Arrival(NamedTuple):
    """When the result of a step came: ``at``, as time.perf_counter has it.

    ``with_next``: the result of the next statement came at the same time, so that nobody can tell
    how long each of them took.
    """

    at: float
    with_next: bool = False
