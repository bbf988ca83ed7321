"""Copies that are not lost where the terminal takes none."""

import os
from pathlib import Path

LONGEST = 74_994
"""Bytes that fit the longest OSC 52 sequence which terminals are sure to take (100,000 in base64:
xterm's and tmux's bound)."""


def save(text: str) -> Path:
    """Write ``text`` into a private file, the same one each time, and return its path.

    Raises OSError.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "schemamig-tui"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "copied.txt"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path
