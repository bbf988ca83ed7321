"""A repository with migrations as a pipeline has checked it out, and commands run in it."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import metadata
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.faults.proxy import Proxy

_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


@dataclass(frozen=True)
class Ran:
    """What a command has left: its exit code, and all that it has written."""

    code: int
    out: str


def is_installed(command: str) -> bool:
    """Whether a command installs the program, which is there already, with extras that it has."""
    program, *arguments = shlex.split(command)
    if program != "pip":
        return False
    _install, requirement = arguments
    name, _, extras = requirement.rstrip("]").partition("[")
    assert name == "schemamig-tui"
    known = metadata(name).get_all("Provides-Extra")
    assert not extras or extras in known
    return True


@dataclass
class Checkout:
    """A clone whose remote ``origin`` has the branch ``main``; it is its own remote."""

    folder: Path
    environ: dict[str, str] = field(repr=False)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, path: str, text: str, *, executable: bool = False) -> None:
        """Write a file, and stage it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755 if executable else 0o644)
        self.git("add", path)

    def commit(self) -> Ran:
        """Commit what is staged, with the hooks that there are."""
        return self.run("git", "commit", "-qm", "Some change")

    def git(self, *arguments: str) -> None:
        """Run git, which has to succeed."""
        ran = self.run("git", *arguments)
        assert ran.code == 0, ran.out

    def run(self, *command: str, **environ: str) -> Ran:
        """Run a command to its end."""
        process = self.start(*command, **environ)
        out, _ = process.communicate(timeout=60)
        return Ran(process.returncode, out)

    def start(self, *command: str, **environ: str) -> "subprocess.Popen[str]":
        """Start a command, with a pipe for all that it writes."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.started.append(process)
        return process


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A branch of ``main``, which has one migration; each test has a copy of it."""
    parent = tmp_path_factory.mktemp("recipes")
    environ = {
        **os.environ,
        **_AUTHOR,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(parent),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "PYTHONUTF8": "1",
        "no_proxy": "localhost,127.0.0.1",
    }
    made = Checkout(parent / "checkout", environ)
    made.folder.mkdir()
    made.git("init", "-qb", "main")
    made.write("migrations/0001_a.sql", "CREATE TABLE a (id bigint PRIMARY KEY);\n")
    made.write("deploy.sh", "#!/bin/sh\necho deployed\n", executable=True)
    assert made.commit().code == 0
    made.git("remote", "add", "origin", ".")
    made.git("fetch", "-q", "origin")
    made.git("checkout", "-qb", "change")
    return made


@pytest.fixture
def checkout(cloned: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A clone of a test's own, on a branch that has nothing new yet."""
    copy = Checkout(
        shutil.copytree(cloned.folder, tmp_path / "checkout"),
        {**cloned.environ, "HOME": str(tmp_path)},
    )
    yield copy
    for process in copy.started:
        process.kill()
        process.communicate()


@pytest.fixture
def service(database: Database) -> Iterator[Proxy]:
    """A database that is reached by TCP, as a service is."""
    with Proxy(database.conninfo) as proxy:
        yield proxy
