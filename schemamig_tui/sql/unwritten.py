"""Files that nobody has written yet: with nothing in them, or nothing between BEGIN and COMMIT.

It is asked of every file of a folder, so it stands by itself and imports no lexer. What it does not
understand (nested comments, strings) it takes for written.
"""

import re

_GAP = rb"(?:\s++|--[^\n\r]*+|/\*[^*/]*+(?:(?:\*(?!/)|/(?!\*))[^*/]*+)*\*/)"
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?(?:" + _GAP + rb"|;)*")
_WORDS = rb"\b(?:" + _GAP + rb"+(?:%s)\b|" + _GAP + rb"*,)*"
_MODES = (
    rb"work|transaction|isolation|level|serializable|repeatable|read|committed|uncommitted|only"
    rb"|write|not|deferrable"
)
_EMPTY_TRANSACTION = re.compile(
    rb"(?i)(?:\xef\xbb\xbf)?" + _GAP + rb"*(?:set\b[^;]*;" + _GAP + rb"*)*"
    rb"(?:begin|start" + _GAP + rb"+transaction)" + _WORDS % _MODES + _GAP + rb"*;"
    rb"(?:" + _GAP + rb"|;)*(?:commit|end)" + _WORDS % rb"work|transaction" + _GAP + rb"*;?"
    rb"(?:" + _GAP + rb"|;)*"
)


def is_empty_transaction(text: bytes) -> bool:
    """Whether a file has its BEGIN and COMMIT, perhaps settings before, and nothing in between."""
    return _EMPTY_TRANSACTION.fullmatch(text) is not None


def has_statements(text: bytes) -> bool:
    """Whether there is more in a file than blanks, comments and semicolons."""
    found = _BLANK.match(text)
    return found is None or found.end() < len(text)
