"""How long the command takes when there is nothing to do, against importing what it needs."""

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.rig import rig
from tests.benchmarks.samples import small_migrations

_FILES = 1000
_TURNS = 15


def startup(repeat: int) -> Iterator[Row]:
    """``--list`` and ``--apply`` with everything applied."""
    with rig() as bench:
        conninfo = bench.database()
        migrations = small_migrations(bench.folder, _FILES).migrations
        bench.apply(conninfo, migrations)
        us = ["-m", "schemamig_tui", "--dsn", conninfo, "--dir", str(migrations)]
        listed, applied, floor = medians(
            max(repeat, _TURNS),
            lambda: _run(*us, "--list"),
            lambda: _run(*us, "--apply"),
            lambda: _run("-c", "import psycopg, asyncio"),
        )
    yield ratio(f"start-up: --list of {_FILES:,} applied files", listed, floor, 1.5)
    yield ratio(f"start-up: --apply of {_FILES:,} applied files", applied, floor, 1.5)


def _run(*arguments: str) -> float:
    """Milliseconds of this Python with ``arguments``, from its start to its end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return (time.perf_counter() - began) * 1000
