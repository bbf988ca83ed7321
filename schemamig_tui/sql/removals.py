"""Finds what a statement drops, empties or renames, perhaps while batches work on it."""

from collections.abc import Iterator
from typing import NamedTuple

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.naming import take_kind, take_name, take_names
from schemamig_tui.sql.touch import IN_SCHEMAS, ObjectKind
from schemamig_tui.sql.words import Name, Words, identifier

_TAKEN = (*IN_SCHEMAS, ObjectKind.SCHEMA)


class Removal(NamedTuple):
    """An object that is dropped, emptied, renamed or moved, or a column of one.

    ``name`` is the object's; that of a schema has an empty ``name`` in it. ``what`` names the
    statement: ``DROP TABLE``.
    """

    name: Name
    column: str | None
    what: str


def removals(sql: bytes) -> Iterator[Removal]:
    """What one statement takes away, as far as its text tells."""
    words = Words(token[1] for token in tokens(sql))
    verb = words.next().lower()
    if verb == b"truncate":
        words.take(b"table")
        yield from (Removal(name, None, "TRUNCATE") for name, _ in take_names(words))
    elif verb == b"drop":
        yield from _drop(words)
    elif verb == b"alter":
        yield from _alter(words)


def mentions(sql: bytes, name: str) -> bool:
    """Whether a statement mentions a name, whatever kind of thing it names."""
    return any(identifier(token[1]) == name for token in tokens(sql))


def uses(sql: bytes, column: str) -> bool:
    """Whether a statement mentions a column of this name, or all of them."""
    return mentions(sql, column) or any(token[1] == b"*" for token in tokens(sql))


def _drop(words: Words) -> Iterator[Removal]:
    kind, target = take_kind(words) or ("", None)
    if target not in _TAKEN:
        return
    words.take(b"concurrently")
    words.take(b"if", b"exists")
    what = f"DROP {kind}"
    if target is ObjectKind.SCHEMA:
        yield from (Removal(Name(name.name, ""), None, what) for name, _ in take_names(words))
    else:
        yield from (Removal(name, None, what) for name, _ in take_names(words))


def _alter(words: Words) -> Iterator[Removal]:
    kind, target = take_kind(words) or ("", None)
    if target not in _TAKEN:
        return
    words.take(b"if", b"exists")
    name = take_name(words)
    if name and target is ObjectKind.SCHEMA:
        name = Name(name.name, "")
    while name:
        yield from _action(words, name, f"ALTER {kind}")
        if words.seek(b",") != b",":
            return


def _action(words: Words, table: Name, verb: str) -> Iterator[Removal]:
    """The next action of an ALTER TABLE, or of another ALTER."""
    if words.take(b"rename"):
        if words.take(b"to"):
            yield Removal(table, None, f"{verb} ... RENAME")
        elif not words.take(b"constraint"):
            words.take(b"column")
            yield from _column(words, table, "RENAME COLUMN")
    elif words.take(b"set", b"schema"):
        yield Removal(table, None, f"{verb} ... SET SCHEMA")
    elif words.take(b"drop"):
        is_constraint = words.take(b"constraint")
        words.take(b"column")
        words.take(b"if", b"exists")
        if not is_constraint:
            yield from _column(words, table, "DROP COLUMN")
        elif path := words.path():
            # Its index goes with it, and has its name.
            yield Removal(Name(table.schema, path[0]), None, "DROP CONSTRAINT")
    elif words.take(b"alter"):
        words.take(b"column")
        path = words.path()
        words.take(b"set", b"data")
        if path and words.take(b"type"):
            yield Removal(table, path[0], "ALTER COLUMN ... TYPE")


def _column(words: Words, table: Name, what: str) -> Iterator[Removal]:
    if path := words.path():
        yield Removal(table, path[0], what)
