"""The table of statements: it reads the text of each once, into its traits.

Only a few kinds of statements matter to how their file has to be run; they are found by their first
words, with comments anywhere between them. The server refuses those statements in a transaction for
which its source calls PreventInTransactionBlock, as far as the text tells.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from schemamig_tui.sql import transactions
from schemamig_tui.sql.assignments import (
    assigning_select,
    discard,
    reset,
    set_beside_others,
    set_statement,
)
from schemamig_tui.sql.bodies import body, ends_transaction
from schemamig_tui.sql.concurrently import concurrent
from schemamig_tui.sql.creations import created_schemas, schemas_created_by_code
from schemamig_tui.sql.enum_values import added, added_by_code
from schemamig_tui.sql.lexer import WORD, tokens, without_comments
from schemamig_tui.sql.new_session import changes_reading
from schemamig_tui.sql.traits import HAVE_DEFAULTS, ORDINARY, WATCHED, Kind, Traits
from schemamig_tui.sql.words import Words, behind, unquoted

Rule = Callable[[bytes], Traits | None]
"""Finds out about a statement; None: it is like any other."""


def rule_for(text: bytes, position: int) -> Rule | None:
    """The rule that knows the statement at ``position``, of which this may be just the head.

    None when its first words show that it is an ordinary statement.
    """
    match = WORD.match(text, position)
    verb = match[0].lower() if match else b""
    rule, objects = _RULES.get(verb, (None, _ANY))
    if rule is None:
        return None
    if objects:
        second = next(islice(tokens(text, position), 1, 2), None)
        if second is None or second[1].lower() not in objects:
            return None
    return partial(rule, verb)


def traits_of(sql: bytes) -> Traits:
    """What there is to know about one statement."""
    rule = rule_for(sql, 0)
    return (rule and rule(sql)) or ORDINARY


# -- what the server refuses in a transaction


def _alone(*words: bytes) -> Traits:
    return Traits(b" ".join(words).decode().upper(), Kind.ALONE)


def _always_alone(verb: bytes, sql: bytes) -> Traits:
    return _alone(verb)


def _create(verb: bytes, sql: bytes) -> Traits | None:
    words = behind(sql, 3)
    if words[0] == b"schema":
        return Traits("CREATE SCHEMA", creates_schemas=tuple(created_schemas(sql)))
    if words[0] == b"type":
        return _create_type(sql)
    if words[0] in _CARRY_CODE or words[:2] == [b"or", b"replace"]:
        return _mentioning(sql, f"CREATE {words[0].decode().upper()}")
    return _create_or_drop(verb, sql)


def _create_or_drop(verb: bytes, sql: bytes) -> Traits | None:
    words = behind(sql, 3)
    if words[0] in (b"database", b"subscription", b"tablespace"):
        return _alone(verb, words[0])
    if words[0] == b"unique":
        words = words[1:]
    if words[:2] != [b"index", b"concurrently"]:
        return None
    return replace(_alone(verb, *words[:2]), concurrently=concurrent(sql))


def _create_type(sql: bytes) -> Traits:
    words = Words(token[1] for token in islice(tokens(sql), 2, 8))
    return Traits("CREATE TYPE", creates_type=words.name())


def _alter(verb: bytes, sql: bytes) -> Traits | None:
    found = _alter_itself(verb, sql)
    if (found and found.kind is Kind.ALONE) or not _RIGHTS.search(sql):
        return found
    return replace(found or Traits("ALTER"), rights="maybe")


def _alter_itself(verb: bytes, sql: bytes) -> Traits | None:
    what = behind(sql, 1)[0]
    if what in HAVE_DEFAULTS:
        return _alter_defaults(verb, what, sql)
    if what == b"system":
        return replace(_alone(verb, what), changes_reading=changes_reading(sql))
    if what == b"type":
        return _alter_type(sql)
    if what == b"schema":
        made = tuple(created_schemas(sql))
        return Traits("ALTER SCHEMA", creates_schemas=made) if made else None
    if what == b"table":
        if not _CONCURRENTLY.search(sql):
            return None
        words = behind(sql)
        if words[-1] != b"concurrently" or b"detach" not in words:
            return None
        return replace(_alone(b"detach partition concurrently"), concurrently=concurrent(sql))
    return _alter_subscription(verb, what, sql) if what == b"subscription" else None


def _alter_defaults(verb: bytes, what: bytes, sql: bytes) -> Traits:
    words = behind(sql)[2:]
    if what == b"database" and words[:2] == [b"set", b"tablespace"]:
        return _alone(verb, what, *words[:2])
    label = f"ALTER {what.decode().upper()}"
    return Traits(
        label,
        mentions=_mentions(sql),
        alters_defaults=True,
        changes_reading=words[-2:] == [b"reset", b"all"] or changes_reading(sql),
        rights="maybe",
    )


def _alter_subscription(verb: bytes, what: bytes, sql: bytes) -> Traits | None:
    words = behind(sql)[2:]
    if _CHANGES_PUBLICATIONS.match(b" ".join(words)):
        return _alone(verb, what, *words[:2])
    options = {word.strip(b'"') for word in words}
    if words[:2] == [b"set", b"("] and not _ALONE_OPTIONS.isdisjoint(options):
        # AlterSubscription: these are changed at the publisher as well.
        return _alone(verb, what, *words[:1])
    return None


def _alter_type(sql: bytes) -> Traits | None:
    values = tuple(added(sql))
    return Traits("ALTER TYPE ... ADD VALUE", adds_enum_values=values) if values else None


_CONCURRENTLY = re.compile(rb"(?i)concurrently")
_CHANGES_PUBLICATIONS = re.compile(rb"(?:refresh|set|add|drop) publication")
_ALONE_OPTIONS = frozenset((b"failover", b"two_phase"))
_CARRY_CODE = (b"function", b"procedure")


def _reindex(verb: bytes, sql: bytes) -> Traits | None:
    what, work = _behind_options(sql)[:1], concurrent(sql)
    if what and what[0] in (b"schema", b"database", b"system"):
        return replace(_alone(verb, *what), concurrently=work)
    return replace(_alone(verb, b"concurrently"), concurrently=work) if work else None


def _cluster(verb: bytes, sql: bytes) -> Traits | None:
    words = _behind_options(sql)
    return None if words and words != [b"verbose"] else _alone(verb)


def _behind_options(sql: bytes) -> list[bytes]:
    """The words behind the first one and behind the options in parentheses that it may have."""
    words = behind(sql)
    if words[:1] != [b"("] or b")" not in words:
        return words
    return words[words.index(b")") + 1 :]


# -- code, and what it mentions


def _do(verb: bytes, sql: bytes) -> Traits:
    found = body(sql)
    code = found.code if found else b""
    schemas = schemas_created_by_code(code)
    if ends := ends_transaction(code):
        return _carrying(sql, Traits(f"DO with {ends}", Kind.ALONE, creates_schemas=schemas))
    traits = Traits(
        "DO",
        commits=_CALL.search(code) is not None,
        creates_schemas=schemas,
        adds_enum_values=added_by_code(code),
        sets_locally=_sets_locally(code),
    )
    return _carrying(sql, traits)


def _sets_locally(code: bytes) -> bool:
    """Whether code has SET LOCAL as a statement, also one in a string, or set_config like it."""
    if not _MAY_SET_LOCALLY.search(code):
        return False
    plain = without_comments(code)
    return bool(_SET_LOCAL.search(plain)) or _calls_locally(plain)


def _calls_locally(plain: bytes) -> bool:
    """Whether a text without comments has a set_config that is like SET LOCAL."""
    calls = _CALLS_OF_SET_CONFIG.finditer(plain)
    return any(_IS_LOCAL.search(call[1]) for call in calls)


_MAY_SET_LOCALLY = re.compile(rb"(?i)\blocal\b|set_config")
_SET_LOCAL = re.compile(rb"(?i)(?:\A|[;>']|\b(?:begin|then|else|loop))\s*set\s+local\b")
_CALLS_OF_SET_CONFIG = re.compile(rb"(?i)\bset_config\s*\(((?:[^()]|\([^()]*+\))*+)\)")
_IS_LOCAL = re.compile(rb"(?i),\s*true\s*\Z")


_CALL = re.compile(rb"(?i)(?<![\w$])call(?![\w$])")


def _call(verb: bytes, sql: bytes) -> Traits:
    """CALL: a procedure may commit. If it cannot, it has drawn from sequences before it fails."""
    return _carrying(sql, Traits("CALL", commits=True))


def _select(verb: bytes, sql: bytes) -> Traits | None:
    sets = _SET_CONFIG.search(sql) is not None
    if sets and (alone := assigning_select(sql)):
        return alone
    return replace(
        _SELECT,
        assigns=set_beside_others(sql) if sets else None,
        sets_locally=sets and _calls_locally(without_comments(sql)),
        mentions=_mentions(sql),
        changes_reading=changes_reading(sql),
    )


_SET_CONFIG = re.compile(rb"(?i)set_config")
_SELECT = Traits("SELECT", runs_code=True)


def _carrying(sql: bytes, traits: Traits) -> Traits:
    """The traits of a statement with code in it."""
    return replace(
        traits,
        mentions=_mentions(sql),
        runs_code=True,
        changes_reading=changes_reading(sql),
        rights="maybe" if _RIGHTS.search(sql) else None,
    )


_RIGHTS = re.compile(rb"(?i)\b(?:grant|owner|role|authorization)\b")


def _grant(verb: bytes, sql: bytes) -> Traits:
    """GRANT gives a role to a role, or else a privilege ON something."""
    return Traits("GRANT", rights=None if _ON.search(sql) else "role")


_ON = re.compile(rb"(?i)\bon\b")


def _reassign(verb: bytes, sql: bytes) -> Traits:
    return Traits("REASSIGN OWNED", rights="maybe")


def _deallocate(verb: bytes, sql: bytes) -> Traits | None:
    return _mentioning(sql, "DEALLOCATE")


def _mentioning(sql: bytes, label: str) -> Traits | None:
    found, reading = _mentions(sql), changes_reading(sql)
    return Traits(label, mentions=found, changes_reading=reading) if found or reading else None


def _mentions(sql: bytes) -> frozenset[str]:
    return frozenset(match[0].decode().lower() for match in _WATCHED.finditer(sql))


_WATCHED = re.compile(rb"(?i)(?<![\w$])(?:" + "|".join(sorted(WATCHED)).encode() + rb")(?![\w$])")


# -- COPY


def _copy(verb: bytes, sql: bytes) -> Traits | None:
    depth, before = 0, b""
    words = (token[1].lower() for token in tokens(sql))
    for word in words:
        if depth == 0 and word in (b"stdin", b"stdout"):
            # The grammar takes either word for either direction.
            if before == b"from":
                return Traits("COPY FROM stdin", Kind.COPY_IN, data_encoding=_encoding(words))
            if before == b"to":
                return Traits("COPY TO stdout", Kind.COPY_OUT)
        depth += (word == b"(") - (word == b")")
        before = word
    return None


def _encoding(options: Iterator[bytes]) -> str | None:
    """What ENCODING says among the options of a COPY; a WHERE ends them."""
    depth = 0
    for word in options:
        if word == b"encoding" and depth < 2:
            return unquoted(next(options, b""))
        if word == b"where":
            return None
        depth += (word == b"(") - (word == b")")
    return None


def _of_settings(rule: Callable[[bytes], Traits | None]) -> Callable[[bytes, bytes], Traits | None]:
    return lambda verb, sql: rule(sql)


_ANY: frozenset[bytes] = frozenset()
_CREATED = (
    b"database",
    b"index",
    b"schema",
    b"subscription",
    b"tablespace",
    b"type",
    b"unique",
)
_DROPPED = (b"database", b"index", b"subscription", b"tablespace")
# By the first word: the rule, and the second words that it is for.
_RULES: dict[bytes, tuple[Callable[[bytes, bytes], Traits | None], frozenset[bytes]]] = {
    b"abort": (transactions.end, _ANY),
    b"alter": (_alter, _ANY),
    b"begin": (transactions.begin, _ANY),
    b"call": (_call, _ANY),
    b"cluster": (_cluster, _ANY),
    b"commit": (transactions.end, _ANY),
    b"copy": (_copy, _ANY),
    b"create": (_create, frozenset((*_CREATED, *_CARRY_CODE, b"or"))),
    b"deallocate": (_deallocate, _ANY),
    b"declare": (transactions.declare, _ANY),
    b"discard": (_of_settings(discard), frozenset((b"all",))),
    b"do": (_do, _ANY),
    b"drop": (_create_or_drop, frozenset(_DROPPED)),
    b"end": (transactions.end, _ANY),
    b"grant": (_grant, _ANY),
    b"lock": (transactions.in_transaction, _ANY),
    b"prepare": (transactions.prepare, frozenset((b"transaction",))),
    b"reassign": (_reassign, _ANY),
    b"reindex": (_reindex, _ANY),
    b"release": (transactions.in_transaction, _ANY),
    b"reset": (_of_settings(reset), _ANY),
    b"rollback": (transactions.end, _ANY),
    b"savepoint": (transactions.in_transaction, _ANY),
    b"select": (_select, _ANY),
    b"set": (_of_settings(set_statement), _ANY),
    b"start": (transactions.begin, _ANY),
    b"vacuum": (_always_alone, _ANY),
}
