"""Which of the pending migrations are to run, and how, as somebody has asked for it."""

from typing import NamedTuple

from schemamig_tui.engine.ledger.status import Migration, Status


class Selection(NamedTuple):
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

    def of(self, status: Status) -> tuple[Migration, ...]:
        """What of a status it chooses, as far as that can be told before a file is read.

        Raises SettingsError where ``to`` is no file of the folder.
        """
        todo = status.to_run(self.to)
        return todo if self.only is None else tuple(one for one in todo if one.name == self.only)


EVERYTHING = Selection()
"""All that is pending, in the way that is usual."""
