"""Runs blocking work in daemon threads, watches the folder, and repeats with growing pauses."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from textual.timer import Timer

Result = TypeVar("Result")

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0


async def in_thread(work: Callable[[], Result]) -> Result:
    """Await ``work`` as ``asyncio.to_thread`` does, but in a daemon thread of its own.

    Quitting does not wait for a server that does not answer, and many such waits do not use up
    the threads of a pool.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # then work has returned it
        else:
            future.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # whatever it is belongs to the one who awaits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="background", daemon=True).start()
    return await future


class FolderWatch:
    """Waits for changes of the migrations in a folder: of their names, sizes and times.

    It asks the file system, which works everywhere (network and container mounts send no events),
    at least every second and so seldom that it takes no more than a fiftieth of the time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: object = None

    async def changed(self) -> None:
        """Return at the next change."""
        while True:
            began = time.monotonic()
            found = await in_thread(self._signature)
            if self._seen is None:
                self._seen = found
            if found != self._seen:
                self._seen = found
                return
            await asyncio.sleep(max(1.0, 50 * (time.monotonic() - began)))

    def _signature(self) -> object:
        try:
            with os.scandir(self._folder) as entries:
                return sorted(
                    (entry.name, (stat := entry.stat()).st_mtime_ns, stat.st_size)
                    for entry in entries
                    if entry.name.endswith(".sql")
                )
        except OSError as error:
            return error.errno


class Retry:
    """Calls ``again`` after pauses that get longer and longer, from 2 to 30 seconds."""

    def __init__(
        self, set_timer: Callable[[float, Callable[[], None]], Timer], again: Callable[[], None]
    ) -> None:
        self._set_timer, self._again = set_timer, again
        self._timer: Timer | None = None
        self._pause = _FIRST_PAUSE

    def later(self) -> None:
        """Call it once, after a pause."""
        self._timer = self._set_timer(self._pause, self._again)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def reset(self) -> None:
        """Do not call it; the next pause is a short one again."""
        if self._timer is not None:
            self._timer.stop()
        self._pause = _FIRST_PAUSE
