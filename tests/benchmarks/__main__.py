"""Run the benchmarks and print a row for each; the exit code is 1 when a bar is missed."""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator

from tests.benchmarks import (
    batches,
    big,
    catalog,
    checkpoints,
    cutting,
    docker_routes,
    documentation,
    drift,
    imports,
    linting,
    reading,
    rehearsals,
    small,
    startup,
    tui,
    watcher,
)
from tests.benchmarks.report import HEADER, Row
from tests.benchmarks.rig import rig

BENCHMARKS: dict[str, Callable[[int], Iterator[Row]]] = {
    "near": small.near,
    "far": small.far,
    "statements": big.statements,
    "data": big.data,
    "resume": checkpoints.checkpoints,
    "batches": batches.batches,
    "cutting": cutting.cutting,
    "reading": reading.reading,
    "startup": startup.startup,
    "imports": imports.imports,
    "linting": linting.linting,
    "drift": drift.drift,
    "docker": docker_routes.routes,
    "ui": tui.ui,
    "watcher": watcher.watcher,
    "catalog": catalog.catalog,
    "rehearsals": rehearsals.rehearsals,
    "scratch": rehearsals.on_scratch,
    "docs": documentation.documentation,
}


def main() -> int:
    """Run what was asked for, and tell whether every bar was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, help="run this one; can be repeated"
    )
    parser.add_argument("--repeat", type=int, default=5, help="times each is measured (default 5)")
    options = parser.parse_args()
    # An installed program has its byte code. Without this, every start would compile ours anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with rig() as bench:
        version = bench.version()
    print(
        f"PostgreSQL {version}, Python {platform.python_version()},"
        f" {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(HEADER)
    missed = False
    for name in options.only or BENCHMARKS:
        for row in BENCHMARKS[name](options.repeat):
            print(row, flush=True)
            missed |= row.kept is False
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
