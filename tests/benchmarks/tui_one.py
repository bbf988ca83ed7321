"""The UI in a process of its own, without a terminal: prints what was measured in it as JSON.

The arguments are ``run`` or ``keys``, a connection string and the folder of migrations.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from textual.pilot import Pilot

from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp

_BEAT = 0.01


async def _measure(what: str, conninfo: str, folder: str) -> dict[str, float]:
    app = MigrationsApp(Settings(directory=Path(folder), dsn=conninfo))
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            while app.main.detail.migration is None:
                await pilot.pause(_BEAT)
            await pilot.pause(0.5)
            return await (_run(app, pilot) if what == "run" else _keys(pilot))
    finally:
        app.close()


async def _run(app: MigrationsApp, pilot: Pilot[None]) -> dict[str, float]:
    """Milliseconds of the run, the longest time in which the loop did nothing else, and memory."""
    await pilot.press("a")
    pressing = asyncio.create_task(pilot.press("y"))  # which may come back after the run
    while (run := app.run_on) is None:
        await asyncio.sleep(0)
    longest, last = 0.0, time.perf_counter()
    while app.run_on is not None:
        await asyncio.sleep(_BEAT)
        now = time.perf_counter()
        longest, last = max(longest, now - last - _BEAT), now
    await pressing
    finished = run.progress.finished
    assert finished is not None
    assert not finished.failed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # kB on Linux
    return {"ms": finished.ms, "blocked": longest * 1000, "peak": peak}


async def _keys(pilot: Pilot[None]) -> dict[str, float]:
    """Milliseconds of the loop's thread for each key, the longest of some."""
    times: dict[str, float] = {}
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


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(*sys.argv[1:]))))
