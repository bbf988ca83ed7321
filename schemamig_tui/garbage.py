"""Has Python's garbage collector run seldom, or not at all, during some work."""

import contextlib
import gc
import threading
from collections.abc import Iterator


class _Garbage:
    """The garbage collector, for threads that want it to run seldom, or not at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[int] = []
        self._before = gc.get_threshold()

    @contextlib.contextmanager
    def after(self, objects: int) -> Iterator[None]:
        """Have it run after so many new objects (0: never), and look at no older ones."""
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
    """Keep it from running while many objects are made that stay.

    Its runs took 130 ms for 10,000 files, and two thirds of the time for 5,000 tables, for nothing.
    """
    return _collector.after(0)
