"""What statements wait for that run outside of a transaction, or name no table."""

import contextlib
import time
from collections.abc import Sequence

import psycopg
import pytest

from schemamig_tui.advice.database import Database as Questions
from schemamig_tui.advice.effects import effects
from schemamig_tui.advice.objects import find_relations, oids_by_name
from schemamig_tui.advice.reading import read_catalog
from schemamig_tui.advice.targets import find
from schemamig_tui.sql.locks import Lock
from tests.advice.conftest import Desk

TABLES = """
CREATE TABLE plain (id int);
CREATE TABLE texts (doc text);
CREATE TABLE keyed (id int PRIMARY KEY);
CREATE TABLE granted (id int PRIMARY KEY);
CREATE TABLE owned (id int PRIMARY KEY);
CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
CREATE SCHEMA deep CREATE TABLE below (id int PRIMARY KEY);
CLUSTER keyed USING keyed_pkey;
CLUSTER granted USING granted_pkey;
CLUSTER owned USING owned_pkey;
"""
# Of the catalogs, those that a rewrite of another table does not write to; one is shared.
WATCHED = (
    *("plain", "texts", "keyed", "granted", "owned", "parted", "part", "deep.below"),
    *("pg_catalog.pg_language", "pg_catalog.pg_shdescription", "information_schema.sql_parts"),
)
UPKEEP = """
VACUUM
VACUUM FULL
ANALYZE
CLUSTER
REINDEX DATABASE {0}
REINDEX SYSTEM {0}
REINDEX SCHEMA public
REINDEX DATABASE CONCURRENTLY {0}
REINDEX SCHEMA CONCURRENTLY public
REINDEX SCHEMA CONCURRENTLY pg_catalog
""".strip().splitlines()
# Whoever may do this to the catalogs that all databases share keeps other tests waiting.
STRONG = ("VACUUM FULL", "REINDEX DATABASE {0}", "REINDEX SYSTEM {0}")
NAMED_TABLES = """
CREATE TABLE bare (id int);
CREATE TABLE listed (id int PRIMARY KEY, x int) PARTITION BY LIST (id);
CREATE TABLE listed1 PARTITION OF listed FOR VALUES IN (1);
CREATE TABLE listed2 PARTITION OF listed FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE listed2x PARTITION OF listed2 FOR VALUES IN (2);
CREATE TABLE listed3 PARTITION OF listed FOR VALUES IN (3);
CREATE INDEX listedx ON listed (x);
CREATE TABLE top (id int PRIMARY KEY, x int);
CREATE TABLE below (id int PRIMARY KEY) INHERITS (top);
CREATE INDEX topx ON top (x);
"""
NAMED = ("bare", "listed", "listed1", "listed2", "listed2x", "listed3", "top", "below")
# Those of the last lines change the tables.
NAMING = """
REINDEX TABLE listed
REINDEX TABLE CONCURRENTLY listed
REINDEX INDEX listedx
REINDEX INDEX CONCURRENTLY listedx
REINDEX TABLE top
REINDEX (CONCURRENTLY) TABLE top
REINDEX INDEX CONCURRENTLY topx
REINDEX TABLE CONCURRENTLY bare
VACUUM listed
VACUUM (FULL) listed
VACUUM top
VACUUM (FULL, ANALYZE) top
ANALYZE listed2
CREATE INDEX CONCURRENTLY IF NOT EXISTS topx ON top (x)
CREATE INDEX CONCURRENTLY IF NOT EXISTS topy ON top (x, id)
DROP INDEX CONCURRENTLY topy
ALTER TABLE listed DETACH PARTITION listed3 CONCURRENTLY
ALTER TABLE listed DETACH PARTITION listed2 CONCURRENTLY
""".strip().splitlines()
# By the version in which they came.
NEWER = {
    15: "CLUSTER listed USING listed_pkey",
    18: "VACUUM ONLY top\nVACUUM ONLY listed",
}
ROLES = {
    "owner": "ALTER DATABASE {0} OWNER TO {1}",
    "maintain": "GRANT pg_maintain TO {1}",
    "granted": "GRANT MAINTAIN ON granted TO {1}",
    "none": "SELECT",
}
_WAITS = """
SELECT relation::int8, mode FROM pg_locks
WHERE pid = %(pid)s AND NOT granted AND locktype = 'relation'
UNION ALL SELECT h.relation::int8, '' FROM pg_locks w JOIN pg_locks h
    ON h.virtualtransaction = w.virtualxid AND h.locktype = 'relation'
WHERE w.pid = %(pid)s AND NOT w.granted
"""


def _waited_for(desk: Desk, statement: str, held: Lock, watched: Sequence[str]) -> set[str] | None:
    """Which relations the statement waits for, where others hold a lock on each; None: it fails."""
    found = set()
    with contextlib.ExitStack() as stack:
        look = stack.enter_context(desk.database.connect())
        holders = {}
        for name in watched:
            holder = stack.enter_context(desk.database.connect())
            holder.execute(f"BEGIN; LOCK TABLE ONLY {name} IN {held} MODE".encode())
            ((oid,),) = look.execute("SELECT %s::regclass::int8", (name,)).fetchall()
            holders[oid] = name, holder
        runner = desk.connect()
        stack.callback(runner.close)
        runner.pgconn.send_query(statement.encode())
        until = time.monotonic() + 20
        while runner.pgconn.is_busy():
            assert time.monotonic() < until, statement
            for oid, mode in look.execute(_WAITS, {"pid": runner.info.backend_pid}).fetchall():
                if oid not in holders:  # the waiting process has not yet woken up
                    continue
                name, holder = holders.pop(oid)
                holder.close()
                if mode != Lock.ROW_EXCLUSIVE.server_name:  # that is for a row of a catalog
                    found.add(name)
            runner.pgconn.consume_input()
        result = runner.pgconn.get_result()
        assert result
        return found if result.status == psycopg.pq.ExecStatus.COMMAND_OK else None


def _expected(desk: Desk, statement: str, held: Lock, watched: Sequence[str]) -> set[str]:
    uses = [*find(desk.write(f"{statement};")).uses]
    with desk.connect() as conn:
        database = Questions(conn)
        with database.asking():
            named = oids_by_name(find_relations(database, uses))
            catalog = read_catalog(database, uses, named)
    assert database.unknown == []
    names = {
        one.relation.name.removeprefix("public.")
        for one in effects(enumerate(uses), catalog)
        if one.waits_for(held)
    }
    return names & {*watched}


@pytest.mark.parametrize(
    "role",
    [
        None,
        "owner",
        pytest.param("maintain", marks=pytest.mark.postgres(min=17)),
        pytest.param("granted", marks=pytest.mark.postgres(min=17)),
        "none",
    ],
)
def test_upkeep_waits_for_the_tables_that_are_expected(
    desk: Desk, role: str | None, request: pytest.FixtureRequest
) -> None:
    desk.prepare(TABLES)
    name = desk.database.name
    limited = request.getfixturevalue("limited") if role else None
    if role:
        own = f"ALTER TABLE owned OWNER TO {limited}; ALTER SCHEMA public OWNER TO {limited}"
        desk.prepare(own, ROLES[role].format(name, limited))
    compared = set()
    tried = [one for one in UPKEEP if role in ("owner", "none") or one not in STRONG]
    for statement in (one.format(name) for one in tried):
        gentle = statement.startswith("REINDEX") and "CONCURRENTLY" not in statement
        held = Lock.ROW_EXCLUSIVE if gentle else Lock.SHARE
        is_ = _waited_for(desk, statement, held, WATCHED)
        if is_ is not None:
            compared.add(statement)
            assert is_ == _expected(desk, statement, held, WATCHED), statement
    assert {"VACUUM", "ANALYZE", "CLUSTER", "REINDEX SCHEMA public"} <= compared
    if role:
        desk.prepare(f"REASSIGN OWNED BY {limited} TO CURRENT_USER")


@pytest.mark.parametrize("held", [Lock.ACCESS_SHARE, Lock.ROW_EXCLUSIVE, Lock.SHARE])
def test_what_runs_outside_of_a_transaction_waits_for_what_is_expected(
    desk: Desk, held: Lock
) -> None:
    desk.prepare(NAMED_TABLES)
    with desk.connect() as conn:
        major = conn.info.server_version // 10000
    newer = [one for first, text in NEWER.items() if major >= first for one in text.splitlines()]
    for statement in (*newer, *NAMING):
        expected = _expected(desk, statement, held, NAMED)
        assert _waited_for(desk, statement, held, NAMED) == expected, statement
