"""Tests that measure time run alone: while one is on, no other worker of the run is at a test.

Two locks of the system (flock) between the workers of pytest-xdist: every test holds ``room``, the
ones marked ``alone`` exclusively. Whoever wants ``room`` passes through ``door`` first, so that a
test that waits to be alone is not passed over by the others for ever.
"""

import contextlib
import fcntl
from collections.abc import Iterator

from tests import shared


@contextlib.contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait for the turn of a test, which lasts as long as the block."""
    folder = shared.folder()
    with (folder / "room").open("ab") as room:
        with (folder / "door").open("ab") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
