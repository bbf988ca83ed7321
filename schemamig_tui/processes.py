"""Ends a program that was started in a session of its own, with what it has started itself."""

import contextlib
import os
import signal
import subprocess


def kill_group(program: "subprocess.Popen[bytes]") -> None:
    """Kill a program that ``start_new_session`` was given for; on Windows it alone."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(program.pid, signal.SIGKILL)
        else:
            program.kill()
    program.wait()
