"""SET, RESET, DISCARD ALL and SELECT set_config(...): which setting gets which value.

https://www.postgresql.org/docs/current/sql-set.html has the special forms, such as SET TIME ZONE.
"""

import re
from dataclasses import replace

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.traits import WATCHED, Assignment, Kind, Traits
from schemamig_tui.sql.words import Words, behind, unquoted

_TRUE = re.compile(r"on|t(?:r(?:ue?)?)?|y(?:es?)?|1")
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
        label = f"SET {words[0].decode().upper()}"
        return Traits(label, read_only=says_read_only(words), outside="ignore")
    traits = Traits(
        "SET LOCAL" if local else "SET", only_sets=True, outside="ignore" if local else None
    )
    name, value = _name_and_value(words, written[-1:])
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

    Like SET LOCAL, it has no effect for the transaction where none is open.
    """
    words = behind(sql, 11, fold=False)
    if [word.lower() for word in words[:2]] == [b"pg_catalog", b"."]:
        words = words[2:]
    function, opening, name, _, value, _, local, closing, more, *_ = words
    if function.lower() != b"set_config" or (opening, closing, more) != (b"(", b")", b""):
        return None
    sets = _by_set_config(name, value, local)
    traits = Traits("set_config", only_sets=True, outside="ignore" if sets.local else None)
    return _assigning(traits, sets)


def set_beside_others(sql: bytes) -> Assignment | None:
    """What a SELECT that calls set_config sets of how files are read, as far as its text says."""
    last = None
    words = Words(token[1] for token in tokens(sql))
    while word := words.next():
        if word.lower() == b"set_config" and len(given := words.inside()) == _ARGUMENTS:
            name, _, value, _, local = given
            found = _by_set_config(name, value, local)
            last = found if found.decides_reading else last
    return last


_ARGUMENTS = 5  # with the commas


def _by_set_config(name: bytes, value: bytes, local: bytes) -> Assignment:
    is_local = is_true(unquoted(local.lower()))
    return Assignment((unquoted(name) or "").lower(), unquoted(value), is_local)


def _assigning(traits: Traits, sets: Assignment) -> Traits:
    return replace(
        traits,
        assigns=sets,
        read_only=sets.name in _READ_ONLY and is_true(sets.value),
        mentions=WATCHED & {sets.name},
    )


def reset(sql: bytes) -> Traits | None:
    """What RESET gives its default."""
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
