"""What a run and a rehearsal begin with: what there is to do, and the locks to do it under.

What finds out that there is nothing to do is imported here; the rest when there is something.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.engine.ledger.rows import LedgerState
from schemamig_tui.engine.ledger.status import Migration, compare
from schemamig_tui.engine.ledger.table import Ledger, unsettled
from schemamig_tui.engine.ledger.warnings import drift_warnings, folder_warnings
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.connect import Connect
from schemamig_tui.engine.pipeline.timeouts import without_statement_timeout
from schemamig_tui.engine.script.files import MigrationFile, passed_over, scan
from schemamig_tui.errors import LedgerError
from schemamig_tui.limits import Limits

if TYPE_CHECKING:
    from schemamig_tui.engine.events import LockAwaited
    from schemamig_tui.engine.pipeline.backend import Backend
    from schemamig_tui.engine.run.reading import RunFiles
    from schemamig_tui.engine.watch.run_lock import Locks
    from schemamig_tui.engine.watch.watch import Watch

ExtensionHint = Callable[[str], str | None]


@dataclass(frozen=True)
class Findings:
    """What was found in the folder and on ``conn``: what is to run, and the ledger that says so.

    ``unwritten`` are the files that are left until they are written, and ``warnings`` sentences
    about folder and ledger.
    """

    conn: psycopg.Connection[Any]
    found: Sequence[MigrationFile]
    todo: Sequence[Migration]
    state: LedgerState
    unwritten: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class RunContext:
    """What all parts of a run, or of a rehearsal, share.

    ``files`` are read and found fit as far as they can be, ``state`` is the ledger as it is, and
    both ``locks`` are held: the run lock by ``watch``, the work lock by ``backend``, the connection
    that the files run on. ``connect`` makes a new connection in autocommit mode. ``own_settings``
    are a part of a SELECT list that makes settings of ours which a RESET ALL takes away; mostly
    there are none. ``extension_hint`` says what to do about an extension, by its name, that the
    server does not have.
    """

    connect: Connect
    backend: Backend
    own_settings: bytes
    ledger: Ledger
    limits: Limits
    cancellation: Cancellation
    files: RunFiles
    state: LedgerState
    unwritten: tuple[str, ...]
    watch: Watch
    locks: Locks
    extension_hint: ExtensionHint | None = None

    @property
    def renewal(self) -> bytes:
        """The query for behind a RESET: no advisory lock but ours is left, and ours is set."""
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
    def survey(self, to: str | None) -> Iterator[Findings]:
        """A connection, and what there is to do up to and with the file ``to``.

        Raises FilesError, LedgerError and ConnectionFailed.
        """
        found = scan(self._directory)
        with contextlib.closing(self._connect()) as conn:
            yield self._find(conn, found, to)

    @contextlib.contextmanager
    def locked(
        self,
        findings: Findings,
        to: str | None,
        report_wait: Callable[[LockAwaited], None],
        *,
        resume: bool = True,
    ) -> Iterator[RunContext]:
        """Wait until no other run is on, with a second connection that holds the run lock.

        Raises FilesError for a file that cannot be run, or cannot go on where it stopped,
        LockTimeout and Interrupted.
        """
        from schemamig_tui.engine.pipeline.backend import Backend, equip
        from schemamig_tui.engine.run.reading import prepare
        from schemamig_tui.engine.watch.run_lock import Locks, Queue
        from schemamig_tui.engine.watch.watch import Watch

        conn = findings.conn
        # A file that cannot be run is refused at once, and not after a wait for another run.
        files = prepare(conn, self._ledger, findings.todo, findings.state, resume=resume)
        backend = Backend.of(conn)
        with Watch(self._connect, backend) as watch:
            own_settings = equip(backend, self.limits.lock)
            locks = Locks.of(self._ledger.name)
            queue = Queue(self.cancellation, report_wait, self.limits.run_lock)
            queue.await_lock(locks.run, watch.conn)
            queue.await_lock(locks.work, conn)
            # Whoever held the lock may have done some of it.
            now = self._find(conn, findings.found, to)
            if now != findings:
                files = prepare(conn, self._ledger, now.todo, now.state, resume=resume)
            if any(run.left_off for run in files):
                from schemamig_tui.engine.run.resume import check

                # Not before: a file that another run was at may have seemed to have been left.
                check(self._connect, locks.work, files)
            yield RunContext(
                connect=self._connect,
                backend=backend,
                own_settings=own_settings,
                ledger=self._ledger,
                limits=self.limits,
                cancellation=self.cancellation,
                files=files,
                state=now.state,
                unwritten=now.unwritten,
                watch=watch,
                locks=locks,
                extension_hint=self._extension_hint,
            )

    def _find(
        self, conn: psycopg.Connection[Any], found: Sequence[MigrationFile], to: str | None
    ) -> Findings:
        """What there is to do, and that it could be recorded: where there is nothing, all is well.

        A row that does not say whether its migration was applied has to be settled first.
        """
        state = without_statement_timeout(conn, lambda: self._ledger.inspect(conn))
        if refusal := unsettled(state.rows, self._ledger):
            raise LedgerError(refusal.message, hint=refusal.hint)
        status = compare(found, state.rows)
        todo = status.to_run(to)
        if todo:
            state.require_writable()
        # The row of a file that was empty says nothing of what is in it now.
        empty = {migration.name for migration in status.pending}
        rows = tuple(row for row in state.rows if row.filename not in empty)
        odd = folder_warnings(status, passed_over(self._directory), to)
        return Findings(
            conn,
            found,
            todo,
            replace(state, rows=rows),
            unwritten=tuple(migration.name for migration in status.unwritten(to)),
            warnings=(*odd, *drift_warnings(status)),
        )
