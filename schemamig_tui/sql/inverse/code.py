"""Finds what takes back a DO block, as far as the statements in it are written out."""

from collections.abc import Callable, Iterator

from schemamig_tui.sql.bodies import STARTS, body
from schemamig_tui.sql.inverse.inverse import Ask, Inverse, Named
from schemamig_tui.sql.lexer import tokens, whole_word

DONE_BY_CODE = "what the code that it runs has done"

# Statements of PL/pgSQL that change nothing by themselves.
_HARMLESS = frozenset(
    (
        b"",
        b"assert",
        b"begin",
        b"case",
        b"continue",
        b"declare",
        b"else",
        b"elsif",
        b"end",
        b"exception",
        b"exit",
        b"for",
        b"foreach",
        b"get",
        b"if",
        b"loop",
        b"null",
        b"raise",
        b"return",
        b"select",
        b"when",
        b"while",
    )
)


def block(sql: bytes, inverse: Callable[[bytes], Inverse]) -> Inverse:
    """The inverse of a DO statement, by the ``inverse`` of what it creates.

    What it creates is known by its text, if the block comes to it; whatever else it does is not.
    """
    found = body(sql)
    made: list[str] = []
    creates: list[Named] = []
    lost = found is None
    for statement in _statements(found.code) if found else ():
        word = statement[:6].lower()
        taken = inverse(statement) if word == b"create" else None
        if taken and taken.sql and not taken.lost:
            made += reversed(taken.sql)
            creates += taken.creates
        else:
            lost = lost or taken is not None or not _is_harmless(statement)
    doubt = "It is made in a DO block: this is right if the block has come to it."
    return Inverse(
        sql=tuple(reversed(made)),
        ask=Ask.SCHEMA,
        doubts=(doubt,) if made else (),
        lost=(DONE_BY_CODE,) if lost else (),
        creates=tuple(creates),
        if_missing=bool(creates),
        runs_code=True,
    )


def sets_sequence(sql: bytes) -> bool:
    """Whether a statement sets a sequence to a value, which no ROLLBACK undoes."""
    return _SETVAL.search(sql) is not None


_SETVAL = whole_word("setval")


def _statements(code: bytes) -> Iterator[bytes]:
    """The statements of a block, and what is between BEGIN, IF ... THEN and the like."""
    start = 0
    depth = 0
    for token in tokens(code):
        word = token[1].lower()
        depth += (word == b"(") - (word == b")")
        if depth == 0 and word in STARTS:
            yield code[start : token.start(1)].strip()
            start = token.end(1)
    yield code[start:].strip()


def _is_harmless(statement: bytes) -> bool:
    words = [token[1].lower() for token in tokens(statement)][:2]
    return not words or words[0] in _HARMLESS or words[1:] in ([b":"], [b"="])
