"""Reads expressions: the functions that they call, and the NULLs that they rule out."""

from collections.abc import Iterable, Sequence

from schemamig_tui.sql.lexer import tokens, words_of
from schemamig_tui.sql.type_names import type_name
from schemamig_tui.sql.words import identifier


def calls(expression: Iterable[bytes]) -> frozenset[str]:
    """The functions that an expression calls, without their schemas.

    Keywords that look like functions, which are as good as constant, are left out.
    """
    found = set()
    before = b""
    is_type = False
    for word in expression:
        if word == b"(" and not is_type and (name := identifier(before)) is not None:
            found.add(name)
        # A type may have a length: 'a'::s.varchar(3).
        is_type = before in (b"::", b":") or (is_type and b"." in (before, word))
        before = word
    return frozenset(found - _KEYWORDS)


def identifiers(expression: str) -> frozenset[str]:
    """All names in an expression, those of columns among them."""
    names = (identifier(word) for word in words_of(expression.encode()))
    return frozenset(name for name in names if name is not None)


def proven_not_null(condition: str) -> frozenset[str]:
    """The columns that cannot be NULL where a condition, as the server writes it, is true.

    As the server does for SET NOT NULL: one of its parts that AND joins has to be
    ``column IS NOT NULL``.
    """
    names = (
        identifier(part[0])
        for part in _conjunction([token[1] for token in tokens(condition.encode())])
        if [word.lower() for word in part[1:]] == [b"is", b"not", b"null"]
    )
    return frozenset(name for name in names if name is not None)


def _conjunction(words: Sequence[bytes]) -> list[Sequence[bytes]]:
    """The parts of an expression that AND joins, without parentheses around each."""
    words = _bare(words)
    parts: list[Sequence[bytes]] = []
    start = depth = 0
    for i, word in enumerate(words):
        depth += (word == b"(") - (word == b")")
        if depth == 0 and word.lower() == b"or":
            return []
        if depth == 0 and word.lower() == b"and":
            parts.append(words[start:i])
            start = i + 1
    if not parts:
        return [words]
    return [one for part in (*parts, words[start:]) for one in _conjunction(part)]


def _bare(words: Sequence[bytes]) -> Sequence[bytes]:
    """The words without the parentheses around all of them."""
    while words[:1] == [b"("] and _closes(words) == len(words) - 1:
        words = words[1:-1]
    return words


def _closes(words: Sequence[bytes]) -> int:
    """The index of the parenthesis that closes the one with which the words begin."""
    depth = 0
    for i, word in enumerate(words):
        depth += (word == b"(") - (word == b")")
        if depth == 0:
            return i
    return -1


# https://www.postgresql.org/docs/current/sql-keywords-appendix.html
_KEYWORDS = frozenset(
    (
        "all", "and", "any", "array", "between", "case", "cast", "char", "character", "coalesce",
        "collate", "current_time", "current_timestamp", "else", "exists", "extract", "greatest",
        "in", "least", "like", "localtime", "localtimestamp", "normalize", "not", "nullif",
        "numeric", "decimal", "or", "overlay", "position", "row", "some", "substring", "then",
        "time", "timestamp", "treat", "trim", "varchar", "varying", "when", "xmlconcat", "interval",
        "precision", "bit",
    )
)  # fmt: skip


def cast_types(expression: str | None, column: str) -> tuple[str, ...] | None:
    """The types that an expression casts a column to, one after the other, as they are written.

    None: it is more than that. Without an expression the column stays as it is.
    """
    if expression is None:
        return ()
    words = _bare([*words_of(expression.encode())])
    found: list[str] = []
    while len(words) != 1:
        if words and words[0].lower() == b"cast" and _closes(words[1:]) == len(words) - 2:
            words, sign = words[2:-1], b"as"
        else:
            sign = b"::"
        split = _last(words, sign)
        kind = words[split + 1 :]
        names = [word.lower() for word in kind if identifier(word) is not None]
        # Behind a type more may follow: AT TIME ZONE, COLLATE, AND.
        is_type = b"." in kind or len(names) == 1 or _LONG_NAMES.issuperset(names)
        written = type_name(b" ".join(kind).decode(errors="replace"))
        if split < 1 or not is_type or written is None:
            return None
        found.append(written)
        words = _bare(words[:split])
    return tuple(reversed(found)) if identifier(words[0]) == column else None


def _last(words: Sequence[bytes], searched: bytes) -> int:
    """Where a word stands last outside of parentheses; -1 if it does not."""
    found, depth = -1, 0
    for i, word in enumerate(words):
        depth += (word in b"([") - (word in b")]")
        if depth == 0 and word.lower() == searched:
            found = i
    return found


# https://www.postgresql.org/docs/current/datatype.html
_LONG_NAMES = frozenset(
    (
        b"bit", b"char", b"character", b"day", b"double", b"hour", b"interval", b"minute", b"month",
        b"national", b"precision", b"second", b"time", b"timestamp", b"to", b"varying", b"with",
        b"without", b"year", b"zone",
    )
)  # fmt: skip
