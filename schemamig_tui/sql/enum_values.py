"""Finds the values that a text adds to enums, and the strings that must be enum values at once."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from schemamig_tui.sql.bodies import body, creates, executed_texts
from schemamig_tui.sql.lexer import phrase, tokens
from schemamig_tui.sql.strings import string_value
from schemamig_tui.sql.words import Name, Words

# More alternatives than that take longer than reading a statement word by word.
_FEW = 50
# These look at every value of a type.
_OF_ALL = frozenset((b"enum_range", b"enum_first", b"enum_last"))
# What is around a value in an array, a row, a range or JSON.
_STRUCTURE = re.compile(rb"[{}()\[\],:\"]")


class AddedValue(NamedTuple):
    """A value that ALTER TYPE adds; the name of the type is None where the text does not say it.

    ``before`` is what it was called so far, where ALTER TYPE only renames it.
    """

    type: Name | None
    value: str
    before: str | None = None


def added(sql: bytes) -> Iterator[AddedValue]:
    """The values that ALTER TYPE adds or renames in a text."""
    return (AddedValue(name, new, old) for name, new, old in _additions(sql) if new is not None)


def _additions(sql: bytes) -> Iterator[tuple[Name | None, str | None, str | None]]:
    """Each type with the value that it gets, and how that was called before.

    A value of None is no string here, but %L or the like.
    """
    words = Words(token[1] for token in tokens(sql))
    while word := words.next():
        if word.lower() != b"alter" or not words.take(b"type"):
            continue
        name = words.name()
        verb = words.seek(b"add", b"rename", b";")
        if verb not in (b"add", b"rename") or not words.take(b"value"):
            continue
        if verb == b"rename":
            before = _string(words.next())
            if before is not None and words.take(b"to"):
                yield name, _string(words.next()), before
        else:
            words.take(b"if", b"not", b"exists")
            yield name, _string(words.next()), None


def _string(token: bytes) -> str | None:
    value = string_value(token)
    return None if value is None else value.decode(errors="replace")


def added_by_code(code: bytes) -> tuple[AddedValue, ...]:
    """The values that the code of a DO statement adds or renames.

    Where it puts a statement together, any string in it may be the value.
    """
    texts = [*executed_texts(code)] if _ADD_VALUE.search(code) else []
    strings = [s.decode(errors="replace") for s in texts[1:] if not _ADD_VALUE.search(s)]
    return tuple(
        AddedValue(name, one, before)
        for text in texts
        for name, value, before in _additions(text)
        for one in (strings if value is None else [value])
    )


_ADD_VALUE = phrase(rb"(?i:\b(?:add|rename) value\b)")


def mentioning(values: Iterable[str]) -> re.Pattern[bytes]:
    """A quick pattern, which matches any statement that may use one of the values of an enum.

    With an escape in it, a string may say anything.
    """
    spelt = [re.escape(value.encode()).replace(b"'", b"'+") for value in set(values)]
    either = [*spelt, rb"\\", b"(?i:enum_)"] if len(spelt) <= _FEW else [rb"['$]", b"(?i:enum_)"]
    return re.compile(b"|".join(either))


def used(sql: bytes) -> Iterator[str | None]:
    """The strings in a statement, any of which may be a value of an enum that it uses.

    None stands for all values. Code counts where it runs, or is read, at once: that of DO and of
    functions in SQL, but not of those in PL/pgSQL. ALTER TYPE and COMMENT use no value: they only
    name it.
    """
    words = [token[1].lower() for token in islice(tokens(sql), 2)]
    if words[:1] == [b"comment"] or words == [b"alter", b"type"]:
        return
    yield from _strings(sql)
    is_function = creates(sql) is not None
    if words[:1] == [b"do"] or (is_function and _is_in_sql(sql)):
        code = body(sql)
        for text in executed_texts(code.code) if code else ():
            yield from _strings(text)


def among(values: Iterable[str]) -> re.Pattern[bytes]:
    """The pattern of one of some values as a field in the data of a COPY."""
    spelt = b"|".join(re.escape(value.encode()) for value in sorted(set(values)))
    return re.compile(_FIELD % spelt, re.MULTILINE)


_FIELD = rb"(?:^|(?<=[^\w ]))(%s)(?=[^\w ]|$)"


def _strings(code: bytes) -> Iterator[str | None]:
    for token in tokens(code):
        content = string_value(token[1])
        if content is None:
            if token[1].lower() in _OF_ALL:
                yield None
            continue
        yield content.decode(errors="replace")
        if _STRUCTURE.search(content):
            for piece in _STRUCTURE.split(content):
                yield piece.strip().decode(errors="replace")


def _is_in_sql(sql: bytes) -> bool:
    """Whether a function is in the language SQL, whose code is read when it is created."""
    before = b""
    for token in tokens(sql):
        word = token[1].lower()
        if before == b"language":
            return word.strip(b"'\"") == b"sql"
        before = word
    return False
