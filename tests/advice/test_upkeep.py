"""What VACUUM, ANALYZE, CLUSTER and REINDEX wait for that name no table."""

import contextlib
import time

import psycopg
import pytest

from schemamig_tui.advice.database import Database as Questions
from schemamig_tui.advice.effects import effects
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


def _waited_for(desk: Desk, statement: str, held: Lock) -> set[str] | None:
    """Which relations the statement waits for, where others hold a lock on each; None: it fails."""
    found = set()
    with contextlib.ExitStack() as stack:
        look = stack.enter_context(desk.database.connect())
        holders = {}
        for name in WATCHED:
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


def _expected(desk: Desk, statement: str, held: Lock) -> set[str]:
    uses = [*find(desk.write(f"{statement};")).uses]
    with desk.connect() as conn:
        database = Questions(conn)
        with database.asking():
            catalog = read_catalog(database, uses, {})
    assert database.unknown == []
    names = {
        one.relation.name.removeprefix("public.")
        for one in effects(enumerate(uses), catalog)
        if one.waits_for(held)
    }
    return names & {*WATCHED}


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
        is_ = _waited_for(desk, statement, held)
        if is_ is not None:
            compared.add(statement)
            assert is_ == _expected(desk, statement, held), statement
    assert {"VACUUM", "ANALYZE", "CLUSTER", "REINDEX SCHEMA public"} <= compared
    if role:
        desk.prepare(f"REASSIGN OWNED BY {limited} TO CURRENT_USER")
