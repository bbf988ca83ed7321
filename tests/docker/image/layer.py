"""What an image of this machine's programs is made of: these, and the libraries they need."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

_ACCOUNTS = {
    "passwd": "root:x:0:0::/root:/bin/bash\npostgres:x:999:999::/var/lib/postgresql:/bin/bash\n",
    "group": "root:x:0:\npostgres:x:999:\n",
}


def add_root(tar: tarfile.TarFile, folders: Iterable[str] = ()) -> None:
    """Add the folders and accounts that programs expect, and a shell of the name sh for bash."""
    _link(tar, "bin", "usr/bin")
    _link(tar, "usr/bin/sh", "bash")
    for name, text in _ACCOUNTS.items():
        entry = tarfile.TarInfo(f"etc/{name}")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    for folder in ("tmp", "proc", "sys", "dev", "root", *folders):
        entry = tarfile.TarInfo(folder)
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o1777 if folder == "tmp" else 0o755
        tar.addfile(entry)


def add_tools(
    tar: tarfile.TarFile, names: Iterable[str], programs: Iterable[Path], *own: str
) -> None:
    """Add tools of this machine, and the libraries that they and ``programs`` need.

    Those that have one of ``own`` in their path come with the programs.
    """
    tools = [Path(shutil.which(name) or name) for name in names]
    for tool in tools:
        tar.add(tool.resolve(), f"usr/bin/{tool.name}")
    for library in _libraries([*programs, *tools]):
        if not any(part in str(library) for part in own):
            tar.add(library.resolve(), str(library).lstrip("/"))


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.SYMTYPE
    entry.linkname = target
    tar.addfile(entry)


def _libraries(programs: Iterable[Path]) -> set[Path]:
    """What the dynamic linker will look for, under the names it will look for."""
    listed = subprocess.run(
        ["ldd", *programs],
        # The C library loads this one by itself when a thread ends before it is through.
        env={**os.environ, "LD_PRELOAD": "libgcc_s.so.1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {Path(path) for path in re.findall(r"(/\S+\.so\S*) \(0x", listed)}
