"""Runs the transaction of a rehearsal, file after file, and reports on each."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, cast

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic
from psycopg.pq.abc import PGresult

from schemamig_tui.catalog.following import SchemaFollower
from schemamig_tui.engine import wording
from schemamig_tui.engine.events import (
    Event,
    Failure,
    FileFailed,
    Place,
    RunStarted,
    StatementFinished,
    Warned,
)
from schemamig_tui.engine.pipeline.pipeline import Crash, Pipeline
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.failure import WITHOUT_LOCK, explain_crash, name_own
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.errors import ConnectionLost, FilesError, SchemamigError
from schemamig_tui.rehearsal import fitness, probe
from schemamig_tui.rehearsal import steps as rehearsal_steps
from schemamig_tui.rehearsal.defaults import SessionDefaults
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    RehearsalFinished,
    RehearsalListener,
)
from schemamig_tui.rehearsal.failure import explain_loss, with_hint
from schemamig_tui.rehearsal.guards import Guards, trackable
from schemamig_tui.rehearsal.leftovers import idle_slots, wal_position
from schemamig_tui.rehearsal.missing import PartialBatches, left_in_session, needed
from schemamig_tui.rehearsal.own_queries import UNDONE, OwnQueries
from schemamig_tui.rehearsal.relations import Relations
from schemamig_tui.rehearsal.reports import StatementReports
from schemamig_tui.rehearsal.rereading import SchemaSteps
from schemamig_tui.rehearsal.tally import Tally
from schemamig_tui.rehearsal.wording import builds_on, kept_by, shared_session
from schemamig_tui.rehearsal.work import WorkCounter

_NONE_DEFERRABLE: tuple[bytes | None, ...] = (None,)


class Stage:
    """Rehearses the files of ``context`` on ``conn``, which holds the work lock.

    ``budget_ms`` is how long each of them may take; those that took longer are reported.
    """

    def __init__(
        self,
        context: RunContext,
        conn: psycopg.Connection[Any],
        guards: Guards,
        listener: RehearsalListener,
        budget_ms: float | None,
    ) -> None:
        self._files = context.files
        self._unwritten = context.unwritten
        self._conn = conn
        self._renewing = context.renewal
        self._cancellation = context.cancellation
        self._extension_hint = context.extension_hint
        self._guards = guards
        self._observer = Observer(
            context.watch, context.limits._replace(lock=guards.lock), listener
        )
        # The observer passes on whatever event it gets, also those of a rehearsal.
        self._report = cast(RehearsalListener, self._observer.report)
        self._obstacles = {run.name: fitness.obstacle(run) for run in self._files}
        runs = [run for run in self._files if not self._obstacles[run.name]]
        self._log = Logbook(runs, self._take_event)
        self._pipeline = Pipeline(
            conn,
            context.cancellation,
            on_done=self._log.step_done,
            on_notice=self._log.notice,
            cancel=lambda: context.watch.cancel(context.backend),
        )
        self._observer.follow(context.backend, self._pipeline, self._log.current_name)
        self._rehearsed: list[FileRun] = []
        # What is still to be reported of the last of them.
        self._unreported: FileRehearsed | None = None
        self._left_out: list[FileRun] = []
        self._needs: str | None = None
        self._batches = PartialBatches(runs, self._report)
        self._unread: tuple[str, ...] = ()
        self._tally = Tally(budget_ms)
        self._counted = True
        self._facts = rehearsal_steps.SessionFacts()
        # Whether the session may keep plans and advisory locks of the file.
        self._has_plans = self._has_locks = False
        # Whether the server counts the calls of functions; if not, whether the file may do any.
        self._calls_counted = self._runs_code = False
        # The SET CONSTRAINTS queries behind the unit that runs now.
        self._constraints = _NONE_DEFERRABLE

    def perform(self, began: float, *, without_rows: bool) -> RehearsalFinished:
        """Rehearse file after file up to the first that fails, roll back, and report the end.

        ``began`` is when the rehearsal began, by time.perf_counter; ``without_rows`` is as in
        ``WorkCounter``. Raises ConnectionLost when the connection is lost between two files, and
        psycopg.Error for whatever else keeps the rehearsal from its end. Its end has been reported
        then, too.
        """
        self._report(RunStarted(self._files.names))
        try:
            finished = self._perform(began, without_rows=without_rows)
        except (SchemamigError, psycopg.Error):
            self._report(self._end(None, began))
            raise
        self._report(finished)
        return finished

    def _perform(self, began: float, *, without_rows: bool) -> RehearsalFinished:
        self._begin(without_rows=without_rows)
        with self._observer:
            failed = self._all_files()
            self._report_last_file()
        # Where the connection is lost, the server rolls back by itself.
        with contextlib.suppress(psycopg.OperationalError):
            self._conn.execute("ROLLBACK; DEALLOCATE ALL")
        if failed:
            self._report(failed)
        finished = replace(
            self._end(failed, began),
            needs=self._needs,
            dead=self._work.dead,
            rewritten=tuple(sorted(self._reports.rewritten)),
            emptied=tuple(sorted(self._reports.emptied)),
        )
        return finished if self._conn.broken else self._with_leftovers(finished)

    def _begin(self, *, without_rows: bool) -> None:
        """Begin the transaction, and read the state of the database before the files."""
        conn = self._conn
        if self._guards.are_short:
            conn.execute("SET statement_timeout = 0")
        self._relations = Relations(conn, self._guards.for_us)
        self._work = WorkCounter(self._relations.known, without_rows=without_rows)
        self._wal = wal_position(conn)
        if slots := idle_slots(conn):
            self._report(Warned(kept_by(slots)))
        conn.execute("BEGIN")
        tracking = trackable(conn)
        if "track_counts" not in tracking:
            self._counted = conn.execute("SHOW track_counts").fetchone() == ("on",)
        self._guards = replace(self._guards, tracking=tracking)
        conn.execute(self._guards.for_us)
        self._defaults = SessionDefaults(conn, self._files)
        follower = SchemaFollower(conn)
        self._schema = SchemaSteps(follower)
        self._facts_query = rehearsal_steps.facts_query(follower.writes_query)
        whole = self._relations.whole_query
        self._own = OwnQueries((probe.QUICK, whole, self._facts_query, self._guards.for_us))
        self._reports = StatementReports(
            self._relations, self._work, self._tally, self._own, self._report
        )
        if facts := conn.execute(self._facts_query).pgresult:
            self._note_facts(facts)

    def _all_files(self) -> FileFailed | None:
        for run in self._files:
            if self._cancellation.requested:
                return None
            if reason := self._obstacles[run.name]:
                self._leave_out(run, reason)
            elif failed := self._rehearse(run):
                return failed
            run.script.release()
        self._leave_out_unread()
        return None

    def _leave_out_unread(self) -> None:
        """Report as left out the files that can only be read when the last read file is applied."""
        self._report_last_file()
        self._unread = self._files.unread
        for name in self._unread:
            reason = (
                f"it can only be read when {self._files[-1].name} has run, which may change how"
            )
            self._report(FileLeftOut(name, reason))

    def _end(self, failed: FileFailed | None, began: float) -> RehearsalFinished:
        """The event of the end, as far as no query is needed."""
        left_out = (*(run.name for run in self._left_out), *self._unread)
        met = {*left_out, *(run.name for run in self._rehearsed), failed and failed.name}
        remaining = tuple(name for name in self._files.names if name not in met)
        return RehearsalFinished(
            rehearsed=tuple(run.name for run in self._rehearsed),
            left_out=left_out,
            failed=failed.name if failed else None,
            remaining=remaining,
            ms=(time.perf_counter() - began) * 1000,
            outages=self._tally.outages,
            cancelled=self._cancellation.requested and bool(failed or remaining),
            unwritten=self._unwritten,
            counted=self._counted,
            budget_ms=self._tally.budget_ms,
            over_budget=tuple(self._tally.over_budget),
        )

    def _with_leftovers(self, finished: RehearsalFinished) -> RehearsalFinished:
        """The event of the end, with what the rollback has not undone."""
        return replace(
            finished,
            sequences=self._relations.moved_sequences(self._conn),
            wal=wal_position(self._conn) - self._wal,
            slots=idle_slots(self._conn),
        )

    # -- one file

    def _rehearse(self, run: FileRun) -> FileFailed | None:
        try:
            failure = self._attempt(run)
        except FilesError as error:
            place = Place(error.line, error.column) if error.line else None
            failure = Failure(error.message, hint=error.hint, place=place)
        except psycopg.Error as error:
            crash, seconds = self._pipeline.crash, self._log.elapsed / 1000
            failure = explain_loss(self._conn, crash, error, run, self._guards, seconds)
            if self._conn.broken and self._log.current is None:
                raise ConnectionLost(failure.message) from error
        if failure is None:
            self._log.current = None
            return None
        self._reports.flush()
        if self._log.current is None:
            self._log.open()
        return FileFailed(run.name, self._log.elapsed, failure, recorded=False)

    def _attempt(self, run: FileRun) -> Failure | None:
        forget = self._relations.start_file()
        self._has_plans, self._has_locks = self._own.are_undone_by(run), fitness.locks_advisory(run)
        tracked = "track_functions" in self._guards.tracking
        self._calls_counted = tracked and not run.script.mentions("track_functions")
        self._runs_code = self._calls_counted or fitness.runs_code(run)
        self._tally.start(run.name)
        self._defaults.behind(run)
        crash = self._send(self._parts(run))
        if crash and self._schema.give_up(crash.step):
            crash = self._pipeline.crash = None
        if crash and (reason := self._refusal(run, crash)):
            self._conn.execute(rehearsal_steps.BACK_TO_SAVEPOINT)
            forget()
            self._leave_out(run, reason)
            self._has_plans = self._has_locks = True
            crash = self._send([self._renewal()])
        elif not crash and self._cancellation.requested:
            return Failure("cancelled by the user", pg_errors.QueryCanceled.sqlstate)
        elif not crash:
            self._note_rehearsed(run)
        return self._explain(run, crash) if crash else None

    def _parts(self, run: FileRun) -> Iterator[Iterable[Step]]:
        probe, note = partial(self._reports.probe, run), self._batches.note
        steps = rehearsal_steps.RehearsalSteps(
            run, probe, self._own, note, self._guards, counted=self._counted
        )
        opening = steps.opening(self._reports.read_clock)
        before: Iterator[Step] = chain(self._schema.closing(), opening)
        for unit in fitness.units(run):
            self._constraints = _NONE_DEFERRABLE
            statements = steps.statements(unit, self._ask_facts)
            yield chain(before, statements, self._meanwhile())
            if self._facts.deferrable:
                yield steps.constraints(self._read_constraints)
            before = steps.commit(unit, self._ask_facts, *self._constraints)
            if unit.stop < len(run.script):
                yield before
                self._tally.commit()
                before = iter(())
        yield chain(before, self._relations.ask_names(), self._renewal(), self._reading(run))

    def _renewal(self) -> Iterator[Step]:
        if self._has_plans:
            self._schema.forget_queries()
            self._own.forget()
        release = self._renewing if self._has_locks else None
        settings = self._defaults.steps(self._own.sent(self._guards.for_us))
        yield from rehearsal_steps.renewal(release, settings, has_plans=self._has_plans)

    def _reading(self, run: FileRun) -> Iterator[Step]:
        yield from self._schema.reading(self._facts.writes if _counts_writes(run) else None)

    def _send(self, parts: Iterable[Iterable[Step]]) -> Crash | None:
        for steps in parts:
            crash = self._pipeline.run(steps)
            if crash or self._cancellation.requested:
                return crash
        return None

    def _note_rehearsed(self, run: FileRun) -> None:
        counted, tally = _counts_writes(run), self._tally
        changes = () if counted and self._schema.is_read else self._schema.changes(counted=counted)
        self._rehearsed.append(run)
        tally.commit()
        tally.keep()
        self._unreported = FileRehearsed(run.name, tally.ms, tally.exclusive_ms, changes, tally.wal)

    def _report_last_file(self) -> None:
        """Report the last rehearsed file, once, before anything of the next one."""
        if event := self._unreported:
            self._unreported = None
            if self._schema.is_read:
                event = replace(event, changes=self._schema.changes(counted=True))
            self._report(event)

    def _meanwhile(self) -> Iterator[Step]:
        """Compare and report while the server works on the next file. It yields no step."""
        self._pipeline.push()
        self._report_last_file()
        yield from ()

    def _leave_out(self, run: FileRun, reason: str) -> None:
        self._report_last_file()
        self._reports.flush()
        self._left_out.append(run)
        self._report(FileLeftOut(run.name, reason))

    # -- the events of the pipeline

    def _take_event(self, event: Event) -> None:
        """Pass an event on. A finished statement waits until the server's time of it is known."""
        self._report_last_file()
        if isinstance(event, StatementFinished):
            self._reports.finish(event)
        else:
            self._report(event)

    def _ask_facts(self) -> Step:
        query = self._own.sent(self._facts_query)
        return Step(query, Role.HOUSEKEEPING, answer=self._note_facts)

    def _note_facts(self, answer: PGresult) -> None:
        before, facts = self._facts, rehearsal_steps.read_facts(answer)
        self._facts = facts
        called = facts.calls != before.calls if self._calls_counted else self._runs_code
        self._has_plans |= facts.plans or (facts.code and called)
        self._has_locks |= facts.locks
        self._own.may_be_undone |= facts.undo

    def _read_constraints(self, answer: PGresult) -> None:
        check, *deferral = (answer.get_value(0, column) for column in range(3))
        self._constraints = check, *deferral

    # -- failures

    def _refusal(self, run: FileRun, crash: Crash) -> str | None:
        error = Diagnostic(crash.result, encoding=self._conn.info.encoding)
        if self._own.were_undone(crash.step, error):
            return UNDONE
        refused = fitness.refusal(run, crash.step, error, self._guards.version)
        return refused or self._batches.refusal(crash.step, error)

    def _explain(self, run: FileRun, crash: Crash) -> Failure:
        encoding = self._conn.info.encoding
        failure = explain_crash(crash, run.script, encoding, self._extension_hint)
        if self._cancellation.requested:
            return failure
        failure, code = name_own(crash, failure), failure.sqlstate
        if code in WITHOUT_LOCK and (seen := self._observer.in_the_way(crash.step)):
            detail = "\n".join(filter(None, (wording.had_lock(seen), failure.detail)))
            failure = replace(failure, detail=detail)
        seconds = self._tally.uncounted_ms / 1000
        failure = with_hint(failure, self._guards.hint(code, self._observer.gave_way, seconds))
        if needs := needed(failure, run, self._left_out):
            self._needs = needs
            return with_hint(failure, builds_on(needs))
        shown = left_in_session(failure, run, self._rehearsed)
        return with_hint(failure, shared_session(shown) if shown else None)


def _counts_writes(run: FileRun) -> bool:
    """Whether the server has counted all that a file has written."""
    return not run.script.mentions("track_counts")
