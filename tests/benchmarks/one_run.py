"""One apply in a process of its own: prints its ms and the peak memory of the process in MB.

The arguments are a connection string and the folder of migrations.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.engine.runner import Runner


def main(conninfo: str, folder: str) -> None:
    """Apply everything in ``folder``, with connections that are open already.

    The clock starts when the run takes its second connection: that is when it is connected. Before
    that it has read its files, which is a row of its own (cutting), as start-up is.
    """
    opened: list[psycopg.Connection[Any]] = [
        psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) for _ in range(2)
    ]
    connected = 0.0

    def connect() -> psycopg.Connection[Any]:
        nonlocal connected
        connected = time.perf_counter()
        return opened.pop()

    runner = Runner(connect, Path(folder), "kb.schema_migrations", lambda event: None)
    finished = runner.apply()
    ms = (time.perf_counter() - connected) * 1000
    if finished.failed or not finished.applied:
        raise SystemExit(f"the run did not come to its end: {finished}")
    print(json.dumps({"ms": ms, "peak": _peak()}))


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
