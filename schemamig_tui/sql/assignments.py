"""SET, RESET, DISCARD ALL and SELECT set_config(...): which setting gets which value.

https://www.postgresql.org/docs/current/sql-set.html has the special forms, such as SET TIME ZONE.
"""

import re
from dataclasses import replace
from itertools import islice
from typing import Literal

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.traits import WATCHED, Assignment, Kind, Traits
from schemamig_tui.sql.words import Words, behind, identifier, unquoted

_TRUE = re.compile(r"on|t(?:r(?:ue?)?)?|y(?:es?)?|1")
_BEFORE_ANY_QUERY = frozenset((b"isolation", b"deferrable", b"snapshot"))
_OF_A_TRANSACTION = ("transaction_isolation", "transaction_deferrable", "transaction_read_only")
_READ_ONLY = ("transaction_read_only", "default_transaction_read_only")


def is_true(value: str | None) -> bool:
    """Whether the server takes the value of a setting for true."""
    return value is not None and _TRUE.fullmatch(value.lower()) is not None


def says_read_only(words: list[bytes]) -> bool:
    """Whether the transaction modes among ``words`` end with READ ONLY being in force."""
    modes = b" ".join(words)
    return modes.rfind(b"read only") > modes.rfind(b"read write")


def set_statement(sql: bytes) -> Traits:
    """What SET does."""
    written = behind(sql, fold=False)
    words = [word.lower() for word in written]
    scope = words[0] if words[:1] in ([b"session"], [b"local"]) else b""
    # SET SESSION AUTHORIZATION has the word twice where it has a scope.
    if scope and words[1:2] == [b"authorization"]:
        scope = b""
    if scope:
        words = words[1:]
    local = scope == b"local"
    if words[:1] == [b"characteristics"]:
        return Traits(
            "SET SESSION CHARACTERISTICS",
            only_sets=True,
            assigns=Assignment(
                "session characteristics", b" ".join(words[3:]).decode("utf-8", "replace")
            ),
            read_only=says_read_only(words),
        )
    if words[:1] in ([b"transaction"], [b"constraints"]):
        return Traits(
            f"SET {words[0].decode().upper()}",
            read_only=says_read_only(words),
            outside="ignore",
            comes_first=words[0] == b"transaction" and not _BEFORE_ANY_QUERY.isdisjoint(words),
        )
    traits = Traits(
        "SET LOCAL" if local else "SET", only_sets=True, outside="ignore" if local else None
    )
    name, value = _name_and_value(words, written[-1:])
    if name in _OF_A_TRANSACTION:
        # Another way to write SET TRANSACTION, of which the server does not even warn.
        return Traits(
            "SET TRANSACTION",
            only_sets=True,
            read_only=name in _READ_ONLY and is_true(unquoted(value)),
            outside="ignore",
            comes_first=name not in _READ_ONLY,
        )
    return _assigning(traits, Assignment(name, unquoted(value), local)) if name else traits


def _name_and_value(words: list[bytes], last: list[bytes]) -> tuple[str | None, bytes]:
    """The name of the setting, and its value, b"" where that is more than one word.

    ``words`` are in lower case, ``last`` is the last of them as it is written.
    """
    for special, name in _SPECIAL:
        if tuple(words[: len(special)]) == special:
            return name, _value(words[len(special) :], last) or b"default"
    place = next((i for i, word in enumerate(words) if word in (b"=", b"to")), 0)
    if not place:
        return None, b""
    name = "".join(unquoted(word) or "" for word in words[:place])
    return name, _value(words[place + 1 :], last)


def _value(words: list[bytes], last: list[bytes]) -> bytes:
    return last[0] if len(words) == 1 else b""


_SPECIAL: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"session", b"authorization"), "session_authorization"),
    ((b"time", b"zone"), "timezone"),
    ((b"names",), "client_encoding"),
    ((b"role",), "role"),
    ((b"schema",), "search_path"),
)


def assigning_select(sql: bytes) -> Traits | None:
    """SELECT set_config(name, value, local) and nothing else, which is another way to write SET.

    Like SET LOCAL, it has no effect for the transaction where none is open. There may be more than
    one, and each may have a name.
    """
    sets = _list_of_sets(Words(token[1] for token in islice(tokens(sql), 1, None)))
    if not sets:
        return None
    outside: Literal["ignore"] | None = "ignore" if all(one.local for one in sets) else None
    traits = Traits("set_config", only_sets=True, outside=outside)
    each = [_assigning(traits, one) for one in sets]
    if len(each) == 1:
        return each[0]
    return replace(
        traits,
        assigns=_deciding(sets),
        read_only=any(one.read_only for one in each),
        mentions=frozenset().union(*(one.mentions for one in each)),
    )


def _list_of_sets(words: Words) -> list[Assignment]:
    """What a list of calls of set_config sets; [] for a list of anything else."""
    sets: list[Assignment] = []
    while True:
        called = words.path()
        one = _by_set_config(words.inside()) if called in _SET_CONFIG else None
        if one is None:
            return []
        sets.append(one)
        named = words.take(b"as")
        if words.peek() not in (b"", b","):
            name = words.next()
            # A word that is no name, such as FROM, has something behind it.
            if identifier(name) is None or (not named and words.peek() not in (b"", b",")):
                return []
        if not words.peek():
            return sets
        if not words.take(b","):
            return []


def set_beside_others(sql: bytes) -> Assignment | None:
    """The setting with which a SELECT of set_config decides how files are read, if it does."""
    sets: list[Assignment] = []
    words = Words(token[1] for token in tokens(sql))
    while word := words.next():
        if identifier(word) == "set_config" and (one := _by_set_config(words.inside())):
            sets.append(one)
    return _deciding(sets)


_SET_CONFIG = (["set_config"], ["pg_catalog", "set_config"])
_TO_BOOL = re.compile(rb"(?i)(?:: : (?:pg_catalog \. )?bool(?:ean)?)?")


def _by_set_config(arguments: list[bytes]) -> Assignment | None:
    """What a call with these arguments sets; None where one is computed."""
    match arguments:
        case [name, b",", value, b",", local, *cast] if _TO_BOOL.fullmatch(b" ".join(cast)):
            is_local = is_true(unquoted(local.lower()))
            return Assignment((unquoted(name) or "").lower(), unquoted(value), is_local)
    return None


def _deciding(sets: list[Assignment]) -> Assignment | None:
    """The last of them that decides how files are read."""
    return next((one for one in reversed(sets) if one.decides_reading), None)


def _assigning(traits: Traits, sets: Assignment) -> Traits:
    return replace(
        traits,
        assigns=sets,
        read_only=sets.name in _READ_ONLY and is_true(sets.value),
        mentions=WATCHED & {sets.name},
    )


def reset(sql: bytes) -> Traits | None:
    """What RESET does: it gives a setting its default."""
    words = behind(sql)
    for special, name in (*_SPECIAL, ((b"all",), None)):
        if tuple(words) == special:
            label = "RESET ALL" if name is None else "RESET"
            return Traits(label, assigns=Assignment(name), mentions=WATCHED)
    name = "".join(unquoted(word) or "" for word in words)
    return Traits("RESET", assigns=Assignment(name), mentions=WATCHED & {name}) if name else None


def discard(sql: bytes) -> Traits:
    """DISCARD ALL, which the server refuses in a transaction."""
    return Traits("DISCARD ALL", Kind.ALONE, assigns=Assignment(None))
