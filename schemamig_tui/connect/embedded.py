"""A private PostgreSQL, for trying out and for the tests.

The server is shared: whoever starts it first starts it for all, and it stops when the last user is
gone. Nobody keeps count. The kernel does, with locks (``flock``) on two files in the folder:

``users.lock``
    held shared by every user; the supervisor stops the server when it gets it exclusively
``server.lock``
    held exclusively from before ``initdb`` until the last process of the server is gone, because
    they all inherit it

so ``kill -9`` of any of them leaves neither a server for ever nor a lock that nobody holds, and a
``postmaster.pid`` is stale exactly when ``server.lock`` can be had. No process id is ever trusted:
in a container they repeat from start to start.
"""

import fcntl
import hashlib
import locale
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

from schemamig_tui.connect import binaries
from schemamig_tui.errors import ConnectionFailed

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01

_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""For the tests: a crash of the machine may destroy the data."""

_PASSED_ON = ("PATH", "TZ", "LD_LIBRARY_PATH")
"""What the server gets of our environment. The rest may hold secrets, or a LANG not installed."""

_LONGEST_SOCKET_FOLDER = 80
"""In bytes: sun_path has 104 on macOS, 108 on Linux, and PostgreSQL adds /.s.PGSQL.5432.lock."""


class Embedded:
    """A user of the PostgreSQL in the folder ``base``, which is made if it is missing.

    ``base`` has to belong to us and to be writable by us alone. Each major version of PostgreSQL
    has a cluster of its own in it. ``fast`` gives up what makes the data survive a crash of the
    machine. As root, the server runs as ``postgres`` or ``nobody``.

    Raises ConnectionFailed if there are no programs to run, or if the server does not start.
    """

    def __init__(self, base: Path, *, fast: bool = False) -> None:
        self.base = base.expanduser().resolve()
        self._fast = fast
        self._account = binaries.server_account()
        self.bindir, self.major = binaries.find(self._account)
        self._data = self.base / f"pg{self.major}"
        self._socket_folder = self._choose_socket_folder()
        self._users: BinaryIO | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """libpq's parameters for the database ``postgres`` as the superuser, without a password."""
        host = str(self._socket_folder)
        return {"host": host, "port": "5432", "user": "postgres", "dbname": "postgres"}

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
            self._make_folder(self.base)
            users = _open_lock(self.base / "users.lock")
            try:
                fcntl.flock(users, fcntl.LOCK_SH)  # waits while a supervisor stops the server
                self._start_unless_running()
            except BaseException:
                users.close()
                raise
        except OSError as error:
            raise ConnectionFailed(
                f"The embedded PostgreSQL in {self.base} cannot be started: {error}"
            ) from error
        self._users = users
        return self

    def close(self) -> None:
        """Be no user any more. The server stops if we were the last one."""
        if self._users is not None:
            self._users.close()
            self._users = None

    def _start_unless_running(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        launched = False
        while pq.PGconn.ping(self.conninfo.encode()) != pq.Ping.OK:
            with _open_lock(self.base / "server.lock") as server:
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
        self._give_folder(unfinished)
        command: list[str | Path] = [self.bindir / "initdb", "-D", unfinished, "-U", "postgres"]
        command += ["-A", "trust", "-E", "UTF8", *self._locale_arguments()]
        if self._fast:
            command.append("--no-sync")
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=_server_environment(),
            pass_fds=(server.fileno(),),
            **self._account.popen_arguments(),
        )
        if run.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._failure("initdb failed", run.stderr or run.stdout)
        unfinished.rename(self._data)

    def _locale_arguments(self) -> list[str]:
        """UTF-8 characters everywhere, and an order of text that no operating system changes."""
        if self.major >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C", *_utf8_ctype()]

    def _launch(self, server: BinaryIO) -> None:
        self._give_folder(self._socket_folder)
        command: list[str | Path] = [sys.executable, "-I", "-S"]
        command += [Path(__file__).with_name("supervisor.py"), self.base / "users.lock"]
        command += [str(number) for number in (server.fileno(), *self._account)]
        command += [self.bindir / "postgres", "-D", self._data, "-p", "5432"]
        command += ["-c", "listen_addresses=", "-k", self._socket_folder]
        if self._fast:
            command += _FAST
        with (self.base / "log").open("wb") as log:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_server_environment(),
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

    def _make_folder(self, base: Path) -> None:
        """Make ``base`` if it is missing, so that the server's account can pass through it."""
        is_root = os.geteuid() == 0
        missing = [path for path in (base, *base.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            path.chmod(0o755 if is_root else 0o700)
        status = base.stat()
        if status.st_uid != os.geteuid() or status.st_mode & (0o022 if is_root else 0o002):
            raise ConnectionFailed(
                f"{base} is not safe for an embedded PostgreSQL: others can write to it.",
                hint="Choose a folder that belongs to you, and that only you can write to.",
            )

    def _give_folder(self, folder: Path) -> None:
        """Make ``folder`` if it is missing, for the server's account alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0 and folder.lstat().st_uid == 0:
            os.chown(folder, self._account.uid, self._account.gid, follow_symlinks=False)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != self._account.uid or status.st_mode & 0o077:
            raise ConnectionFailed(f"{folder} is in the way: it is not a private folder of ours.")

    def _failure(self, what: str, details: str) -> ConnectionFailed:
        return ConnectionFailed(
            f"The embedded PostgreSQL in {self.base} cannot be started: {what}.\n{details.strip()}",
            hint="As root, choose a folder that every account can pass through."
            if os.geteuid() == 0
            else None,
        )

    def _log(self) -> str:
        return (self.base / "log").read_text(errors="replace")[-1500:]


def _open_lock(path: Path) -> BinaryIO:
    return path.open("ab")


def _server_environment() -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "LC_ALL": "C",
    }


def _utf8_ctype() -> list[str]:
    """Without a UTF-8 LC_CTYPE, PostgreSQL 16 and older know the case of ASCII letters only."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return [f"--lc-ctype={name}"]
        return []
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
