"""Which of the pending migrations are to run, and how, as somebody has asked for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to run of everything that is pending: all of it, where nothing else is said.

    It is everything up to and with the file ``to``. Without ``resume`` a file that stopped in the
    middle starts over. With ``strict`` nothing runs where the files are not what has been run. With
    ``skip_backfills`` files that have batches stay pending, and what waits for them; ``only`` is
    the one file to run.
    """

    to: str | None = None
    resume: bool = True
    strict: bool = False
    skip_backfills: bool = False
    only: str | None = None


EVERYTHING = Selection()
"""All that is pending, in the way that is usual."""
