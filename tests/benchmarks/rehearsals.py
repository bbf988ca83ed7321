"""What a rehearsal costs, beside the apply of the same migrations."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect import resolve
from schemamig_tui.engine import Selection
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from schemamig_tui.settings import load
from tests.benchmarks import samples
from tests.benchmarks.catalog import TABLE
from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.rig import Rig, rig

_FILES = 150
_TABLES = 2_000
_BEFORE = 300
_ALTERED, _AMONG = 10, 1_500
_MOST = 3.0
_LEDGER = "kb.schema_migrations"
_APPLIED, _PENDING = 300, 5
_MOST_ON_SCRATCH = 2.0

_Measure = Callable[[str, Path], float]


def rehearsals(repeat: int) -> Iterator[Row]:
    """Many files, one file of many new tables beside some that were there, and few among many."""
    with rig() as bench:
        history = samples.history(bench.folder, _FILES)
        yield _row(bench, f"a rehearsal of {_FILES} files; apply", history, repeat)
        small = samples.small_migrations(bench.folder, _FILES).migrations
        yield _row(bench, "  of two or three statements each", small, repeat)
    with rig() as bench:
        tables = samples.tables(bench.folder, _TABLES).migrations
        before = _with_tables(bench, "CREATE TABLE before_{0} (id int PRIMARY KEY)", _BEFORE)
        what = f"a rehearsal of {_TABLES:,} CREATE TABLEs; apply"
        yield _row(bench, what, tables, repeat, like=before)
    with rig() as bench:
        altered = samples.alterations(bench.folder, _ALTERED)
        many = _with_tables(bench, TABLE, _AMONG)
        what = f"a rehearsal of {_ALTERED} ALTERs, of {_AMONG:,} tables; apply and snapshot"
        yield _row(bench, what, altered, repeat, like=many, beside=_snapshot_and_apply)


def on_scratch(repeat: int) -> Iterator[Row]:
    """The whole program on a scratch that is remembered, and in the database itself."""
    with rig() as bench:
        migrations = samples.history(bench.folder, _APPLIED + _PENDING)
        conninfo = bench.database()
        connect = resolve(load({"dsn": conninfo}, {})).connect
        last = sorted(migrations.iterdir())[_APPLIED - 1].name
        Runner(connect, migrations, _LEDGER, lambda event: None).apply_pending(Selection(last))
        scratch = ("--scratch", bench.server.conninfo)
        _program(migrations, conninfo, *scratch)
        ours, in_place = medians(
            repeat,
            lambda: _program(migrations, conninfo, *scratch),
            lambda: _program(migrations, conninfo),
        )
        what = f"{_PENDING} files behind {_APPLIED} on a remembered scratch; in the database"
        yield ratio(what, ours, in_place, _MOST_ON_SCRATCH)


def _program(migrations: Path, conninfo: str, *arguments: str) -> float:
    """Milliseconds of one ``--rehearse``."""
    command = [sys.executable, "-m", "schemamig_tui", "--rehearse", "--dir", migrations]
    began = time.perf_counter()
    subprocess.run([*command, "--dsn", conninfo, *arguments], check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


def _with_tables(bench: Rig, table: str, count: int) -> str:
    """The name of a database with so many tables, each as ``table`` says with its number."""
    with psycopg.connect(bench.database(), autocommit=True) as conn:
        for number in range(count):
            conn.execute(table.format(number).encode())
        return conn.info.dbname


def _rehearse(conninfo: str, migrations: Path) -> float:
    connect = resolve(load({"dsn": conninfo}, {})).connect
    finished = Rehearsal(connect, migrations, _LEDGER, lambda event: None).rehearse_pending()
    if finished.failed or finished.left_out:
        raise SystemExit(f"the rehearsal did not come to its end: {finished}")
    return finished.ms


def _apply(conninfo: str, migrations: Path) -> float:
    connect = resolve(load({"dsn": conninfo}, {})).connect
    runner = Runner(connect, migrations, _LEDGER, lambda event: None)
    began = time.perf_counter()
    if runner.apply_pending().failed:
        raise SystemExit("the apply did not come to its end")
    return (time.perf_counter() - began) * 1000


def _snapshot_and_apply(conninfo: str, migrations: Path) -> float:
    """A rehearsal reads the schema once, and then only what each file has touched of it."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        began = time.perf_counter()
        snapshot(conn)
        read = (time.perf_counter() - began) * 1000
    return read + _apply(conninfo, migrations)


def _row(
    bench: Rig,
    what: str,
    migrations: Path,
    repeat: int,
    *,
    like: str = "template0",
    beside: _Measure = _apply,
) -> Row:
    def on_a_fresh_database(measure: _Measure) -> float:
        return measure(bench.database(like=like), migrations)

    ours, theirs = medians(
        repeat, lambda: on_a_fresh_database(_rehearse), lambda: on_a_fresh_database(beside)
    )
    return ratio(what, ours, theirs, _MOST)
