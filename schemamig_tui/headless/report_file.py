"""Writes the file of ``--report``: a page of Markdown, or JSON."""

import json
from pathlib import Path

from schemamig_tui.errors import FilesError, SettingsError
from schemamig_tui.headless.rehearsal_page import RehearsalPage


def require_writable(path: Path) -> None:
    """Raise SettingsError for a name that does not tell how the page is written, or not where."""
    if path.suffix not in (".md", ".json"):
        raise SettingsError(
            f"--report {path}: the name has to end with .md or .json", hint="such as rehearsal.md"
        )
    if not path.parent.is_dir():
        raise SettingsError(f"--report {path}: there is no folder {path.parent}")


def save(path: Path, page: RehearsalPage) -> None:
    """Write the page, as its name says. Raises FilesError."""
    if path.suffix == ".json":
        from schemamig_tui.headless.rehearsal_json import page_as_json

        text = json.dumps(page_as_json(page), indent=2) + "\n"
    else:
        from schemamig_tui.headless.rehearsal_markdown import markdown

        text = markdown(page)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FilesError(f"The report cannot be written: {error.strerror}.", path=path) from None
