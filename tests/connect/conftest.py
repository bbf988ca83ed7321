"""Other accounts, for the tests of the embedded server."""

import inspect
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

import schemamig_tui
from tests import tools


@dataclass(frozen=True)
class User:
    """An account, and a Python with our packages that it can run."""

    uid: int
    gid: int
    python: str

    def popen(self, program: str, *arguments: str | Path) -> subprocess.Popen[str]:
        """Run the source text ``program``, with pipes to it."""
        packages = (
            str(Path(inspect.getfile(module)).parents[1]) for module in (schemamig_tui, psycopg)
        )
        return subprocess.Popen(
            [self.python, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
            user=self.uid,
            group=self.gid,
            extra_groups=[] if os.geteuid() == 0 else None,
        )


@pytest.fixture(scope="session")
def ourselves() -> User:
    return User(os.geteuid(), os.getegid(), sys.executable)


@pytest.fixture(scope="session")
def nobody() -> User:
    """An ordinary user, for tests that run as root, whose own Python may be private."""
    entry = pwd.getpwnam("nobody")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        user = User(entry.pw_uid, entry.pw_gid, python)
        try:
            with user.popen("import schemamig_tui.connect.embedded") as process:
                _, errors = process.communicate()
        except OSError as error:
            errors = str(error)
        if not errors:
            return user
    why = f"account nobody can run no Python {version} with our packages: {errors}"
    return tools.unavailable(why)


@pytest.fixture
def as_root() -> None:
    """Let a test run as root only."""
    if os.geteuid() != 0:
        tools.unavailable("needs root, as only root hands the server to others")
