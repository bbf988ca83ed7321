"""Reads the options of the directives under which a statement runs in batches.

::

    -- schemamig: backfill table=kb.documents key=id batch=5000 target=100ms
    -- schemamig: repeat remaining=(SELECT count(*) FROM kb.jobs WHERE state IS NULL)

An option is ``name=value``; a value ends at white space outside of parentheses and quotes. Several
comments with the same word in front of one statement are one directive on several lines.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from schemamig_tui.sql.directives import BACKFILL, REPEAT, Word
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Name, Words, identifier, named, unquoted

MB = 1 << 20


class Misuse(ValueError):
    """A directive, or the statement under it, that cannot be carried out as it is written.

    ``offset`` is the byte of the text at which it is wrong.
    """

    def __init__(self, message: str, hint: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Restraint:
    """The limits that batches keep for the sake of others. Times are seconds.

    ``pause`` is the time between two batches, ``max_lag`` how far a standby may be behind (unless
    it is ``ignored``), ``max_slot_wal`` how many bytes of WAL a slot may keep. ``rows`` and ``wal``
    are rows and bytes of WAL a second; None is no limit. ``vacuum`` is the share of the rows after
    which a VACUUM comes. ``settings`` are set in each batch.
    """

    pause: float = 0.0
    max_lag: float = 5.0
    max_slot_wal: int = 1024 * MB
    ignored: frozenset[str] = frozenset()
    rows: float | None = None
    wal: float | None = None
    vacuum: float | None = None
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RangeBatches:
    """``backfill``: a statement runs over one range of the ``key`` of ``table`` after the other.

    ``batch`` is how many keys the first batch has, ``target`` how many seconds each is to take.
    ``open_end`` tells that rows which come in behind the last key are done as well, and ``check``
    is a SELECT that has to find nothing in the end.
    """

    table: Name
    key: tuple[str, ...]
    batch: int = 1000
    target: float = 0.1
    open_end: bool = False
    check: str | None = None
    restraint: Restraint = field(default_factory=Restraint)


@dataclass(frozen=True, slots=True)
class RepeatedBatches:
    """``repeat``: a statement that limits itself runs again and again until it changes no row.

    ``remaining`` is a SELECT of how many rows are left. After ``most`` batches it is given up.
    """

    table: Name | None = None
    remaining: str | None = None
    most: int | None = None
    check: str | None = None
    restraint: Restraint = field(default_factory=Restraint)


Batches = RangeBatches | RepeatedBatches


def batches(word: Word, lines: Sequence[bytes]) -> Batches:
    """What a directive asks for; ``lines`` are its options, as they stand behind the word.

    Raises Misuse, whose offset is into the lines joined by a newline.
    """
    given = _options(b"\n".join(lines), word)
    values = {name: _READERS[name](option) for name, option in given.items()}
    restraint = replace(
        Restraint(),
        **{_FIELDS.get(name, name): values[name] for name in _RESTRAINING if name in values},
    )
    own = {
        _FIELDS.get(name, name): value for name, value in values.items() if name not in _RESTRAINING
    }
    if word == BACKFILL:
        for name in ("table", "key"):
            if name not in own:
                raise Misuse(f"The backfill has no {name}=.", f"Write {_SAMPLE}.")
        return RangeBatches(**own, restraint=restraint)
    if restraint.vacuum is not None and "table" not in own:
        raise Misuse("vacuum= needs to know the table.", "Add table=SCHEMA.TABLE.")
    return RepeatedBatches(**own, restraint=restraint)


_SAMPLE = "-- schemamig: backfill table=SCHEMA.TABLE key=COLUMN"


class _Option(NamedTuple):
    name: str
    value: bytes
    offset: int

    @property
    def shown(self) -> str:
        return self.value.decode(errors="replace")

    def wrong(self, hint: str) -> Misuse:
        return Misuse(f"{self.name}={self.shown} cannot be understood.", hint, self.offset)


_NAME = re.compile(rb"\s*([A-Za-z][A-Za-z-]*)=")


def _options(text: bytes, word: Word) -> Mapping[str, _Option]:
    found: dict[str, _Option] = {}
    position = 0
    while text[position:].strip():
        match = _NAME.match(text, position)
        if match is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            shown = text[position:].split()[0].decode(errors="replace")
            raise Misuse(f"{shown} is no option: options are NAME=VALUE.", _known(word), position)
        name = match[1].decode().lower()
        end = _value_end(text, match.end())
        option = _Option(name, text[match.end() : end], match.start(1))
        if name not in _ALLOWED[word]:
            raise Misuse(
                f"The directive {word} has no option {name}=.", _known(word), match.start(1)
            )
        if name in found:
            raise Misuse(f"{name}= is given twice.", "Remove one of them.", match.start(1))
        if not option.value:
            raise Misuse(
                f"{name}= has no value.",
                "Write the value right behind the equals sign, without a blank.",
                match.start(1),
            )
        found[name] = option
        position = end
    return found


def _value_end(text: bytes, start: int) -> int:
    """Where a value ends: at white space outside of parentheses."""
    depth, end = 0, start
    for token in tokens(text, start):
        if depth == 0 and token.start(1) != end:
            break
        depth += (token[1] == b"(") - (token[1] == b")")
        end = token.end(1)
    if depth > 0:
        raise Misuse("A parenthesis of the directive is never closed.", "Close it.", start)
    return end


def _known(word: Word) -> str:
    return f"There are {', '.join(f'{name}=' for name in _ALLOWED[word])}."


# -- values


def _table(option: _Option) -> Name:
    words = Words(token[1] for token in tokens(option.value))
    name = named(words.path())
    if name is None or words.peek():
        raise option.wrong("Write the name of a table as in SQL: kb.documents.")
    return name


def _key(option: _Option) -> tuple[str, ...]:
    found = [token[1] for token in tokens(option.value)]
    if found[:1] == [b"("] and found[-1:] == [b")"]:
        found = found[1:-1]
    columns = [identifier(token) for token in found[::2]]
    separated = all(token == b"," for token in found[1::2]) and len(found) % 2 == 1
    named_all = [column for column in columns if column is not None]
    if not separated or len(named_all) < len(columns):
        raise option.wrong("Write a column, key=id, or several: key=(tenant_id, id).")
    if len(set(named_all)) < len(named_all):
        raise option.wrong("Name each column once.")
    return tuple(named_all)


def _count(option: _Option) -> int:
    if not option.value.isdigit() or not int(option.value):
        raise option.wrong("Write a whole number from 1 on.")
    return int(option.value)


_DURATION = re.compile(rb"(\d+(?:\.\d+)?)(ms|s|min|h)")
_SECONDS = {b"ms": 0.001, b"s": 1.0, b"min": 60.0, b"h": 3600.0}


def _duration(option: _Option) -> float:
    match = _DURATION.fullmatch(option.value)
    if match is None:
        if option.value == b"0":
            return 0.0
        raise option.wrong("Write a time with its unit: 100ms, 5s, 2min, 1h.")
    return float(match[1]) * _SECONDS[match[2]]


def _target(option: _Option) -> float:
    seconds = _duration(option)
    if seconds < 0.001:
        raise option.wrong("A batch takes 1ms at least.")
    return seconds


_SIZE = re.compile(rb"(\d+(?:\.\d+)?)(kB|MB|GB|TB)")
_BYTES = {b"kB": 1 << 10, b"MB": MB, b"GB": 1 << 30, b"TB": 1 << 40}


def _size(option: _Option) -> int:
    match = _SIZE.fullmatch(option.value)
    size = float(match[1]) * _BYTES[match[2]] if match else 0
    if size < 1:
        raise option.wrong("Write a size with its unit: 512kB, 16MB, 1GB.")
    return round(size)


def _share(option: _Option) -> float:
    match = re.fullmatch(r"(\d+)%", option.shown)
    if match is None or not 1 <= int(match[1]) <= 100:
        raise option.wrong("Write a share from 1% to 100%.")
    return int(match[1]) / 100


def _end(option: _Option) -> bool:
    if option.value.lower() != b"open":
        raise option.wrong("Write to=open to follow the end, or leave it out.")
    return True


def _query(option: _Option) -> str:
    found = [token[1].lower() for token in tokens(option.value)]
    in_parentheses = found[:1] == [b"("] and found[-1:] == [b")"] and len(found) > 2
    if not in_parentheses or found[1] not in (b"select", b"with", b"table") or b";" in found:
        raise option.wrong(f"Write a query in parentheses: {option.name}=(SELECT ...).")
    return option.value[1:-1].decode(errors="replace")


def _names(option: _Option) -> frozenset[str]:
    found = [token[1] for token in tokens(option.value)]
    if found[:1] == [b"("] and found[-1:] == [b")"]:
        return frozenset(unquoted(token) or "" for token in found[1:-1] if token != b",")
    return frozenset((unquoted(option.value) or "",))


def _settings(option: _Option) -> tuple[tuple[str, str], ...]:
    found = [token[1] for token in tokens(option.value)]
    hint = "Write set=(NAME=VALUE, NAME=VALUE)."
    if found[:1] != [b"("] or found[-1:] != [b")"] or len(found) < 5:
        raise option.wrong(hint)
    settings = []
    for pair in _parts(found[1:-1]):
        at = pair.index(b"=") if b"=" in pair else 0
        name = b"".join(pair[:at]).decode(errors="replace").lower()
        if not name or at == len(pair) - 1:
            raise option.wrong(hint)
        if name in _OURS:
            raise option.wrong(f"{name} is what the batches set themselves: remove it.")
        settings.append((name, _setting(pair[at + 1 :])))
    return tuple(settings)


def _setting(words: Sequence[bytes]) -> str:
    if len(words) == 1:
        return unquoted(words[0]) or "default"
    return b"".join(words).decode(errors="replace")


def _parts(words: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = 0
    for i, word in enumerate(words):
        if word == b",":
            yield words[start:i]
            start = i + 1
    yield words[start:]


# What each batch sets for itself, or what would make another session of it.
_OURS = frozenset(
    (
        "client_encoding",
        "default_transaction_read_only",
        "lock_timeout",
        "role",
        "row_security",
        "session_authorization",
        "statement_timeout",
        "transaction_isolation",
        "transaction_read_only",
        "transaction_timeout",
    )
)
_READERS: Mapping[str, Callable[[_Option], Any]] = {
    "table": _table,
    "key": _key,
    "batch": _count,
    "target": _target,
    "to": _end,
    "remaining": _query,
    "max-batches": _count,
    "check": _query,
    "pause": _duration,
    "max-lag": _target,
    "max-slot-wal": _size,
    "ignore-standby": _names,
    "rows-per-second": _count,
    "wal-per-second": _size,
    "vacuum": _share,
    "set": _settings,
}
_FIELDS = {
    "to": "open_end",
    "max-batches": "most",
    "max-lag": "max_lag",
    "max-slot-wal": "max_slot_wal",
    "ignore-standby": "ignored",
    "rows-per-second": "rows",
    "wal-per-second": "wal",
    "set": "settings",
}
_RESTRAINING = (
    "pause",
    "max-lag",
    "max-slot-wal",
    "ignore-standby",
    "rows-per-second",
    "wal-per-second",
    "vacuum",
    "set",
)
_ALLOWED: Mapping[str, Sequence[str]] = {
    BACKFILL: ("table", "key", "batch", "target", "to", "check", *_RESTRAINING),
    REPEAT: ("table", "remaining", "max-batches", "check", *_RESTRAINING),
}
