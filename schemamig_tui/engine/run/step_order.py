"""The order of steps in which a script runs, for each mode of running a file.

Our own steps between the statements of a file:

- its ledger row, in the same transaction as the last of its statements;
- a session as good as new for the next file, as psql would give it one (see
  ``pipeline.session``);
- in a file without a transaction, how far it has got. What can be in a transaction there commits
  together with that note, so that the note is exact whenever the run dies.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from schemamig_tui.engine.events import Mode
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
    concurrent,
)
from schemamig_tui.engine.script.script import Kind, Script

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
# Every commit of a run but the last need not be flushed: the last one flushes them all, and a
# commit that is lost takes its ledger row with it.
_LAZILY = b"SET LOCAL synchronous_commit = off"
# A session that goes on after the note of progress must find its settings again: only SET LOCAL.
_AS_LOGIN = (
    b"SELECT pg_catalog.set_config('role', 'none', true),"
    b" pg_catalog.set_config('client_encoding', 'UTF8', true),"
    b" pg_catalog.set_config('lock_timeout', '0', true)"
)
_COMMITTING = (Kind.COMMIT, Kind.CHAIN)
# Where a file does one of these, a note of progress cannot share a transaction with it.
_KEEPS_APART = re.compile(
    rb"(?i)session[\s_]+authorization|read[\s_]+only|session\s+characteristics"
)
# A procedure may commit. Where it cannot, it has drawn from sequences before it fails.
_CALLS = re.compile(rb"(?is)CALL\b|DO\b.*\bCALL\b")
_LOCK_TIMEOUT = re.compile(rb"(?i)lock_timeout")


@dataclass(frozen=True)
class StepOrder:
    """Puts our own steps between the statements of files.

    ``release_other_advisory_locks`` is the query that drops all advisory locks but the session's
    own. ``lifts_timeout`` says that the session has a lock_timeout that is not meant for what works
    CONCURRENTLY.
    """

    ledger: Ledger
    release_other_advisory_locks: bytes
    lifts_timeout: bool

    def steps(self, run: FileRun, *, create: bool, last: bool) -> Iterator[Step]:
        """All steps of a file; ``create`` makes the ledger, ``last`` ends the run durably."""
        order = {
            Mode.TRANSACTION: self._in_one_transaction,
            Mode.OWN_TRANSACTION: self._in_its_own_transaction,
            Mode.NO_TRANSACTION: self._without_transaction,
        }[run.script.mode]
        yield from order(run, create, last)
        if not last:
            yield from _transaction(Step(self.release_other_advisory_locks, Role.HOUSEKEEPING))

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
            yield from _transaction(run.statement(i))
        for i in range(begin, commit):
            yield run.statement(i)
        yield from self._row(run, create, last)
        yield run.statement(commit)._replace(role=Role.CLOSE)

    def _without_transaction(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        script = run.script
        apart = script.mentions(_KEEPS_APART)
        # What the file itself says of it holds.
        lifts = self.lifts_timeout and not script.mentions(_LOCK_TIMEOUT)
        note = _Note(self.ledger, run, create, apart)
        yield Step(_BEGIN, Role.OPEN, prompt=True)
        yield from note.save(run.done)
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
        yield from (Step(query, Role.HOUSEKEEPING) for query in RESET)
        yield Step(self.ledger.finish, Role.LEDGER, params=(run.name.encode(),))
        yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)
        if not last:
            yield Step(_LAZILY, Role.HOUSEKEEPING)
        yield Step(_COMMIT, Role.CLOSE, prompt=True)

    def _alone(self, run: FileRun, i: int, lifts: bool) -> Iterator[Step]:
        """A statement outside of any transaction, with care where it works CONCURRENTLY.

        Its waits would count against the timeout, and it leaves an invalid index behind.
        """
        statement = run.statement(i, alone=True)
        work = concurrent(statement.sql)
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
        yield from (Step(query, Role.HOUSEKEEPING) for query in RESET)
        if create:
            yield from (Step(query, Role.LEDGER) for query in self.ledger.create)
        query = self.ledger.replace_by_success if run.retried else self.ledger.insert_success
        yield Step(query, Role.LEDGER, params=(run.name.encode(), run.checksum))
        yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)
        if not last:
            yield Step(_LAZILY, Role.HOUSEKEEPING)


class _Note:
    """Notes in the ledger how far a file without a transaction has got.

    Where the file itself makes the schema of a ledger that is still to be created, there is no
    place for a note before that.
    """

    def __init__(self, ledger: Ledger, run: FileRun, create: bool, apart: bool) -> None:
        self._ledger = ledger
        self._apart = apart
        self._run = run
        self._create = create
        self._open = False
        self._progress = Progress(run.script)
        self._first = _end_of_schema(run.script, ledger.schema) if create else 0

    def save(self, done: int) -> Iterator[Step]:
        """The steps that write the note, in a transaction of the caller."""
        if done < self._first:
            return
        name, message = self._run.name.encode(), self._progress.message(done).encode()
        if self._open:
            yield Step(self._ledger.note_progress, Role.LEDGER, params=(name, message))
            return
        self._open = True
        if self._create:
            yield from (Step(query, Role.LEDGER) for query in self._ledger.create)
        params = (name, self._run.checksum, b"0", message)
        yield Step(self._ledger.replace_by_failure, Role.LEDGER, params=params)
        if done == self._run.done and not self._run.reopened:
            yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)

    def save_inside(self, done: int) -> Iterator[Step]:
        """Write the note at the end of a transaction of the file, under the login role."""
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        yield Step(_CHECK_CONSTRAINTS, Role.HOUSEKEEPING)
        yield Step(_AS_LOGIN, Role.HOUSEKEEPING)
        yield from self.save(done)

    def save_apart(self, done: int) -> Iterator[Step]:
        """Write the note in a transaction of its own, whatever the session is set to."""
        yield Step(_BEGIN_WRITING, Role.HOUSEKEEPING)
        yield Step(_UNHURRIED, Role.HOUSEKEEPING)
        if self._apart:
            yield Step(b"SET LOCAL SESSION AUTHORIZATION DEFAULT", Role.HOUSEKEEPING)
        yield Step(_AS_LOGIN, Role.HOUSEKEEPING)
        yield from self.save(done)
        yield Step(_LAZILY, Role.HOUSEKEEPING)
        yield Step(_COMMIT, Role.HOUSEKEEPING, saves=done, prompt=True)


def _may_share(run: FileRun, i: int) -> bool:
    """Whether a statement may be in one transaction with the note of it."""
    if run.script.kind(i) not in (Kind.ORDINARY, Kind.COPY_IN, Kind.COPY_OUT):
        return False
    return i not in run.alone and not _CALLS.match(run.script.sql(i))


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


def creates_schema(script: Script, schema: str) -> bool:
    """Whether a statement of the file creates ``schema``."""
    return _end_of_schema(script, schema) > 0


def record_failure(ledger: Ledger, run: FileRun, ms: int, message: str) -> Iterator[Step]:
    """The steps that write a failure into the ledger, durably, in a transaction of their own."""
    yield Step(_BEGIN, Role.HOUSEKEEPING)
    yield from (Step(query, Role.LEDGER) for query in ledger.create)
    params = (run.name.encode(), run.checksum, b"%d" % min(ms, 2**31 - 1), message.encode())
    yield Step(ledger.replace_by_failure, Role.LEDGER, params=params)
    yield Step(_COMMIT, Role.HOUSEKEEPING)


def _end_of_schema(script: Script, schema: str) -> int:
    """How many statements there are up to the one that creates ``schema``; 0 without one."""
    name = re.escape(schema.encode())
    creates = re.compile(rb'(?i)CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?"?' + name + rb"\b")
    for i in range(len(script)):
        if creates.match(script.sql(i)):
            return next((unit.stop for unit in _units(script, 0) if i in unit), 0)
    return 0
