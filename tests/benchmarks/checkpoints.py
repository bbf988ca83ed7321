"""Files without a transaction: what their checkpoints cost, and what it costs to resume one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg

from schemamig_tui.engine.run.runner import Runner
from tests.benchmarks.report import Row, against_psql, medians, ratio
from tests.benchmarks.rig import Rig, rig
from tests.benchmarks.samples import Sample, without_transaction

_STATEMENTS = 300
_DDL = (
    "CREATE TABLE t{0} (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x')",
    "ALTER TABLE t{1} ADD COLUMN more int",
    "COMMENT ON TABLE t{2} IS 'one of many'",
)
# What is asked of the session behind each: nothing; whether it has changed; what it is like.
_SHAPES = {
    "plain DDL": _DDL,
    "INSERTs": ("INSERT INTO seen VALUES ({0}, 'x')",),
    "SETs and INSERTs": ("SET work_mem = '{0}kB'", "INSERT INTO seen VALUES ({0}, 'x')"),
    "DO blocks": ("DO $$BEGIN PERFORM {0}; END$$",),
}


def checkpoints(repeat: int) -> Iterator[Row]:
    """Against a psql session that runs the same statements one by one, and notes nothing."""
    for shape, statements in _SHAPES.items():
        with rig() as bench:
            times = bench.against_psql(_sample(bench.folder, statements), repeat)
        yield from against_psql(f"{_STATEMENTS} {shape} with checkpoints", times, None)
        each = (times.ours - times.psql) / _STATEMENTS
        yield Row("  a checkpoint", f"{each:.2f} ms")
    with rig() as bench:
        resumed, fresh = medians(repeat, lambda: _resume(bench), lambda: _apply(bench))
    yield ratio("go on behind 300 statements, and run one", resumed, fresh)


def _sample(folder: Path, statements: tuple[str, ...], end: str = "ANALYZE seen") -> Sample:
    return without_transaction(
        folder,
        [
            "CREATE TABLE seen (id int, what text)",
            *(
                statements[i % len(statements)].format(i + 100, i + 99, i + 98)
                for i in range(_STATEMENTS)
            ),
            end,
        ],
    )


def _resume(bench: Rig) -> float:
    conninfo = bench.database()
    failing = _sample(bench.folder, _SHAPES["INSERTs"], "SELECT 1/0")
    Runner(
        lambda: psycopg.connect(conninfo, autocommit=True),
        failing.migrations,
        "kb.schema_migrations",
        lambda event: None,
    ).apply_pending()
    mended = _sample(bench.folder, _SHAPES["INSERTs"])
    return bench.apply(conninfo, mended.migrations)


def _apply(bench: Rig) -> float:
    conninfo = bench.database()
    with closing(psycopg.connect(conninfo, autocommit=True)) as conn:
        conn.execute("CREATE TABLE seen (id int, what text)")
    return bench.apply(conninfo, without_transaction(bench.folder, ["ANALYZE seen"]).migrations)
