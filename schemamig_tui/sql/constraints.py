"""The tables and indexes that a statement makes, read for their constraints and columns."""

from collections.abc import Iterable

from schemamig_tui.sql.actions import TableAction
from schemamig_tui.sql.alter_table import keys
from schemamig_tui.sql.words import Name, Words, identifier

_KINDS = (b"global", b"local", b"unlogged", b"temp", b"temporary")


def may_constrain(sql: bytes) -> bool:
    """Whether a statement may add a foreign key or a unique index: a quick look."""
    lower = sql.lower()
    return any(word in lower for word in (b"references", b"primary", b"unique"))


def may_refer(sql: bytes) -> bool:
    """Whether a statement may add a foreign key: a quick look."""
    return b"references" in sql.lower()


def new_table(tokens: Iterable[bytes]) -> tuple[Name, tuple[TableAction, ...]] | None:
    """The table that a CREATE TABLE makes, and the actions that would add its keys."""
    words = Words(tokens)
    words.take(b"create")
    while words.peek() in _KINDS:
        words.next()
    if not words.take(b"table"):
        return None
    words.take(b"if", b"not", b"exists")
    table = words.name()
    return (table, keys(words.inside())) if table else None


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
