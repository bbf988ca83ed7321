"""The indexes that a statement makes, and whether it may make any with its constraints."""

from collections.abc import Iterable

from schemamig_tui.sql.words import Name, Words, identifier


def may_constrain(sql: bytes) -> bool:
    """Whether a statement may add a foreign key or a unique index: a quick look."""
    lower = sql.lower()
    return any(word in lower for word in (b"references", b"primary", b"unique"))


def first_indexed(tokens: Iterable[bytes]) -> tuple[Name, str] | None:
    """The table of a CREATE INDEX, and the first column; None where that is an expression."""
    words = Words(tokens)
    words.take(b"create")
    words.take(b"unique")
    if not words.take(b"index") or not words.seek(b"on"):
        return None
    words.take(b"only")
    table = words.name()
    if words.take(b"using"):
        words.next()
    if table is None or not words.take(b"("):
        return None
    column = identifier(words.next())
    return (table, column) if column else None
