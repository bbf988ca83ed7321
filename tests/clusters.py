"""Folders for the servers of the tests, and clusters in them that need no ``initdb``.

A run of the tests makes one cluster; every server that is not about ``initdb`` starts with a copy.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from schemamig_tui.connect.embedded import Embedded
from tests import shared

# So many bytes have to be free in memory for the folders of servers to be there.
_ENOUGH_MEMORY = 2 << 30
# With the default of 128 MB, a CREATE and a DROP DATABASE take a quarter longer, as both look at
# every buffer. Each process that meets the first DO would load plpgsql anew. What a killed server
# leaves of its shared memory is gone with its folder.
_SETTINGS = """
shared_buffers = 16MB
shared_preload_libraries = 'plpgsql'
dynamic_shared_memory_type = mmap
"""


def memory() -> Path:
    """Where a folder for a server is best: in memory, or on a disk where there is too little.

    A database is made ten times as fast in memory as on a disk, which is what most tests wait for.
    """
    shared_memory = Path("/dev/shm")
    fits = shared_memory.is_dir() and shutil.disk_usage(shared_memory).free > _ENOUGH_MEMORY
    return shared_memory if fits else Path("/tmp")


@contextlib.contextmanager
def short_folder(*, in_memory: bool = True) -> Iterator[Path]:
    """A new folder for an embedded server: unlike tmp_path short, and open to its account."""
    parent = shared.folder() if shared.is_made() else memory()
    folder = Path(tempfile.mkdtemp(prefix="smt-", dir=parent if in_memory else "/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def wait_until_gone(base: Path, *, seconds: float = 30) -> None:
    """Return when the last process of the embedded server in ``base`` has ended."""
    deadline = time.monotonic() + seconds
    with (base / "server.lock").open() as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                assert time.monotonic() < deadline, f"a server still runs in {base}"
                time.sleep(0.01)


def with_cluster(base: Path, settings: str = "") -> Path:
    """Put a copy of the cluster of this run into ``base``, the folder for an embedded server.

    ``settings`` are further lines of its postgresql.conf. ``base`` is made if it is missing; where
    it belongs to another account, so does the copy.
    """
    base.mkdir(mode=0o755, exist_ok=True)
    made = shared.folder() / "cluster"
    with (shared.folder() / "cluster.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(made)
    (data,) = made.iterdir()
    subprocess.run(["cp", "-a", data, base], check=True)
    with (base / data.name / "postgresql.conf").open("a") as file:
        file.write(settings)
    owner = base.stat()
    if owner.st_uid not in (0, os.geteuid()):
        subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", base], check=True)
    return base


def _make(cluster: Path) -> None:
    """Make a folder with nothing but the data of a cluster in it."""
    with short_folder() as folder:
        with Embedded(folder / "pg", fast=True) as server:
            pass
        wait_until_gone(server.base)
        (data,) = server.base.glob("pg*")
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        _remove_maps(data)
        unfinished = cluster.with_suffix(".new")
        unfinished.mkdir(mode=0o755)
        shutil.move(data, unfinished)
        unfinished.rename(cluster)


def _remove_maps(data: Path) -> None:
    """Remove the maps of free space and of visible pages, a quarter of the files of a database.

    They are hints, of which the server makes anew what it needs. A CREATE and a DROP DATABASE take
    a seventh less without them.
    """
    for pattern in ("base/*/*_fsm", "base/*/*_vm"):
        for file in data.glob(pattern):
            file.unlink()
