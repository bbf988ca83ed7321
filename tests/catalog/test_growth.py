"""Work grows with what has changed: told by the rows that are read, and the functions called."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

import psycopg
import pytest

from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.following import SchemaFollower
from schemamig_tui.catalog.kinds import KINDS, PARTS
from schemamig_tui.catalog.objects import Object, Schema
from schemamig_tui.catalog.prepared import PreparedQueries, Query
from schemamig_tui.catalog.reading import prepared
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.connect.embedded import Embedded
from tests.conftest import Database, fresh_database

FEW, MANY = 25, 100
TABLE = """
    CREATE TABLE t{0} (id serial PRIMARY KEY, a int CHECK (a > 0), b text NOT NULL DEFAULT '');
    CREATE INDEX i{0} ON t{0} (a, lower(b)); COMMENT ON TABLE t{0} IS 'one of many';
"""


_RICH = """
    CREATE TABLE t{0} (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY USING INDEX TABLESPACE pg_default,
        a int UNIQUE CHECK (a > 0) REFERENCES t{0} (id), b text COLLATE "C" DEFAULT 'x'
    ) WITH (toast.autovacuum_enabled = off);
    CREATE INDEX i{0} ON t{0} (lower(b)) WITH (fillfactor = 50);
    COMMENT ON TABLE t{0} IS 'a table'; COMMENT ON COLUMN t{0}.a IS 'a column';
    COMMENT ON INDEX i{0} IS 'an index';
"""


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each round trip has read of what was touched."""
    rows: list[int] = []
    ask = PreparedQueries.ask

    def counting(prepared: PreparedQueries, queries: Mapping[str, Query]) -> dict[str, QueryAnswer]:
        answers = ask(prepared, queries)
        rows.append(sum(len(answer.rows) for answer in answers.values()))
        return answers

    monkeypatch.setattr(PreparedQueries, "ask", counting)
    return rows


@pytest.fixture(scope="module")
def sizes(
    server: Embedded, admin: psycopg.Connection, empty: str
) -> Iterator[list[psycopg.Connection]]:
    """Connections to a database of few tables and to one of many, which nobody changes."""
    with contextlib.ExitStack() as stack:
        conns = []
        for count in FEW, MANY:
            database = stack.enter_context(fresh_database(server, admin, empty))
            conn = stack.enter_context(database.connect())
            conns.append(conn)
            for number in range(count):
                conn.execute(TABLE.format(number).encode())
        yield conns


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as conn:
        yield conn


@pytest.mark.xdist_group("growth")  # which makes the two databases once
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE t1 ADD c int",
        "ALTER TABLE t1 DROP a",
        "ALTER TABLE t1 RENAME TO u1",
        "DROP TABLE t1",
        "DROP INDEX i1",
        "COMMENT ON TABLE t1 IS NULL",
        "CREATE VIEW v AS SELECT * FROM t1",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_among_more_tables_no_more_is_read(
    sizes: list[psycopg.Connection], read: list[int], change: str
) -> None:
    amounts = []
    for conn in sizes:
        with conn.transaction(force_rollback=True):
            follower = SchemaFollower(conn)
            read.clear()
            with conn.transaction():
                conn.execute(change.encode())
            assert follower.changes()
            amounts.append(sum(read))
    assert amounts[0] == amounts[1] > 0


def test_a_file_does_not_read_again_what_those_before_it_have_touched(
    conn: psycopg.Connection, read: list[int]
) -> None:
    with conn.transaction(force_rollback=True):
        follower = SchemaFollower(conn)
        amounts = []
        for number in range(FEW):
            read.clear()
            with conn.transaction():
                conn.execute(TABLE.format(number).encode())
            assert len(follower.changes()) == 1
            amounts.append(sum(read))
    assert len(set(amounts)) == 1


def test_nothing_is_read_where_nothing_is_written(
    conn: psycopg.Connection, read: list[int]
) -> None:
    conn.execute("CREATE TABLE t (a int)")
    with conn.transaction(force_rollback=True):
        follower = SchemaFollower(conn)
        with conn.transaction():
            conn.execute("INSERT INTO t VALUES (1); SET search_path = pg_catalog")
        assert follower.changes() == ()
        assert read == [1]  # which catalogs were written


def test_no_query_compares_each_object_with_each_where_there_are_no_statistics(
    conn: psycopg.Connection,
) -> None:
    count = 300
    conn.autocommit = False  # so that none are made behind our back
    for number in range(count):
        conn.execute(_RICH.format(number).encode())
    with prepared(conn) as server:
        for name in ("relations", "sequences", *KINDS["relations"].parts):
            sql = {**KINDS, **PARTS}[name].sql(server)
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING off) {sql}".encode()
            (((plan,),),) = conn.execute(explain).fetchall()
            assert _most_compared(plan["Plan"]) < count * count / 2, name


def _most_compared(plan: Mapping[str, Any]) -> float:
    """How many pairs of rows a join has looked at in vain."""
    own = plan.get("Rows Removed by Join Filter", 0) * plan["Actual Loops"]
    return max([own, *map(_most_compared, plan.get("Plans", ()))])


def test_renaming_many_tables_is_as_much_work_for_each_as_renaming_few() -> None:
    amounts = [
        _calls_of_diff(_tables(count, "old"), _tables(count, "new")) for count in (FEW, MANY)
    ]
    assert amounts[1] < 1.2 * (MANY / FEW) * amounts[0]


def _tables(count: int, name: str) -> Schema:
    columns = tuple(
        Object(kind="column", name=f"c{number}", oid=number, labels=("type",), values=("text",))
        for number in range(5)
    )
    tables = tuple(
        Object(
            kind="table", name=f"public.{name}_{oid}", namespace="public", oid=oid, parts=(columns,)
        )
        for oid in range(1, count + 1)
    )
    return Schema(database="one", objects={"relations": tables})


def _calls_of_diff(before: Schema, after: Schema) -> int:
    """How many functions, of Python or C, are called to compare two schemas."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        changes = diff(before, after)
    finally:
        sys.setprofile(None)
    assert len(changes) == len(after.objects["relations"])
    return calls
