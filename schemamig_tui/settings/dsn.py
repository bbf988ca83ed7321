"""A DSN in a file, which others can read: ``${NAME}`` stands for a variable, as in a shell.

A password stands there only so. What a variable holds is one value, of any characters; a variable
alone is the whole DSN.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from schemamig_tui.errors import SettingsError
from schemamig_tui.text import SECRET_NAME

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)
_VARIABLES = re.compile(rf"(?:{_VARIABLE.pattern})*", re.ASCII)
_POSTGRESQL = re.compile(r"(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?://", re.I | re.ASCII)
_URI = re.compile(r"[a-z][a-z0-9+_]*://", re.I)
# What a person takes for a login, also where libpq reads another one, because of an @ or a / that
# is not encoded, or a scheme that is missing. A query may have an @ that belongs to no login.
_LOGIN = re.compile(r"(?:://|^(?!\w[\w+]*://))[^:/=]*:([^@/]*(?:(?!\?\w+=).)*)@", re.S)
_NAMED = re.compile(rf"{SECRET_NAME}\s*=\s*('(?:[^'\\]|\\.)*'?|[^\s&]*)", re.I | re.S)
_SECRET = re.compile(rf".*{SECRET_NAME}\s*", re.I | re.S)


def for_libpq(dsn: str) -> str:
    """A DSN as libpq reads it; a URI may be SQLAlchemy's, ``postgresql+psycopg://``, or JDBC's."""
    dsn = dsn.strip()
    uri = _POSTGRESQL.match(dsn)
    return f"postgresql://{dsn[uri.end() :]}" if uri else dsn


def refuse_password(dsn: str, where: str) -> None:
    """Raise SettingsError for a password that is written out; ``where`` is the key it is in."""
    if not all(_VARIABLES.fullmatch(password) for password in _passwords(dsn)):
        raise SettingsError(
            f"{where} holds a password, which everybody can read who has the file",
            hint="write ${NAME} in its place, and set the variable NAME. An @ that ends no login is"
            " written %40",
        )


def _passwords(dsn: str) -> Iterator[str]:
    """What stands in the places of passwords."""
    # An encoded colon parts no login for libpq, but whoever wrote it meant one.
    for text in (dsn, unquote(dsn.replace("%40", ""))):
        yield from (found[1] for found in _LOGIN.finditer(text))
    yield from (found[1].strip("'") for found in _NAMED.finditer(dsn))
    for parameter in re.split("[?&]", dsn):
        name, _, value = parameter.partition("=")
        if _SECRET.fullmatch(unquote(name)):
            yield value.strip("'")


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
