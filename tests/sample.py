"""Which tests a run of all of them takes: in CI each one, elsewhere a part of those that take long.

Most of the time goes into cases, which try one sentence with many inputs on a server, and into a
few files about what takes seconds, such as servers that die. Of both, each run takes another part.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from zlib import crc32

import pytest

from tests import shared, tools

_ONE_OF = 5

# Folders and files, by a part of their names, each of whose tests takes long.
_LONG = (
    *("faults", "recipes", "scratch", "verify", "remembered", "embedded", "killed_run", "backfill"),
    *("terminal", "quitting", "pg_dump", "restored", "grammar", "single_changes", "script_big"),
    *("growth", "samples", "contrast"),
)


def is_whole(config: pytest.Config) -> bool:
    """Whether a run is of all tests, and not of those that somebody has named."""
    narrowed = any(config.getoption(option, None) for option in ("keyword", "markexpr", "lf"))
    return config.args == config.getini("testpaths") and not narrowed


def note(config: pytest.Config) -> str | None:
    """What to say of a run that does not take each test."""
    if not _is_sample(config):
        return None
    return f"takes one of {_ONE_OF} tests that take long; all: CI=true, or name files or folders"


def left_out(config: pytest.Config, items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """The tests that this run does without; each worker of it finds the same ones."""
    if not _is_sample(config):
        return set()
    alike = defaultdict(list)
    for item in items:
        if kind := _kind(item):
            alike[kind].append(item)
    left = set()
    for group in alike.values():
        group.sort(key=_chance)
        left.update(group[math.ceil(len(group) / _ONE_OF) :])
    return left


def _is_sample(config: pytest.Config) -> bool:
    return is_whole(config) and not tools.in_ci()


def _kind(item: pytest.Item) -> str | None:
    """What a test is one case of; None where each run takes it."""
    if any(name in item.path.parent.name or name in item.path.name for name in _LONG):
        return "long"
    on_a_server = "server" in getattr(item, "fixturenames", ())
    return item.nodeid.partition("[")[0] if on_a_server and hasattr(item, "callspec") else None


def _chance(item: pytest.Item) -> int:
    return crc32(f"{shared.folder().name}{item.nodeid}".encode())
