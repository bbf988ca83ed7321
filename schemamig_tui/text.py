"""Makes outside text safe to show: control characters become visible, secrets disappear.

File names, SQL, messages of the server and what somebody typed are data. On its way to a terminal
such text may hold escape sequences, characters of no width, or marks that turn the writing
direction around. ``visible`` writes every character that does not print as an escape; what prints
stays as it is, and no kind of markup is ever parsed or made.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

Styled = tuple[Literal["plain", "strong", "good", "bad"], str]
"""A line, safe to show, and what it is: the UI and the commands have a style for that."""

_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
_TAB_STOP = 8
MASK = "***"
"""What stands in the place of a secret."""
# A password in a URI ends at its last "@", because people forget to encode the ones that it and the
# name hold.
_URI_PASSWORD = re.compile(r"(\w://[^\s:/]*:)[^\s]*(?=@)")
# The name of a parameter may be encoded as well, so that nobody can tell whether it is a secret.
_ENCODED_NAME = re.compile(r"([?&][^\s=&]*%[^\s=&]*=)[^\s&]*")
# An & ends a value in a URI only, where another parameter follows.
_VALUE = r"(?:[^\s&\\]|&(?![\w.%]+=)|\\.)"
SECRET_NAME = r"(?:passw(?:or)?d|oauth_client_secret|scram_(?:client|server)_key)"
"""The keywords of libpq that hold a secret, as a pattern, and what ends in one of them."""
_NAMED_PASSWORD = re.compile(
    rf"({SECRET_NAME}\s*=\s*)('(?:[^'\\]|\\.)*'?|(?!'){_VALUE}+)", re.I | re.S
)
_TOKEN = re.compile(r"(\bBearer\s+|[?&](?:access_)?token=)[^\s&'\"]+", re.I)
# In a command of the shell: what an option gives, what is set for it, and what is behind a host, as
# chats have their tokens there. A variable alone is no secret.
_GIVEN = re.compile(
    r"""((?<!\S)(?:-u|--?user|-H|--header|--(?:\w+-)?(?:password|token|key|secret))[\s=]\s*
    |\b\w*(?:KEY|TOKEN|SECRET|PASS(?:W(?:OR)?D)?)=
    |://[^\s/'"]+/)(?!["']?\$\w+["']?(?:\s|$))('[^']*'?|"(?:[^"\\]|\\.)*"?|[^\s'"]+)""",
    re.I | re.X,
)
_QUERIED_PASSWORD = re.compile(r"(passw(?:or)?d).*['$=].*", re.I | re.S)


def visible(text: str, *, keep_newlines: bool = False) -> str:
    r"""Write every character that does not print as ``\x1B``, ``\u202E`` or ``\U000E0001``.

    The form is psql's (``pg_wcsformat`` in mbprint.c). What prints is what ``str.isprintable``
    says, and the space: so controls (C0 and C1), direction marks, characters of no width, spaces
    other than the ASCII one, private and unassigned characters are written as escapes. A byte of
    a file name that is not UTF-8, which Python holds as a lone surrogate, is written as ``\xFF``.

    With ``keep_newlines`` the text is a body of lines: newlines stay, a CRLF is a newline, and a
    tab is the spaces up to the next multiple of 8. Doing it twice changes nothing.
    """
    if text.isprintable():
        return text
    if keep_newlines:
        lines = text.replace("\r\n", "\n").split("\n")
        return "\n".join(_visible_line(line) for line in lines)
    return "".join(map(_escape, text))


def one_line(error: BaseException) -> str:
    """The first line of an error's text, safe to show.

    libpq and psycopg put guesses, hints and the position in the query on further lines. Of an
    error of the system it is what the system calls it, without its number, and the file.
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return visible(text.partition("\n")[0])


def some_names(names: Sequence[str]) -> str:
    """``a, b, c and 2 more``, safe to show."""
    shown = ", ".join(map(visible, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more"


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes, which has to be ``visible`` already."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Replace each of ``secrets``, and what looks like a password or a token, by ``***``."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _URI_PASSWORD.sub(rf"\1{MASK}", text)
    text = _ENCODED_NAME.sub(rf"\1{MASK}", text)
    text = _TOKEN.sub(rf"\1{MASK}", text)
    return _NAMED_PASSWORD.sub(rf"\1{MASK}", text)


def redact_command(command: str) -> str:
    """A command of the shell without what may be a password, a token or a key in it."""
    return _GIVEN.sub(rf"\1{MASK}", redact(command))


def redact_query(query: str) -> str:
    """A query that somebody else runs, up to where it comes to a password: ``PASSWORD ***``."""
    return redact(_QUERIED_PASSWORD.sub(rf"\1 {MASK}", query))


def _visible_line(line: str) -> str:
    if line.isprintable():
        return line
    shown = []
    column = 0
    for number, part in enumerate(line.split("\t")):
        gap = _TAB_STOP - column % _TAB_STOP if number else 0
        part = " " * gap + "".join(map(_escape, part))
        column += cells(part)
        shown.append(part)
    return "".join(shown)


def _escape(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return rf"\x{code - 0xDC00:02X}"
    if code < 0x80:
        return _NAMED.get(char) or rf"\x{code:02X}"
    return rf"\u{code:04X}" if code <= 0xFFFF else rf"\U{code:08X}"
