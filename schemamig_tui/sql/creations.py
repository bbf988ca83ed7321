"""Which schemas a statement makes, and whether it makes a certain table.

ALTER makes one as well, where it gives something that is there that name, or that schema.
"""

from collections.abc import Iterator

from schemamig_tui.sql.bodies import body, executed_texts
from schemamig_tui.sql.lexer import phrase, tokens
from schemamig_tui.sql.words import Words, verb_of

_BETWEEN = (b"global", b"local", b"unlogged", b"foreign")


def created_schemas(sql: bytes) -> Iterator[str]:
    """The schemas that a text makes. CREATE SCHEMA without a name takes that of its role."""
    words = Words(token[1] for token in tokens(sql))
    while word := words.next():
        if word.lower() == b"create" and words.take(b"schema"):
            words.take(b"if", b"not", b"exists")
            words.take(b"authorization")
            if name := words.name():
                yield name.name
        elif word.lower() == b"alter" and words.take(b"schema"):
            words.name()
            if words.take(b"rename", b"to") and (name := words.name()):
                yield name.name


def schemas_created_by_code(code: bytes) -> tuple[str, ...]:
    """The schemas that the code of a DO statement makes."""
    texts = executed_texts(code) if _MAKES_SCHEMA.search(code) else ()
    return tuple(name for text in texts for name in created_schemas(text))


_MAKES_SCHEMA = phrase(rb"(?i:\b(?:create|alter) schema\b)")


def creates_table(sql: bytes, schema: str, table: str) -> bool:
    """Whether it makes a table of that name, in that schema or in one the text does not say.

    The code of a DO statement counts.
    """
    verb = verb_of(sql)
    # Most statements are no such thing, and there may be very many.
    if verb not in (b"create", b"alter", b"do") or table.lower().encode() not in sql.lower():
        return False
    code = body(sql) if verb == b"do" else None
    texts = executed_texts(code.code) if code else [sql]
    return any(_makes_table(text, schema, table) for text in texts)


def _makes_table(sql: bytes, schema: str, table: str) -> bool:
    words = Words(token[1] for token in tokens(sql))
    made = (None, schema)
    while word := words.next().lower():
        if word == b"create":
            while words.peek() in _BETWEEN:
                words.next()
            if words.take(b"table"):
                words.take(b"if", b"not", b"exists")
                name = words.name()
                if name and name.name == table and name.schema in made:
                    return True
        elif word == b"alter" and words.take(b"table"):
            words.take(b"if", b"exists")
            words.take(b"only")
            name = words.name()
            renamed = words.take(b"rename", b"to") and words.path() == [table]
            moved = words.take(b"set", b"schema") and words.path() == [schema]
            if name and ((renamed and name.schema in made) or (moved and name.name == table)):
                return True
    return False
