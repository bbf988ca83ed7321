"""Where the time of a start goes: the imports of a command, by whose modules they are."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.rig import rig
from tests.benchmarks.samples import small_migrations

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*([\w.]+)")
_OURS, _DRIVER = "schemamig_tui", "psycopg"


def imports(repeat: int) -> Iterator[Row]:
    """``--list``: what our own modules and psycopg's cost, against all that is imported."""
    with rig() as bench:
        conninfo = bench.database()
        migrations = small_migrations(bench.folder, 1).migrations
        bench.apply(conninfo, migrations)
        shares: list[Mapping[str, float]] = []

        def measure() -> float:
            shares.append(_by_package(conninfo, migrations))
            return sum(shares[-1].values())

        (total,) = medians(max(repeat, 5), measure)
    middle = sorted(shares, key=lambda share: sum(share.values()))[len(shares) // 2]
    yield ratio("start-up by import: our own modules; all", middle[_OURS], total)
    yield ratio("start-up by import: psycopg; all", middle[_DRIVER], total)


def _by_package(conninfo: str, migrations: Path) -> Mapping[str, float]:
    """Milliseconds of the modules of each package by itself, as Python measures them."""
    command = [sys.executable, "-X", "importtime", "-m", _OURS, "--list", "--dsn", conninfo]
    run = subprocess.run([*command, "--dir", migrations], capture_output=True, check=True)
    found: dict[str, float] = defaultdict(float)
    for microseconds, module in _LINE.findall(run.stderr.decode()):
        package = module.partition(".")[0]
        found[_DRIVER if package.startswith(_DRIVER) else package] += int(microseconds) / 1000
    return found
