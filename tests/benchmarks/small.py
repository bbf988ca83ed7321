"""A thousand small migrations, near and far."""

import statistics
import time
from collections.abc import Iterator

import psycopg
from psycopg.conninfo import make_conninfo

from tests.benchmarks.delay import delayed
from tests.benchmarks.report import Row, against_psql, medians, ratio
from tests.benchmarks.rig import Rig, rig
from tests.benchmarks.samples import small_migrations

_FILES = 1000
_DELAY_MS = 10
_ROUND_TRIPS = 10
_FEW = 20


def near(repeat: int) -> Iterator[Row]:
    """Against one psql session that runs the same statements and ledger rows."""
    for fast, bar in ((True, 1.0), (False, None)):
        with rig(fast=fast) as bench:
            times = bench.against_psql(small_migrations(bench.folder, _FILES), repeat)
        where = "" if fast else ", durable server"
        yield from against_psql(f"{_FILES:,} small migrations{where}", times, bar)


def far(repeat: int) -> Iterator[Row]:
    """Through a proxy that delays each direction, against our own time without it."""
    with rig() as bench, delayed(bench.host, bench.folder, _DELAY_MS / 1000) as host:
        migrations = small_migrations(bench.folder, _FILES).migrations
        ours, local = medians(
            repeat, lambda: bench.ours(migrations, host), lambda: bench.ours(migrations)
        )
        allowed = 1.25 * local + _ROUND_TRIPS * 2 * _DELAY_MS
        what = f"{_FILES:,} small migrations, {_DELAY_MS} ms away"
        yield ratio(f"{what}: 1.25 x local + {_ROUND_TRIPS} trips", ours, allowed, 1.0)
        yield _floor(bench, host, ours / _FILES)
        late = _round_trip(bench, host) - _round_trip(bench, bench.host) - 2 * _DELAY_MS
        yield Row("the proxy's own part of a round trip", f"{late:.2f} ms")


def _floor(bench: Rig, host: str, ours: float) -> Row:
    psql = bench.psql(small_migrations(bench.folder, _FEW).script, host) / _FEW
    return ratio(f"a file of those, and of {_FEW} in psql", ours, psql)


def _round_trip(bench: Rig, host: str) -> float:
    """Milliseconds of the smallest query there is; the median of some."""
    times = []
    conninfo = make_conninfo(bench.server.conninfo, host=host)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        for _ in range(50):
            began = time.perf_counter()
            conn.execute("")
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
