"""The program: ``schemamig-tui``, and ``python -m schemamig_tui``.

The first thing it does is to say what a signal does, so that none that comes during the imports
ends in Python's own traceback. What comes before, while Python itself starts, is beyond us.
"""

# The module signal makes enums of these first, which takes longer than all that is below.
import _signal  # type: ignore[import-not-found]  # built in, and in no stub
import gc
import os

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
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from schemamig_tui.cli import main as run

    return run()


def _end(_number: int, _frame: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    raise SystemExit(main())
