"""The order of steps in which a script runs, for each mode of running a file.

Our own steps between the statements of a file:

- its ledger row, in the same transaction as the last of its statements;
- a session as good as new for the next file, as psql would give it one (see
  ``pipeline.session``);
- in a file without a transaction, a note of how far it has got. A statement that can be in a
  transaction commits together with its note, so that the note is exact whenever the run dies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger import own_session
from schemamig_tui.engine.ledger.checkpoint import State
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.pipeline.session import FORGET_SEQUENCES, RESET
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import (
    BEGIN,
    BEGIN_WRITING,
    CHECK_CONSTRAINTS,
    COMMIT,
)
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.indexes import (
    LIFT_LOCK_TIMEOUT,
    RESTORE_LOCK_TIMEOUT,
    check_after,
    check_before,
)
from schemamig_tui.engine.run.notes import Notes, end_of_ledger
from schemamig_tui.engine.run.restoration import proof, restoration
from schemamig_tui.engine.run.session_capture import SessionStart
from schemamig_tui.engine.run.units import unit_at
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.sql.assignments import is_true
from schemamig_tui.sql.traits import Traits

_COMMITTING = (Kind.COMMIT, Kind.CHAIN)
_READ_ONLY = "default_transaction_read_only"


@dataclass(frozen=True)
class StepOrder:
    """Puts our own steps between the statements of files.

    ``lifts_timeout``: the session has a lock_timeout that is not meant for statements CONCURRENTLY.
    ``own_settings`` are those of ours that a RESET takes away, see ``RunContext``. ``start`` is
    what the session began with, where a file without a transaction is to run in it. With
    ``stores_code``, a file since then may have stored code that ``start`` does not know.
    ``row_fires``: the ledger has triggers, which may delete a row behind the check of its write.
    ``batches`` makes the steps of a statement that runs in batches, ``row_made`` is as in
    ``RunContext``.
    """

    ledger: Ledger
    lifts_timeout: bool
    own_settings: bytes = b""
    start: SessionStart | None = None
    stores_code: bool = False
    row_fires: bool = False
    batches: Callable[[FileRun, int, SessionStart], Iterator[Step]] | None = None
    row_made: Callable[[], Iterator[Step]] | None = None

    def steps(self, run: FileRun, *, create: bool, last: bool) -> Iterator[Step]:
        """All steps of a file; ``create`` makes the ledger, ``last`` ends the run durably."""
        order = {
            Mode.TRANSACTION: self._in_one_transaction,
            Mode.OWN_TRANSACTION: self._in_its_own_transaction,
            Mode.NO_TRANSACTION: self._without_transaction,
        }[run.script.mode]
        yield from order(run, create, last)

    def _in_one_transaction(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        yield Step(BEGIN, Role.OPEN, prompt=True)
        for i in range(len(run.script)):
            yield run.statement(i)
        yield from self._row(run, create, last)
        yield Step(COMMIT, Role.CLOSE, prompt=True)

    def _in_its_own_transaction(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        begin, commit = run.script.begin, len(run.script) - 1
        yield Step(BEGIN, Role.OPEN, prompt=True)
        yield Step(COMMIT, Role.HOUSEKEEPING)
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
        assert self.start is not None  # see Run
        script, start = run.script, self.start
        # A lock_timeout that the file sets itself holds.
        lifts = self.lifts_timeout and not script.mentions("lock_timeout")
        notes = Notes(self.ledger, run, start, create=create, stores_code=self.stores_code)
        state = run.state
        read_only = is_true(state.get(_READ_ONLY) or start.settings.get(_READ_ONLY))
        notes.read_only = read_only
        yield Step(BEGIN_WRITING, Role.OPEN, prompt=True, timed=run.reopened)
        if not run.goes_on:
            yield from notes.again() if run.reopened else notes.first()
            if create and not run.reopened:
                yield from self._renewal(last=False)  # event triggers have run as well
        yield Step(COMMIT, Role.HOUSEKEEPING)
        if not run.reopened:
            yield from self.row_made() if self.row_made else ()
            yield from _restored(run, start, state)
        if run.done and script.kind(run.done - 1) is Kind.CHAIN:
            yield Step(BEGIN + b" " + (run.modes or "").encode(), Role.HOUSEKEEPING)
        i = run.done
        while i < len(script):
            apart = read_only or i in run.apart
            unit = unit_at(script, i, whole_chains=apart)
            read_only = read_only or any(map(_makes_read_only, map(script.traits, unit)))
            notes.read_only = read_only
            yield from self._unit(run, unit, notes, lifts, apart=apart)
            i = unit.stop
        yield Step(BEGIN_WRITING, Role.HOUSEKEEPING, timed=True)
        yield Step(own_session.UNTIMED, Role.HOUSEKEEPING, timed=True)
        yield from self._renewal(last)
        yield run.writing(self.ledger.writes.finish, run.name.encode())
        yield from self._kept(run)
        yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)
        yield Step(COMMIT, Role.CLOSE, prompt=True)

    def _unit(
        self, run: FileRun, unit: range, notes: Notes, lifts: bool, *, apart: bool
    ) -> Iterator[Step]:
        """The statements of a unit, and its note: ``apart``, in a transaction of its own."""
        script = run.script
        if unit[0] in script.batched:
            yield from self._in_batches(run, unit, notes)
            return
        apart = apart or any(script.traits(i).read_only for i in unit)
        block = len(unit) > 1
        if block and script.kind(unit[-1]) in _COMMITTING and not apart:
            yield from (run.statement(i) for i in unit[:-1])
            yield from notes.inside(unit)
            yield run.statement(unit[-1])._replace(saves=unit.stop)
            yield from notes.behind(unit)
        elif not block and not apart and run.may_share(unit[0]):
            yield Step(BEGIN, Role.HOUSEKEEPING, timed=True)
            yield run.statement(unit[0])
            yield from notes.inside(unit)
            yield Step(COMMIT, Role.HOUSEKEEPING, saves=unit.stop, prompt=True)
            yield from notes.behind(unit)
        elif block:
            yield from (run.statement(i) for i in unit[:-1])
            yield run.statement(unit[-1])._replace(saves=unit.stop)
            yield from notes.apart(unit)
        else:
            yield from self._alone(run, unit[0], lifts)
            yield from notes.apart(unit)

    def _in_batches(self, run: FileRun, unit: range, notes: Notes) -> Iterator[Step]:
        """The batches of a statement, each of which writes its progress, and then the note."""
        assert self.batches is not None  # see Run
        assert self.start is not None
        notes.require_row(unit[0])
        yield from self.batches(run, unit[0], self.start)
        yield from notes.apart(unit)

    def _alone(self, run: FileRun, i: int, lifts: bool) -> Iterator[Step]:
        """A statement outside of any transaction, with care where it works CONCURRENTLY.

        Its waits for others would count against lock_timeout, and a failure leaves an invalid
        index.
        """
        statement = run.statement(i, alone=True)
        work = run.script.traits(i).concurrently
        if work is None:
            yield statement._replace(saves=i + 1)
            return
        if lifts:
            yield Step(LIFT_LOCK_TIMEOUT, Role.HOUSEKEEPING)
        yield from _check(check_before(work, statement))
        check = check_after(work, statement)
        # Only the check counts the statement as done: an invalid index has to be made once more.
        yield statement if check else statement._replace(saves=i + 1)
        yield from _check(check and check._replace(saves=i + 1))
        if lifts:
            yield Step(RESTORE_LOCK_TIMEOUT, Role.HOUSEKEEPING)

    def _row(self, run: FileRun, create: bool, last: bool) -> Iterator[Step]:
        """The end of a file's transaction: a fresh session, and the row written in it."""
        yield Step(own_session.AS_IN_COMMIT, Role.HOUSEKEEPING)
        yield Step(CHECK_CONSTRAINTS, Role.HOUSEKEEPING)
        yield from self._renewal(last)
        writes = self.ledger.writes
        if create:
            yield from (Step(query, Role.LEDGER) for query in writes.create)
            yield from self._renewal(last)  # event triggers have run as well
        query = writes.replace_by_success if run.retried else writes.insert_success
        if create and makes_ledger(run.script, self.ledger):
            query = writes.overwrite_by_success  # a dump may have brought a row for its own name
        yield run.writing(query, run.name.encode(), run.checksum)
        yield from self._kept(run)
        yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)

    def _kept(self, run: FileRun) -> Iterator[Step]:
        """The check that triggers have left the row as it was written."""
        if self.row_fires:
            yield from _kept(self.ledger, run.script.file, success=True)

    def _renewal(self, last: bool) -> Iterator[Step]:
        """A session as good as new, in which our own statements come next."""
        yield from (Step(query, Role.HOUSEKEEPING) for query in RESET)
        if self.own_settings:
            yield Step(b"SELECT " + self.own_settings, Role.HOUSEKEEPING)
        ours = own_session.AFTER_RESET if last else own_session.LAZILY_AFTER_RESET
        yield Step(ours, Role.HOUSEKEEPING)


def _makes_read_only(traits: Traits) -> bool:
    """Whether a statement may make all transactions behind it read-only."""
    return traits.read_only and traits.assigns is not None


def _restored(run: FileRun, start: SessionStart, state: State) -> Iterator[Step]:
    """The steps that give a file the session that its checkpoint holds, and prove it."""
    if start.differing(state):
        yield Step(BEGIN, Role.HOUSEKEEPING)
        yield from restoration(state)
        yield Step(COMMIT, Role.HOUSEKEEPING)
        yield from proof(run.done, start, state)


def _kept(ledger: Ledger, file: MigrationFile, *, success: bool) -> Iterator[Step]:
    yield Step(CHECK_CONSTRAINTS, Role.LEDGER)  # so that those at the COMMIT have run as well
    params = (file.name.encode(), file.checksum.encode(), b"%d" % success)
    yield Step(ledger.writes.kept, Role.LEDGER, params=params)


def _check(step: Step | None) -> Iterator[Step]:
    if step:
        yield Step(BEGIN, Role.HOUSEKEEPING)
        yield Step(own_session.UNTIMED, Role.HOUSEKEEPING)
        yield step
        yield Step(COMMIT, Role.HOUSEKEEPING)


def _transaction(step: Step) -> Iterator[Step]:
    yield Step(BEGIN, Role.HOUSEKEEPING)
    yield step
    yield Step(COMMIT, Role.HOUSEKEEPING)


def makes_ledger(script: Script, ledger: Ledger) -> bool:
    """Whether a statement of the file makes the ledger's table, or its schema."""
    return end_of_ledger(script, ledger) > 0


def between_files(query: bytes, *, may_fail: bool) -> Iterator[Step]:
    """Our own work behind a file, before the next one in the same session."""
    role = Role.FRESHNESS if may_fail else Role.HOUSEKEEPING
    return _transaction(Step(query, role))


def record_failure(
    ledger: Ledger, file: MigrationFile, ms: int, message: str, *, overwrites: bool = False
) -> Iterator[Step]:
    """The steps that write a failure into the ledger, durably, in a transaction of their own.

    ``overwrites``: the file has made the ledger, and any row of it there.
    """
    writes = ledger.writes
    yield Step(BEGIN_WRITING, Role.HOUSEKEEPING)  # a file of the run may have changed the default
    yield Step(own_session.AFTER_RESET, Role.HOUSEKEEPING)
    yield from (Step(query, Role.LEDGER) for query in writes.create)
    checksum = file.checksum.encode()
    params = (file.name.encode(), checksum, b"%d" % min(ms, 2**31 - 1), message.encode())
    query = writes.overwrite_by_failure if overwrites else writes.replace_by_failure
    yield Step(query, Role.LEDGER, params=params)
    yield from _kept(ledger, file, success=False)
    yield Step(COMMIT, Role.HOUSEKEEPING)
