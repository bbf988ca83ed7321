"""What a statement means for the way its file has to be run.

Only a few kinds of statements mean anything. They are told by their first tokens, with comments
anywhere between them; all others are None. Which statements the server refuses in a transaction
is what PreventInTransactionBlock is called for in its source, and the page of each in the manual.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from schemamig_tui.engine.lexer import BLANKS, DOLLAR_TAG, WORD, tokens


class Kind(Enum):
    """What a statement is to the one who runs it."""

    ORDINARY = auto()
    BEGIN = auto()
    COMMIT = auto()
    """The transaction ends and is committed. COMMIT AND CHAIN is none: one is open after it."""
    ROLLBACK = auto()
    """The transaction ends and nothing is committed: ROLLBACK, but also PREPARE TRANSACTION."""
    ALONE = auto()
    """The server refuses it in a transaction."""
    COPY_IN = auto()
    """COPY ... FROM stdin: the data follows, see ``Script.copy_data``."""
    COPY_OUT = auto()
    """COPY ... TO stdout: the server sends data."""


class Setting(Enum):
    """The settings that change how the rest of a file is read, or what can be written."""

    CLIENT_ENCODING = "client_encoding"
    STANDARD_STRINGS = "standard_conforming_strings"
    READ_ONLY = "transaction_read_only"
    DEFAULT_READ_ONLY = "default_transaction_read_only"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What there is to know about a statement.

    ``label`` names it in a sentence (``CREATE INDEX CONCURRENTLY``). ``chained``: COMMIT or
    ROLLBACK AND CHAIN. ``read_only``: nothing can be written after it, be it in its transaction or
    in later ones. ``settles``: it only sets something, so it may stand in front of a file's BEGIN.
    ``outside`` is what psql would do with it outside a transaction, where it needs one.
    ``setting`` is a setting that it gives ``value``; None is the default.
    """

    kind: Kind = Kind.ORDINARY
    label: str = ""
    chained: bool = False
    read_only: bool = False
    settles: bool = False
    outside: str | None = None
    settings: tuple[Setting, ...] = ()
    value: str | None = None


def classify(sql: bytes) -> Meaning | None:
    """What the statement means, or None when it is like any other."""
    start = BLANKS.match(sql)
    word = WORD.match(sql, start.end() if start else 0)
    rule = _RULES.get(word[0].lower()) if word else None
    return rule(sql) if rule else None


_HEAD = 12
_BEGIN = Meaning(Kind.BEGIN, "BEGIN")
_COMMIT = Meaning(Kind.COMMIT, "COMMIT")
_ROLLBACK = Meaning(Kind.ROLLBACK, "ROLLBACK")


def _head(sql: bytes, count: int = _HEAD) -> list[bytes]:
    """The first tokens, in lower case, and empty ones for those that are missing."""
    head = [token.lower() for token in islice(tokens(sql), count)]
    return head + [b""] * (count - len(head))


def _alone(*words: bytes) -> Meaning:
    return Meaning(Kind.ALONE, b" ".join(words).decode().upper())


def _begin(sql: bytes) -> Meaning | None:
    head = [token.lower() for token in tokens(sql)]
    if head[0] == b"start" and head[1:2] != [b"transaction"]:
        return None
    if _says_read_only(head):
        return Meaning(Kind.BEGIN, "BEGIN READ ONLY", read_only=True)
    return _BEGIN


def _end(sql: bytes) -> Meaning | None:
    head = _head(sql)
    commits = head[0] in (b"commit", b"end")
    if head[1] == b"prepared":
        return _alone(head[0], b"PREPARED")
    rest = head[2:] if head[1] in (b"work", b"transaction") else head[1:]
    if rest[0] == b"to":
        return Meaning(label="ROLLBACK TO", outside="refuse")
    if rest[:2] == [b"and", b"chain"]:
        return Meaning(label=f"{'COMMIT' if commits else 'ROLLBACK'} AND CHAIN", chained=True)
    return _COMMIT if commits else _ROLLBACK


def _prepare(sql: bytes) -> Meaning | None:
    head = _head(sql, 3)
    if head[1] == b"transaction" and head[2].endswith((b"'", b"$")):
        return Meaning(Kind.ROLLBACK, "PREPARE TRANSACTION")
    return None


def _create_or_drop(sql: bytes) -> Meaning | None:
    verb, *what = _head(sql, 4)
    if what[0] in (b"database", b"tablespace", b"subscription"):
        return _alone(verb, what[0])
    if what[0] == b"unique":
        what = what[1:]
    if what[:2] == [b"index", b"concurrently"]:
        return _alone(verb, *what[:2])
    return None


def _alter(sql: bytes) -> Meaning | None:
    what = _head(sql, 2)[1]
    if what == b"system":
        return _alone(b"alter", what)
    if what == b"database":
        words = _words(sql)
        return _alone(b"alter database set tablespace") if words[-3:-1] == _SET_TABLESPACE else None
    if what == b"subscription" and _SUBSCRIBES.search(b" ".join(_words(sql)[3:5])):
        return _alone(b"alter subscription", *_words(sql)[3:5])
    if what == b"table" and _CONCURRENTLY.search(sql):
        words = _words(sql)
        if words[-1] == b"concurrently" and b"detach" in words:
            return _alone(b"alter table detach partition concurrently")
    return None


_SET_TABLESPACE = [b"set", b"tablespace"]
_SUBSCRIBES = re.compile(rb"refresh\b|(?:set|add|drop) publication")
_CONCURRENTLY = re.compile(rb"(?i)concurrently")


def _words(sql: bytes) -> list[bytes]:
    return [token.lower() for token in tokens(sql) if token != b";"]


def _reindex(sql: bytes) -> Meaning | None:
    words = _words(sql)[1:]
    label = b"reindex"
    if words[:1] == [b"("]:
        close = words.index(b")") if b")" in words else len(words)
        options = b" ".join(words[1:close])
        if _IS_CONCURRENT.search(options):
            return _alone(b"reindex", b"concurrently")
        words = words[close + 1 :]
    if words[:1] and words[0] in (b"schema", b"database", b"system"):
        return _alone(label, words[0])
    if words[1:2] == [b"concurrently"]:
        return _alone(label, *words[:2])
    return None


_IS_CONCURRENT = re.compile(rb"concurrently\b(?! '?(?:off|false|0)\b)")


def _cluster(sql: bytes) -> Meaning | None:
    words = _words(sql)[1:]
    if words[:1] == [b"("] and b")" in words:
        words = words[words.index(b")") + 1 :]
    elif words[:1] == [b"verbose"]:
        words = words[1:]
    return None if words else _alone(b"cluster")


def _vacuum(sql: bytes) -> Meaning:
    return _alone(b"vacuum")


def _discard(sql: bytes) -> Meaning | None:
    if _head(sql, 2)[1] != b"all":
        return None
    return Meaning(Kind.ALONE, "DISCARD ALL", settings=tuple(Setting))


def _needs_transaction(sql: bytes) -> Meaning:
    verb = _head(sql, 1)[0].decode().upper()
    return Meaning(label="LOCK TABLE" if verb == "LOCK" else verb, outside="refuse")


def _set(sql: bytes) -> Meaning | None:
    words = _words(sql)[1:]
    scope = words[0] if words[:1] and words[0] in (b"session", b"local") else b""
    rest = words[1:] if scope else words
    label = f"SET {scope.decode().upper()}".strip()
    if scope == b"session" and rest[:1] == [b"characteristics"]:
        return Meaning(
            label="SET SESSION CHARACTERISTICS", settles=True, read_only=_says_read_only(rest)
        )
    if rest[:1] and rest[0] in (b"transaction", b"constraints"):
        return Meaning(
            label=f"SET {rest[0].decode().upper()}",
            read_only=_says_read_only(rest),
            outside="ignore",
        )
    outside = "ignore" if scope == b"local" else None
    setting, value = None, None
    if rest[:1] == [b"names"]:
        setting, value = Setting.CLIENT_ENCODING, _text(rest[1] if rest[1:] else b"")
    elif len(rest) > 2 and rest[1] in (b"=", b"to"):
        setting, value = _SETTINGS.get(_text(rest[0]) or ""), _text(rest[2])
    return Meaning(
        label=label,
        settles=True,
        outside=outside,
        read_only=setting in _READ_ONLY and _is_on(value),
        settings=(setting,) if setting else (),
        value=value,
    )


def _select(sql: bytes) -> Meaning | None:
    """SELECT set_config(name, value, local), which is a SET."""
    if not _SET_CONFIG.match(sql):
        return None
    words = _words(sql)[1:]
    if words[:2] == [b"pg_catalog", b"."]:
        words = words[2:]
    if words[:2] != [b"set_config", b"("] or len(words) != 8 or words[-1] != b")":
        return None
    setting, value = _SETTINGS.get(_text(words[2]) or ""), _text(words[4])
    return Meaning(
        label="SELECT set_config",
        settles=True,
        read_only=setting in _READ_ONLY and _is_on(value),
        settings=(setting,) if setting else (),
        value=value,
    )


_SET_CONFIG = re.compile(rb"(?is).{,4096}?set_config")


def _reset(sql: bytes) -> Meaning | None:
    name = _text(_head(sql, 2)[1])
    settings = tuple(Setting) if name == "all" else tuple(filter(None, [_SETTINGS.get(name or "")]))
    return Meaning(label="RESET", settings=settings) if settings else None


def _copy(sql: bytes) -> Meaning | None:
    depth = 0
    before = b""
    for token in tokens(sql):
        word = token.lower()
        if depth == 0 and word in (b"stdin", b"stdout"):
            if before == b"from":
                return Meaning(Kind.COPY_IN, "COPY FROM stdin")
            if before == b"to":
                return Meaning(Kind.COPY_OUT, "COPY TO stdout")
        depth += (word == b"(") - (word == b")")
        before = word
    return None


def _do(sql: bytes) -> Meaning | None:
    """A DO block that commits: found in its body, with comments and strings left out."""
    body = do_body(sql)
    if not _ENDS.search(body):
        return None
    before = b";"
    pending = b""
    for token in map(bytes.lower, tokens(body)):
        if pending and token in (b";", b"and"):
            return Meaning(Kind.ALONE, f"DO with {pending.decode().upper()}")
        starts = before in (b";", b"begin", b"then", b"else", b"loop", b">")
        pending = token if starts and token in (b"commit", b"rollback") else b""
        before = token
    return None


_ENDS = re.compile(rb"(?i)commit|rollback")


def do_body(sql: bytes) -> bytes:
    """The code of a DO statement as the server sees it; empty without one."""
    return next((_unquoted(token) for token in tokens(sql) if token[-1:] in (b"'", b"$")), b"")


def _unquoted(token: bytes) -> bytes:
    if tag := DOLLAR_TAG.match(token):
        return token[tag.end() : -tag.end()]
    return token[token.index(b"'") + 1 : -1].replace(b"''", b"'")


def _text(token: bytes) -> str | None:
    """The value of a name or a string; None for DEFAULT."""
    text = token.decode(errors="replace").removeprefix("e").strip("'\"") if token else ""
    if token[:1] not in (b"'", b'"') and not token.startswith(b"e'"):
        text = token.decode(errors="replace")
        return None if text == "default" else text
    return text


def _is_on(value: str | None) -> bool:
    return value is not None and bool(re.fullmatch(r"on|t(r(ue?)?)?|y(es?)?|1", value))


def _says_read_only(words: Iterable[bytes]) -> bool:
    modes = b" ".join(words)
    return modes.rfind(b"read only") > modes.rfind(b"read write")


_READ_ONLY = (Setting.READ_ONLY, Setting.DEFAULT_READ_ONLY)
_SETTINGS = {setting.value: setting for setting in Setting}
_RULES: dict[bytes, Callable[[bytes], Meaning | None]] = {
    b"abort": _end,
    b"alter": _alter,
    b"begin": _begin,
    b"cluster": _cluster,
    b"commit": _end,
    b"copy": _copy,
    b"create": _create_or_drop,
    b"discard": _discard,
    b"do": _do,
    b"drop": _create_or_drop,
    b"end": _end,
    b"lock": _needs_transaction,
    b"prepare": _prepare,
    b"reindex": _reindex,
    b"release": _needs_transaction,
    b"reset": _reset,
    b"rollback": _end,
    b"savepoint": _needs_transaction,
    b"select": _select,
    b"set": _set,
    b"start": _begin,
    b"vacuum": _vacuum,
}
