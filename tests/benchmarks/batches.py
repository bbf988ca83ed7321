"""A backfill: its time against a procedure that commits, and what others feel of it meanwhile.

``BACKFILL_ROWS=20000000`` measures with as many rows. An update of one row counts from the moment
at which it should have begun: of clients that wait for the last one, few would wait otherwise.
"""

import itertools
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from tests.benchmarks.report import Row, at_most, medians, ratio
from tests.benchmarks.rig import Rig, rig

_ROWS = int(os.environ.get("BACKFILL_ROWS", "1000000"))
_TABLE = """
CREATE TABLE docs (id bigint PRIMARY KEY, n int NOT NULL, a int, b text);
INSERT INTO docs SELECT g, 0, g, md5(g::text) FROM generate_series(1, {rows}) g;
CREATE INDEX ON docs (n); CREATE INDEX ON docs (a); CREATE INDEX ON docs (b);
"""
_PROCEDURE = """
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
DECLARE first bigint := 0;
BEGIN
    WHILE first < {rows} LOOP
        UPDATE docs SET n = n + 1 WHERE id > first AND id <= first + 10000;
        COMMIT;
        first := first + 10000;
    END LOOP;
END $$
"""
_BACKFILL = """-- schemamig: backfill table=docs key=id batch=5000
UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;
"""
# Updates of one row a second by the application, at most so much slower than when it is alone, or
# so many milliseconds.
_UPDATES, _SLOWER, _MS = 200, 2.0, 10.0
_IDLE_S = 5.0


def batches(repeat: int) -> Iterator[Row]:
    """Time, waits of others, and memory."""
    rows = f"{_ROWS:,} rows"
    with rig() as bench:
        times = medians(min(repeat, 3), lambda: _ours(bench), lambda: _procedure(bench))
        yield ratio(f"backfill of {rows}, procedure", *times, 1.15)
        large, bench.peak = bench.peak, 0.0
        bench.apply(_filled(bench, _ROWS // 100), _migrations(bench.folder))
        yield at_most(f"  memory, and that of {_ROWS // 100:,}", large, bench.peak + 5, "MB")
    with rig() as bench:
        conninfo = _filled(bench, _ROWS)
        idle, ours = medians(
            min(repeat, 3),
            lambda: _beside_nothing(conninfo),
            lambda: _beside(bench, conninfo),
        )
        plain = _p99(conninfo, lambda: _execute(conninfo, "UPDATE docs SET n = n + 1"))
        yield Row("one-row updates beside nothing, p99", f"{idle:.1f} ms")
        yield Row("  beside one plain UPDATE, p99", f"{plain:.0f} ms")
        yield at_most("  beside a backfill, p99", ours, max(_SLOWER * idle, _MS), "ms")


def _beside_nothing(conninfo: str) -> float:
    return _p99(conninfo, lambda: time.sleep(_IDLE_S))


def _beside(bench: Rig, conninfo: str) -> float:
    """The same table each time, as after a VACUUM."""
    _execute(conninfo, "DROP SCHEMA IF EXISTS kb CASCADE")
    _execute(conninfo, "VACUUM docs")
    _execute(conninfo, "CHECKPOINT")
    return _p99(conninfo, lambda: bench.apply(conninfo, _migrations(bench.folder)))


def _migrations(folder: Path) -> Path:
    migrations = folder / "migrations"
    migrations.mkdir(exist_ok=True)
    (migrations / "0001_backfill.sql").write_text(_BACKFILL)
    return migrations


def _filled(bench: Rig, rows: int) -> str:
    conninfo = bench.database()
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(_TABLE.format(rows=rows).encode())
        conn.execute("VACUUM ANALYZE docs")
        conn.execute("CHECKPOINT")
    return conninfo


def _ours(bench: Rig) -> float:
    return bench.apply(_filled(bench, _ROWS), _migrations(bench.folder))


def _procedure(bench: Rig) -> float:
    conninfo = _filled(bench, _ROWS)
    _execute(conninfo, _PROCEDURE.format(rows=_ROWS))
    began = time.perf_counter()
    _execute(conninfo, "CALL fill()")
    return (time.perf_counter() - began) * 1000


def _execute(conninfo: str, query: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(query.encode())


def _p99(conninfo: str, work: Callable[[], object]) -> float:
    """How long updates of one row take while something works, in ms: all but one in a hundred."""
    over = threading.Event()
    taken: list[float] = []
    numbers = itertools.count()
    began = time.perf_counter()

    def update() -> None:
        with psycopg.connect(conninfo, autocommit=True) as conn:
            while not over.is_set():
                due = began + next(numbers) / _UPDATES
                time.sleep(max(0.0, due - time.perf_counter()))
                row = random.randint(1, _ROWS)
                conn.execute("UPDATE docs SET b = b WHERE id = %s", (row,))
                taken.append((time.perf_counter() - due) * 1000)

    clients = [threading.Thread(target=update) for _ in range(8)]
    for client in clients:
        client.start()
    work()
    over.set()
    for client in clients:
        client.join()
    return sorted(taken)[int(0.99 * len(taken))]
