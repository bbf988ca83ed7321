"""Runs blocking work in daemon threads, and watches the folder."""

import asyncio
import contextlib
import contextvars
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Await ``work`` as ``asyncio.to_thread`` does, but in a daemon thread of its own.

    Quitting does not wait for a server that does not answer, and many such waits do not use up
    the threads of a pool.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()
    context = contextvars.copy_context()

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
            result = context.run(work)
        except BaseException as error:  # whatever it is belongs to the one who awaits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="background", daemon=True).start()
    return await future


class FolderWatch:
    """Tells of changes of the migrations in a folder: of their names, sizes and times.

    It asks the file system, which works everywhere (network and container mounts send no events).
    ``pause`` is how many seconds to wait before it is asked again: at least one, and so many that
    asking takes no more than a fiftieth of the time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: object = None
        self.pause = 1.0

    async def changed(self) -> bool:
        """Whether there was a change since the last time."""
        began = time.monotonic()
        before, self._seen = self._seen, await in_thread(self._signature)
        self.pause = max(1.0, 50 * (time.monotonic() - began))
        return before is not None and before != self._seen

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
