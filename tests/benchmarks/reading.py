"""How long it takes to read a folder, against the MD5 of the same bytes and nothing else."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import parse
from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.samples import small_migrations

_FILES = 10_000
_FEWER = 1_000


def reading(repeat: int) -> Iterator[Row]:
    """10,000 files: found and hashed, cut into statements, and whether that grows linearly."""
    with tempfile.TemporaryDirectory() as folder:
        many = small_migrations(Path(folder), _FILES).migrations
        files = scan(many)
        scanned, floor, cut, fewer = medians(
            repeat,
            lambda: _ms(lambda: scan(many)),
            lambda: _ms(lambda: hash_all(many)),
            lambda: _ms(lambda: [parse(file) for file in files]),
            lambda: _ms(lambda: [parse(file) for file in files[:_FEWER]]),
        )
    yield ratio(f"reading: {_FILES:,} files found; their MD5 alone", scanned, floor, 2.0)
    yield ratio(f"reading: {_FILES:,} files cut; their MD5 alone", cut, floor)
    per_file = f"reading: a file among {_FILES:,} cut; among {_FEWER:,}"
    yield ratio(per_file, cut, fewer * _FILES / _FEWER, 1.3)


def hash_all(folder: Path) -> None:
    """Read all files of a folder, and make their MD5."""
    for path in sorted(folder.iterdir()):
        hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
