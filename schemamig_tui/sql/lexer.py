"""The words of SQL as psql reads them: where quotes, comments, parentheses and statements end.

The rules are those of psql's scanner (src/fe_utils/psqlscan.l in PostgreSQL), which are the
server's own (src/backend/parser/scan.l) plus the counting of parentheses and of BEGIN ... END.
They are written as regular expressions over bytes, with possessive repeats only: a match runs at C
speed, never goes back, and needs no memory that grows with the text.

``skipper`` and ``ordinary`` are made for text that comes in windows: an alternative matches only
when the window shows all that decides where it ends, so a window that ends in the middle of a
string or a comment stops the match in front of it. ``tokens`` is slower, and for one statement as a
whole.
"""

import re
from collections.abc import Iterator
from functools import cache
from operator import itemgetter

from schemamig_tui.sql.directives import MARK


def _many(*alternatives: bytes) -> bytes:
    """The pattern of any number of the alternatives, as many as match, without backtracking.

    The last one never fits. It is there for Python before 3.11.5, where a possessive repeat that
    ends goes on from where its last try has failed (gh-106052); this one fails where it starts.
    """
    return rb"(?:" + rb"|".join(alternatives) + rb"|(?!))*+"


WORD_BYTE = rb"[\w$\x80-\xff]"
_LETTER = rb"[A-Za-z_\x80-\xff]"
WORD = re.compile(_LETTER + WORD_BYTE + rb"*+")

# A comment that may say something stops the fast paths; in a string or a body it is just text.
_LINE_COMMENT = rb"-(?!" + MARK + rb")[^\n\r]*+[\n\r]"
_BLOCK_COMMENT = rb"\*" + _many(rb"[^*/]++", rb"\*(?!/)", rb"/(?!\*)") + rb"\*/"

BLANKS = re.compile(_many(rb"\s++", rb"-" + _LINE_COMMENT))
"""White space and ``--`` comments."""
NEWLINE = re.compile(rb"[\n\r]")
COMMENT_EDGE = re.compile(rb"/\*|\*/")
"""Where a block comment goes one level down or up; both are taken from left to right."""
DOLLAR_TAG = re.compile(rb"\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)?\$")
DOLLAR_TAG_CUT_OFF = re.compile(rb"\$[A-Za-z0-9_\x80-\xff]*+\Z")
STANDARD_INSIDE = re.compile(rb"[^']*+" + _many(rb"''[^']*+"))
ESCAPED_INSIDE = re.compile(rb"[^'\\]*+" + _many(rb"''[^'\\]*+", rb"\\.[^'\\]*+"), re.DOTALL)
IDENTIFIER_INSIDE = re.compile(rb'[^"]*+' + _many(rb'""[^"]*+'))
BEHIND_COPY = re.compile(rb"[ \t\r\f\v]*+(?:--|\Z)")
"""What may stand in the line of a COPY ... FROM stdin behind its semicolon."""
END_OF_DATA = re.compile(rb"\r?(?:\n|\Z)")
"""What follows the backslash and full stop that end the data of a COPY."""
AFTER_E = re.compile(rb"(?<=[Ee])(?<!" + WORD_BYTE + rb"[Ee])'")
"""The opening quote of an E'' string, told from that of date'' by what is before the E."""

# An E'' string whose end is not in doubt: a quote on a later line would go on with it.
_ESCAPED = ESCAPED_INSIDE.pattern + rb"'(?=[ \t\f\v]*+[^\s'\-])"
_STANDARD = STANDARD_INSIDE.pattern + rb"'(?=[^'])"
# Behind a colon, unless there are two as in x::"T", a quoted thing may be a variable of psql: it
# stops the match. What is in front of a quote is looked at anyway, so this costs nothing.
_ANY_STRING = (
    rb"'(?:(?<![Ee:]')"
    + _STANDARD
    + rb"|(?<=::')"
    + _STANDARD
    + rb"|(?<="
    + WORD_BYTE
    + rb"[Ee]')"
    + _STANDARD
    + rb"|(?<=[Ee]')(?<!"
    + WORD_BYTE
    + rb"[Ee]')"
    + _ESCAPED
    + rb")"
)
# BEGIN, CASE and END stop the match, other words go by whole.
_COUNTED_TEXT = [
    rb"[^;'\"$/\-\\()A-Za-z_\x80-\xff]++",
    rb"(?!(?i:begin|case|end)(?!" + WORD_BYTE + rb"))" + WORD.pattern + rb"(?=[^\w$\x80-\xff])",
]


def whole_word(word: str) -> re.Pattern[bytes]:
    """The pattern of a word in upper or lower case, where it is no part of a longer one."""
    boundary = WORD_BYTE
    return re.compile(
        rb"(?i)(?<!" + boundary + rb")" + re.escape(word.encode()) + rb"(?!" + boundary + rb")"
    )


@cache
def skipper(*, standard_strings: bool, counts_begin: bool = False) -> re.Pattern[bytes]:
    """The pattern whose match ends in front of what has to be looked at.

    That is a semicolon or a backslash, the end of the window, a parenthesis, quote, dollar or
    comment that the window does not show whole or that is nested deep, and with ``counts_begin``
    the words BEGIN, CASE and END. ``standard_strings`` is the server's
    standard_conforming_strings.
    """
    return re.compile(_skipping(standard_strings, counts_begin), re.DOTALL)


@cache
def ordinary(*, standard_strings: bool) -> re.Pattern[bytes]:
    """One whole statement of a kind that needs no second look, as group 1, with its semicolon.

    Most are told by their first letter: INSERT, IMPORT, UPDATE, UNLISTEN, WITH, TRUNCATE, TABLE,
    GRANT, NOTIFY.
    """
    verb = rb"(?:[IUWTGNiuwtgn]|(?i:comment|create\s++table|delete)\b)"
    statement = rb"(" + verb + _skipping(standard_strings, counts_begin=False) + rb";)"
    return re.compile(BLANKS.pattern + statement, re.DOTALL)


def _skipping(standard_strings: bool, counts_begin: bool) -> bytes:
    # Each alternative starts with a literal byte, which is what makes choosing fast.
    opaque = [
        _ANY_STRING if standard_strings else rb"'(?:(?<!:')|(?<=::'))" + _ESCAPED,
        rb"-(?:(?=[^\-])|" + _LINE_COMMENT + rb")",
        rb'"(?:(?<!:")|(?<=::"))' + IDENTIFIER_INSIDE.pattern + rb'"(?=[^"])',
        rb"/(?:(?=[^*])|" + _BLOCK_COMMENT + rb")",
        rb"\$(?:(?<=[\w\x80-\xff]\$)" + WORD_BYTE + rb"*+|(?=[^A-Za-z_$\x80-\xff]))",
    ]
    # Parentheses go by in whole groups, two deep; the others are counted one by one.
    inside = [rb"[^'\"$/\-\\()]++", *opaque]
    group = rb"\(" + _many(*inside, rb"\(" + _many(*inside) + rb"\)") + rb"\)"
    text = _COUNTED_TEXT if counts_begin else [rb"[^;'\"$/\-\\()]++"]
    return _many(*text, group, *opaque)


_GAP = rb"\s*+" + _many(rb"--[^\n\r]*+\s*+", rb"/" + _BLOCK_COMMENT + rb"\s*+")


@cache
def phrase(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern in which a blank stands for what is between two words, comments included.

    In the place of ``~`` there may be something between, or nothing.
    """
    return re.compile(pattern.replace(b" ", rb"(?=[\s\-/])~").replace(b"~", _GAP), re.DOTALL)


@cache
def token_pattern(*, joined: bool) -> re.Pattern[bytes]:
    """The pattern of a token as group 1, which is empty at the end of the text.

    ``joined``: the characters of one operator are one token.
    """
    operator = (rb"[+*<>=~!@#%^&|`?:]++", rb"-(?!-)", rb"/(?!\*)")
    alternatives = (
        WORD.pattern + rb"(?!['&])",  # no prefix of a string: nearly every token is one of these
        rb"(?P<tag>" + DOLLAR_TAG.pattern + rb").*?(?P=tag)",
        rb"[Ee]'" + ESCAPED_INSIDE.pattern + rb"'",
        rb"(?:[BbNnXx]|[Uu]&)?'" + STANDARD_INSIDE.pattern + rb"'",
        rb'(?:[Uu]&)?"' + IDENTIFIER_INSIDE.pattern + rb'"',
        WORD.pattern,
        rb"[0-9][\w.]*+",
        *((rb"(?:" + rb"|".join(operator) + rb")" + _many(*operator),) if joined else ()),
        rb".",
        rb"\Z",
    )
    return re.compile(_GAP + rb"(" + rb"|".join(alternatives) + rb")", re.DOTALL)


_first_group = itemgetter(1)


def tokens(sql: bytes, position: int = 0) -> Iterator[re.Match[bytes]]:
    """The tokens from ``position`` on, each as group 1: words, quoted things, single characters.

    Operators come in pieces. A quote that is never closed comes as a single character.
    """
    return _matches(token_pattern(joined=False), sql, position)


def words_of(sql: bytes) -> Iterator[bytes]:
    """The words of a statement, with the characters of one operator together: ``::``, ``<=``."""
    pattern = token_pattern(joined=True)
    found = _matches(pattern, sql, 0) if b"/*" in sql else pattern.finditer(sql)
    return filter(None, map(_first_group, found))


def _matches(pattern: re.Pattern[bytes], sql: bytes, position: int) -> Iterator[re.Match[bytes]]:
    found = pattern.finditer(sql, position)
    while (match := next(found))[1]:
        if match[1] == b"/" and sql.startswith(b"*", match.end()):
            found = pattern.finditer(sql, _after_nested(sql, match.start(1)))
        else:
            yield match


# Each alternative starts with a literal byte: the search skips what is between at C speed.
_QUOTED_OR_COMMENT = re.compile(
    rb"'(?:(?<=[Ee]')(?<!"
    + WORD_BYTE
    + rb"[Ee]')"
    + ESCAPED_INSIDE.pattern
    + rb"|"
    + STANDARD_INSIDE.pattern
    + rb")'"
    rb'|"' + IDENTIFIER_INSIDE.pattern + rb'"'
    rb"|\$(?<!"
    + WORD_BYTE
    + rb"\$)(?P<tag>(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)?)\$(?P<inside>.*?)\$(?P=tag)\$"
    rb"|--[^\n\r]*+"
    rb"|/\*",
    re.DOTALL,
)


def without_comments(sql: bytes, depth: int = 3) -> bytes:
    """The text with a blank in the place of each comment.

    What stands in dollar quotes is taken for code, with comments of its own, ``depth`` levels deep.
    """
    pieces = []
    position = 0
    while match := _QUOTED_OR_COMMENT.search(sql, position):
        pieces.append(sql[position : match.start()])
        position = match.end()
        quoted = match[0]
        if quoted.startswith((b"--", b"/*")):
            if quoted == b"/*":
                position = _after_nested(sql, match.start())
            quoted = b" "
        elif match["inside"] is not None and depth:
            tag = b"$" + match["tag"] + b"$"
            quoted = tag + without_comments(match["inside"], depth - 1) + tag
        pieces.append(quoted)
    pieces.append(sql[position:])
    return b"".join(pieces)


def _after_nested(sql: bytes, position: int) -> int:
    depth = 0
    for edge in COMMENT_EDGE.finditer(sql, position):
        depth += 1 if edge[0] == b"/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)
