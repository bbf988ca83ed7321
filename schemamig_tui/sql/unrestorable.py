"""Finds what a statement may leave in a session that we could not make again in another one.

The server cannot be asked for that: only the words of statements and of code show it.
"""

import re
from collections.abc import Iterator

from schemamig_tui.sql.bodies import body, creates
from schemamig_tui.sql.lexer import DOLLAR_TAG, tokens, without_comments
from schemamig_tui.sql.new_session import traces_of
from schemamig_tui.sql.words import verb_of

MAY_MATTER = (
    r"set_config|pg_settings|set_limit|u&\"|advisory|listen|currval|lastval"
    r"|\m(?:local|prepare|temp|temporary|pg_temp|execute|load|discard|deallocate|set|reset)\M"
)
"""A pattern of the server's (for ~*) that finds the code in which anything here may be found, but
for what ``new_session`` finds."""

_MAY_ASK = re.compile(rb"(?i)\b(?:currval|lastval)\b")
_LAST_VALUE = re.compile(_MAY_ASK.pattern + rb"\"?\s*\(")
_LOCKS = re.compile(rb"(?i)\bpg_(?:try_)?advisory_lock(?:_shared)?\b")
_UNLOCKS = re.compile(rb"(?i)\bpg_advisory_unlock(?!_all)")
# What may run a part of a statement more than once.
_REPEATS = re.compile(rb"(?i)\b(?:execute|from|loop|with)\b")
# Those whose code runs when they do, and not later, and perhaps more than once.
_RUN_ONCE = (b"do", b"select")
_MAY_HIDE = re.compile(rb"(?i)\blocal\b|set_config|\bu&\"|listen\b|advisory_xact")
_MAY_STORE = re.compile(rb"(?i)\b(?:create|alter|execute|pg_temp)\b|\bu&\"")
# In what a view, a default and kin have of code, or an extension.
_MAY_STORE_SETTER = re.compile(rb"(?i)set_config|pg_settings|\bextension\b|\bu&\"")

# SET is a statement of its own, and not a part of UPDATE, where something like this is before it.
_MAY_CHANGE = re.compile(
    rb"set_config|pg_settings|set_limit|\bu&\"|advisory|listen\b"
    rb"|\b(?:prepare|temp|temporary|pg_temp|execute|load|discard|deallocate)\b"
    rb"|(?:\A|[;>]|\b(?:begin|then|else|loop|atomic)\b)\s*(?:re)?set\s"
)


def leaves(sql: bytes) -> bool:
    """Whether a statement, or code that it carries, may leave what no other session could have."""
    return traces_of(sql).keeps and traces_of(code_of(sql)).keeps


def asks_for_last_value(sql: bytes) -> bool:
    """Whether it asks for the last value that a sequence gave to this session."""
    return _MAY_ASK.search(sql) is not None and _LAST_VALUE.search(code_of(sql)) is not None


def unlocks(sql: bytes) -> bool:
    """Whether it gives an advisory lock back once: who took it twice still holds it then."""
    return may_unlock(sql) and may_unlock(code_of(sql))


def locks_taken(sql: bytes) -> int | None:
    """How many times a statement takes an advisory lock; None where its text does not tell."""
    found = len(_LOCKS.findall(code_of(sql))) if may_lock(sql) else 0
    tells = verb_of(sql) in _RUN_ONCE and not _REPEATS.search(sql)
    return found if tells or not found else None


def may_lock(code: bytes) -> bool:
    """Whether the code of a function may take an advisory lock that its session keeps."""
    return _LOCKS.search(code) is not None


def may_unlock(code: bytes) -> bool:
    """Whether the code of a function may give an advisory lock back once."""
    return _UNLOCKS.search(code) is not None


def may_hide(code: bytes) -> bool:
    """Whether the code of a function may set something that looks different behind a COMMIT."""
    return _MAY_HIDE.search(code) is not None


def may_change(code: bytes) -> bool:
    """Whether the code of a function may change its session in any way."""
    return _MAY_CHANGE.search(without_comments(code).lower()) is not None


def may_store(code: bytes) -> bool:
    """Whether code may store other code, or lead to where all that is made is temporary."""
    return _MAY_STORE.search(code) is not None


def stores_setter(sql: bytes) -> bool:
    """Whether a statement may store code that changes the session it is run in.

    Code that calls a function which does is another matter.
    """
    verb = verb_of(sql)
    if verb == b"do":
        return may_store(sql) and may_change(sql)
    if creates(sql) is not None:
        return may_change(sql)
    return verb in (b"create", b"alter") and _MAY_STORE_SETTER.search(sql) is not None


def code_of(sql: bytes) -> bytes:
    """A statement without its comments, and without strings that are neither code nor a name."""
    return b"".join(_parts(sql, is_code=body(sql) is not None))


def _parts(sql: bytes, *, is_code: bool) -> Iterator[bytes]:
    """The tokens of a statement, or of code, with a blank where anything is between them."""
    end, before = 0, (b"", b"")
    for match in tokens(sql):
        token = match[1]
        if match.start(1) > end:
            yield b" "
        tag = DOLLAR_TAG.match(token)
        if tag and is_code:
            yield tag[0]  # where a text ends matters: $$SET app.$$ || name
            yield from _parts(token[tag.end() : -tag.end()], is_code=True)
            yield tag[0]
        elif is_code or not token.endswith((b"'", b"$")) or _is_name(before):
            yield token
        else:
            yield b"''"
        end, before = match.end(1), (before[1], token.lower())


def _is_name(before: tuple[bytes, bytes]) -> bool:
    """Whether the string behind two tokens is the name of a setting, a library or a language."""
    return before == (b"set_config", b"(") or before[1] in (b"load", b"language")
