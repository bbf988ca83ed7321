"""Processes that are forked off the tests, and so have everything imported when they begin.

A start of Python that imports the program takes 0.4 s of a processor, a fork 0.02 s. Signals, locks
and connections of such a process are its own, as is its end. What it does not have are the start
of an interpreter and its end: tests of these start Python.
"""

import atexit
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import IO, Any, NoReturn

from schemamig_tui.__main__ import program

_BUG = 70


def fork(
    run: Callable[[], object], *, environ: Mapping[str, str] | None = None, **options: Any
) -> "subprocess.Popen[str]":
    """Call ``run`` in a new process. What it returns, or exits with, is the exit code.

    ``environ`` is all of the environment, that of the tests by default; ``options`` are those of
    Popen, such as a pipe or a user. No file of the tests is open there but for the streams.
    """

    # Popen calls this in the child where it is ready for another program. None ever comes.
    def child() -> NoReturn:
        code: object = _BUG
        # Nothing that the tests hold is freed here: a connection that is freed says so to the
        # server, through a file number that stands for another file by now.
        gc.freeze()
        atexit._clear()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # which Popen waits for, too
        try:
            _as_at_the_start(environ)
            code = run()
        except SystemExit as end:
            code = end.code
        except BaseException:
            traceback.print_exc()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code if isinstance(code, int) else 0)

    # Python ignores SIGPIPE, and a process that it starts by default does not.
    process: subprocess.Popen[str] = subprocess.Popen(
        [sys.executable], preexec_fn=child, restore_signals=False, text=True, **options
    )
    return process


def fork_program(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    """Run schemamig-tui in a new process; ``options`` are those of ``fork``."""

    def run() -> None:
        sys.argv = ["schemamig-tui", *arguments]
        sys.orig_argv = [sys.executable, "-m", "schemamig_tui", *arguments]
        program()

    return fork(run, **options)


def _as_at_the_start(environ: Mapping[str, str] | None) -> None:
    """Make streams, environment and signals what they are in a new interpreter in UTF-8 mode."""
    if environ is not None:
        os.environ.clear()
        os.environ.update(environ)
        time.tzset()
    sys.stdin = sys.__stdin__ = _stream(0, "r", "surrogateescape")
    sys.stdout = sys.__stdout__ = _stream(1, "w", "surrogateescape")
    sys.stderr = sys.__stderr__ = _stream(2, "w", "backslashreplace")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _stream(number: int, mode: str, errors: str) -> IO[str]:
    return open(number, mode, encoding="utf-8", errors=errors, closefd=False)
