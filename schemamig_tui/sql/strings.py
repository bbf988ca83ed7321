"""Reads the value of a string constant: '...', E'...', U&'...' and $tag$...$tag$.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS has the escapes.
"""

import re

from schemamig_tui.sql.lexer import DOLLAR_TAG


def string_value(token: bytes) -> bytes | None:
    """What a string constant says, in UTF-8; None for any other token.

    A plain string is read as with standard_conforming_strings, and one with Unicode escapes as
    without UESCAPE.
    """
    if tag := DOLLAR_TAG.match(token):
        return token[tag.end() : -tag.end()] if len(token) >= 2 * tag.end() else None
    if len(token) < 2 or not token.endswith(b"'"):
        return None
    prefix, _, inside = token[:-1].partition(b"'")
    inside = inside.replace(b"''", b"'")
    escapes = _ESCAPES.get(prefix.lower())
    return escapes.sub(_unescaped, inside) if escapes and b"\\" in inside else inside


_ESCAPES = {
    b"e": re.compile(
        rb"(?s)\\(?:u(?P<u4>[0-9a-fA-F]{4})|U(?P<u8>[0-9a-fA-F]{8})|x(?P<hex>[0-9a-fA-F]{1,2})"
        rb"|(?P<octal>[0-7]{1,3})|(?P<char>.))"
    ),
    b"u&": re.compile(
        rb"\\(?:(?P<u4>[0-9a-fA-F]{4})|\+(?P<u8>[0-9a-fA-F]{6})|(?P<hex>(?!))|(?P<octal>(?!))"
        rb"|(?P<char>\\))"
    ),
}
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _unescaped(escape: re.Match[bytes]) -> bytes:
    if code := escape["u4"] or escape["u8"]:
        number = int(code, 16)
        # Anything else is no character: the server refuses it.
        return chr(number).encode("utf-8", "replace") if number <= 0x10FFFF else escape[0]
    if escape["hex"]:
        return bytes([int(escape["hex"], 16)])
    if escape["octal"]:
        return bytes([int(escape["octal"], 8) & 0xFF])
    return _CONTROLS.get(escape["char"], escape["char"])
