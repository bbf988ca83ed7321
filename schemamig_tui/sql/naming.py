"""Reads how a statement names an object: its kind, and its name."""

from collections.abc import Iterator

from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Right, Touch
from schemamig_tui.sql.words import Name, Words

_RELATION_KINDS: tuple[tuple[bytes, ...], ...] = (
    (b"table",),
    (b"index",),
    (b"view",),
    (b"sequence",),
    (b"materialized", b"view"),
    (b"foreign", b"table"),
)
_KINDS: dict[tuple[bytes, ...], ObjectKind] = {
    **dict.fromkeys(_RELATION_KINDS, ObjectKind.RELATION),
    (b"type",): ObjectKind.TYPE,
    (b"domain",): ObjectKind.TYPE,
    (b"schema",): ObjectKind.SCHEMA,
    (b"function",): ObjectKind.OTHER,
    (b"procedure",): ObjectKind.OTHER,
    (b"routine",): ObjectKind.OTHER,
    (b"aggregate",): ObjectKind.OTHER,
    (b"collation",): ObjectKind.OTHER,
    (b"statistics",): ObjectKind.OTHER,
    (b"extension",): ObjectKind.EXTENSION,
    (b"role",): ObjectKind.ROLE,
    (b"user",): ObjectKind.ROLE,
    (b"group",): ObjectKind.ROLE,
    (b"database",): ObjectKind.DATABASE,
}
_PAIRS = {kind[0]: kind for kind in _KINDS if len(kind) > 1}
_LABELS = {kind: b" ".join(kind).decode().upper() for kind in _KINDS}
OWNED = (ObjectKind.RELATION, ObjectKind.TYPE, ObjectKind.SCHEMA)
_BEHIND = (b")", b"*", b"(")
PARTS = (b"trigger", b"policy", b"rule", b"constraint")
"""What belongs to a table and is named together with it."""


def take_kind(words: Words) -> tuple[str, ObjectKind] | None:
    """Take the kind of object that is next: ``("TABLE", RELATION)``."""
    first = words.peek()
    kind = _PAIRS.get(first, (first,))
    target = _KINDS.get(kind)
    if target is None or not words.take(*kind):
        return None
    return _LABELS[kind], target


def take_name(words: Words) -> Name | None:
    """Take the name that is next, with what may stand around it: ONLY, ``*``, columns."""
    if words.take(b"only"):
        words.take(b"(")
    name = words.name()
    if name and words.peek() in _BEHIND:
        words.take(b")")
        words.take(b"*")
        words.group()
    return name


def take_names(words: Words) -> Iterator[tuple[Name, bool]]:
    """Take the names of a list; tells of each whether ONLY stands in front of it."""
    while True:
        only = words.peek() == b"only"
        name = take_name(words)
        if name is None:
            return
        yield name, only
        if not words.take(b","):
            return


def relation(
    words: Words, statement: str, lock: Lock, right: Right | None, work: str | None = None
) -> Iterator[Touch]:
    """Take the one relation that is next."""
    only = words.peek() == b"only"
    if name := take_name(words):
        yield Touch(ObjectKind.RELATION, name, statement, lock, right, work, only=only)
