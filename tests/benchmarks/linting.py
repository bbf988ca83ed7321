"""What linting adds to the time that squawk takes for the same files."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from schemamig_tui.engine import parse, scan
from schemamig_tui.lint.lint import lint
from tests.benchmarks.report import Row, medians

_FILES = 500
_AT_MOST = 1.5
_SAMPLES = Path(__file__).parents[2] / "migrations"


def linting(repeat: int) -> Iterator[Row]:
    """500 files as people write them, linted by us, and by squawk alone."""
    texts = [path.read_bytes() for path in sorted(_SAMPLES.glob("*.sql"))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(_FILES):
            (folder / f"{number:04}_sample.sql").write_bytes(texts[number % len(texts)])
        files = scan(folder)
        command = [Path(sys.executable).parent / "squawk", "--reporter=json", *folder.iterdir()]
        scripts = [parse(file) for file in files]  # whoever lints has planned them
        ours, floor = medians(
            repeat,
            lambda: _ms(lambda: lint(scripts)),
            lambda: _ms(lambda: subprocess.run(command, stdout=subprocess.PIPE, check=False)),
        )
    added = (ours - floor) / floor
    yield Row(
        f"linting: {_FILES} files, added to squawk",
        f"{ours:.0f} ms",
        f"{floor:.0f} ms",
        f"{added:.2f} x",
        f"<={_AT_MOST} x",
        added <= _AT_MOST,
    )


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
