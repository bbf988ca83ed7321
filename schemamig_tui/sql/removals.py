"""What a statement takes away that a statement in batches may be working on."""

from collections.abc import Iterator
from typing import NamedTuple

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Name, Words, identifier


class Removal(NamedTuple):
    """A table, an index or a schema that is dropped, emptied, renamed or moved, or a column of one.

    ``name`` is the table's or the index's; of a schema it has no name. ``what`` is said of it.
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
        yield from (Removal(name, None, "TRUNCATE") for name in _names(words))
    elif verb == b"drop":
        yield from _drop(words)
    elif verb == b"alter":
        yield from _alter(words)


def uses(sql: bytes, column: str) -> bool:
    """Whether a statement mentions a column of this name, or all of them."""
    found = [token[1] for token in tokens(sql)]
    return b"*" in found or any(identifier(token) == column for token in found)


def _drop(words: Words) -> Iterator[Removal]:
    if words.take(b"schema"):
        words.take(b"if", b"exists")
        while path := words.path():
            yield Removal(Name(path[-1], ""), None, "DROP SCHEMA")
            if not words.take(b","):
                return
    for kind in (b"table", b"index"):
        if words.take(kind):
            words.take(b"concurrently")
            words.take(b"if", b"exists")
            what = f"DROP {kind.decode().upper()}"
            yield from (Removal(name, None, what) for name in _names(words))


def _alter(words: Words) -> Iterator[Removal]:
    if words.take(b"index"):
        words.take(b"if", b"exists")
        name = words.name()
        if name and words.take(b"rename"):
            yield Removal(name, None, "ALTER INDEX ... RENAME")
        return
    if not words.take(b"table"):
        return
    words.take(b"if", b"exists")
    words.take(b"only")
    name = words.name()
    words.take(b"*")
    while name:
        yield from _action(words, name)
        if words.seek(b",") != b",":
            return


def _action(words: Words, table: Name) -> Iterator[Removal]:
    """The next action of an ALTER TABLE."""
    if words.take(b"rename"):
        if words.take(b"to"):
            yield Removal(table, None, "ALTER TABLE ... RENAME")
        elif not words.take(b"constraint"):
            words.take(b"column")
            yield from _column(words, table, "RENAME COLUMN")
    elif words.take(b"set", b"schema"):
        yield Removal(table, None, "ALTER TABLE ... SET SCHEMA")
    elif words.take(b"drop"):
        is_constraint = words.take(b"constraint")
        words.take(b"column")
        words.take(b"if", b"exists")
        if is_constraint:
            # Its index goes with it, and has its name.
            path = words.path()
            yield from [Removal(Name(table.schema, path[0]), None, "DROP CONSTRAINT")] * bool(path)
        else:
            yield from _column(words, table, "DROP COLUMN")
    elif words.take(b"alter"):
        words.take(b"column")
        path = words.path()
        words.take(b"set", b"data")
        if path and words.take(b"type"):
            yield Removal(table, path[0], "ALTER COLUMN ... TYPE")


def _column(words: Words, table: Name, what: str) -> Iterator[Removal]:
    if path := words.path():
        yield Removal(table, path[0], what)


def _names(words: Words) -> Iterator[Name]:
    while True:
        words.take(b"only")
        name = words.name()
        if name is None:
            return
        words.take(b"*")
        yield name
        if not words.take(b","):
            return
