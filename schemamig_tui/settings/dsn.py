"""A DSN in a file, which others can read: ``${NAME}`` stands for a variable, as in a shell.

A password stands there only so. What a variable holds is one value, of any characters; a variable
alone is the whole DSN.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from schemamig_tui.errors import SettingsError
from schemamig_tui.text import SECRET_NAME

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)
_VARIABLES = re.compile(rf"(?:{_VARIABLE.pattern})*", re.ASCII)
_URI = re.compile(r"[a-z][a-z0-9+_]*://", re.I)
# libpq takes what is before the first @ for a login if no / comes before it
# (conninfo_uri_parse_options in fe-connect.c).
_LOGIN = re.compile(r"://[^:@/]*:([^@/]*)@")
_NAMED = re.compile(rf"{SECRET_NAME}\s*=\s*('(?:[^'\\]|\\.)*'?|[^\s&]*)", re.I | re.S)


def refuse_password(dsn: str, where: str) -> None:
    """Raise SettingsError for a password that is written out; ``where`` is the key it is in."""
    for text in (dsn, unquote(dsn)):
        for found in (*_LOGIN.finditer(text), *_NAMED.finditer(text)):
            if not _VARIABLES.fullmatch(found[1].strip("'")):
                raise SettingsError(
                    f"{where} holds a password, which everybody can read who has the file",
                    hint="write ${NAME} in its place, and set the variable NAME",
                )


def expand(dsn: str, environ: Mapping[str, str], where: str) -> str:
    """``dsn`` with the values of its variables. Raises SettingsError where one is not set."""
    is_uri = bool(_URI.match(dsn))
    behind_login = dsn.find("@")

    def value(found: re.Match[str]) -> str:
        given = environ.get(found[1])
        if not given:
            raise SettingsError(
                f"{where}: the variable {found[1]} is not set",
                hint="set it, or name a file that has it with --env-file",
            )
        if found[0] == dsn:
            return given
        if is_uri:
            # Several hosts with their ports may be one value; a name and a password are encoded.
            return quote(given, safe=":,[]" if found.start() > behind_login else "")
        return re.sub(r"[\s'\\]", r"\\\g<0>", given)

    if "${" in _VARIABLE.sub("", dsn):
        raise SettingsError(f"{where} has a ${{ that is not the beginning of ${{NAME}}")
    return _VARIABLE.sub(value, dsn)
