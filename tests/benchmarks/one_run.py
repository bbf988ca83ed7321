"""One apply in a process of its own: prints how long it took and how much memory.

The arguments are a connection string and the folder of migrations. What is printed is JSON:
``ms`` from connected to committed, ``whole`` in ms with reading the files, ``peak`` in MB.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.connect import resolve
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.settings import load


def main(conninfo: str, folder: str) -> None:
    """Apply everything in ``folder``, with connections that are open already.

    They are made as the program makes them, with settings of ours.
    It is connected when it takes its second connection. Before that it has read its files.
    """
    target = resolve(load({"dsn": conninfo}, {}))
    # The third one takes the place of the first where a file goes on where it stopped.
    opened: list[psycopg.Connection[Any]] = [target.connect() for _ in range(3)]
    connected = 0.0

    def connect() -> psycopg.Connection[Any]:
        nonlocal connected
        if len(opened) > 1:
            connected = time.perf_counter()
        return opened.pop()

    runner = Runner(connect, Path(folder), "kb.schema_migrations", lambda event: None)
    began = time.perf_counter()
    finished = runner.apply_pending()
    ended = time.perf_counter()
    if finished.failed or not finished.applied:
        raise SystemExit(f"the run did not come to its end: {finished}")
    ms, whole = ((ended - start) * 1000 for start in (connected, began))
    print(json.dumps({"ms": ms, "whole": whole, "peak": _peak()}))


def _peak() -> float:
    try:
        # On Linux ru_maxrss starts with what the parent had: a fork counts before its exec.
        status = Path("/proc/self/status").read_text()
        kilobytes = float(status.partition("VmHWM:")[2].split()[0])
    except FileNotFoundError:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return kilobytes / 1000


if __name__ == "__main__":
    main(*sys.argv[1:])
