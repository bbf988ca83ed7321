"""Compares two texts by their tokens, without comments and white space."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from schemamig_tui.sql.directives import CANDIDATE
from schemamig_tui.sql.lexer import tokens

_BOM = b"\xef\xbb\xbf"
_OPERATOR = frozenset(b"+-*/<>=~!@#%^&|`?:")
_DATA = re.compile(rb"(?i)\bstdin\b")


def same_tokens(one: bytes, other: bytes) -> bool:
    """Whether two files differ in comments, white space and line ends at most.

    Comments that say something, such as a directive, do count. So does all of a file that may have
    the data of a COPY, in which white space is data.
    """
    one, other = _plain(one), _plain(other)
    if one == other:
        return True
    if _DATA.search(one) or _DATA.search(other):
        return False
    return all(a == b for a, b in zip_longest(_tokens(one), _tokens(other))) and (
        _notes(one) == _notes(other)
    )


def _plain(text: bytes) -> bytes:
    return text.removeprefix(_BOM).replace(b"\r\n", b"\n")


def _tokens(text: bytes) -> Iterator[tuple[bytes, bool]]:
    """The tokens, and whether what is between one and the token before it means something.

    Two characters of an operator belong together where nothing is between them, and two strings
    where a line ends.
    """
    before, end = b"", 0
    for token in tokens(text):
        word = token[1]
        if word in _SINGLE and before in _SINGLE:
            means = token.start(1) == end
        else:
            strings = word[:1] == before[-1:] == b"'"
            means = strings and b"\n" in text[end : token.start(1)]
        yield word, means
        before, end = word, token.end(1)


_SINGLE = frozenset(bytes((char,)) for char in _OPERATOR)


def _notes(text: bytes) -> list[bytes]:
    return [line.strip() for line in text.split(b"\n") if CANDIDATE.match(line.strip())]
