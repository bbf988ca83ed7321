"""The steps of a rehearsal: statements without their BEGIN and COMMIT, and ours between them.

Ours run under whatever role, search_path or client_encoding a file has set: they name pg_catalog
wherever another schema could stand in, and speak ASCII.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.script import Kind
from schemamig_tui.engine.step import Role, Step
from schemamig_tui.engine.steps import FileRun

Answer = Callable[[PGresult], None]

_TAKEN_OUT = (Kind.BEGIN, Kind.COMMIT, Kind.CHAIN)
# Its modes are those of the file's own transaction, and have to be set before any query.
_SET_TRANSACTION = re.compile(rb"(?i)SET\s+TRANSACTION\b")
_KEEPS_SETTING = re.compile(rb"(?i)(?:RE)?SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)")
_SAVEPOINT = b"SAVEPOINT schemamig_file"
BACK_TO_SAVEPOINT = b"ROLLBACK TO SAVEPOINT schemamig_file"
_RELEASE = b"RELEASE SAVEPOINT schemamig_file"
# What a run does between two files, so that the session is as good as new.
_RESET = (
    b"SET LOCAL statement_timeout = 0",
    b"SET SESSION AUTHORIZATION DEFAULT",
    b"RESET ROLE",
    b"RESET ALL",
    b"CLOSE ALL",
    b"DEALLOCATE ALL",
    b"UNLISTEN *",
    b"DISCARD TEMP",
    b"DISCARD SEQUENCES",
)
# The constraints that wait for a COMMIT unless they are told not to, and those that do so again
# in the next transaction. SET CONSTRAINTS ALL would hold for those of later files as well.
_CONSTRAINTS = b"""
SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', '),
    pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ')
        FILTER (WHERE c.condeferred)
FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.connamespace
WHERE c.condeferrable AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"""


def microseconds(clock: str) -> str:
    """An SQL expression: what one of the server's clocks says, whatever the session has set."""
    seconds = f"pg_catalog.date_part('epoch', pg_catalog.{clock}())"
    return f"pg_catalog.int8(pg_catalog.float8mul({seconds}, 1000000))"


_CLOCK = f"SELECT {microseconds('clock_timestamp')}".encode()


def opening(run: FileRun, clock: Answer) -> Iterator[Step]:
    """Begin with a file; ``clock`` is answered with the time of the server in microseconds."""
    yield Step(_SAVEPOINT, Role.KEEPING)
    for i in range(run.done):
        if _KEEPS_SETTING.match(run.script.sql(i)):
            yield Step(run.script.sql(i), Role.KEEPING)
    yield Step(_CLOCK, Role.OPEN, prompt=True, answer=clock)


def statements(
    run: FileRun, unit: range, look: Callable[[FileRun, int], Step], constraints: Answer
) -> Iterator[Step]:
    """The statements of a unit, with a ``look`` behind each that is not taken out.

    ``constraints`` is answered with the names of the deferrable ones there are then, and of those
    that are deferred unless told otherwise.
    """
    for i in unit:
        if not _is_taken_out(run, i):
            yield _statement(run, i)
            yield look(run, i)
    yield Step(_CONSTRAINTS, Role.KEEPING, prompt=True, answer=constraints)


def commit(deferrable: bytes | None, deferred: bytes | None, look: Step) -> Iterator[Step]:
    """What the COMMIT of a file does that can be done without one: check what was deferred."""
    if deferrable:
        yield Step(b"SET CONSTRAINTS " + deferrable + b" IMMEDIATE", Role.KEEPING, prompt=True)
    if deferred:
        yield Step(b"SET CONSTRAINTS " + deferred + b" DEFERRED", Role.KEEPING)
    yield look


def renewal(relock: bytes, guards: bytes) -> Iterator[Step]:
    """End a file: a session as good as new, with our ``guards``, and no advisory lock but ours."""
    yield from (Step(query, Role.KEEPING) for query in _RESET)
    yield Step(relock, Role.KEEPING)
    yield Step(_RELEASE, Role.KEEPING)
    yield Step(guards, Role.KEEPING)


def _is_taken_out(run: FileRun, i: int) -> bool:
    kind = run.script.kind(i)
    return kind in _TAKEN_OUT or (
        kind is Kind.ORDINARY and _SET_TRANSACTION.match(run.script.sql(i)) is not None
    )


def _statement(run: FileRun, i: int) -> Step:
    script = run.script
    kind = script.kind(i)
    return Step(
        script.sql(i),
        Role.STATEMENT,
        i,
        prompt=True,
        alone=kind in (Kind.COPY_IN, Kind.COPY_OUT),
        copy_data=partial(script.copy_data, i) if kind is Kind.COPY_IN else None,
        line=script.line(i),
    )
