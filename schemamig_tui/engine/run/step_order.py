"""The order of steps in which a script runs, for each mode of running a file.

Our own steps between the statements of a file:

- its ledger row, in the same transaction as the last of its statements;
- a session as good as new for the next file, as psql would give it one (see
  ``pipeline.session``);
- in a file without a transaction, how far it has got. What can be in a transaction there commits
  together with that note, so that the note is exact whenever the run dies.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger import own_session
from schemamig_tui.engine.ledger.checkpoint import Progress
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.pipeline.session import FORGET_SEQUENCES, RESET, settings
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.indexes import (
    LIFT_LOCK_TIMEOUT,
    RESTORE_LOCK_TIMEOUT,
    check_after,
    check_before,
)
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.sql.creations import creates_table
from schemamig_tui.sql.traits import Traits

_BEGIN = b"BEGIN"
_COMMIT = b"COMMIT"
_BEGIN_WRITING = b"BEGIN READ WRITE"
# A file may end with a timeout of a millisecond, and a role's is meant for migrations; our own work
# is not meant. transaction_timeout is of PostgreSQL 17.
_UNHURRIED = (
    b"SELECT pg_catalog.set_config('statement_timeout', '0', true),"
    b" CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL"
    b" THEN pg_catalog.set_config('transaction_timeout', '0', true) END"
)
# Deferred constraints are checked while the role and the settings of the file still hold.
_CHECK_CONSTRAINTS = b"SET CONSTRAINTS ALL IMMEDIATE"
_COMMITTING = (Kind.COMMIT, Kind.CHAIN)


@dataclass(frozen=True)
class StepOrder:
    """Puts our own steps between the statements of files.

    ``lifts_timeout`` says that the session has a lock_timeout that is not meant for what works
    CONCURRENTLY.
    """

    ledger: Ledger
    lifts_timeout: bool

    def steps(self, run: FileRun, *, create: bool, last: bool) -> Iterator[Step]:
        """All steps of a file; ``create`` makes the ledger, ``last`` ends the run durably."""
        order = {
            Mode.TRANSACTION: self._in_one_transaction,
            Mode.OWN_TRANSACTION: self._in_its_own_transaction,
            Mode.NO_TRANSACTION: self._without_transaction,
        }[run.script.mode]
        yield from order(run, create, last)

    def _in_one_transaction(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        yield Step(_BEGIN, Role.OPEN, prompt=True)
        for i in range(len(run.script)):
            yield run.statement(i)
        yield from self._row(run, create, last)
        yield Step(_COMMIT, Role.CLOSE, prompt=True)

    def _in_its_own_transaction(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        begin, commit = run.script.begin, len(run.script) - 1
        yield Step(_BEGIN, Role.OPEN, prompt=True)
        yield Step(_COMMIT, Role.HOUSEKEEPING)
        for i in range(begin):
            if i in run.script.ignored:
                yield run.statement(i, alone=True)
            else:
                yield from _transaction(run.statement(i))
        for i in range(begin, commit):
            yield run.statement(i)
        yield from self._row(run, create, last)
        yield run.statement(commit)._replace(role=Role.CLOSE)

    def _without_transaction(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        script = run.script
        apart = any(map(_keeps_note_apart, script.special.values()))
        # What the file itself says of it holds.
        lifts = self.lifts_timeout and not script.mentions("lock_timeout")
        note = _Note(self.ledger, run, create, apart)
        yield Step(_BEGIN_WRITING, Role.OPEN, prompt=True)
        yield from note.save_first(run.done)
        yield Step(_COMMIT, Role.HOUSEKEEPING)
        if not run.reopened:
            for sql in settings(script, run.done):
                yield from _transaction(Step(sql, Role.HOUSEKEEPING))
        if run.done and script.kind(run.done - 1) is Kind.CHAIN:
            yield Step(_BEGIN, Role.HOUSEKEEPING)
        for unit in _units(script, run.done, cut_chains=not apart):
            block = len(unit) > 1
            if block and script.kind(unit[-1]) in _COMMITTING and not apart:
                yield from (run.statement(i) for i in unit[:-1])
                yield from note.save_inside(unit.stop)
                yield run.statement(unit[-1])._replace(saves=unit.stop)
            elif not block and not apart and _may_share(run, unit[0]):
                yield Step(_BEGIN, Role.HOUSEKEEPING)
                yield run.statement(unit[0])
                yield from note.save_inside(unit.stop)
                yield Step(_COMMIT, Role.HOUSEKEEPING, saves=unit.stop, prompt=True)
            elif block:
                yield from (run.statement(i) for i in unit)
                yield from note.save_apart(unit.stop)
            else:
                yield from self._alone(run, unit[0], lifts)
                yield from note.save_apart(unit.stop)
        yield Step(_BEGIN_WRITING, Role.HOUSEKEEPING)
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        yield from _renewal(last)
        yield _write(self.ledger.writes.finish, run, run.name.encode())
        yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)
        yield Step(_COMMIT, Role.CLOSE, prompt=True)

    def _alone(self, run: FileRun, i: int, lifts: bool) -> Iterator[Step]:
        """A statement outside of any transaction, with care where it works CONCURRENTLY.

        Its waits would count against the timeout, and it leaves an invalid index behind.
        """
        statement = run.statement(i, alone=True)
        work = run.script.traits(i).concurrently
        if work is None:
            yield statement
            return
        if lifts:
            yield Step(LIFT_LOCK_TIMEOUT, Role.HOUSEKEEPING)
        yield from _check(check_before(work, statement))
        yield statement
        yield from _check(check_after(work, statement))
        if lifts:
            yield Step(RESTORE_LOCK_TIMEOUT, Role.HOUSEKEEPING)

    def _row(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        """The end of a file's transaction: a fresh session, and the row written in it."""
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        yield Step(_CHECK_CONSTRAINTS, Role.HOUSEKEEPING)
        yield from _renewal(last)
        writes = self.ledger.writes
        if create:
            yield from (Step(query, Role.LEDGER) for query in writes.create)
        query = writes.replace_by_success if run.retried else writes.insert_success
        yield _write(query, run, run.name.encode(), run.checksum)
        yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)


class _Note:
    """Notes in the ledger how far a file without a transaction has got.

    Where the file itself makes the ledger, or its schema, there is no place for a note before that.
    """

    def __init__(self, ledger: Ledger, run: FileRun, create: bool, apart: bool) -> None:
        self._writes = ledger.writes
        self._apart = apart
        self._run = run
        self._create = create
        self._open = False
        self._progress = Progress(run.script)
        self._first = _end_of_ledger(run.script, ledger) if create else 0

    def save_first(self, done: int) -> Iterator[Step]:
        """Write the note in front of the first statement, in a transaction of the caller."""
        yield from self._own_session()
        yield from self._save(done)

    def save_inside(self, done: int) -> Iterator[Step]:
        """Write the note at the end of a transaction of the file."""
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        yield Step(_CHECK_CONSTRAINTS, Role.HOUSEKEEPING)
        yield Step(own_session.IN_MID_FILE, Role.HOUSEKEEPING)
        yield from self._save(done)

    def save_apart(self, done: int) -> Iterator[Step]:
        """Write the note in a transaction of its own, whatever the session is set to."""
        yield Step(_BEGIN_WRITING, Role.HOUSEKEEPING)
        yield from self._own_session()
        yield from self._save(done)
        yield Step(own_session.LAZILY, Role.HOUSEKEEPING)
        yield Step(_COMMIT, Role.HOUSEKEEPING, saves=done, prompt=True)

    def _own_session(self) -> Iterator[Step]:
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        if self._apart:
            yield Step(b"SET LOCAL SESSION AUTHORIZATION DEFAULT", Role.HOUSEKEEPING)
        yield Step(own_session.IN_MID_FILE, Role.HOUSEKEEPING)

    def _save(self, done: int) -> Iterator[Step]:
        if done < self._first:
            return
        run, writes = self._run, self._writes
        name, message = run.name.encode(), self._progress.message(done).encode()
        if self._open:
            yield _write(writes.note_progress, run, name, message)
            return
        self._open = True
        if self._create:
            yield from (Step(query, Role.LEDGER) for query in writes.create)
        yield _write(writes.replace_by_failure, run, name, run.checksum, b"0", message)
        if done == run.done and not run.reopened:
            yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)


def _renewal(last: bool) -> Iterator[Step]:
    """A session as good as new, in which our own statements come next."""
    yield from (Step(query, Role.HOUSEKEEPING) for query in (*RESET, *own_session.AFTER_RESET))
    if not last:
        yield Step(own_session.LAZILY, Role.HOUSEKEEPING)


def _write(query: bytes, run: FileRun, *params: bytes) -> Step:
    return Step(query, Role.LEDGER, params=params, answer=run.note_recorded_time)


def _may_share(run: FileRun, i: int) -> bool:
    """Whether a statement may be in one transaction with the note of it."""
    if run.script.kind(i) not in (Kind.ORDINARY, Kind.COPY_IN, Kind.COPY_OUT):
        return False
    # A SET LOCAL that the server ignores would hold for our note, and it would not warn of it.
    if i in run.script.ignored:
        return False
    return i not in run.alone and not run.script.traits(i).commits


def _keeps_note_apart(traits: Traits) -> bool:
    """Whether the checkpoint of a file that has this cannot share a transaction with it."""
    assigns = traits.assigns
    return traits.read_only or (
        assigns is not None and assigns.name in ("session_authorization", "session characteristics")
    )


def _check(step: Step | None) -> Iterator[Step]:
    if step:
        yield Step(_BEGIN, Role.HOUSEKEEPING)
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        yield step
        yield Step(_COMMIT, Role.HOUSEKEEPING)


def _transaction(step: Step) -> Iterator[Step]:
    yield Step(_BEGIN, Role.HOUSEKEEPING)
    yield step
    yield Step(_COMMIT, Role.HOUSEKEEPING)


def _units(script: Script, start: int, *, cut_chains: bool = False) -> Iterator[range]:
    """The statements from ``start`` on, cut where psql would commit."""
    ends = (Kind.COMMIT, Kind.ROLLBACK, *([Kind.CHAIN] if cut_chains else []))
    i = start
    while i < len(script):
        end = i + 1
        chained = cut_chains and i > 0 and script.kind(i - 1) is Kind.CHAIN
        if script.kind(i) is Kind.BEGIN or chained:
            while end < len(script) and script.kind(end - 1) not in ends:
                end += 1
        yield range(i, end)
        i = end


def makes_ledger(script: Script, ledger: Ledger) -> bool:
    """Whether a statement of the file makes the ledger's table, or its schema."""
    return _end_of_ledger(script, ledger) > 0


def between_files(query: bytes, *, may_fail: bool) -> Iterator[Step]:
    """Our own work behind a file, before the next one in the same session."""
    role = Role.FRESHNESS if may_fail else Role.HOUSEKEEPING
    return _transaction(Step(query, role))


def record_failure(ledger: Ledger, run: FileRun, ms: int, message: str) -> Iterator[Step]:
    """The steps that write a failure into the ledger, durably, in a transaction of their own."""
    yield Step(_BEGIN, Role.HOUSEKEEPING)
    yield from (Step(query, Role.HOUSEKEEPING) for query in own_session.AFTER_RESET)
    yield from (Step(query, Role.LEDGER) for query in ledger.writes.create)
    params = (run.name.encode(), run.checksum, b"%d" % min(ms, 2**31 - 1), message.encode())
    yield Step(ledger.writes.replace_by_failure, Role.LEDGER, params=params)
    yield Step(_COMMIT, Role.HOUSEKEEPING)


def _end_of_ledger(script: Script, ledger: Ledger) -> int:
    """How many statements there are up to the last that makes the ledger or its schema, or 0."""
    end = 0
    for i in range(len(script)):
        if script.traits(i).creates_schema == ledger.schema or creates_table(
            script.sql(i), ledger.schema, ledger.table
        ):
            end = next(unit.stop for unit in _units(script, 0) if i in unit)
    return end
