"""Writes the files of the UI under $XDG_STATE_HOME, which only their user can read."""

import os
from pathlib import Path

from schemamig_tui.text import one_line
from schemamig_tui.tui import clock


def state_directory() -> Path:
    """The folder, which may not exist yet. Raises RuntimeError if there is no home folder.

    As the XDG Base Directory Specification has it, what is no absolute path is not used.
    """
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local/state") / "schemamig-tui"


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)


def save_log(text: str) -> str:
    """Save the log under the time of now. Returns a sentence for the user that says where."""
    try:
        path = state_directory() / f"log-{clock.now():%Y%m%d-%H%M%S}.txt"
        write_private(path, text + "\n")
    except (OSError, RuntimeError) as error:
        return f"The log could not be saved: {one_line(error)}"
    return f"The log is saved in {path}"
