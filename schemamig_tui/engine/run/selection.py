"""The selection of a person: which of the pending migrations are to run, and how."""

from typing import NamedTuple

from schemamig_tui.engine.ledger.status import Migration, Status


class Selection(NamedTuple):
    """What is to run of everything pending: all of it, unless a field says otherwise.

    ``to`` is the last file to run. Without ``resume`` a file that stopped in the middle starts
    over. With ``strict`` nothing runs where an applied file has changed or is missing, or a pending
    one is late. With ``skip_backfills`` files that have batches stay pending, and so do the files
    that wait for them. ``only`` is the one file to run.
    """

    to: str | None = None
    resume: bool = True
    strict: bool = False
    skip_backfills: bool = False
    only: str | None = None

    def of(self, status: Status) -> tuple[Migration, ...]:
        """The migrations that it selects, as far as that is known before a file is read.

        Raises SettingsError where ``to`` is no file of the folder.
        """
        todo = status.to_run(self.to)
        return todo if self.only is None else tuple(one for one in todo if one.name == self.only)


EVERYTHING = Selection()
"""All that is pending, in the way that is usual."""
