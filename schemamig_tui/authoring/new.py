"""Writes a new migration from a template. It needs no database."""

import contextlib
from datetime import date
from pathlib import Path
from typing import NamedTuple

from schemamig_tui.authoring.naming import PrefixStyle, next_name
from schemamig_tui.engine.script.files import migration_names
from schemamig_tui.errors import FilesError, SettingsError
from schemamig_tui.file_access import unwritable
from schemamig_tui.text import visible

TEMPLATE = """\
-- Migration: {title}
-- Date: {date}
-- Purpose:

BEGIN;


COMMIT;
"""
"""What a new migration begins as. Files with an empty transaction are not run: see the README."""

_LONGEST_TEMPLATE = 64 * 1024


class NewFile(NamedTuple):
    """A file that is new in the folder, and what is odd about its name, if anything is."""

    path: Path
    warning: str | None = None


def write_new(
    directory: Path,
    title: str,
    today: date,
    *,
    style: PrefixStyle | None = None,
    template: str = TEMPLATE,
) -> NewFile:
    """Write a migration with this title behind the newest one of the folder.

    ``{title}``, ``{date}`` and ``{name}`` in the template are filled in. Raises SettingsError for a
    title or style that gives no name, and FilesError where the file cannot be written.
    """
    name, warning = next_name(migration_names(directory), title, today, style)
    shown = visible(" ".join(title.removesuffix(".sql").split()))
    shown = shown[:1].upper() + shown[1:]
    text = template.replace("{date}", f"{today:%Y-%m-%d}").replace("{name}", name)
    create_file(directory / name, text.replace("{title}", shown))
    return NewFile(directory / name, warning)


def read_template(path: Path, named_by: str) -> str:
    """A template of somebody's own, which a setting has named.

    Raises SettingsError where it cannot be one.
    """
    where = f"{named_by}: {visible(str(path))}"
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_TEMPLATE + 1)
        if len(content) > _LONGEST_TEMPLATE:
            raise SettingsError(f"{where} is longer than 64 KiB")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{where} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{where} is not UTF-8") from error
    if "\0" in text:
        raise SettingsError(f"{where} has a NUL byte, which no migration may have")
    return text


def create_file(path: Path, text: str) -> None:
    """Write a file that must not be there yet, or leave none. Raises FilesError."""
    try:
        file = path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise FilesError(
            "This file is there already, and stays as it is.",
            path=path,
            hint="Give the new one another title.",
        ) from None
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise unwritable(path, error) from error
