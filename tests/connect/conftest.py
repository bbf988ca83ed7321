"""Other accounts, for the tests of the embedded server."""

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from schemamig_tui.connect import supervisor
from tests import tools
from tests.forked import fork


@dataclass(frozen=True)
class User:
    """An account, and a Python that it can run the supervisor of a server with."""

    uid: int
    gid: int
    python: str

    def fork(self, run: Callable[[], object]) -> subprocess.Popen[str]:
        """Call ``run`` in a process of this account, with pipes to it."""

        def as_user() -> object:
            sys.executable = self.python
            return run()

        return fork(
            as_user,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
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
        command = [python, "-I", "-S", "-c", f"open({supervisor.__file__!r})"]
        try:
            done = subprocess.run(
                command, user=user.uid, group=user.gid, cwd="/", capture_output=True, text=True
            )
        except OSError as error:
            errors = str(error)
        else:
            errors = done.stderr
        if not errors:
            return user
    why = f"account nobody can run no Python {version} with our source: {errors}"
    return tools.unavailable(why)


@pytest.fixture
def as_root() -> None:
    """Let a test run as root only."""
    if os.geteuid() != 0:
        tools.unavailable("needs root, as only root hands the server to others")
