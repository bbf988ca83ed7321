"""Which schemas a statement makes, and whether it makes a certain table."""

from collections.abc import Iterator

from schemamig_tui.sql.bodies import executed_texts
from schemamig_tui.sql.lexer import phrase, tokens
from schemamig_tui.sql.words import Words

_BETWEEN = (b"global", b"local", b"unlogged", b"foreign")


def created_schemas(sql: bytes) -> Iterator[str]:
    """The schemas that CREATE SCHEMA makes in a text. One without a name has that of its role."""
    words = Words(token[1] for token in tokens(sql))
    while word := words.next():
        if word.lower() == b"create" and words.take(b"schema"):
            words.take(b"if", b"not", b"exists")
            words.take(b"authorization")
            if name := words.name():
                yield name.name


def schemas_created_by_code(code: bytes) -> tuple[str, ...]:
    """The schemas that the code of a DO statement makes."""
    texts = executed_texts(code) if _CREATE_SCHEMA.search(code) else ()
    return tuple(name for text in texts for name in created_schemas(text))


_CREATE_SCHEMA = phrase(rb"(?i:\bcreate schema\b)")


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
