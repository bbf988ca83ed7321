"""Runs migrations in a transaction on the target, has the schema read, and rolls back.

The walk shows what was there before each statement, and whether a draft takes back what it should.
Like a rehearsal it holds its locks to the end, so its waits and statements have limits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import psycopg

from schemamig_tui.authoring.reversal.collector import Originals
from schemamig_tui.authoring.reversal.needs import read_needs
from schemamig_tui.catalog.objects import Schema
from schemamig_tui.catalog.queries.session import SETTINGS
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.catalog.writes import Writes, catalog_writes
from schemamig_tui.engine import Script
from schemamig_tui.engine.events import Failure
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.pipeline import Pipeline
from schemamig_tui.engine.pipeline.session import RESET
from schemamig_tui.engine.run.failure import explain_crash
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.script.script import Kind
from schemamig_tui.rehearsal.guards import Guards
from schemamig_tui.sql.concurrently import without_concurrently
from schemamig_tui.sql.inverse.code import sets_sequence

_TAKEN_OUT = (Kind.BEGIN, Kind.COMMIT, Kind.CHAIN)

_ORIGINALS = """
SELECT 'trigger', format('%I.%I', n.nspname, c.relname), quote_ident(t.tgname),
    pg_get_triggerdef(t.oid)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', format('%I.%I', n.nspname, c.relname), quote_ident(r.rulename), pg_get_ruledef(r.oid)
FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'identity', format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), format(
    '(SEQUENCE NAME %I.%I INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s)',
    sn.nspname, sc.relname, s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
    CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
FROM pg_depend AS d JOIN pg_sequence AS s ON s.seqrelid = d.objid
    JOIN pg_class AS sc ON sc.oid = d.objid JOIN pg_namespace AS sn ON sn.oid = sc.relnamespace
    JOIN pg_class AS c ON c.oid = d.refobjid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype = 'i' AND d.refobjsubid > 0
    AND (sc.relname <> format('%s_%s_seq', c.relname, a.attname)
        OR (s.seqstart, s.seqincrement, s.seqmin, s.seqcache, s.seqcycle) <> (1, 1, 1, 1, false)
        OR s.seqmax <> CASE s.seqtypid WHEN 'int2'::regtype THEN 32767
            WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END)
"""
_CASTS = """
SELECT format_type(castsource, NULL), format_type(casttarget, NULL) FROM pg_cast
"""
_COMMENTS = """
SELECT classoid, objoid, objsubid, description FROM pg_catalog.pg_description
UNION ALL
SELECT classoid, objoid, -1, description FROM pg_catalog.pg_shdescription
"""
_ROWS_WRITTEN = """
SELECT coalesce(pg_catalog.sum(
    pg_catalog.pg_stat_get_xact_tuples_inserted(oid)
        + pg_catalog.pg_stat_get_xact_tuples_updated(oid)
        + pg_catalog.pg_stat_get_xact_tuples_deleted(oid)
), 0)::pg_catalog.int8
FROM pg_catalog.pg_class WHERE relkind = 'r' AND oid >= 16384
"""

Comments = dict[tuple[int, int, int], str]


@dataclass(frozen=True)
class Stopped:
    """Why a walk does not go on: ``place`` in words, and what the server said."""

    line: int
    failure: Failure

    def __str__(self) -> str:
        return f"line {self.line}: {self.failure.message}"


class Walk:
    """The transaction, on a connection in autocommit mode that nobody else uses.

    ``lock`` and ``statement`` are limits in seconds. A method that raises psycopg.Error has lost
    the connection.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        cancellation: Cancellation,
        lock: float | None,
        statement: float | None,
    ) -> None:
        self._conn = conn
        conn.prepare_threshold = None  # a file may say DEALLOCATE ALL behind psycopg's back
        self._guards = Guards(lock, statement, conn.info.server_version).query
        self._pipeline = Pipeline(
            conn,
            cancellation,
            on_done=lambda *done: None,
            on_notice=lambda *notice: None,
            cancel=conn.cancel,
        )
        self._schema: tuple[Writes | None, Schema] | None = None

    def __enter__(self) -> Walk:
        self._conn.execute("BEGIN")
        self._conn.execute(self._guards)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Where the connection is lost, the server does it by itself.
        with contextlib.suppress(psycopg.OperationalError):
            self._conn.execute("ROLLBACK")

    def run_all(self, script: Script) -> Stopped | None:
        """Run the statements of a file, up to the first that fails."""
        self.start_file()
        for i in range(len(script)):
            if stop := self.run(script, i):
                return stop
        return None

    def start_file(self) -> None:
        """Make the session as good as new, with our limits."""
        for query in RESET:
            self._conn.execute(query)
        self._conn.execute(self._guards)

    def run(self, script: Script, i: int) -> Stopped | None:
        """Run one statement that ``obstacle`` has nothing against."""
        traits = script.traits(i)
        if traits.kind in _TAKEN_OUT or traits.sets_transaction or i in script.ignored:
            return None
        step = FileRun(script).statement(i)
        if plain := without_concurrently(step.sql):
            step = step._replace(sql=plain)
        crash = self._pipeline.run([step])
        if crash is None:
            return None
        failure = explain_crash(crash, script, self._conn.info.encoding)
        return Stopped(failure.place.line if failure.place else script.line(i), failure)

    def schema(self) -> Schema:
        """The schema as it is now. It is read again only where something may have changed it."""
        writes = catalog_writes(self._conn)
        if self._schema is None or writes is None or self._schema[0] != writes:
            # Reading it writes nothing.
            self._schema = writes, snapshot(self._conn)
        return self._schema[1]

    def originals(self) -> Originals:
        """The definitions that a snapshot does not hold whole."""
        with self._conn.transaction(force_rollback=True):
            self._conn.execute(SETTINGS, prepare=False)
            rows: Sequence[tuple[str, str, str, str]] = self._conn.execute(_ORIGINALS).fetchall()
            casts = frozenset((source, target) for source, target in self._conn.execute(_CASTS))
        definitions = {(kind, table, name): statement for kind, table, name, statement in rows}
        return Originals(definitions, read_needs(self._conn), casts, self._conn.info.server_version)

    def comments(self) -> Comments:
        """All comments there are."""
        return {(c, o, n): text for c, o, n, text in self._conn.execute(_COMMENTS)}

    def writes(self) -> tuple[Writes | None, int]:
        """What the transaction has written so far: to the catalogs, and how many rows of tables."""
        ((rows,),) = self._conn.execute(_ROWS_WRITTEN).fetchall()
        return catalog_writes(self._conn), rows

    @property
    def default_schema(self) -> str | None:
        """The schema that names without one are in at first."""
        ((schema,),) = self._conn.execute("SELECT pg_catalog.current_schema()").fetchall()
        return None if schema is None else str(schema)

    @property
    def role(self) -> str:
        """The role that owns what is made now, as SQL writes it."""
        query = "SELECT pg_catalog.quote_ident(current_user)"
        ((role,),) = self._conn.execute(query).fetchall()
        return str(role)


def obstacle(script: Script, i: int) -> str | None:
    """Why a statement cannot run in a transaction that others are in; None where it can."""
    traits, sql = script.traits(i), script.sql(i)
    if i in script.batched:
        return f"the statement in line {script.line(i)} runs in batches, each committed by itself"
    if without_concurrently(sql):
        return None
    if sets_sequence(sql):
        return f"what line {script.line(i)} does to a sequence would not be rolled back"
    undone = traits.kind in (Kind.ALONE, Kind.ROLLBACK)
    if undone or (traits.chained and traits.kind is Kind.ORDINARY) or traits.read_only:
        return f"{traits.label} in line {script.line(i)} cannot run in one transaction with others"
    return None


def obstacles(script: Script) -> Iterator[str]:
    """Why the statements of a file cannot all run in one transaction."""
    for i in range(len(script)):
        if found := obstacle(script, i):
            yield found
