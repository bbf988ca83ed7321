"""Makes the steps that note in the ledger how far a file without a transaction has got.

A note that commits together with the statement that it is about is exact whenever the run dies. But
what the statement left in the session may only be known after the COMMIT. So the session is asked
in one of two places, before the COMMIT or behind it: see ``sql.session_effects``.
"""

from collections.abc import Iterator
from dataclasses import replace

from schemamig_tui.engine.ledger import own_session
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.ledger.checkpoint import (
    Progress,
    SessionState,
    session_head,
    starts_line,
)
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.ledger.wording import CHAINED
from schemamig_tui.engine.pipeline.session import FORGET_SEQUENCES
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import BEGIN_WRITING, CHECK_CONSTRAINTS, COMMIT
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.session_capture import (
    TRANSACTION_MODES,
    SessionStart,
)
from schemamig_tui.engine.run.stored_functions import StoredFunctions, mentioned
from schemamig_tui.engine.run.units import units
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.creations import creates_table
from schemamig_tui.sql.session_effects import (
    Effect,
    effect,
    is_about_temporary,
    makes_event_trigger,
    only_writes,
    together,
)
from schemamig_tui.sql.unrestorable import stores_setter
from schemamig_tui.sql.words import verb_of


class Notes:
    """Makes the steps for the notes of one file, in the order of its statements.

    ``create`` makes the ledger with the first note. Where the file itself makes the ledger, or its
    schema, there is no place for a note before that. ``start`` is what the session of the file
    began with; with ``stores_code``, files since then may have stored code that ``start`` does not
    know.
    """

    def __init__(
        self,
        ledger: Ledger,
        run: FileRun,
        start: SessionStart,
        *,
        create: bool,
        stores_code: bool = False,
    ) -> None:
        self._writes = ledger.writes
        self._run = run
        self._start = start
        self._create = create
        self._progress = Progress(run.script)
        self._looked_at = run.done
        self._first = end_of_ledger(run.script, ledger) if create else 0
        self._row_exists = run.reopened and run.done >= self._first
        self._unit_effect = Effect.NONE
        self.read_only = False
        """Whether the transactions behind the next note are that, unless they say otherwise."""
        self._event_triggers = start.event_triggers or stores_code
        self._stores_code = self._unknown_code = stores_code
        paths = (start.settings.get("search_path") or "", *self._session.state.values())
        # Whether what any unit leaves in the session is only known behind its COMMIT.
        self._late_effects = any(is_about_temporary(path.encode()) for path in paths)

    @property
    def _session(self) -> SessionState:
        """The session that the file begins in, or goes on in."""
        run, start = self._run, self._start
        checkpoint = run.checkpoint
        if checkpoint and checkpoint.session:
            return replace(checkpoint.session, starts=start.starts)
        return SessionState(start.starts, start.login, run.done, {})

    def first(self) -> Iterator[Step]:
        """Write the note in front of the first statement, in a transaction of the caller."""
        done = self._run.done
        yield Step(own_session.UNTIMED_AND_UNFLUSHED, Role.HOUSEKEEPING)
        if done >= self._first:
            yield from self._write_row(done)
            yield Step(FORGET_SEQUENCES, Role.HOUSEKEEPING)

    def again(self) -> Iterator[Step]:
        """Note that the file goes on in its own session, in a transaction of the caller."""
        run = self._run
        # A timeout of the file may have cancelled our own work in front of the last note.
        in_chain = run.done > 0 and run.script.kind(run.done - 1) is Kind.CHAIN
        asks = bool(run.timed_out) and not in_chain
        timeouts = own_session.UNTIMED_BUT_KNOWN if asks else own_session.UNTIMED
        yield Step(timeouts, Role.HOUSEKEEPING, timed=True)
        if not self._row_exists:
            return
        if asks:
            yield from self._ask()
            yield from self._write_session(run.done, True)
        else:
            yield Step(self._start.in_mid_file, Role.HOUSEKEEPING)
        yield run.writing(self._writes.note_restart, run.name.encode())

    def require_row(self, i: int) -> None:
        """Raises FilesError where there is no row yet in which batches can note their progress.

        That is so in front of the statements with which a file makes the ledger itself.
        """
        if not self._row_exists:
            script = self._run.script
            raise FilesError(
                "The batches cannot be recorded: the ledger is only made further down in the file.",
                path=script.file.path,
                line=script.line(i),
                hint="Move the statement behind what makes the ledger, or into a later file.",
            )

    def inside(self, unit: range) -> Iterator[Step]:
        """Write the note at the end of the transaction of ``unit``."""
        found = self._unit_effect = self._effect(unit)
        chained = self._run.script.kind(unit[-1]) is Kind.CHAIN
        asks = chained or found in (Effect.SETS, Effect.RUNS)
        timeouts = own_session.AS_IN_COMMIT_BUT_KNOWN if asks else own_session.AS_IN_COMMIT
        yield Step(timeouts, Role.HOUSEKEEPING, timed=True)
        yield Step(CHECK_CONSTRAINTS, Role.HOUSEKEEPING, statement=unit[-1])
        if not asks:
            yield Step(self._start.in_mid_file, Role.HOUSEKEEPING)
            yield from self._write_progress(unit.stop, unasked=found is Effect.LATER)
            return
        sure = {Effect.NONE: True, Effect.SETS: True, Effect.LATER: False}
        yield from self._ask()
        if chained:
            yield Step(TRANSACTION_MODES, Role.HOUSEKEEPING, answer=self._run.take_modes)
        yield from self._write_session(unit.stop, sure.get(found), chained=chained)

    def behind(self, unit: range) -> Iterator[Step]:
        """Complete the note that ``inside`` wrote, where more is known after the COMMIT."""
        chained = self._run.script.kind(unit[-1]) is Kind.CHAIN
        if self._unit_effect is Effect.LATER and not chained:
            yield from self._write_behind(unit)

    def apart(self, unit: range) -> Iterator[Step]:
        """Write the note behind ``unit``, in a transaction of its own."""
        self._effect(unit)  # the session is asked anyway, but those behind may run what it stores
        yield from self._write_behind(unit)

    def _write_behind(self, unit: range) -> Iterator[Step]:
        yield Step(BEGIN_WRITING, Role.HOUSEKEEPING, timed=True)
        yield Step(own_session.UNTIMED_BUT_KNOWN, Role.HOUSEKEEPING, timed=True)
        yield from self._ask()
        yield from self._write_session(unit.stop, True)
        yield Step(COMMIT, Role.HOUSEKEEPING, saves=unit.stop, prompt=True)

    def _effect(self, unit: range) -> Effect:
        """What a unit does to the session, itself or by code that earlier statements have made."""
        script, functions = self._run.script, self._start.functions
        effects = []
        for i in unit:
            sql = script.sql(i)
            found = effect(sql, script.traits(i))
            if found >= Effect.RUNS and (self._unknown_code or mentioned(functions.storing, sql)):
                # The code may set a search_path with pg_temp, or make a trigger, for any kind of
                # event.
                self._stores_code = self._late_effects = True
            runs = found is Effect.RUNS
            if runs:
                found = self._effect_of_code(sql)
            else:
                self._late_effects = (
                    self._late_effects or is_about_temporary(sql) or makes_event_trigger(sql)
                )
            # The statement may define a function, or have a trigger, an index or a constraint
            # call one.
            if not runs or verb_of(sql) in _MAKE:
                self._stores_code = self._stores_code or _stores_code(sql, functions)
            effects.append(found)
        found = together(effects)
        if self._late_effects:
            return Effect.LATER
        if self._event_triggers and found is Effect.NONE:
            found = Effect.LATER if functions.hiding & functions.fired else Effect.RUNS
        if not self._row_exists:
            # There was no note yet that would say what the statements before this unit have left.
            return _FIRST_ASKED.get(found, found)
        return found

    def _effect_of_code(self, sql: bytes) -> Effect:
        """The effect of the code that a statement runs, as far as the database tells."""
        functions = self._start.functions
        if self._stores_code or functions.called(functions.hiding, sql):
            return Effect.LATER
        if only_writes(sql):
            return Effect.RUNS if functions.called(functions.changing, sql) else Effect.NONE
        return Effect.LATER if mentioned(functions.changing, sql) else Effect.RUNS

    def _ask(self) -> Iterator[Step]:
        """Ask what the session is like, and make the transaction fit for our own work."""
        for query in (*self._start.questions, self._start.in_mid_file):
            yield Step(query, Role.HOUSEKEEPING)

    def _message(
        self, done: int, *, unasked: bool = False, batches: BatchMark | None = None
    ) -> str:
        self._look_for_unknowable(done)
        return self._progress.message(
            done,
            unasked=unasked,
            doubtful=self._run.may_repeat(done, read_only=self.read_only),
            unknowable=self._run.unknowable,
            batches=batches,
        )

    def _look_for_unknowable(self, done: int) -> None:
        """Find the first statement that calls code whose effect on the session no server tells.

        A later statement may drop that code, and then a later run could not find it any more.
        """
        script, functions = self._run.script, self._start.functions
        if self._run.unknowable is None and (functions.leaving or functions.sets):
            calling = (
                i + 1
                for i in range(self._looked_at, done)
                if functions.called_by(
                    functions.leaving,
                    script.sql(i),
                    script.traits(i),
                    event_triggers=self._start.event_triggers,
                )
            )
            self._run.unknowable = next(calling, None)
        self._looked_at = done

    def _write_progress(self, done: int, *, unasked: bool) -> Iterator[Step]:
        """Note how far the file is; its session is as at the last note, or else ``unasked``."""
        if done >= self._first:
            yield from self._ensure_row()
            message = self._message(done, unasked=unasked)
            yield self._run.writing(
                self._writes.note_progress, self._run.name.encode(), message.encode()
            )

    def _write_session(
        self, done: int, sure: bool | None, *, chained: bool = False
    ) -> Iterator[Step]:
        """Note how far the file is, and what ``_ask`` has found of its session.

        ``sure`` tells whether the session will be the same after the COMMIT. None: it will be if it
        has not changed since the last note.
        """
        if done < self._first:
            return
        yield from self._ensure_row()
        start = self._start
        lines = f"\n{starts_line(start.starts)}\n{session_head(start.login, done)}"
        yield self._run.writing(
            self._writes.note_session,
            self._run.name.encode(),
            self._message(done).encode(),
            lines.encode(),
            None if sure is None else b"%d" % sure,
            b"%d" % chained,
        )

    def _ensure_row(self) -> Iterator[Step]:
        """Write the row where the file has none yet."""
        if not self._row_exists:
            yield from self._write_row(self._run.done)

    def _write_row(self, done: int) -> Iterator[Step]:
        self._row_exists = True
        if self._create:
            yield from (Step(query, Role.LEDGER) for query in self._writes.create)
        run = self._run
        message = self._message(done, batches=run.mark)
        if run.modes:
            message += f"\n{CHAINED}{run.modes}"
        message += f"\n{self._session.lines()}"
        writes = self._writes
        # A dump that makes the ledger may have brought a row for its own name.
        query = writes.overwrite_by_failure if self._first else writes.replace_by_failure
        yield run.writing(query, run.name.encode(), run.checksum, b"0", message.encode())


_MAKE = (b"create", b"alter")
_FIRST_ASKED = {Effect.NONE: Effect.SETS, Effect.RUNS: Effect.LATER}


def stores_code(script: Script, functions: StoredFunctions) -> bool:
    """Whether a file may store code that changes the session in which it is called."""
    return any(_stores_code(script.sql(i), functions) for i in range(len(script)))


def _stores_code(sql: bytes, functions: StoredFunctions) -> bool:
    """Whether a statement may store code that changes the session when later rows are written."""
    return stores_setter(sql) or mentioned(functions.changing, sql) is not None


def end_of_ledger(script: Script, ledger: Ledger) -> int:
    """How many statements there are up to the last that helps to make the ledger; 0: none does.

    Where the file makes the table or its schema, that is the last statement that names the table: a
    dump makes the table in pieces, and fills it, before it can take a row of ours.
    """
    made = max((i for i in range(len(script)) if _makes(script, i, ledger)), default=None)
    if made is None:
        return 0
    name = ledger.table.encode().lower()
    behind = range(len(script) - 1, made, -1)
    last = next((i for i in behind if name in script.sql(i).lower()), made)
    return next(unit.stop for unit in units(script, 0) if last in unit)


def _makes(script: Script, i: int, ledger: Ledger) -> bool:
    """Whether statement ``i`` makes the table of the ledger, or its schema."""
    return ledger.schema in script.traits(i).creates_schemas or creates_table(
        script.sql(i), ledger.schema, ledger.table
    )
