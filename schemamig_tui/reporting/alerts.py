"""Alerts: the command of the settings that is started once after a run."""

import json
import math
import os
import signal
import subprocess
import tempfile
import time
from typing import IO, Any

from schemamig_tui.processes import kill_group
from schemamig_tui.text import redact, visible
from schemamig_tui.units import lasting

_LONGEST_OUTPUT = 2000  # bytes at the end of what it has written, of which the last line is shown
# What it writes beyond that is thrown away while it runs: a command in a loop would fill the disk.
_MOST_OUTPUT = 1 << 20
_LOOK = 0.05  # seconds


def alert(command: str, run: dict[str, Any], limit: float | None) -> str | None:
    """Give ``run`` as JSON to a command of the shell; returns what went wrong, in a clause.

    After ``limit`` seconds it is killed, with what it has started. Its input and its output are
    files, so it may leave the one unread, and what it leaves in the background holds nobody up.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as written:
        given.write(json.dumps(run).encode() + b"\n")
        given.seek(0)
        try:
            program = subprocess.Popen(
                command,
                shell=True,  # the command is the user's own, and pipes are what it is for
                stdin=given,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, and the whole group can be killed
            )
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        try:
            code = _wait(program, written, limit)
        except subprocess.TimeoutExpired:
            kill_group(program)
            return f"was ended after {lasting(limit or 0)}"
        if code == 0:
            return None
        ended = f"ended with {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
        return ": ".join(filter(None, [ended, _last_line(written)]))


def _wait(program: subprocess.Popen[bytes], written: IO[bytes], limit: float | None) -> int:
    """Its exit code. Raises TimeoutExpired after ``limit`` seconds."""
    end = math.inf if limit is None else time.monotonic() + limit
    while True:
        left = end - time.monotonic()
        try:
            return program.wait(max(0, min(_LOOK, left)))
        except subprocess.TimeoutExpired:
            if left <= _LOOK:
                raise
        if os.fstat(written.fileno()).st_size > _MOST_OUTPUT:
            # The place where the command writes is ours, too: it goes on from the beginning.
            written.seek(0)
            written.truncate()


def _last_line(written: IO[bytes]) -> str:
    written.seek(max(0, written.seek(0, os.SEEK_END) - _LONGEST_OUTPUT))
    lines = written.read().decode(errors="replace").split("\n")
    return redact(visible(next((line for line in reversed(lines) if line.strip()), "")))
