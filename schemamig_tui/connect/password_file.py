"""The password file, as far as libpq does not use it.

libpq itself says so on the process's stderr, for each connection (passwordFromFile in
fe-connect.c), which would be written across the screen of the UI.
"""

import stat
import sys
from pathlib import Path

from schemamig_tui.text import visible

NONE = "/nonexistent"
"""The parameter with which libpq looks into no password file, and says nothing of that."""


def unusable(named: str | None) -> str | None:
    """Why libpq does not use the file that is ``named``, or else the one in the home folder."""
    try:
        path = Path(named) if named else Path.home() / ".pgpass"
        mode = path.stat().st_mode
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    where = f"the password file {visible(str(path))}"
    if not stat.S_ISREG(mode):
        return f"{where} is no plain file, so it is not used"
    if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"{where} can be read by others, so it is not used: chmod 600 lets it count"
    return None
