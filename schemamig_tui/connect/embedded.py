"""Runs a private PostgreSQL, for trying out and for the tests.

The server is shared: whoever starts it first starts it for all, and it stops when the last user is
gone. Nobody keeps count. The kernel does, with locks (``flock``) on two files in the folder:

``users.lock``
    held shared by every user; the supervisor stops the server when it gets it exclusively
``server.lock``
    held exclusively from before ``initdb`` until the last process of the server is gone, because
    they all inherit it

so ``kill -9`` of any of them leaves neither a server for ever nor a lock that nobody holds (where
there is no Linux to tie a server to its supervisor: unless that one is killed). A
``postmaster.pid`` is stale exactly when ``server.lock`` can be had. No process id is ever trusted:
in a container they repeat from start to start.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO, Self

from psycopg import pq
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect import binaries, folders
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.text import one_line

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01

_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""For tests and scratch databases: a crash of the machine may destroy the data."""

_LONGEST_SOCKET_FOLDER = 80
"""In bytes: sun_path has 104 on macOS, 108 on Linux, and PostgreSQL adds /.s.PGSQL.5432.lock."""


class Embedded:
    """A user of the PostgreSQL in the folder ``base``, which is made if it is missing.

    ``base`` has to belong to us and to be writable by us alone. Each major version of PostgreSQL
    has a cluster of its own in it. With ``fast``, a server that we start gives up what makes data
    survive a crash of the machine. As root, the server runs as ``postgres`` or ``nobody``.
    ``programs`` are those to run, if not the ones that are found first.

    Raises ConnectionFailed if there are no programs to run, or if the server does not start.
    """

    def __init__(
        self, base: Path, *, fast: bool = False, programs: binaries.Binaries | None = None
    ) -> None:
        self.base = Path(os.path.realpath(base))
        self._fast = fast
        self._account = binaries.server_account()
        self.bindir, self.major = programs or binaries.find(self._account)
        self._data = self.base / f"pg{self.major}"
        self._socket_folder = self._choose_socket_folder()
        self._users: BinaryIO | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """libpq's parameters for the database ``postgres`` as the superuser, without a password."""
        return {
            "host": str(self._socket_folder),
            "hostaddr": "",  # or else PGHOSTADDR would lead to another server
            "port": "5432",
            "user": "postgres",
            "dbname": "postgres",
        }

    @property
    def conninfo(self) -> str:
        """The ``parameters`` as a connection string."""
        return make_conninfo(**self.parameters)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Become a user of the server, and return when it answers. The first one starts it."""
        try:
            self._prepare_folders()
            self._refuse_other_versions()
            users = _private_file(self.base / "users.lock").open("ab")
            try:
                fcntl.flock(users, fcntl.LOCK_SH)  # waits while a supervisor stops the server
                self._start_unless_running()
            except BaseException:
                users.close()
                raise
        except OSError as error:
            raise ConnectionFailed(
                f"The embedded PostgreSQL in {self.base} cannot be started: {one_line(error)}",
                hint="It needs a folder that can be written, with room for a cluster.",
            ) from error
        self._users = users
        return self

    def close(self) -> None:
        """Be no user any more. The server stops if we were the last one."""
        if self._users is not None:
            self._users.close()
            self._users = None

    def extension_hint(self, name: str) -> str:
        """Which PostgreSQL on this machine has an extension that this one lacks."""
        found = binaries.with_extension(name, self._account)
        # One of our version can read our data.
        makes_uuids = name in ("pgcrypto", "uuid-ossp")
        needless = " gen_random_uuid() needs none." if makes_uuids else ""
        best = max(found, key=lambda one: (one.major == self.major, one.major), default=None)
        if best is None:
            return (
                f'No PostgreSQL on this machine has the extension "{name}". Install one that has'
                " it, and set SCHEMAMIG_PG_BINDIR to the folder of its programs, or use another"
                f" server: --dsn.{needless}"
            )
        hint = (
            f'PostgreSQL {best.major} on this machine has the extension "{name}": set'
            f" SCHEMAMIG_PG_BINDIR to {best.directory}"
        )
        if best.major == self.major:
            return f"{hint}.{needless}"
        return (
            f"{hint}, and use --embedded of another folder, for it cannot read the data in this."
            f"{needless}"
        )

    def _start_unless_running(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        launched = False
        while pq.PGconn.ping(self.conninfo.encode()) != pq.Ping.OK:
            with _private_file(self.base / "server.lock").open("ab") as server:
                try:
                    fcntl.flock(server, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:  # it runs, or somebody is starting it
                    pass
                else:
                    if launched:
                        raise self._failure("PostgreSQL ended while it was starting", self._log())
                    self._remove_what_a_crash_left()
                    self._initdb(server)
                    self._launch(server)
                    launched = True
                    deadline = time.monotonic() + _START_SECONDS
            if time.monotonic() > deadline:
                raise self._failure(
                    f"PostgreSQL does not answer after {_START_SECONDS:.0f} s", self._log()
                )
            time.sleep(_POLL_SECONDS)

    def _refuse_other_versions(self) -> None:
        """Raise ConnectionFailed where we would make a new cluster beside those of other versions.

        Whoever has upgraded the programs wants their data, and not an empty database.
        """
        found = (re.fullmatch(r"pg(\d+)", path.name) for path in self.base.iterdir())
        others = sorted((int(match[1]) for match in found if match), reverse=True)
        if self._data.exists() or not others:
            return
        olds = " and ".join(map(str, others))
        old = others[0]
        programs = binaries.of_version(old, self._account)
        way = "set SCHEMAMIG_PG_BINDIR to "
        way += str(programs.directory) if programs else "the folder of its programs"
        raise ConnectionFailed(
            f"The data in {self.base} is of PostgreSQL {olds}, the programs in {self.bindir} are"
            f" PostgreSQL {self.major}, which cannot read it.",
            hint=f"To go on with PostgreSQL {old}, {way}. To move the data, write it out there with"
            f" pg_dumpall, and load that with psql into --embedded of another folder. To start with"
            " an empty database, use --embedded of another folder.",
        )

    def _remove_what_a_crash_left(self) -> None:
        for stale in (
            self._data / "postmaster.pid",
            self._socket_folder / ".s.PGSQL.5432",
            self._socket_folder / ".s.PGSQL.5432.lock",
        ):
            stale.unlink(missing_ok=True)

    def _initdb(self, server: BinaryIO) -> None:
        """Make the cluster, all or nothing. ``initdb`` holds the lock, should it outlive us."""
        if self._data.exists():
            return
        unfinished = self._data.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_private(unfinished)
        command: list[str | Path] = [self.bindir / "initdb", "-D", unfinished, "-U", "postgres"]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C"]
        if self._fast:
            command.append("--no-sync")
        for characters in self._character_types():
            run = self._account.run(*command, *characters, keep=server.fileno())
            if run.returncode == 0:
                unfinished.rename(self._data)
                return
        raise self._failure("initdb failed", run.stderr or run.stdout)

    def _character_types(self) -> tuple[tuple[str, ...], ...]:
        """What to try for letters beyond ASCII; the order of text is everywhere that of C.

        Up to PostgreSQL 16 the operating system has to have the locale.
        """
        if self.major >= 17:
            return (("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),)
        return (("--lc-ctype=C.UTF-8",), ("--lc-ctype=en_US.UTF-8",), ())

    def _launch(self, server: BinaryIO) -> None:
        command: list[str | Path] = [sys.executable, "-I", "-S"]
        command += [Path(__file__).with_name("supervisor.py"), self.base / "users.lock"]
        command += [str(number) for number in (server.fileno(), *self._account)]
        command += [self.bindir / "postgres", "-D", self._data, "-p", "5432"]
        command += ["-c", "listen_addresses=", "-k", self._socket_folder]
        if self._fast:
            command += _FAST
        with _private_file(self.base / "log").open("wb") as log:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=binaries.server_environment(),
                pass_fds=(server.fileno(),),
                start_new_session=True,  # the terminal's ctrl+c is not meant for the server
                check=False,  # the supervisor's errors are in the log
            )

    def _choose_socket_folder(self) -> Path:
        """A folder whose path is short enough, and plain enough for libpq, which takes lists."""
        folder = self.base / "s"
        path = os.fsencode(folder)
        if len(path) <= _LONGEST_SOCKET_FOLDER and re.fullmatch(rb"[\w./+-]+", path):
            return folder
        digest = hashlib.sha256(path).hexdigest()[:12]
        return Path(f"/tmp/schemamig-{self._account.uid}-{digest}")

    def _prepare_folders(self) -> None:
        """Whoever could write here could pose as the server, so this comes before all else."""
        is_root = os.geteuid() == 0
        folders.make(self.base, 0o755 if is_root else 0o700)
        folders.require(self.base, owner=os.geteuid(), closed=0o022 if is_root else 0o002)
        self._make_private(self._socket_folder)

    def _make_private(self, folder: Path) -> None:
        """Make ``folder`` if it is missing, for the server's account alone."""
        folders.make(folder, 0o700)
        if os.geteuid() == 0 and folder.lstat().st_uid == 0:
            os.chown(folder, self._account.uid, self._account.gid, follow_symlinks=False)
        folders.require(folder, owner=self._account.uid, closed=0o077)

    def _failure(self, what: str, details: str) -> ConnectionFailed:
        return ConnectionFailed(
            f"The embedded PostgreSQL in {self.base} cannot be started: {what}.\n{details.strip()}",
            hint="It needs room for a cluster, and as root a folder that every account can pass"
            " through.",
        )

    def _log(self) -> str:
        return (self.base / "log").read_text(errors="replace")[-1500:]


def _private_file(path: Path) -> Path:
    """``path``, made if it is missing. Others may neither read the log nor take the locks."""
    path.touch(mode=0o600)
    return path
