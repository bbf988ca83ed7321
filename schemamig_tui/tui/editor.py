"""Opens the user's editor."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

# These take +LINE before the file; of others we do not know.
_TAKES_LINE = {"vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "micro", "kak", "joe"}


def edit(app: App[None], path: Path, line: int | None) -> str | None:
    """Give the terminal to the editor until it ends. Returns a problem for the user, or None.

    The app is suspended meanwhile; a run that it has started goes on.
    """
    try:
        arguments = command(path, line, os.environ)
        with app.suspend():
            ended = subprocess.run(arguments, check=False)
    except SuspendNotSupported:
        return "An editor cannot be opened in this terminal"
    except (OSError, ValueError) as error:
        return f"The editor cannot be started: {error}"
    return f"{arguments[0]} ended with {ended.returncode}" if ended.returncode else None


def command(path: Path, line: int | None, environ: Mapping[str, str]) -> list[str]:
    """The command that edits a file: $VISUAL, else $EDITOR, else vi. Raises ValueError."""
    editor = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "vi")
    if not editor:
        raise ValueError("$VISUAL or $EDITOR is empty")
    place = [f"+{line}"] if line and Path(editor[0]).name in _TAKES_LINE else []
    # Absolute, because a name that begins with a dash would be taken for an option.
    return [*editor, *place, str(path.absolute())]
