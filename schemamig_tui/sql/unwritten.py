"""Recognises files that nobody has written yet: empty, or with nothing between BEGIN and COMMIT.

Every file of a folder is looked at, so this module is quick and imports no lexer. A file that it
does not understand, such as one with nested comments, counts as written.
"""

import re
from collections.abc import Iterator
from itertools import chain

_TOKEN = re.compile(
    rb"\s++|\xef\xbb\xbf|--[^\n\r]*+|/\*[^*/]*+(?:(?:\*(?!/)|/(?!\*))[^*/]*+)*\*/"
    rb"|(?P<token>;|\w++|'[^']*+'|.)",
    re.DOTALL,
)
_MODES = frozenset(
    b"work transaction isolation level serializable repeatable read committed uncommitted only"
    b" write not deferrable ,".split()
)
_WORK = frozenset((b"work", b"transaction"))
# How a statement may begin in front of the BEGIN of an empty transaction, in it, and behind it.
_BEFORE, _INSIDE, _BEHIND = range(3)
_FIRST: tuple[tuple[bytes, ...], ...] = ((b"set", b"begin", b"start"), (b"commit", b"end"), ())


def is_empty_transaction(text: bytes) -> bool:
    """Whether a file has its BEGIN and COMMIT, perhaps settings before, and nothing in between."""
    lower = text.lower()
    if b"commit" not in lower and b"end" not in lower:  # as nearly all files
        return False
    place = _BEFORE
    words: list[bytes] = []
    for token in chain(_tokens(text), (b";",)):
        if token != b";":
            words.append(token)
            if words[0] not in _FIRST[place]:
                return False
            continue
        if words and words[0] != b"set":
            allowed = _MODES if place == _BEFORE else _WORK
            if not allowed.issuperset(words[1:]) or words == [b"start"]:
                return False
            place += 1
        words.clear()
    return place == _BEHIND


def has_statements(text: bytes) -> bool:
    """Whether there is more in a file than blanks, comments and semicolons."""
    return any(token != b";" for token in _tokens(text))


def _tokens(text: bytes) -> Iterator[bytes]:
    """The tokens in lower case, without blanks and comments. What is never closed is in pieces."""
    for match in _TOKEN.finditer(text):
        if token := match["token"]:
            yield token.lower()
