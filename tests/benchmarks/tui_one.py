"""The UI in a process of its own, on the terminal it is given; or the same run without any UI.

The arguments are ``run``, ``keys``, ``plan`` or ``headless``, a connection string, the folder of
migrations, and a file for what was measured, which is written as JSON.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from schemamig_tui.connect import resolve
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp
from schemamig_tui.tui.screens.plan import PlanQuestion

_BEAT = 0.01
Measured = dict[str, float]


def _headless(settings: Settings) -> Measured:
    """Milliseconds of the run by the engine's own clock, as ``_run`` has them; nobody listens."""
    target = resolve(settings)
    runner = Runner(target.connect, settings.directory, settings.table, lambda event: None)
    return {"ms": runner.apply_pending().ms}


def _with_ui(what: str, settings: Settings) -> Measured:
    app = MigrationsApp(settings)
    told: Measured = {}

    async def play(pilot: Pilot[None]) -> None:
        while app.main.detail.migration is None:
            await pilot.pause(_BEAT)
        await pilot.pause(0.5)
        measure = {"run": _run, "keys": _keys, "plan": _plan}[what]
        told.update(await measure(app, pilot))
        app.exit()

    try:
        app.run(auto_pilot=play)
    finally:
        app.close()
    return told


async def _run(app: MigrationsApp, pilot: Pilot[None]) -> Measured:
    """Milliseconds of the run, the longest time in which the loop did nothing else, and memory."""
    await pilot.press("a")
    await _blocked(lambda: not _is_planned(app))
    pressing = asyncio.create_task(pilot.press("y"))  # which may come back after the run
    while (run := app.run_on) is None:
        await asyncio.sleep(0)
    blocked = await _blocked(lambda: app.run_on is not None)
    await pressing
    finished = run.progress.finished
    assert finished is not None
    assert not finished.failed
    assert not run.left_out
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # kB on Linux
    return {"ms": finished.ms, "blocked": blocked, "peak": peak}


async def _plan(app: MigrationsApp, pilot: Pilot[None]) -> Measured:
    """Milliseconds until a plan is there, and of the loop's thread for the longest slice of work.

    That is until it has been asked for, read, shown, and shown again at another width.
    """
    began = time.perf_counter()
    pressing = asyncio.create_task(pilot.press("a"))
    slices = [await _longest_slice(lambda: not _is_planned(app))]
    ms = (time.perf_counter() - began) * 1000
    await pressing
    ended = time.perf_counter() + 1
    fewer = asyncio.create_task(pilot.resize_terminal(100, 40))
    slices.append(await _longest_slice(lambda: time.perf_counter() < ended))
    await fewer
    return {"ms": ms, "slice": max(slices)}


def _is_planned(app: MigrationsApp) -> bool:
    return isinstance(app.screen, PlanQuestion) and app.screen.plan is not None


async def _longest_slice(goes_on: Callable[[], bool]) -> float:
    """The most milliseconds that the loop's thread has worked from one beat to the next."""
    longest, last = 0.0, time.thread_time()
    while goes_on():
        await asyncio.sleep(_BEAT)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    return longest * 1000


async def _blocked(goes_on: Callable[[], bool]) -> float:
    """The longest time in milliseconds in which the loop did something else, while it goes on."""
    longest, last = 0.0, time.perf_counter()
    while goes_on():
        await asyncio.sleep(_BEAT)
        now = time.perf_counter()
        longest, last = max(longest, now - last - _BEAT), now
    return longest * 1000


async def _keys(app: MigrationsApp, pilot: Pilot[None]) -> Measured:
    """Milliseconds of the loop's thread for each key, the longest of some."""
    times: Measured = {}
    for key, keys in (("pane", "1313"), ("filter", "0099"), ("move", "jkjk")):
        if key == "filter":
            await pilot.press("slash")
        if key == "move":
            await pilot.press("escape")
        for pressed in keys:
            await pilot.pause(0.1)
            began = time.thread_time()
            await pilot.press(pressed)
            times[key] = max(times.get(key, 0.0), (time.thread_time() - began) * 1000)
    return times


def main(what: str, conninfo: str, folder: str, report: str) -> None:
    """Measure, and write the report."""
    settings = Settings(directory=Path(folder), dsn=conninfo)
    told = _headless(settings) if what == "headless" else _with_ui(what, settings)
    Path(report).write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
