"""What has to be ended with a test, however that ends."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def at_the_end(*command: str | Path) -> Iterator[None]:
    """Run ``command`` behind the block, or when the process of the tests is killed within it.

    A shell waits for the end of a pipe that this process alone can write to.
    """
    shell = subprocess.Popen(
        ["sh", "-c", 'read -r _; "$@"', "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is not meant for it
    )
    try:
        yield
    finally:
        shell.communicate()
