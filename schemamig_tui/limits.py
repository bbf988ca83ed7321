"""How long a run may wait and work, and how long others may wait for it."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of a run. Times are seconds, None is no limit.

    ``run_lock`` is the wait for another run. ``lock`` is a statement's wait for a lock: it is what
    the connections have as lock_timeout, and stands here for those who watch. After such a wait a
    file that is one transaction is tried again ``retries`` times. ``blocking`` is how long another
    session may wait behind a statement of ours, which is then cancelled. ``statement`` is how long
    a statement of a migration may take, which the connections have as statement_timeout.
    """

    run_lock: float | None = None
    lock: float | None = None
    retries: int = 0
    blocking: float | None = None
    statement: float | None = None
