"""Remembers the theme that was chosen last, in a file of one line."""

import contextlib
import os

from textual.app import App

from schemamig_tui.tui.state_files import state_directory, write_private

_FILE = "theme"


def remember(app: App[None]) -> None:
    """Take the theme of the last time, unless $TEXTUAL_THEME names one, and keep what is chosen.

    Where nothing can be read or written, nothing is remembered: no theme is worth an error.
    """
    if not os.environ.get("TEXTUAL_THEME"):
        with contextlib.suppress(OSError, RuntimeError, UnicodeDecodeError):
            name = (state_directory() / _FILE).read_text(encoding="utf-8").strip()
            if name in app.available_themes:
                app.theme = name
    app.theme_changed_signal.subscribe(app, lambda theme: _keep(theme.name), immediate=True)


def _keep(name: str) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        write_private(state_directory() / _FILE, f"{name}\n")
