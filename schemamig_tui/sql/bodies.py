"""The code that DO blocks and functions carry in a string."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from schemamig_tui.sql.lexer import DOLLAR_TAG, tokens, words_of
from schemamig_tui.sql.strings import string_value


@dataclass(frozen=True, slots=True)
class Body:
    """``code`` as the server sees it; ``start`` is where it starts in its statement.

    ``start`` is None when the lines of the code are not lines of the file: E'BEGIN\\nEND'.
    """

    start: int | None
    code: bytes


def body(sql: bytes) -> Body | None:
    """The code of a DO statement, or of one that creates a function with its code in a string."""
    words: list[bytes] = []
    for token in tokens(sql):
        text = token[1]
        words.append(text.lower())
        before = words[-2:-1]
        is_code = before == [b"as"] or (words[0] == b"do" and before != [b"language"])
        if is_code and (code := string_value(text)) is not None:
            return Body(_start_of_code(text, token.start(1)), code)
    return None


def executed_texts(code: bytes, depth: int = 2) -> Iterator[bytes]:
    """The code of a body, and each string in it that may be passed to EXECUTE.

    Strings in strings are among them, ``depth`` levels deep.
    """
    yield code
    for token in tokens(code) if depth else ():
        content = string_value(token[1])
        if content is not None:
            yield from executed_texts(content, depth - 1)


def creates(sql: bytes, position: int = 0) -> str | None:
    """The name, without its schema, of the function or procedure that a statement creates."""
    words = (token[1] for token in tokens(sql, position))
    if next(words, b"").lower() != b"create":
        return None
    what = next(words, b"").lower()
    if what == b"or":
        _, what = next(words, b""), next(words, b"").lower()
    if what not in (b"function", b"procedure"):
        return None
    name = next(words, b"")
    if next(words, b"") == b".":
        name = next(words, b"")
    text = name.decode(errors="replace")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()


def ends_transaction(code: bytes) -> str | None:
    """COMMIT or ROLLBACK, if it is a statement of the PL/pgSQL ``code``."""
    if not _MAY_END.search(code):
        return None
    words = [b";"]
    ends = b""
    for token in tokens(code):
        word = token[1].lower()
        if ends and word in (b";", b"and"):
            return ends.decode().upper()
        starts = words[-1] in STARTS or _is_label(words)
        ends = word if starts and word in (b"commit", b"rollback") else b""
        words = [*words[-5:], word]
    return None


def _is_label(words: list[bytes]) -> bool:
    """Whether the last words are a label, which may stand in front of a statement: <<name>>."""
    return words[-2:] == [b">", b">"] and words[-5:-3] == [b"<", b"<"]


def first_ddl(code: bytes) -> tuple[str, int] | None:
    """How the first statement of PL/pgSQL begins that may lock what is there already.

    That is one that makes, alters, drops or empties something, but for what is made and touches
    nothing else, such as a type. The word is in upper case; the number is its offset, for EXECUTE
    that of the string it is in.
    """
    lower = code.lower()
    if any(word in lower for word in _DDL):
        for verb, what, offset in _heads(code):
            if verb in _DDL and not (verb == b"create" and what in _TOUCH_NOTHING):
                return verb.decode().upper(), offset
    return None


def _heads(code: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """The first two words of each statement, and of the first string of an EXECUTE."""
    previous = b";"
    executes = False
    for token, following in pairwise(tokens(code)):
        word = token[1].lower()
        if previous in STARTS:
            executes = word == b"execute"
            yield word, following[1].lower(), token.start(1)
        elif executes and (text := string_value(token[1])) is not None:
            executes = False
            verb, what, *_ = *words_of(text.lower()), b"", b""
            yield verb, what, token.start(1)
        previous = word


_MAY_END = re.compile(rb"(?i)commit|rollback")
_DDL = (b"create", b"alter", b"drop", b"truncate")
_TOUCH_NOTHING = (b"type", b"domain", b"role", b"user", b"schema", b"sequence")
STARTS = (b";", b"begin", b"then", b"else", b"loop")
"""What can be in front of a statement in a block."""


def _start_of_code(text: bytes, start: int) -> int | None:
    if tag := DOLLAR_TAG.match(text):
        return start + tag.end()
    # Escapes may be line ends, and quotes are none.
    is_escaped = not text.startswith(b"'") and b"\\" in text
    return None if is_escaped else start + text.index(b"'") + 1
