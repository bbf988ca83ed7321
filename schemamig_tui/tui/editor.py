"""The editor of the user, and how it is told the line."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

# These take +LINE before the file; of others we do not know.
_TAKES_LINE = {"vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "micro", "kak", "joe"}


def command(path: Path, line: int | None, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The command that edits a file: $VISUAL, else $EDITOR, else vi. Raises ValueError."""
    editor = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "vi")
    if not editor:
        raise ValueError("$EDITOR is empty")
    place = [f"+{line}"] if line and Path(editor[0]).name in _TAKES_LINE else []
    # A name that begins with a dash must not be taken for an option.
    return [*editor, *place, str(path.absolute())]
