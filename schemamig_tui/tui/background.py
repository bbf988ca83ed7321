"""Runs blocking work in daemon threads, keeps the loop smooth, and watches the folder."""

import asyncio
import contextlib
import contextvars
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
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


class _Garbage:
    """The garbage collector, for threads that want it to run seldom, or not at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[int] = []
        self._before = gc.get_threshold()

    @contextlib.contextmanager
    def after(self, objects: int) -> Iterator[None]:
        """Let it run after so many new objects, 0 is never, and look at no older ones."""
        with self._lock:
            if not self._wanted:
                self._before = gc.get_threshold()
            self._wanted.append(objects)
            self._set()
        try:
            yield
        finally:
            with self._lock:
                self._wanted.remove(objects)
                self._set()

    def _set(self) -> None:
        # That makes all objects old ones, without a look at any of them.
        gc.freeze()
        if self._wanted:
            gc.set_threshold(min(self._wanted), *self._before[1:])
        else:
            gc.set_threshold(*self._before)
            gc.unfreeze()


_collector = _Garbage()


def rare_collections() -> contextlib.AbstractContextManager[None]:
    """Let the garbage collector run seldom while a run is on.

    The UI and the events of a run are many objects; a collection goes through all of them and
    stops all threads meanwhile.
    """
    return _collector.after(250_000)


def no_collections() -> contextlib.AbstractContextManager[None]:
    """Let it not run while many objects are made that stay: 130 ms were seen for 10,000 files."""
    return _collector.after(0)


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
