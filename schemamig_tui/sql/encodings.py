"""Client encodings: Python's names of them, and bytes in them that only look like quotes."""

import codecs
import re

UTF8 = "UTF8"

# Client encodings in which the second byte of a character may look like a quote or a backslash
# (PQmblen of libpq decides how long a character is; psqlscan.l masks all but its first byte).
_TWO_BYTES = re.compile(rb"[\x80-\xff].", re.DOTALL)
_SJIS = re.compile(rb"[\x80-\xa0\xe0-\xff].", re.DOTALL)
_UNSAFE = {
    "BIG5": _TWO_BYTES,
    "GBK": _TWO_BYTES,
    "UHC": _TWO_BYTES,
    "JOHAB": re.compile(rb"\x8f..|[\x80-\xff].", re.DOTALL),
    "SJIS": _SJIS,
    "SHIFTJIS2004": _SJIS,
    "GB18030": re.compile(rb"[\x80-\xff](?:[0-9]..|.)", re.DOTALL),
}
_NOT_ALNUM = re.compile(r"[\W_]")
_ALIASES = {
    "UNICODE": UTF8,
    "MSKANJI": "SJIS",
    "SHIFTJIS": "SJIS",
    "WINDOWS932": "SJIS",
    "WIN932": "SJIS",
    "WINDOWS936": "GBK",
    "WIN936": "GBK",
    "WINDOWS949": "UHC",
    "WIN949": "UHC",
    "WINDOWS950": "BIG5",
    "WIN950": "BIG5",
}

# Where Python knows an encoding by another name than encoding_name gives.
_CODECS = (
    (re.compile(r"\AWIN(?:DOWS)?(?=\d)"), "cp"),
    (re.compile(r"\AISO8859(?=\d)"), "iso8859-"),
    (re.compile(r"\AKOI8(?=[RU])"), "koi8-"),
)


def python_codec(name: str) -> str | None:
    """Python's name of an encoding of the server; None where it has none, as for SQL_ASCII."""
    plain = encoding_name(name)
    for pattern, instead in _CODECS:
        plain = pattern.sub(instead, plain)
    try:
        return codecs.lookup(plain).name
    except LookupError:
        return None


def encoding_name(name: str | None) -> str:
    """The server's name of an encoding, however it is written; None is UTF-8."""
    plain = _NOT_ALNUM.sub("", name or UTF8).upper()
    return _ALIASES.get(plain, plain)


def masked(text: bytes, encoding: str) -> bytes:
    """The text, with every byte of a character masked but the first: they could fool a lexer.

    ``encoding`` is a name that ``encoding_name`` gives; the text has to end with a character.
    """
    mask = _UNSAFE.get(encoding)
    return mask.sub(_masked, text) if mask else text


def is_safe(encoding: str) -> bool:
    """Whether no second byte of a character looks like a quote or a backslash."""
    return encoding not in _UNSAFE


def _masked(character: re.Match[bytes]) -> bytes:
    return character.group()[:1] + b"\xff" * (len(character.group()) - 1)
