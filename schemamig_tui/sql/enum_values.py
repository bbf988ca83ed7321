"""Which strings of a statement the server may make values of an enum of, as soon as it has it."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from schemamig_tui.sql.bodies import body, creates
from schemamig_tui.sql.lexer import DOLLAR_TAG, tokens

# More alternatives than that take longer than reading a statement word by word.
_FEW = 50
# How deep code is looked at: a string in a string that DO passes to EXECUTE.
_DEPTH = 2


def mentioning(values: Iterable[str]) -> re.Pattern[bytes]:
    """A quick pattern that is in any statement that may use one of the values of an enum."""
    spelt = [re.escape(value.encode()).replace(b"'", b"'+") for value in set(values)]
    return re.compile(b"|".join(spelt) if len(spelt) <= _FEW else b"['$]")


def used(sql: bytes) -> Iterator[str]:
    """The strings that a statement needs to be values of an enum, where they are meant for one.

    Code counts where it runs, or is read, at once: that of DO and of functions in SQL, but not of
    those in PL/pgSQL. What only names a value is no use: ALTER TYPE, COMMENT.
    """
    words = [token[1].lower() for token in islice(tokens(sql), 2)]
    if words[:1] == [b"comment"] or words == [b"alter", b"type"]:
        return
    yield from _strings(sql, depth=0)
    is_function = creates(sql) is not None
    if words[:1] == [b"do"] or (is_function and _is_in_sql(sql)):
        code = body(sql)
        if code is not None:
            yield from _strings(code.code, depth=_DEPTH)


def _strings(code: bytes, *, depth: int) -> Iterator[str]:
    for token in tokens(code):
        if (content := _content(token[1])) is not None:
            yield content.decode(errors="replace")
            if depth:
                yield from _strings(content, depth=depth - 1)


def _content(token: bytes) -> bytes | None:
    """What is in a string; None for another token."""
    if tag := DOLLAR_TAG.match(token):
        return token[tag.end() : -tag.end()]
    if len(token) > 1 and token.endswith(b"'"):
        return token[token.index(b"'") + 1 : -1].replace(b"''", b"'")
    return None


def _is_in_sql(sql: bytes) -> bool:
    """Whether a function is in the language SQL, whose code is read when it is created."""
    before = b""
    for token in tokens(sql):
        word = token[1].lower()
        if before == b"language":
            return word.strip(b"'\"") == b"sql"
        before = word
    return False
