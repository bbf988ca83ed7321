"""The limits of a run or a rehearsal: how long it may wait and work, and how long others wait."""

from pathlib import Path
from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of a run. Times are seconds, None is no limit.

    ``run_lock`` is how long to wait for another run. ``lock`` is how long a statement may wait for
    a lock, which the observer needs too, and ``statement`` how long one of a migration may take;
    with None role and database decide, and 0 is no limit whatever these have. A file that is one
    transaction is tried again ``retries`` times after a wait for a lock. ``blocking`` is how long
    another session may wait behind a statement of ours, which is then cancelled; for a batch, None
    means ``BATCH_BLOCKING``. Batches wait while the file ``pause_file`` is there.
    """

    run_lock: float | None = None
    lock: float | None = None
    retries: int = 0
    blocking: float | None = None
    statement: float | None = None
    pause_file: Path | None = None

    @property
    def timeouts(self) -> dict[str, str]:
        """The settings that a connection has for these limits, in milliseconds."""
        limits = {"lock_timeout": self.lock, "statement_timeout": self.statement}
        return {
            name: f"{milliseconds(limit) if limit else 0}"
            for name, limit in limits.items()
            if limit is not None
        }


def milliseconds(seconds: float) -> int:
    """A limit as PostgreSQL takes it: at least one millisecond, as 0 would be no limit."""
    return max(1, round(seconds * 1000))


BATCH_BLOCKING = 1.0
"""How many seconds others wait behind a batch, which can be done again, by default."""

REHEARSAL_LOCK = 2.0
"""How many seconds a statement waits for a lock in a rehearsal by default."""

REHEARSAL_STATEMENT = 60.0
"""How many seconds a statement may take in a rehearsal by default."""


class RehearsalLimits(NamedTuple):
    """The limits of a rehearsal: those of a run, and its own, in seconds; None is no limit.

    ``statement_timeout`` is how long a statement may take, ``time_budget`` how long a file should
    take at the most, all of it or what it holds ACCESS EXCLUSIVE for. ``lock_timeout`` is how long
    it waits for a lock, where that of a run does not say.
    """

    run: Limits = Limits()
    statement_timeout: float | None = REHEARSAL_STATEMENT
    time_budget: float | None = None
    lock_timeout: float | None = REHEARSAL_LOCK
