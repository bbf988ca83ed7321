"""The folder that the workers of one run of the tests share, for locks and for a cluster."""

import os
import tempfile
from pathlib import Path

import pytest

_VARIABLE = "SHARED_BY_THE_TESTS"


def make(config: pytest.Config, parent: Path) -> None:
    """Make the folder in ``parent``, in the process that starts the workers, until that ends."""
    if not hasattr(config, "workerinput"):
        made = tempfile.TemporaryDirectory(prefix="smt-run-", dir=parent)
        config.add_cleanup(made.cleanup)
        os.environ[_VARIABLE] = made.name


def folder() -> Path:
    """The folder."""
    return Path(os.environ[_VARIABLE])
