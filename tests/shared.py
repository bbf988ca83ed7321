"""The folder that the workers of one run of the tests share: for locks, servers and a cluster.

It is gone when the run is over. A run that was killed leaves it to the next one, which knows by a
lock that nobody uses it any more.
"""

import fcntl
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TextIO

import pytest

_VARIABLE = "SHARED_BY_THE_TESTS"
_PREFIX = "smt-run-"
_LOCK = "used.lock"

_held: list[TextIO] = []


def make(config: pytest.Config, parent: Path) -> None:
    """Make the folder in ``parent``, in the process that starts the workers; use it in each."""
    if not hasattr(config, "workerinput"):
        remove_unused(parent)
        # It has the name by which others look for it when it is in use.
        unnamed = Path(tempfile.mkdtemp(prefix="smt-", dir=parent))
        unnamed.chmod(0o711)
        _use(unnamed)
        made = unnamed.rename(parent / f"{_PREFIX}{unnamed.name.removeprefix('smt-')}")
        config.add_cleanup(partial(shutil.rmtree, made, ignore_errors=True))
        os.environ[_VARIABLE] = str(made)
    else:
        _use(folder())


def _use(made: Path) -> None:
    lock = (made / _LOCK).open("a")
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held.append(lock)


def is_made() -> bool:
    """Whether there is a run of the tests."""
    return _VARIABLE in os.environ


def folder() -> Path:
    """The folder."""
    return Path(os.environ[_VARIABLE])


def remove_unused(parent: Path) -> None:
    """Remove the folders in ``parent`` that killed runs have left."""
    for path in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        with path.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        shutil.rmtree(path.parent, ignore_errors=True)
