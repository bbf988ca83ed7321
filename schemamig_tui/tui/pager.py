"""Shows a text in the user's pager, which has the terminal for itself meanwhile."""

import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

from textual.app import App

from schemamig_tui.text import one_line
from schemamig_tui.tui.editor import give_terminal


def page(app: App[None], text: str) -> str | None:
    """Give the terminal to the pager until it ends. Returns a problem for the user, or None."""
    try:
        arguments = command(os.environ)
        with tempfile.TemporaryDirectory(prefix="schemamig-tui-") as folder:  # of mode 0700
            path = Path(folder, "text")
            path.write_text(text + "\n", encoding="utf-8", errors="replace")
            return give_terminal(app, [*arguments, str(path)], "pager", "$PAGER")
    except (OSError, ValueError) as error:
        return f"The pager cannot be started: {one_line(error)}"


def command(environ: Mapping[str, str]) -> list[str]:
    """The pager: $PAGER, else less. Raises ValueError."""
    pager = shlex.split(environ.get("PAGER") or "less")
    if not pager:
        raise ValueError("$PAGER is empty")
    return pager
