"""Programs of npm that the tests compare with."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests import tools


def npm_folder(*packages: str) -> Path:
    """The folder that these packages (``name@version``) are installed in, kept for the next run.

    Where they cannot be installed, the test ends.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = "-".join(package.strip("@").replace("/", "-").replace("@", "-") for package in packages)
    folder = cache / "schemamig-tui-tests" / name
    if not folder.exists():
        npm = tools.needs("npm")
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent))
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", *packages]
        done = subprocess.run(command, cwd=new, stdout=subprocess.DEVNULL)
        if done.returncode:
            tools.unavailable(f"npm cannot install {' '.join(packages)}")
        if not folder.exists():  # another worker may have been faster
            new.rename(folder)
    return folder
