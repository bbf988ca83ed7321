"""What has to be ended with a test, however that ends."""

import contextlib
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def at_the_end(*command: str | Path, start: Sequence[str | Path] = ("true",)) -> Iterator[None]:
    """Run ``command`` behind the block, or when the process of the tests is killed within it.

    A shell waits for the end of a pipe that this process alone can write to. The same shell runs
    ``start`` before, so that what ``command`` ends is there by then, whenever we are killed.
    """
    begin, end = (shlex.join(map(str, words)) for words in (start, command))
    shell = subprocess.Popen(
        ["sh", "-c", f"{begin} >/dev/null && echo started; read -r _; {end} >/dev/null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is not meant for it
    )
    try:
        assert shell.stdout is not None
        assert shell.stdout.readline(), f"{begin} has failed"
        yield
    finally:
        shell.communicate()
