"""How fast files are cut into statements, against the MD5 of the same bytes."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import parse
from tests.benchmarks import samples
from tests.benchmarks.report import Row, at_most, medians

_MEGABYTES_A_SECOND = 50
_SMALL_FILES = 1000
_SMALL_FILES_MS = 100

# Each makes a file of 50 MB.
_SHAPES = (
    ("COPY FROM stdin", partial(samples.copy, rows=530_000)),
    ("INSERTs of 1,000 rows", partial(samples.inserts, statements=430, rows=1000)),
    ("INSERTs of one row", partial(samples.inserts, statements=260_000, rows=1)),
)


def cutting(repeat: int) -> Iterator[Row]:
    """Big files in three shapes, with everything ``parse`` looks at, and many small files."""
    for shape, make in _SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            yield _big(shape, make(Path(folder)), repeat)
    with tempfile.TemporaryDirectory() as folder:
        files = scan(samples.small_migrations(Path(folder), _SMALL_FILES).migrations)
        (ms,) = medians(repeat, lambda: 1000 * _seconds(lambda: [parse(file) for file in files]))
    yield at_most(f"cutting: {_SMALL_FILES:,} small files", ms, _SMALL_FILES_MS, "ms")


def _big(shape: str, sample: samples.Sample, repeat: int) -> Row:
    (file,) = scan(sample.migrations)
    data = file.path.read_bytes()
    ours, floor = (
        file.size / 1_000_000 / seconds
        for seconds in medians(
            repeat,
            lambda: _seconds(lambda: parse(file)),
            lambda: _seconds(lambda: hashlib.md5(data, usedforsecurity=False)),
        )
    )
    return Row(
        f"cutting: {file.size / 1_000_000:.0f} MB of {shape}; MD5",
        f"{ours:.0f} MB/s",
        f"{floor:.0f} MB/s",
        f"{floor / ours:.2f} x",
        f">={_MEGABYTES_A_SECOND} MB/s",
        ours >= _MEGABYTES_A_SECOND,
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
