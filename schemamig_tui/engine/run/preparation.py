"""What a run and a rehearsal begin with: what there is to do, and the locks to do it under.

What finds out that there is nothing to do is imported here; the rest when there is something.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.engine.ledger.status import Migration, compare
from schemamig_tui.engine.ledger.table import Ledger, LedgerState
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.script.files import MigrationFile, scan
from schemamig_tui.limits import Limits

if TYPE_CHECKING:
    from schemamig_tui.engine.events import LockAwaited
    from schemamig_tui.engine.run.step_order import FileRun
    from schemamig_tui.engine.watch.watch import Locks, Watch

Connect = Callable[[], psycopg.Connection[Any]]


@dataclass(frozen=True)
class Look:
    """What was found in the folder and on ``conn``: what is to run, and the ledger that says so."""

    conn: psycopg.Connection[Any]
    found: Sequence[MigrationFile]
    todo: Sequence[Migration]
    state: LedgerState


@dataclass(frozen=True)
class Ready:
    """All that it takes to begin: the files read, the ledger as it is, both locks held."""

    files: list[FileRun]
    state: LedgerState
    watch: Watch
    locks: Locks


class Start:
    """The beginning of a run of a folder. ``connect`` makes a new connection in autocommit mode.

    ``table`` names the ledger. Raises SettingsError for a table name that is none.
    """

    def __init__(self, connect: Connect, directory: Path, table: str, limits: Limits) -> None:
        self.connect = connect
        self.ledger = Ledger(table)
        self.limits = limits
        self.cancellation = Cancellation()
        self._directory = directory

    @contextlib.contextmanager
    def looking(self, to: str | None) -> Iterator[Look]:
        """A connection, and what there is to do up to and with the file ``to``.

        Raises FilesError, LedgerError and ConnectionFailed.
        """
        found = scan(self._directory)
        with contextlib.closing(self.connect()) as conn:
            yield self._look(conn, found, to)

    @contextlib.contextmanager
    def locked(
        self,
        look: Look,
        to: str | None,
        told: Callable[[LockAwaited], None],
        *,
        resume: bool = True,
    ) -> Iterator[Ready]:
        """Wait until no other run is on, with a second connection that holds the run lock.

        Raises FilesError for a file that cannot be run, LockTimeout and Interrupted.
        """
        from schemamig_tui.engine.run.reading import prepare
        from schemamig_tui.engine.watch.watch import Locks, Queue, Watch

        # A file that cannot be run is told at once, and not after a wait for another run.
        files = prepare(look.conn, self.ledger, look.todo, look.state, resume=resume)
        with Watch(self.connect) as watch:
            locks = Locks.of(self.ledger.name)
            queue = Queue(self.cancellation, told, self.limits.run_lock)
            queue.await_lock(locks.run, watch.conn)
            queue.await_lock(locks.work, look.conn)
            # Whoever held the lock may have done some of it.
            now = self._look(look.conn, look.found, to)
            if now != look:
                files = prepare(look.conn, self.ledger, now.todo, now.state, resume=resume)
            yield Ready(files, now.state, watch, locks)

    def _look(
        self, conn: psycopg.Connection[Any], found: Sequence[MigrationFile], to: str | None
    ) -> Look:
        state = self.ledger.inspect(conn, to_write=True)
        return Look(conn, found, compare(found, state.rows).to_run(to), state)
