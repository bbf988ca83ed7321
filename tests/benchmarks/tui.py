"""The UI on a terminal: until its first picture, at a key, and while a run is on."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.report import Row, at_most, medians, ratio
from tests.benchmarks.rig import Rig, rig
from tests.benchmarks.samples import small_migrations

# One run may take half as long as another, with the UI and without.
_TURNS = 9
_NOTICES = 100_000
_KEY = 50
_BLOCKED = 100
_SLICE = 50
_PEAK = 150


def ui(repeat: int) -> Iterator[Row]:
    """Every bar that the UI has to keep."""
    with rig() as bench:
        yield from _first_picture(bench, repeat)
        yield from _keys(bench)
        yield from _plans(bench, repeat)
        yield from _runs(bench, repeat)


def _first_picture(bench: Rig, repeat: int) -> Iterator[Row]:
    folders = {count: _plain(bench, count) for count in (100, 1_000, 10_000)}
    conninfo = bench.database()
    imports, few, thousand, many = medians(
        repeat,
        _imports,
        lambda: _until_picture(conninfo, folders[100], b"100"),
        lambda: _until_picture(conninfo, folders[1_000], b"1,000"),
        lambda: _until_picture(conninfo, folders[10_000], b"10,000"),
    )
    yield ratio("first picture of 1,000, against the imports", thousand, imports, 3.0)
    yield ratio("first picture of 10,000, against that of 100", many, few, 2.0)


def _keys(bench: Rig) -> Iterator[Row]:
    times = _one(bench, "keys", _plain(bench, 10_000))
    for key, ms in times.items():
        yield at_most(f"a key among 10,000 migrations: {key}", ms, _KEY, "ms")


def _plans(bench: Rig, repeat: int) -> Iterator[Row]:
    folder = _plain(bench, 10_000)
    told = [_one(bench, "plan", folder) for _ in range(max(1, repeat // 2))]
    longest = min(one["slice"] for one in told)
    yield at_most("the plan of 10,000: the longest slice of the loop", longest, _SLICE, "ms")
    yield Row("the plan of 10,000: until it is there", f"{min(one['ms'] for one in told):.0f} ms")


def _runs(bench: Rig, repeat: int) -> Iterator[Row]:
    turns = max(repeat, _TURNS)
    thousand = small_migrations(bench.folder, 1_000).migrations
    ours, floor = medians(
        turns,
        lambda: _one(bench, "run", thousand)["ms"],
        lambda: _one(bench, "headless", thousand)["ms"],
    )
    yield ratio("the run of 1,000 small ones, against headless", ours, floor, 1.3)
    flood = bench.folder / "flood"
    flood.mkdir()
    loop = f"FOR i IN 1..{_NOTICES} LOOP RAISE NOTICE 'notice %', i; END LOOP;"
    (flood / "0001_flood.sql").write_text(f"DO $$ BEGIN {loop} END $$;\n")
    told: list[dict[str, float]] = []
    ours, floor = medians(
        turns,
        lambda: told.append(_one(bench, "run", flood)) or told[-1]["ms"],
        lambda: _one(bench, "headless", flood)["ms"],
    )
    what = f"{_NOTICES:,} notices"
    yield ratio(f"{what}, against headless", ours, floor, 1.3)
    blocked = sorted(one["blocked"] for one in told)[len(told) // 2]
    yield at_most(f"{what}: the loop blocked at most", blocked, _BLOCKED, "ms")
    yield at_most(f"{what}: memory", max(one["peak"] for one in told), _PEAK, "MB")


def _plain(bench: Rig, count: int) -> Path:
    folder = bench.folder / f"plain_{count}"
    if not folder.exists():
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05}_plain.sql").write_text(f"SELECT {number};\n")
    return folder


def _imports() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import psycopg, textual.app"], check=True)
    return (time.perf_counter() - began) * 1000


def _until_picture(conninfo: str, folder: Path, count: bytes) -> float:
    """Milliseconds from the start of the program until its panes and its SQL are drawn."""
    began = time.perf_counter()
    drawn = b""
    with _on_terminal("schemamig_tui", "--dsn", conninfo, "--dir", folder) as (program, terminal):
        while b"Pending " + count not in drawn or b"SELECT" not in drawn:
            drawn += os.read(terminal, 65536)
        ms = (time.perf_counter() - began) * 1000
        program.kill()
    return ms


def _one(bench: Rig, what: str, folder: Path) -> dict[str, float]:
    report = bench.folder / "report.json"
    command = ("tests.benchmarks.tui_one", what, bench.database(), folder, report)
    with _on_terminal(*command) as (program, terminal), contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, command)
    told: dict[str, float] = json.loads(report.read_text())
    return told


@contextlib.contextmanager
def _on_terminal(module: str, *args: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A module that runs on a terminal of 120 x 40, which has to be read; that fails at its end."""
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environ = {**os.environ, "TERM": "xterm-256color"}
    command = [sys.executable, "-m", module, *args]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ
    ) as program:
        os.close(theirs)
        yield program, terminal
    os.close(terminal)
