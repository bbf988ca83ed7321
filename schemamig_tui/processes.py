"""Ends a program that runs in a session of its own, with all processes that it has started."""

import contextlib
import os
import signal
import subprocess


def kill_group(program: "subprocess.Popen[bytes]") -> None:
    """Kill a program started with ``start_new_session``, and its children (not on Windows)."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(program.pid, signal.SIGKILL)
        else:
            program.kill()
    program.wait()
