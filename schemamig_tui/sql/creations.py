"""Whether a statement makes a certain table."""

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Words

_BETWEEN = (b"global", b"local", b"unlogged", b"foreign")


def creates_table(sql: bytes, schema: str, table: str) -> bool:
    """Whether it is a CREATE TABLE of that name, in that schema or in one the text does not say."""
    if sql[:6].lower() != b"create":  # most are no such thing, and there may be very many
        return False
    words = Words(token[1] for token in tokens(sql))
    words.next()
    while words.peek() in _BETWEEN:
        words.next()
    if not words.take(b"table"):
        return False
    words.take(b"if", b"not", b"exists")
    name = words.name()
    return name is not None and name.name == table and name.schema in (None, schema)
