"""The program: ``schemamig-tui``, and ``python -m schemamig_tui``.

It sets its signal handlers first, so that a signal during the imports does not end in Python's own
traceback. A signal while Python itself starts is beyond us.
"""

# Only what Python has loaded itself. The module signal makes enums of these first, which takes
# longer than all that is below.
import _signal  # type: ignore[import-not-found]  # built in, and in no stub
import os
import sys

_SIGNALS = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)
_INTERRUPTED = 130  # ExitCode.INTERRUPTED
# Importing makes many objects and hardly any garbage. With the 700 that are usual, looking for it
# was a twentieth of a start.
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


def main() -> int:
    """Run the program with the arguments of the process, and return its exit code."""
    for number in _SIGNALS:
        if _signal.getsignal(number) != _signal.SIG_IGN:  # as under nohup
            _signal.signal(number, _end)
    import gc

    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from schemamig_tui.cli import main as run

    return run()


def program() -> None:
    """Run the program as a process of its own, which ends with it.

    At its end Python would take apart all modules and objects, which took a fifth of the time of a
    short command and is of no use. What is registered for the end is still done, and threads are
    waited for.
    """
    code = main()
    threading = sys.modules.get("threading")
    if (threading is None or threading.active_count() == 1) and _finished():
        os._exit(code)
    sys.exit(code)


def _finished() -> bool:
    """Do what is registered for the end, and flush the streams; False where that fails."""
    import atexit

    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream:  # Python has none for one that is closed
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _end(_number: int, _frame: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    program()
