"""Handles SIGINT, SIGTERM and SIGHUP: the program ends, or the run is cancelled first.

Python calls a signal handler in the main thread, and only when that thread runs Python code again:
the lookup of a host's name has delayed a handler for more than nine seconds. So a thread of our own
takes the signals, whose numbers the interpreter writes to a pipe at once (signal.set_wakeup_fd).
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from schemamig_tui import patience
from schemamig_tui.errors import ExitCode

# Seconds for what is no waiting; the engine itself ends its waits in time.
_SPARE = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """A context manager that handles the signals.

    Outside of ``cancelling`` a signal ends the program where it stands: nothing has begun that
    would have to be undone, and an exception out of a signal handler can get lost in a callback
    or end in a traceback. Within it the first signal cancels, and a program that is not done some
    seconds later, because somebody does not answer, is ended as by a second one. Signals that the
    parent has set to be ignored stay so (nohup).

    Afterwards the handlers are what they were before; with ``for_good`` signals are ignored, so
    that none that comes while the interpreter winds up changes the exit code of finished work.
    """

    def __init__(self, *, for_good: bool) -> None:
        self.requested = False
        """Whether the run has been asked to cancel."""
        self._cancel: Callable[[], None] | None = None
        self._for_good = for_good
        self._done = threading.Event()
        self._before: dict[int, signal._HANDLER] = {}
        self._pipe = self._pipe_before = -1

    def __enter__(self) -> "Stop":
        numbers, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        self._taking = threading.Thread(target=self._take, args=(numbers,), daemon=True)
        self._taking.start()
        self._pipe_before = signal.set_wakeup_fd(self._pipe, warn_on_full_buffer=False)
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, lambda number, frame: None)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._for_good else handler)
        signal.set_wakeup_fd(self._pipe_before)
        os.close(self._pipe)
        self._taking.join()

    def _take(self, numbers: int) -> None:
        with os.fdopen(numbers, "rb", buffering=0) as pipe:
            while received := pipe.read(1):
                if received[0] in self._before:
                    self._received()

    @contextmanager
    def cancelling(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Within this the first signal calls ``cancel``; the second one ends the program."""
        self._cancel = cancel
        self._done.clear()  # there may have been others before
        try:
            yield
        finally:
            self._cancel = None
            self._done.set()

    def _received(self) -> None:
        cancel, self._cancel = self._cancel, None
        if cancel is None:
            _say("interrupted")
            os._exit(ExitCode.INTERRUPTED)
        self.requested = True
        _say("cancelling... (once more ends the program at once)")
        cancel()
        threading.Thread(target=self._end_in_time, name="end in time", daemon=True).start()

    def _end_in_time(self) -> None:
        times = patience.PATIENCE
        if not self._done.wait(times.confirm + times.report + _SPARE):
            _say("the server could not be asked what it has kept")
            os._exit(ExitCode.INTERRUPTED)


def _say(what: str) -> None:
    if sys.stderr is None:  # its number may be that of a connection by now
        return
    # Not through sys.stderr: the signal may have come in the middle of a write to it.
    with suppress(OSError):
        os.write(2, f"{what}\n".encode())
