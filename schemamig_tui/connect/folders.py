"""Makes and checks folders that a server runs from: no other account may change them."""

import contextlib
import stat
from pathlib import Path

from schemamig_tui.errors import ConnectionFailed


def make(folder: Path, mode: int) -> None:
    """Make ``folder`` and its missing parents with ``mode``, whatever the umask.

    What exists is left as it is.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):  # somebody was faster, so it is not ours to open
            path.mkdir(mode)
            path.chmod(mode)


def require(folder: Path, *, owner: int, closed: int) -> None:
    """Raise ConnectionFailed unless ``folder`` is a real folder of the account ``owner``.

    ``closed`` holds the permission bits that it may not have. Symbolic links are not followed.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        problem = "it is not a folder"
    elif status.st_uid != owner:
        problem = f"it belongs to account {status.st_uid}, not to {owner}"
    elif status.st_mode & closed:
        problem = f"its mode {stat.filemode(status.st_mode)} lets others in"
    else:
        return
    raise ConnectionFailed(f"{folder} is not safe to run PostgreSQL from: {problem}.")
