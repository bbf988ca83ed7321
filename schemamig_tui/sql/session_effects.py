"""Decides, by its text, what a statement may change in its session, and when that is known.

A checkpoint holds the session, and asks the server for it. This module decides when it has to ask:
never for a statement that cannot change the session; at the end of the transaction where the answer
is known there; and else behind the COMMIT, which ends SET LOCAL and makes LISTEN take effect.
"""

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum

from schemamig_tui.sql.lexer import WORD, phrase, tokens
from schemamig_tui.sql.traits import HAVE_DEFAULTS, Kind, Traits


class Effect(IntEnum):
    """What a statement does to its session. Of several statements, see ``together``."""

    NONE = 0
    """Nothing: no code of a user can run in it, but that of event triggers."""
    SETS = 1
    """It sets something that lasts, and that is in force at once: SET, RESET."""
    RUNS = 2
    """It may run code, a trigger's or a function's, which sets something now and then."""
    LATER = 3
    """What it leaves is only known behind its COMMIT: SET LOCAL, LISTEN, code that sets."""


def together(effects: Sequence[Effect]) -> Effect:
    """The effect of statements that share a transaction.

    Where one SETs and another runs code, nobody can tell whose change it is: ask behind the COMMIT.
    """
    if Effect.SETS in effects and Effect.RUNS in effects:
        return Effect.LATER
    return max(effects, default=Effect.NONE)


def effect(sql: bytes, traits: Traits) -> Effect:
    """The effect of one statement, which starts with its first word."""
    if traits.kind in _ENDS or traits.label in _WITHOUT_EFFECT:
        return Effect.NONE
    if traits.assigns or traits.only_sets:
        known = traits.assigns is not None and not traits.assigns.local
        return Effect.SETS if known and traits.label in _SETTING else Effect.LATER
    found = WORD.match(sql)
    verb = found[0].lower() if found else b""
    if verb in _SIMPLE:
        return Effect.NONE
    rule = {b"create": _create, b"alter": _alter}.get(verb)
    if verb not in _RUN_CODE and rule is None:
        return Effect.LATER
    runs = rule(sql) if rule else Effect.RUNS
    return Effect.LATER if runs is Effect.RUNS and _calls_setter(sql) else runs


def is_quiet(sql: bytes, traits: Traits) -> bool:
    """Whether it only changes rows or objects, so that only a trigger could change its session."""
    found = effect(sql, traits)
    if traits.kind is Kind.ALONE:
        return not traits.runs_code and traits.assigns is None
    return found is Effect.NONE or (found is Effect.RUNS and only_writes(sql))


def only_writes(sql: bytes) -> bool:
    """Whether a statement that runs code does so for the rows that it writes: SELECT calls it."""
    verb = WORD.match(sql)
    return verb is not None and verb[0].lower() in _WRITE


def is_about_temporary(sql: bytes) -> bool:
    """Whether it may make or drop something temporary, or have later statements do so unseen.

    Where the search_path leads to pg_temp, CREATE TABLE makes a temporary one.
    """
    return _TEMPORARY.search(sql, 0, _READ) is not None


def makes_event_trigger(sql: bytes) -> bool:
    """Whether it may create an event trigger, which runs in any later DDL.

    Code that the statement carries may make one.
    """
    return _EVENT_TRIGGER.search(sql) is not None


_READ = 64 * 1024
"""Nobody writes a longer statement by hand, and most of what is behind are values."""
_ENDS = (Kind.BEGIN, Kind.COMMIT, Kind.ROLLBACK, Kind.CHAIN)
_SETTING = ("SET", "RESET", "RESET ALL", "DISCARD ALL", "SET SESSION CHARACTERISTICS")
_WITHOUT_EFFECT = (
    "SAVEPOINT",
    "RELEASE",
    "LOCK",
    "SET TRANSACTION",
    "SET CONSTRAINTS",
    "ROLLBACK AND CHAIN",
)
# Verbs of statements that run no code of users.
_SIMPLE = frozenset((b"comment", b"drop", b"grant", b"notify", b"reassign", b"revoke"))
# Those that may run some, in functions, triggers, rules, policies, defaults.
_RUN_CODE = frozenset(
    b"analyse analyze checkpoint cluster copy delete fetch import insert merge move refresh reindex"
    b" select table truncate update vacuum values with".split()
)
_WRITE = frozenset(b"alter analyse analyze copy create delete insert merge truncate update".split())
_UNICODE_NAME = rb"\bu&\""
_MAY_SET = re.compile(rb"(?i)set_config|advisory|temp|pg_settings|set_limit|" + _UNICODE_NAME)
_SETTERS = frozenset(
    # An UPDATE of pg_settings is a SET, and set_limit is that of pg_trgm.
    [b"set_config", b"temp", b"temporary", b"pg_temp", b"pg_settings", b"set_limit", b"u&"]
    + [
        b"pg_" + trying + b"advisory_" + scope + what
        for trying in (b"", b"try_")
        for scope in (b"", b"xact_")
        for what in (b"lock", b"lock_shared", b"unlock", b"unlock_shared", b"unlock_all")
    ]
)
_SET_IN_REST = (b"set_config", b"advisory", b"pg_settings", b"set_limit", b'u&"')
_LONGEST_NAME = 63
_TEMPORARY = re.compile(rb"(?i)\b(?:temp|temporary|pg_temp)\b|" + _UNICODE_NAME)
_EVENT_TRIGGER = phrase(rb"(?i:\bevent trigger\b)")


def _calls_setter(sql: bytes) -> bool:
    """Whether a statement that runs code names what sets, or something temporary.

    A name with Unicode escapes may be any. To cut what is behind ``_READ`` into words would take
    longer than to ask the session once more.
    """
    if _MAY_SET.search(sql, 0, _READ) and not _SETTERS.isdisjoint(_words(sql[:_READ])):
        return True
    rest = sql[_READ - _LONGEST_NAME :].lower() if len(sql) > _READ else b""
    return any(name in rest for name in _SET_IN_REST)


def _words(sql: bytes) -> Iterator[bytes]:
    """The words and quoted names of a statement in lower case; no strings, no comments.

    A name with Unicode escapes is only ``u&``.
    """
    for token in tokens(sql):
        word = token[1]
        if word.startswith(b'"'):
            yield word[1:-1].lower()
        elif word.endswith(b'"'):
            yield b"u&"
        elif WORD.match(word) and not word.endswith(b"'"):
            yield word.lower()


def _create(sql: bytes) -> Effect:
    words = [token[1].lower() for token in tokens(sql)][1:]
    if words[:2] == [b"or", b"replace"]:
        words = words[2:]
    if words[:1] in ([b"unlogged"], [b"foreign"], [b"recursive"], [b"constraint"]):
        words = words[1:]
    what = words[0] if words else b""
    if what in (b"function", b"procedure"):
        # CREATE FUNCTION ... SET app.x makes app.x known from here on.
        return Effect.LATER if b"set" in words else Effect.NONE
    if what == b"table":
        return _create_table(words)
    if what in (b"index", b"unique"):
        return Effect.NONE if _is_plain_index(words) else Effect.RUNS
    if what == b"schema":
        return Effect.NONE if not {b"create", b"grant"} & set(words) else Effect.RUNS
    if what in _MADE_WITHOUT_CODE:
        return Effect.NONE
    return Effect.RUNS if what in (b"aggregate", b"materialized") else Effect.LATER


_MADE_WITHOUT_CODE = frozenset(
    b"access cast collation conversion domain event group operator policy publication"
    b" role rule sequence server statistics text transform trigger type user view".split()
)


def _create_table(words: Sequence[bytes]) -> Effect:
    """The effect of CREATE TABLE: AS runs a query, and the bounds of a partition are computed.

    What is constant in the expression of a generated column, or of a key to partition by, is
    computed as well, to see whether it may stand there.
    """
    depth, by = 0, False
    for word, following in zip(words, [*words[1:], b""], strict=True):
        depth += (word == b"(") - (word == b")")
        if depth == 0:
            by = by or (word, following) == _PARTITION_BY
            if word in (b"as", b"execute") or (word, following) == _PARTITION_OF:
                return Effect.RUNS
        elif (word, following) == _GENERATED_AS or (by and depth > 1):
            return Effect.RUNS
    return Effect.NONE


_PARTITION_OF, _PARTITION_BY = (b"partition", b"of"), (b"partition", b"by")
_GENERATED_AS = (b"as", b"(")


def _is_plain_index(words: Sequence[bytes]) -> bool:
    """Whether an index is on columns alone: expressions and conditions run code."""
    depth = 0
    for word in words:
        depth += (word == b"(") - (word == b")")
        if depth > 1 or word == b"where":
            return False
    return True


def _alter(sql: bytes) -> Effect:
    words = [token[1].lower() for token in tokens(sql)][1:]
    what = words[0] if words else b""
    if what == b"table":
        return _alter_table(words[1:])
    if what in (b"function", b"procedure", b"routine", *HAVE_DEFAULTS, b"extension", b"system"):
        return Effect.LATER
    if what in (b"domain", b"foreign", b"index", b"materialized"):
        return Effect.RUNS
    return Effect.NONE


def _alter_table(words: list[bytes]) -> Effect:
    while words and words[0] in (b"if", b"exists", b"only", b"*"):
        del words[0]
    # The name, with its schema.
    del words[:1]
    while words[:1] == [b"."]:
        del words[:2]
    if words[:1] == [b"*"]:
        del words[0]
    plain = all(map(_is_plain_action, _actions(words)))
    return Effect.NONE if plain else Effect.RUNS


def _actions(words: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = depth = 0
    for i, word in enumerate(words):
        depth += (word == b"(") - (word == b")")
        if word == b"," and depth == 0:
            yield words[start:i]
            start = i + 1
    yield words[start:]


def _is_plain_action(words: Sequence[bytes]) -> bool:
    """Whether an action of ALTER TABLE runs no function over the rows of the table."""
    verb = words[0] if words else b""
    if verb == b"add":
        return _adds_plain_column(words[1:])
    if verb != b"alter":
        return verb in _PLAIN_ACTIONS
    words = words[2:] if words[1:2] == [b"column"] else words[1:]
    return words[1:2] == [b"drop"] or (
        words[1:2] == [b"set"] and words[2:3] not in ([b"data"], [b"expression"])
    )


_PLAIN_ACTIONS = frozenset(
    b"cluster detach disable drop enable force inherit no of owner rename replica reset set".split()
)


def _adds_plain_column(words: Sequence[bytes]) -> bool:
    """Whether it is ADD COLUMN with a type that has no code, and no default that is computed."""
    if words[:1] == [b"column"]:
        words = words[1:]
    if words[:3] == [b"if", b"not", b"exists"]:
        words = words[3:]
    if len(words) < 2 or words[1] not in _PLAIN_TYPES:
        return False
    rest = list(words[2:])
    if b"default" in rest:
        at = rest.index(b"default")
        value, following = rest[at + 1 : at + 2], rest[at + 2 : at + 3]
        if not value or not _VALUE.fullmatch(value[0]) or following in _COMPUTED:
            return False
    return _COMPUTES.isdisjoint(rest)


# Keywords of the grammar, which no search_path leads away from, and the commonest others.
_PLAIN_TYPES = frozenset(
    b"bigint bit boolean bool char character date decimal double float int int2 int4 int8 integer"
    b" interval json jsonb numeric real smallint text time timestamp timestamptz uuid"
    b" varchar".split()
)
_COMPUTES = frozenset(
    b"as check constraint exclude generated primary references unique using".split()
)
_VALUE = re.compile(rb"[0-9][\w.]*|'.*'|true|false|null", re.DOTALL)
# What goes on with the value, so that it is no plain one.
_COMPUTED = ([b":"], [b"|"], [b"+"], [b"-"], [b"*"], [b"/"], [b"("], [b"."])
