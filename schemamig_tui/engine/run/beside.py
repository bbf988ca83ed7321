"""Lets a file with batches run by itself while other runs go on beside it.

Its run holds the locks of the folder only until the row of the file is made. From then on a lock of
the file, on the connection of its batches, tells other runs that it is being run. Should somebody
run the file all the same, the fence of the next batch stops this run.
"""

from collections.abc import Iterator
from typing import Any

import psycopg

from schemamig_tui.engine import wording
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.plan import Plan
from schemamig_tui.engine.run.waiting import left_out
from schemamig_tui.engine.watch.run_lock import Locks, file_lock
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.errors import LockTimeout
from schemamig_tui.text import visible


class ByItself:
    """The locks of the file ``name``, which runs by itself; ``folder`` has those held at first.

    Raises LockTimeout where another run is at the file.
    """

    def __init__(
        self, conn: psycopg.Connection[Any], watch: Watch, folder: Locks, ledger: str, name: str
    ) -> None:
        self._watch = watch
        self._folder = folder
        lock = file_lock(ledger, name)
        if not lock.take(conn):
            raise LockTimeout(
                f"another run is at {visible(name)}: {wording.holder(lock.holder(conn))}",
                hint="wait until it is done, or end it: SELECT pg_terminate_backend(pid)",
            )
        self.locks = Locks(folder.run, lock)

    def row_made(self) -> Iterator[Step]:
        """Let other runs go on, now that the row of the file is committed."""
        yield Step(self._folder.work.release, Role.HOUSEKEEPING, prompt=True, awaited=True)
        self._watch.ask(self._folder.run.drop)


def left_to_others(conn: psycopg.Connection[Any], plan: Plan, ledger: str) -> dict[str, str]:
    """The files of ``plan`` that another run works on, or that wait for those, with the reasons."""
    busy = {}
    for file in plan.files:
        if file.script.batched:
            lock = file_lock(ledger, file.name)
            if lock.take(conn):
                lock.drop(conn)
            else:
                busy[file.name] = f"another run is at it, {wording.holder(lock.holder(conn))}"
    return left_out(plan.files, busy) if busy else {}
