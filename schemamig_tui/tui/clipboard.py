"""Copies text to the clipboard and to a file, because a terminal may ignore the copy."""

import os
from pathlib import Path

from textual.app import App

from schemamig_tui.text import one_line
from schemamig_tui.units import size

# What fits into 100,000 bytes of base64, which is as much as xterm takes in an OSC 52 sequence.
_LONGEST = 74_994


def copy(app: App[None], text: str) -> str:
    """Copy through the terminal (OSC 52) and into a file: no terminal confirms that it took a copy.

    Returns a sentence for the user that says what was done.
    """
    count = len(text.encode(errors="replace"))
    try:
        saved = f"Saved in {_save(text)}"
    except (OSError, RuntimeError) as error:
        saved = f"It could not be saved: {one_line(error)}"
    if count > _LONGEST:
        return f"{size(count)} are too much for a terminal. {saved}."
    app.copy_to_clipboard(text)
    return f"Copied {size(count)}. {saved}, for terminals that take no copies."


def _save(text: str) -> Path:
    """Write ``text`` into a file that only we can read, the same one each time."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "schemamig-tui"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "copied.txt"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path
