"""What the tests need of the machine: programs, and a version of PostgreSQL.

Where it is missing, a test is skipped on a developer's machine and fails in CI (``CI=true``).
"""

import functools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from schemamig_tui.connect import binaries
from tests import versions

Case = TypeVar("Case")


def in_ci() -> bool:
    """Whether this run is CI's, which leaves nothing out."""
    return os.environ.get("CI") == "true"


def unavailable(what: str) -> NoReturn:
    """End the test: skipped with the reason ``what``, in CI failed."""
    if in_ci():
        pytest.fail(f"CI has to have what every test needs: {what}", pytrace=False)
    pytest.skip(what)


def needs(tool: str) -> Path:
    """The program ``tool``; where it is not installed, the test ends."""
    # An ordinary user's PATH may lack the folder into which Debian puts pgbouncer.
    found = shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin")
    return Path(found) if found else unavailable(f"needs {tool}")


def needs_postgres(*, min: int = 0, max: int = 99) -> None:
    """Skip the test on a server whose major version is not one of ``min`` to ``max``.

    CI runs the oldest and the newest version, so it runs every test with one of the two limits.
    """
    if not min <= (major := _major()) <= max:
        limits = [f"{min} or newer"] * bool(min) + [f"{max} or older"] * (max < 99)
        pytest.skip(f"needs PostgreSQL {' and '.join(limits)}, and this is {major}")


def programs_of(major: int) -> Path:
    """The programs of a PostgreSQL from npm, which CI downloads; elsewhere the test may end."""
    if not in_ci() and not versions.is_there(major):
        unavailable(f"needs PostgreSQL {major}: python -m tests.versions {major} brings it")
    return versions.programs(major)


def all_in_ci(cases: Sequence[Case], elsewhere: int) -> Sequence[Case]:
    """The cases of a test that takes long: all of them in CI, elsewhere a few from end to end."""
    return cases if in_ci() else cases[:: -(-len(cases) // elsewhere)]


def client(program: str, bindir: Path) -> Path:
    """A client such as ``psql`` or ``pg_basebackup``: that in ``bindir``, or else an installed one.

    The newest serves every version of the server.
    """
    for folder in (bindir, *binaries.installed()):
        if (folder / program).exists():
            return folder / program
    return needs(program)


@functools.cache
def _major() -> int:
    return binaries.find(binaries.server_account()).major
