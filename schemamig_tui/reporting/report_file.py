"""Writes what a rehearsal has found as a file: a page of Markdown, or JSON."""

import json
from pathlib import Path

from schemamig_tui.file_access import is_there, replace_content
from schemamig_tui.reporting.rehearsal_page import FORMAT_NAME, TITLE, RehearsalPage

_BEGINNING = 100
"""So many characters of a file tell what it is."""


def refusal(path: Path) -> str | None:
    """Why no page can have this name, as the rest of a sentence; None: it can.

    Raises FilesError where its folder may not be looked at.
    """
    if path.suffix not in (".md", ".json"):
        return "the name has to end with .md or .json"
    if not (is_there(path.parent) and path.parent.is_dir()):
        return f"there is no folder {path.parent}"
    return None


def is_page(path: Path) -> bool:
    """Whether a file is a page that ``save`` has written, or that begins as one."""
    try:
        with path.open(encoding="utf-8") as file:
            beginning = file.read(_BEGINNING)
    except (OSError, UnicodeDecodeError):
        return False
    return beginning.startswith(TITLE) or f'"{FORMAT_NAME}"' in beginning


def save(path: Path, page: RehearsalPage) -> None:
    """Write the page, as its name says. Raises FilesError."""
    if path.suffix == ".json":
        from schemamig_tui.reporting.rehearsal_json import page_as_json

        text = json.dumps(page_as_json(page), indent=2) + "\n"
    else:
        from schemamig_tui.reporting.rehearsal_markdown import markdown

        text = markdown(page)
    replace_content(path, text.encode())
