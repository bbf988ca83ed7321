r"""Reads a file of variables: lines ``NAME=value``, as in the ``.env`` of many tools.

A value may be quoted: as it stands in single quotes, with the escapes ``\n``, ``\"``, ``\\`` and
``\$`` in double quotes. No variable is put in for its name. Without quotes it ends before `` #``.
"""

import re
from pathlib import Path

from schemamig_tui.errors import SettingsError
from schemamig_tui.file_access import read_bytes
from schemamig_tui.text import visible

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)", re.ASCII)
_SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_ESCAPE = re.compile(r'\\([n"\\$])')


def read_env_file(path: Path, flag: str) -> dict[str, str]:
    """The variables of a file, which ``flag`` has named.

    Raises SettingsError, which names the line and quotes nothing of it: it may hold a secret.
    """
    where = visible(str(path))
    try:
        lines = read_bytes(path).decode("utf-8-sig").splitlines()
    except OSError as error:
        raise SettingsError(f"{flag}: {where} cannot be read: {error.strerror}") from error
    except UnicodeError:
        raise SettingsError(f"{flag}: {where} is not UTF-8") from None
    variables: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        value = _value(match[2]) if match else None
        if match is None or value is None or "\0" in value:
            raise SettingsError(
                f"{where}:{number} is not a line NAME=value",
                hint="a quoted value has to end on its line, and nothing may follow it",
            )
        variables[match[1]] = value
    return variables


def _value(text: str) -> str | None:
    """The value that is written as ``text``; None where it is not written well."""
    if text.startswith("'"):
        quoted = _SINGLE.fullmatch(text)
        return quoted and quoted[1]
    if text.startswith('"'):
        quoted = _DOUBLE.fullmatch(text)
        return quoted and _ESCAPE.sub(lambda it: "\n" if it[1] == "n" else it[1], quoted[1])
    return re.split(r"(?:^|\s+)#", text, maxsplit=1)[0]
