"""What a rehearsal spends on the schema of a large database."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.following import SchemaFollower
from schemamig_tui.catalog.snapshot import snapshot
from tests.benchmarks.report import Row, at_most, medians, ratio
from tests.benchmarks.rig import rig

_TABLES = 1_500
_RENAMED = 8_000
TABLE = """
    CREATE TABLE t{0} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL,
        amount numeric(12, 2) NOT NULL DEFAULT 0 CHECK (amount >= 0), created_at timestamptz
    );
    CREATE INDEX ON t{0} (customer);
    COMMENT ON TABLE t{0} IS 'one of many';
"""


def catalog(repeat: int) -> Iterator[Row]:
    """The schema read behind a file, against all of it; and a diff of nothing but new names."""
    with rig() as bench, psycopg.connect(bench.database(), autocommit=True) as conn:
        for number in range(_TABLES):
            conn.execute(TABLE.format(number).encode())
        whole, behind = medians(repeat, lambda: _ms(lambda: snapshot(conn)), lambda: _behind(conn))
        yield Row(f"catalog: all of {_TABLES:,} tables read", f"{whole:.0f} ms")
        yield ratio("catalog: read behind a file of one ALTER; all", behind, whole, 0.2)
    with rig() as bench, psycopg.connect(bench.database(), autocommit=True) as conn:
        for number in range(_RENAMED):
            conn.execute(f"CREATE TABLE t{number} (id int, customer text)".encode())
        before = snapshot(conn)
        for number in range(_RENAMED):
            conn.execute(f"ALTER TABLE t{number} RENAME TO u{number}".encode())
        after = snapshot(conn)
        (took,) = medians(repeat, lambda: _ms(lambda: diff(before, after)))
        yield at_most(f"catalog: the diff of {_RENAMED:,} renamed tables", took, 3000, "ms")


def _behind(conn: psycopg.Connection[Any]) -> float:
    with conn.transaction(force_rollback=True):
        follower = SchemaFollower(conn)
        with conn.transaction():
            conn.execute("ALTER TABLE t7 ADD state text NOT NULL DEFAULT 'new'")
        return _ms(follower.changes)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
