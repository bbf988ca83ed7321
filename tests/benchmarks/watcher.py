"""What a run pays for being observed.

The time of a run with and without differs by less than one run does from the next. So the bar is
for what can be told exactly: the processor time of the observer's thread, in that of all the run.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from schemamig_tui.engine.events import Listener
from schemamig_tui.engine.run import run
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.limits import Limits
from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.rig import Rig, rig
from tests.benchmarks.samples import small_migrations

_FILES = 1000
_BAR = 0.02


class _Metered(Observer):
    """Notes the seconds of processor time that its thread has taken."""

    spent = 0.0
    over = threading.Event()

    def _observe(self) -> None:
        super()._observe()
        _Metered.spent = time.thread_time()
        self.over.set()


class _Blind:
    """Stands for the observer where there is to be none."""

    last_blocked = gave_way = None

    def __init__(self, watch: Watch, limits: Limits, listener: Listener) -> None:
        self.report = listener

    def in_the_way(self, _: object) -> None:
        """Know of nobody."""

    def follow(self, *_: object) -> None:
        """Look at nothing."""

    def __enter__(self) -> "_Blind":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def watcher(repeat: int) -> Iterator[Row]:
    """The observer's share of a run; then whole runs with and without, in turns."""
    what = f"{_FILES:,} small migrations"
    with rig() as bench:
        migrations = small_migrations(bench.folder, _FILES).migrations
        share = max(_share(bench, migrations) for _ in range(repeat))
        yield Row(
            f"{what}: the observer's part",
            f"{share:.2%}",
            bar=f"<={_BAR:.0%}",
            kept=share <= _BAR,
        )
        seeing, blind = medians(
            repeat,
            lambda: _apply(bench, migrations, Observer),
            lambda: _apply(bench, migrations, _Blind),
        )
        yield ratio(f"{what}, observed and not", seeing, blind)


def _share(bench: Rig, migrations: Path) -> float:
    began = time.process_time()
    _Metered.over.clear()
    _apply(bench, migrations, _Metered)
    _Metered.over.wait()
    return _Metered.spent / (time.process_time() - began)


def _apply(bench: Rig, migrations: Path, observer: type[Observer | _Blind]) -> float:
    """Milliseconds of one run in this process, on a fresh database."""
    conninfo = bench.database()

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)

    runner = Runner(connect, migrations, "kb.schema_migrations", lambda event: None)
    began = time.perf_counter()
    with patch.object(run, "Observer", observer):
        finished = runner.apply_pending()
    assert len(finished.applied) == _FILES
    return (time.perf_counter() - began) * 1000
