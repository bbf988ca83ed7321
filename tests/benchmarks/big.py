"""One big file: many statements, or much data."""

from collections.abc import Iterator
from functools import partial

from tests.benchmarks import samples
from tests.benchmarks.report import Row, against_psql, at_most
from tests.benchmarks.rig import rig

_STATEMENTS = 5000
_PEAK = 80

# Each makes a file of 50 MB.
_SHAPES = (
    ("COPY FROM stdin", partial(samples.copy, rows=530_000), 1.05),
    ("INSERTs of 1,000 rows", partial(samples.inserts, statements=430, rows=1000), 1.05),
    ("INSERTs of one row", partial(samples.inserts, statements=260_000, rows=1), None),
)


def statements(repeat: int) -> Iterator[Row]:
    """A file of many statements, against psql with BEGIN and COMMIT around it."""
    with rig() as bench:
        sample = samples.inserts(bench.folder, statements=_STATEMENTS - 1, rows=1)
        times = bench.against_psql(sample, repeat, at_once=True)
    yield from against_psql(f"one file of {_STATEMENTS:,} statements", times, 1.0)


def data(repeat: int) -> Iterator[Row]:
    """A file of much data in three shapes, and the memory that takes."""
    for shape, make, bar in _SHAPES:
        with rig() as bench:
            sample = make(bench.folder)
            megabytes = sample.script.stat().st_size / 1_000_000
            times = bench.against_psql(sample, repeat if bar else 1, at_once=True)
        what = f"{megabytes:.0f} MB of {shape}"
        yield from against_psql(what, times, bar)
        yield at_most(f"{what}: peak memory", bench.peak, _PEAK, "MB")
