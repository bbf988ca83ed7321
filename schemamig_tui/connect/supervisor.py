"""Keeps one embedded PostgreSQL running for as long as anybody uses it.

Started by ``connect.embedded`` as ``python -I -S supervisor.py`` with the arguments

    USERS_LOCK SERVER_FD UID GID POSTGRES [ARGUMENT ...]

It is a program of its own, with nothing but the standard library, so that the server belongs to
no user and costs little while it waits. Every user holds a shared lock on the file USERS_LOCK;
when the exclusive lock can be had, nobody is left, and the server is stopped. The kernel releases
a lock however its owner ends, so a user that is killed is not counted for ever.

SERVER_FD is an open file that carries the exclusive lock on the server. It is handed down to every
process of PostgreSQL, so the lock is free when, and only when, the last of them is gone.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# PostgreSQL's fast and immediate shutdown, then force, each with the seconds it gets.
_SHUTDOWN = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 0.0))


def main(users_lock: str, server_fd: int, uid: int, gid: int, command: list[str]) -> int:
    """Run the server until it ends, or until it has no users; its exit status."""
    if os.fork():
        return 0  # whoever started us need not wait for us
    users = os.open(users_lock, os.O_RDWR)  # before root's rights are given up
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    supervisor = os.getpid()
    libc = ctypes.CDLL(None)

    def tie_to_supervisor() -> None:
        """In the child: have the kernel shut the server down if the supervisor is killed.

        Linux only. Elsewhere such a server stays until somebody stops it by hand.
        """
        if sys.platform == "linux":
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != supervisor:  # killed before the line above
                os._exit(1)

    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, pass_fds=(server_fd,), preexec_fn=tie_to_supervisor
    )

    def stop_at_once(_signal: int, _frame: FrameType | None) -> None:
        server.send_signal(signal.SIGINT)

    def stop_when_unused() -> None:
        fcntl.flock(users, fcntl.LOCK_EX)
        for shutdown, patience in _SHUTDOWN:
            server.send_signal(shutdown)
            time.sleep(patience)

    for asked in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(asked, stop_at_once)
    threading.Thread(target=stop_when_unused, daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    _, users_lock, server_fd, uid, gid, *command = sys.argv
    sys.exit(main(users_lock, int(server_fd), int(uid), int(gid), command))
