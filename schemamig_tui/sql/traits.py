"""What a statement means for the way its file has to be run.

Only a few kinds of statements mean anything; they are told by their first tokens, with comments
anywhere between them. What the server refuses in a transaction are the statements for which its
source calls PreventInTransactionBlock, as far as their text alone tells.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from itertools import islice

from schemamig_tui.sql.bodies import body, ends_transaction
from schemamig_tui.sql.lexer import WORD, tokens


class Kind(Enum):
    """What a statement is to the one who runs it."""

    ORDINARY = auto()
    BEGIN = auto()
    COMMIT = auto()
    """The transaction ends, and none is open."""
    CHAIN = auto()
    """COMMIT AND CHAIN: the transaction ends, and the next one begins."""
    ROLLBACK = auto()
    """The transaction ends and leaves nothing yet: ROLLBACK, but also PREPARE TRANSACTION."""
    ALONE = auto()
    """The server refuses it in a transaction."""
    COPY_IN = auto()
    """COPY ... FROM stdin: the data follows, see ``Script.copy_data``."""
    COPY_OUT = auto()
    """COPY ... TO stdout: the server sends data."""


class Setting(Enum):
    """The settings that change how the rest of a file is read, or whether it can write."""

    CLIENT_ENCODING = "client_encoding"
    STANDARD_STRINGS = "standard_conforming_strings"
    READ_ONLY = "transaction_read_only"
    DEFAULT_READ_ONLY = "default_transaction_read_only"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What there is to know about a statement.

    ``label`` names it in a sentence: ``CREATE INDEX CONCURRENTLY``. ``chained``: it ends one
    transaction and begins the next. ``read_only``: nothing can be written in its transaction, or
    in later ones. ``only_sets``: it does nothing but set something, so it may stand in front of a
    file's BEGIN. ``outside``: what psql does with it (``ignore``, ``refuse``) where no transaction
    is open. ``settings`` get ``value``, of which None is the default; ``local``: for this
    transaction only.
    """

    label: str
    kind: Kind = Kind.ORDINARY
    chained: bool = False
    read_only: bool = False
    only_sets: bool = False
    outside: str | None = None
    settings: tuple[Setting, ...] = ()
    value: str | None = None
    local: bool = False


Rule = Callable[[bytes], Meaning | None]
"""Says what a statement means; None: it is like any other."""


def rule_for(text: bytes, position: int) -> Rule | None:
    """The rule that knows the statement at ``position``, of which this may be just the head.

    None when its first words tell that it is like any other.
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


def needs_new_session(sql: bytes) -> bool:
    """Whether a statement, or code in it, may set what only a new session starts without.

    These are the settings that a session takes over when it begins, of its role and its database,
    and variables of other names than PostgreSQL's, which RESET makes empty but not unknown.
    """
    return _NEEDS_NEW_SESSION.search(sql) is not None


_NEEDS_NEW_SESSION = re.compile(
    rb"""(?ix) \b alter \s+ (?: role | user | database ) \b
    | \b set \s+ (?: local \s+ | session \s+ )? "? [\w$]+ "? \s* \.
    | \b set_config \s* \( \s* E? ' [^'.]* \."""
)


def _behind(sql: bytes, count: int | None = None) -> list[bytes]:
    """The words behind the verb in lower case: exactly ``count``, filled up with empty ones."""
    if count is None:
        return [token[1].lower() for token in islice(tokens(sql), 1, None)]
    words = [token[1].lower() for token in islice(tokens(sql), 1, count + 1)]
    return words + [b""] * (count - len(words))


def _alone(*words: bytes) -> Meaning:
    return Meaning(b" ".join(words).decode().upper(), Kind.ALONE)


def _begin(verb: bytes, sql: bytes) -> Meaning | None:
    words = _behind(sql)
    if verb == b"start" and words[:1] != [b"transaction"]:
        return None
    return Meaning("BEGIN", Kind.BEGIN, read_only=_says_read_only(words))


def _end(verb: bytes, sql: bytes) -> Meaning:
    words = _behind(sql, 3)
    commits = verb in (b"commit", b"end")
    if words[0] == b"prepared":
        return _alone(verb, words[0])
    if words[0] in (b"work", b"transaction"):
        words = words[1:]
    if words[0] == b"to":
        return Meaning("ROLLBACK TO", outside="refuse")
    if words[:2] == [b"and", b"chain"]:
        kind = Kind.CHAIN if commits else Kind.ORDINARY
        return Meaning(f"{verb.decode().upper()} AND CHAIN", kind, chained=True)
    return Meaning(verb.decode().upper(), Kind.COMMIT if commits else Kind.ROLLBACK)


def _prepare(verb: bytes, sql: bytes) -> Meaning | None:
    words = _behind(sql, 2)
    if words[0] == b"transaction" and words[1].endswith((b"'", b"$")):
        return Meaning("PREPARE TRANSACTION", Kind.ROLLBACK)
    return None


def _create_or_drop(verb: bytes, sql: bytes) -> Meaning | None:
    words = _behind(sql, 3)
    if words[0] in (b"database", b"subscription", b"tablespace"):
        return _alone(verb, words[0])
    if words[0] == b"unique":
        words = words[1:]
    return _alone(verb, *words[:2]) if words[:2] == [b"index", b"concurrently"] else None


def _alter(verb: bytes, sql: bytes) -> Meaning | None:
    what = _behind(sql, 1)[0]
    if what == b"system":
        return _alone(verb, what)
    if what == b"table":
        if not _CONCURRENTLY.search(sql):
            return None
        words = _behind(sql)
        detaches = words[-1] == b"concurrently" and b"detach" in words
        return _alone(b"detach partition concurrently") if detaches else None
    words = _behind(sql, 4)[2:]
    if what == b"database" and words == [b"set", b"tablespace"]:
        return _alone(verb, what, *words)
    if what == b"subscription" and _CHANGES_PUBLICATIONS.match(b" ".join(words)):
        return _alone(verb, what, *words)
    return None


_CONCURRENTLY = re.compile(rb"(?i)concurrently")
_CHANGES_PUBLICATIONS = re.compile(rb"(?:refresh|set|add|drop) publication")


def _reindex(verb: bytes, sql: bytes) -> Meaning | None:
    options, words = _options(_behind(sql))
    if words[:1] and words[0] in (b"schema", b"database", b"system"):
        return _alone(verb, words[0])
    if words[1:2] == [b"concurrently"] or _REINDEX_CONCURRENTLY.search(b" ".join(options)):
        return _alone(verb, b"concurrently")
    return None


_REINDEX_CONCURRENTLY = re.compile(rb"\bconcurrently\b(?! '?(?:off|false|0)\b)")


def _cluster(verb: bytes, sql: bytes) -> Meaning | None:
    _, words = _options(_behind(sql))
    return None if words and words != [b"verbose"] else _alone(verb)


def _options(words: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The options in parentheses that come first, and the words behind them."""
    if words[:1] != [b"("] or b")" not in words:
        return [], words
    end = words.index(b")")
    return words[1:end], words[end + 1 :]


def _vacuum(verb: bytes, sql: bytes) -> Meaning:
    return _alone(verb)


def _in_transaction(verb: bytes, sql: bytes) -> Meaning:
    return Meaning(verb.decode().upper(), outside="refuse")


def _do(verb: bytes, sql: bytes) -> Meaning | None:
    found = body(sql)
    ends = found and ends_transaction(found.code)
    return Meaning(f"DO with {ends}", Kind.ALONE) if ends else None


def _copy(verb: bytes, sql: bytes) -> Meaning | None:
    depth, before = 0, b""
    for token in tokens(sql):
        word = token[1].lower()
        if depth == 0 and word in (b"stdin", b"stdout"):
            # The grammar takes either word for either direction.
            if before == b"from":
                return Meaning("COPY FROM stdin", Kind.COPY_IN)
            if before == b"to":
                return Meaning("COPY TO stdout", Kind.COPY_OUT)
        depth += (word == b"(") - (word == b")")
        before = word
    return None


def _set(verb: bytes, sql: bytes) -> Meaning:
    words = _behind(sql)
    scope = words[0] if words[:1] in ([b"session"], [b"local"]) else b""
    if scope:
        words = words[1:]
    if words[:1] == [b"characteristics"]:
        label = "SET SESSION CHARACTERISTICS"
        return Meaning(label, only_sets=True, read_only=_says_read_only(words))
    if words[:1] in ([b"transaction"], [b"constraints"]):
        label = f"SET {words[0].decode().upper()}"
        return Meaning(label, read_only=_says_read_only(words), outside="ignore")
    if words[:1] == [b"names"]:
        words = [b"client_encoding", b"to", *(words[1:] or [b"default"])]
    local = scope == b"local"
    meaning = Meaning(
        "SET LOCAL" if local else "SET",
        only_sets=True,
        outside="ignore" if local else None,
        local=local,
    )
    if len(words) == 3 and words[1] in (b"=", b"to"):
        return _assign(meaning, words[0], words[2])
    return meaning


def _select(verb: bytes, sql: bytes) -> Meaning | None:
    """SELECT set_config(name, value, local), which is another way to write SET."""
    words = _behind(sql, 11)
    if words[:2] == [b"pg_catalog", b"."]:
        words = words[2:]
    function, opening, name, _, value, _, local, closing, more, *_ = words
    if function != b"set_config" or (opening, closing, more) != (b"(", b")", b""):
        return None
    return _assign(Meaning("set_config", only_sets=True, local=local == b"true"), name, value)


def _assign(meaning: Meaning, name: bytes, value: bytes) -> Meaning:
    setting = _SETTINGS.get(_text(name) or "")
    if setting is None:
        return meaning
    text = _text(value)
    read_only = setting in (Setting.READ_ONLY, Setting.DEFAULT_READ_ONLY) and is_true(text)
    return replace(meaning, settings=(setting,), value=text, read_only=read_only)


def _reset(verb: bytes, sql: bytes) -> Meaning | None:
    """RESET and DISCARD ALL, as far as they give a setting its default."""
    name = _behind(sql, 1)[0]
    if name == b"all":
        kind = Kind.ALONE if verb == b"discard" else Kind.ORDINARY
        return Meaning(f"{verb.decode().upper()} ALL", kind, settings=tuple(Setting))
    setting = _SETTINGS.get(_text(name) or "")
    return Meaning("RESET", settings=(setting,)) if setting and verb == b"reset" else None


def _text(word: bytes) -> str | None:
    """What a name or a string says; None for the word DEFAULT."""
    if word == b"default":
        return None
    text = word.decode(errors="replace")
    return text.removeprefix("e")[1:-1] if text.endswith(("'", '"')) else text


def is_true(value: str | None) -> bool:
    """Whether the server takes the value of a setting for true."""
    return value is not None and _TRUE.fullmatch(value) is not None


_TRUE = re.compile(r"on|t(?:r(?:ue?)?)?|y(?:es?)?|1")


def _says_read_only(words: list[bytes]) -> bool:
    modes = b" ".join(words)
    return modes.rfind(b"read only") > modes.rfind(b"read write")


_SETTINGS = {setting.value: setting for setting in Setting}

_ALONE_OBJECTS = frozenset((b"database", b"index", b"subscription", b"tablespace", b"unique"))
_ANY: frozenset[bytes] = frozenset()
# By the first word: the rule, and the second words that it is for.
_RULES: dict[bytes, tuple[Callable[[bytes, bytes], Meaning | None], frozenset[bytes]]] = {
    b"abort": (_end, _ANY),
    b"alter": (_alter, frozenset((b"database", b"subscription", b"system", b"table"))),
    b"begin": (_begin, _ANY),
    b"cluster": (_cluster, _ANY),
    b"commit": (_end, _ANY),
    b"copy": (_copy, _ANY),
    b"create": (_create_or_drop, _ALONE_OBJECTS),
    b"discard": (_reset, frozenset((b"all",))),
    b"do": (_do, _ANY),
    b"drop": (_create_or_drop, _ALONE_OBJECTS),
    b"end": (_end, _ANY),
    b"lock": (_in_transaction, _ANY),
    b"prepare": (_prepare, frozenset((b"transaction",))),
    b"reindex": (_reindex, _ANY),
    b"release": (_in_transaction, _ANY),
    b"reset": (_reset, _ANY),
    b"rollback": (_end, _ANY),
    b"savepoint": (_in_transaction, _ANY),
    b"select": (_select, frozenset((b"pg_catalog", b"set_config"))),
    b"set": (_set, _ANY),
    b"start": (_begin, _ANY),
    b"vacuum": (_vacuum, _ANY),
}
