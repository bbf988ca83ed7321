"""Begins a run or a rehearsal: connects, plans what is pending, and takes the locks.

Modules that only a run with something to do needs are imported when there is something.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui import patience
from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.connect import Connect, connect_within
from schemamig_tui.engine.pipeline.loss import ends_session
from schemamig_tui.engine.run.plan import Plan, state_of_run, waits
from schemamig_tui.engine.run.survey import Folder, Survey, survey
from schemamig_tui.errors import AppliedLost, ConnectionFailed, Interrupted
from schemamig_tui.limits import Limits
from schemamig_tui.text import one_line

if TYPE_CHECKING:
    from schemamig_tui.engine.events import LockAwaited, Warned
    from schemamig_tui.engine.pipeline.backend import Backend
    from schemamig_tui.engine.pipeline.step import Step
    from schemamig_tui.engine.run.beside import ByItself
    from schemamig_tui.engine.run.reading import RunFiles
    from schemamig_tui.engine.watch.run_lock import AdvisoryLock, Locks
    from schemamig_tui.engine.watch.watch import Watch

ExtensionHint = Callable[[str], str | None]
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class RunContext:
    """What all parts of a run, or of a rehearsal, share.

    ``files`` are read and found fit as far as they can be, ``state`` is the ledger as it is,
    ``applied`` are the files of the folder that are applied before the run, and
    both ``locks`` are held: the run lock by ``watch``, the work lock by ``backend``, the connection
    that the files run on. ``connect`` makes a new connection in autocommit mode. ``own_settings``
    are a part of a SELECT list that makes settings of ours again which a RESET ALL has taken away;
    mostly there are none. ``extension_hint`` says what to do about an extension, by its name, that
    the server does not have. ``row_made`` makes the steps that let other runs go on behind the
    first note of a file that runs by itself; None for all other runs.
    """

    connect: Connect
    backend: Backend
    own_settings: bytes
    ledger: Ledger
    limits: Limits
    cancellation: Cancellation
    files: RunFiles
    state: LedgerState
    applied: tuple[str, ...]
    unwritten: tuple[str, ...]
    waiting: tuple[str, ...]
    watch: Watch
    locks: Locks
    extension_hint: ExtensionHint | None = None
    row_made: Callable[[], Iterator[Step]] | None = None

    @property
    def renewal(self) -> bytes:
        """The query behind a RESET: it drops all other advisory locks, and makes our settings."""
        return b", ".join(filter(None, (self.locks.work.release_others, self.own_settings)))


class Preparation:
    """The beginning of a run of a folder. ``connect`` makes a new connection in autocommit mode.

    ``table`` names the ledger. Raises SettingsError for a table name that is none.
    """

    def __init__(
        self,
        connect: Connect,
        directory: Path,
        table: str,
        limits: Limits,
        extension_hint: ExtensionHint | None = None,
    ) -> None:
        self._connect = connect
        self._ledger = Ledger(table)
        self._directory = directory
        self.limits = limits
        self._extension_hint = extension_hint
        self.cancellation = Cancellation()

    @contextlib.contextmanager
    def pending(self, choose: Callable[[Survey], Plan]) -> Iterator[tuple[Connection, Plan]]:
        """A connection, and the plan that ``choose`` makes of what is pending.

        Raises FilesError, LedgerError, SettingsError and ConnectionFailed.
        """
        folder = Folder.read(self._directory)
        with self.connected() as conn:
            yield conn, choose(survey(conn, folder, self._ledger))

    @contextlib.contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection for a run; after a cancellation its waits are short.

        Raises Interrupted where the server is lost, or not reached, after a cancellation.
        """
        with patience.hurried_by(self.cancellation.requested_at):
            try:
                with contextlib.closing(connect_within(self._connect, math.inf)) as conn:
                    yield conn
            except AppliedLost:
                raise
            except (ConnectionFailed, psycopg.OperationalError) as error:
                if self.cancellation.requested and _is_loss(error):
                    why = error.message if isinstance(error, ConnectionFailed) else one_line(error)
                    raise Interrupted(f"interrupted: {why}") from error
                raise

    @contextlib.contextmanager
    def locked(
        self, conn: Connection, plan: Plan, report: Callable[[LockAwaited | Warned], None]
    ) -> Iterator[RunContext]:
        """Wait until no other run is on, with a second connection that holds the run lock.

        Raises FilesError for a file that cannot go on where it stopped, PlanChanged where something
        else would run now, LockTimeout and Interrupted.
        """
        from schemamig_tui.engine.pipeline.backend import Backend
        from schemamig_tui.engine.run.reading import RunFiles
        from schemamig_tui.engine.watch.run_lock import Locks, Queue
        from schemamig_tui.engine.watch.watch import Watch

        backend = Backend.of(conn)
        with contextlib.ExitStack() as stack:
            watch = stack.enter_context(Watch(self._connect, backend))
            own_settings = stack.enter_context(self._equipped(backend))
            locks = Locks.of(self._ledger.name)
            queue = Queue(self.cancellation, report, self.limits.run_lock)
            queue.await_lock(locks.run, watch.conn)
            queue.await_lock(locks.work, conn)
            # Whoever held the lock may have applied a part of the plan, and the folder may have
            # changed.
            before = plan.survey
            folder = Folder.read(self._directory, before.folder)
            now = survey(conn, folder, self._ledger, before)
            left = self._left_to_others(conn, plan, report)
            todo = plan.still_to_run(now)
            files = RunFiles(plan, tuple(one for one in todo if one.name not in left))
            files.read_on(conn, 0)
            # Not before the lock: a file that another run works on looks like one that was left
            # off.
            if any(run.left_off for run in files):
                backend, own_settings = stack.enter_context(
                    self._resumable(backend, locks.work, files)
                )
                queue.await_lock(locks.work, backend.conn)
            beside = self._by_itself(backend.conn, plan, files, watch, locks)
            yield RunContext(
                connect=self._connect,
                backend=backend,
                own_settings=own_settings,
                ledger=self._ledger,
                limits=self.limits,
                cancellation=self.cancellation,
                files=files,
                state=state_of_run(now),
                applied=tuple(one.name for one in now.status.applied if one.file),
                unwritten=plan.unwritten,
                waiting=(*plan.waiting, *left),
                watch=watch,
                locks=beside.locks if beside else locks,
                extension_hint=self._extension_hint,
                row_made=beside.row_made if beside else None,
            )

    @contextlib.contextmanager
    def _equipped(self, backend: Backend) -> Iterator[bytes]:
        """Make our own settings in a session; yields what makes them again (see ``equip``)."""
        from schemamig_tui.engine.pipeline.backend import equip

        try:
            yield equip(backend, self.limits)
        finally:
            backend.give_back()

    @contextlib.contextmanager
    def _resumable(
        self, backend: Backend, lock: AdvisoryLock, files: RunFiles
    ) -> Iterator[tuple[Backend, bytes]]:
        """Make sure that files can go on where they stopped; ``backend`` is used up by that.

        Yields a new one in its place, without the ``lock``, and what ``_equipped`` yields for it.
        Raises FilesError.
        """
        from schemamig_tui.engine.pipeline.backend import Backend
        from schemamig_tui.engine.run.resume import check

        with contextlib.closing(check(backend.conn, self._connect, lock, files)) as conn:
            new = Backend.of(conn)
            new.require_server(backend.server)
            with self._equipped(new) as own_settings:
                yield new, own_settings

    def _by_itself(
        self, conn: Connection, plan: Plan, files: RunFiles, watch: Watch, locks: Locks
    ) -> ByItself | None:
        """The locks of a file with batches that is the only one of the plan; None for all others.

        Raises LockTimeout where another run is at that file.
        """
        if plan.only is None or not files or not files[0].script.batched:
            return None
        from schemamig_tui.engine.run.beside import ByItself

        return ByItself(conn, watch, locks, self._ledger.name, plan.only)

    def _left_to_others(
        self, conn: Connection, plan: Plan, report: Callable[[Warned], None]
    ) -> Collection[str]:
        """The files that other runs work on, or that wait for those; reports a warning for each."""
        if plan.only is not None or not any(file.script.batched for file in plan.files):
            return ()
        from schemamig_tui.engine.events import Warned
        from schemamig_tui.engine.run.beside import left_to_others

        waiting = left_to_others(conn, plan, self._ledger.name)
        for name, reason in waiting.items():
            report(Warned(waits(name, reason)))
        return waiting


def _is_loss(error: ConnectionFailed | psycopg.OperationalError) -> bool:
    return isinstance(error, ConnectionFailed) or ends_session(error)
