"""Makes the steps of a rehearsal: statements without BEGIN and COMMIT, and our own between them.

Our own run under whatever role, search_path or client_encoding a file has set: they name pg_catalog
wherever another schema could stand in, and speak ASCII.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from psycopg.pq.abc import PGresult

from schemamig_tui.catalog.writes import Writes, writes_of
from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.pipeline.session import FORGET_SEQUENCES, RESET
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.restoration import restoration
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.rehearsal.guards import Guards
from schemamig_tui.rehearsal.own_queries import OwnQueries
from schemamig_tui.rehearsal.probe import QUICK

Answer = Callable[[PGresult], None]


class Probe(Protocol):
    """Makes the step that finds out what a statement, by its number from 0, has done.

    With ``whole`` the step asks for everything.
    """

    def __call__(self, i: int, /, *, whole: bool = False) -> Step: ...


_TAKEN_OUT = (Kind.BEGIN, Kind.COMMIT, Kind.CHAIN)
_SAVEPOINT = b"SAVEPOINT schemamig_file"
BACK_TO_SAVEPOINT = b"ROLLBACK TO SAVEPOINT schemamig_file"
_RELEASE = b"RELEASE SAVEPOINT schemamig_file"
_UNTIMED = b"SET LOCAL statement_timeout = 0"
_TIMER = "transaction_timeout"
_ENDLESS = b"SET LOCAL transaction_timeout = 0"
# A role that was allowed to switch it off may switch it on.
_COUNT = b"""
SELECT CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'off'
    THEN pg_catalog.set_config('track_counts', 'on', true) END"""
_DEALLOCATE, _DISCARD = b"DEALLOCATE ALL", b"DISCARD PLANS"
_FACTS = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE condeferrable),
    EXISTS (
        SELECT FROM pg_catalog.pg_prepared_statements
        WHERE NOT pg_catalog.starts_with(name, 'schemamig_'))
    OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger),
    coalesce(code.locks, false), coalesce(code.undo, false), code.functions, code.calls,
    ({writes})
FROM (
    SELECT pg_catalog.count(*) FILTER (WHERE l.lanispl) AS functions,
        pg_catalog.sum(pg_catalog.pg_stat_get_xact_function_calls(p.oid))
            FILTER (WHERE l.lanispl) AS calls,
        pg_catalog.bool_or(p.prosrc OPERATOR(pg_catalog.~~*) '%advisory%') AS locks,
        pg_catalog.bool_or(p.prosrc OPERATOR(pg_catalog.~~*) '%deallocate%') AS undo
    FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
    WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
) code
"""
# SET CONSTRAINTS for the deferrable constraints, and for what is deferred again in the next
# transaction. A name stands for all constraints in the schema that have it, and SET CONSTRAINTS
# refuses to defer it if one of them is not deferrable. Then all are deferred but those that begin
# as immediate; that would hold for those of later files as well, so it is not done without need.
_CONSTRAINTS = b"""
SELECT 'SET CONSTRAINTS ' OPERATOR(pg_catalog.||) b.names OPERATOR(pg_catalog.||) ' IMMEDIATE',
    CASE WHEN b.refused THEN 'SET CONSTRAINTS ALL DEFERRED' END,
    'SET CONSTRAINTS ' OPERATOR(pg_catalog.||) CASE
        WHEN b.refused THEN b.immediate OPERATOR(pg_catalog.||) ' IMMEDIATE'
        ELSE b.deferred OPERATOR(pg_catalog.||) ' DEFERRED' END
FROM (
    SELECT pg_catalog.string_agg(a.name, ', ') AS names,
        pg_catalog.string_agg(a.name, ', ') FILTER (WHERE a.deferred) AS deferred,
        pg_catalog.string_agg(a.name, ', ') FILTER (WHERE NOT a.deferred) AS immediate,
        pg_catalog.bool_or(a.deferred AND a.mixed) AS refused
    FROM (
        SELECT pg_catalog.format('%I.%I', n.nspname, c.conname) AS name,
            pg_catalog.bool_or(c.condeferred) AS deferred,
            NOT pg_catalog.bool_and(c.condeferrable) AS mixed
        FROM pg_catalog.pg_constraint c
            JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.connamespace
        WHERE NOT pg_catalog.pg_is_other_temp_schema(n.oid)
            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        GROUP BY n.nspname, c.conname HAVING pg_catalog.bool_or(c.condeferrable)
    ) a
) b"""


def facts_query(writes: str) -> bytes:
    """The query whose answer ``read_facts`` reads; ``writes`` is that of writes to the catalogs.

    Only PL/pgSQL functions are counted: those in C and SQL keep no plans that would be wrong later.
    An event trigger may run any function.
    """
    return _FACTS.format(writes=writes).encode()


class RehearsalSteps:
    """Puts our own steps between the statements of one file.

    ``rehearsed`` is called for each statement in batches, one batch of which is run. ``counted``:
    the server is to count what the statements do, even where a file switches that off.
    """

    def __init__(
        self,
        run: FileRun,
        probe: Probe,
        own: OwnQueries,
        rehearsed: Callable[[BatchRehearsed], None],
        guards: Guards,
        *,
        counted: bool,
    ) -> None:
        self._run = run
        self._limits = limits = guards.for_statements
        self._timer = guards.of_transactions
        self._own = own
        self._counted = counted
        self._probe = probe
        self._rehearsed = rehearsed
        self._timed = limits is not None or "statement_timeout" in run.state
        # The probe behind the last statement, if it had one.
        self._asked = b""

    def opening(self, clock: Answer) -> Iterator[Step]:
        """Begin with the file; ``clock`` gets the answer that ``probe.moment`` reads."""
        yield Step(_SAVEPOINT, Role.HOUSEKEEPING)
        if self._run.script.mentions("pg_prepared_statements"):
            yield Step(_DEALLOCATE, Role.HOUSEKEEPING)
        yield from self._own.start_file(self._run)
        yield Step(self._own.sent(QUICK), Role.OPEN, prompt=True, answer=clock)
        if self._limits:
            yield Step(self._limits, Role.HOUSEKEEPING)
        # A SET in this transaction holds for the session until it is rolled back.
        yield from restoration(self._run.state)

    def statements(self, unit: range, facts: Callable[[], Step]) -> Iterator[Step]:
        """The statements of a unit, with a probe behind each that is not left out.

        ``facts`` makes the step whose answer ``read_facts`` reads.
        """
        self._asked = b""
        sets_timer = _TIMER in self._run.state or self._run.script.mentions(_TIMER)
        if self._timer and (unit.start == 0 or not sets_timer):
            yield Step(self._timer, Role.HOUSEKEEPING)
        for i in unit:
            if i in self._run.script.batched:
                from schemamig_tui.rehearsal.batches import first_batch

                yield from first_batch(self._run, i, self._probe, self._rehearsed)
                self._asked = b""
                continue
            step = self._run.statement(i)
            if not _is_taken_out(self._run, step) or _comes_too_late(self._run.script, unit, i):
                self._timed |= "statement_timeout" in self._run.script.traits(i).mentions
                # The statement is only reported when the answer of its probe is there.
                yield step._replace(together=True)
                if "track_counts" in self._run.script.traits(i).mentions and self._counted:
                    yield Step(_COUNT, Role.HOUSEKEEPING)
                probe = self._probe(i)
                self._asked = probe.sql
                yield from self._untimed(probe)
        yield from self._untimed(facts())

    def constraints(self, constraints: Answer) -> Iterator[Step]:
        """Ask about the deferrable constraints.

        ``constraints`` gets the answer: the query that checks all deferrable constraints, and the
        queries that defer those again which are deferred by default.
        """
        yield from self._untimed(
            Step(_CONSTRAINTS, Role.HOUSEKEEPING, prompt=True, answer=constraints)
        )

    def commit(
        self,
        unit: range,
        facts: Callable[[], Step],
        check: bytes | None,
        *deferral: bytes | None,
    ) -> Iterator[Step]:
        """Do what a COMMIT behind a unit would do, as far as possible: check deferred constraints.

        ``check`` and ``deferral`` are the queries from ``constraints``. ``facts`` is as in
        ``statements``, and asked again because a check may run triggers.
        """
        ends_file = unit.stop == len(self._run.script)
        if ends_file and (check or self._timed):
            yield Step(_UNTIMED, Role.HOUSEKEEPING)
        if check:
            yield Step(check, Role.HOUSEKEEPING, statement=unit[-1], prompt=True)
        if ends_file and self._timer:
            yield Step(_ENDLESS, Role.HOUSEKEEPING)
        for query in filter(None, deferral):
            yield Step(query, Role.HOUSEKEEPING)
        probe = self._probe(unit[-1], whole=True)
        # Where nothing is checked, the probe behind the last statement is enough.
        if check or (ends_file and probe.sql != self._asked):
            yield from self._untimed(probe)
        if check:
            yield from self._untimed(facts()._replace(awaited=True))

    def _untimed(self, step: Step) -> Iterator[Step]:
        """Send a query of ours so that no timeout of the file counts for it."""
        if not self._timed:
            yield step
            return
        yield Step(b"SAVEPOINT schemamig_probe", Role.HOUSEKEEPING)
        yield Step(_UNTIMED, Role.HOUSEKEEPING)
        yield step
        yield Step(b"ROLLBACK TO SAVEPOINT schemamig_probe", Role.HOUSEKEEPING)
        yield Step(b"RELEASE SAVEPOINT schemamig_probe", Role.HOUSEKEEPING)


class SessionFacts(NamedTuple):
    """What matters to a rehearsal of the session and the database behind a unit."""

    deferrable: bool = False
    """Constraints that may be deferred."""
    plans: bool = False
    """Prepared statements, or event triggers, which may have run functions that keep plans."""
    locks: bool = False
    """Functions that may take advisory locks."""
    undo: bool = False
    """Functions that may undo what is prepared."""
    code: bool = False
    """Functions that keep plans."""
    calls: int = 0
    """How often these have been called in the rehearsal, as far as that is counted."""
    writes: Writes | None = None
    """What has been written to the catalogs; None where that is not counted."""


def read_facts(answer: PGresult) -> SessionFacts:
    """Read the answer of ``facts_query``."""
    deferrable, plans, locks, undo = (answer.get_value(0, column) == b"t" for column in range(4))
    functions, calls = (int(answer.get_value(0, column) or 0) for column in (4, 5))
    writes = writes_of(json.loads(answer.get_value(0, 6) or b"null"))
    return SessionFacts(deferrable, plans, locks, undo, functions > 0, calls, writes)


def renewal(
    release_other_advisory_locks: bytes | None, settings: Iterable[Step], *, has_plans: bool
) -> Iterator[Step]:
    """End a file: a session as good as new, with ``settings``, and no advisory lock but ours.

    Without ``has_plans``, plans of the file, the session keeps the plans of our own queries.
    ``release_other_advisory_locks`` is None where there can be no such locks, because the server
    looks at all locks to find them.
    """
    for query in (*RESET, FORGET_SEQUENCES):
        if has_plans or query not in (_DEALLOCATE, _DISCARD):
            yield Step(query, Role.HOUSEKEEPING)
    if release_other_advisory_locks:
        yield Step(release_other_advisory_locks, Role.HOUSEKEEPING)
    yield Step(_RELEASE, Role.HOUSEKEEPING)
    yield from settings


def _comes_too_late(script: Script, unit: range, i: int) -> bool:
    """Whether the server refuses the statement, as in a run, because a query came before it."""
    before = map(script.traits, range(unit.start, i))
    comes_first = i not in script.ignored and script.traits(i).comes_first
    return comes_first and any(one.is_query for one in before)


def _is_taken_out(run: FileRun, step: Step) -> bool:
    traits = run.script.traits(step.statement)
    return (
        traits.kind in _TAKEN_OUT or traits.sets_transaction or step.statement in run.script.ignored
    )
