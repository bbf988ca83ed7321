"""Reads the definitions of constraints and indexes, as the server writes them in a catalog.

They come from pg_get_constraintdef() and pg_get_indexdef() with an empty search path, so that every
name of a table has its schema.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import identifier

_OPENING, _CLOSING = (b"(", b"["), (b")", b"]")
_ACTIONS = ("cascade", "restrict", "set null", "set default")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Most lists have nothing in which a comma or a parenthesis would mean something else.
_FLAT = re.compile(rb"\(([^()\[\]'\"$/-]*)\)")
_DEFINITIONS = 4096  # many tables have the same keys
_LITERAL = re.compile(r"'((?:[^']|'')*)'(?:::(.*))?", re.DOTALL)


class IndexDefinition(NamedTuple):
    """An index, a primary key or a UNIQUE constraint. ``rest`` is what stands behind its columns.

    ``method`` is the access method, "" for btree. ``elements`` are columns or expressions, as SQL
    writes them, each with its order.
    """

    elements: tuple[str, ...]
    primary: bool = False
    unique: bool = False
    method: str = ""
    rest: str = ""


class ForeignKeyDefinition(NamedTuple):
    """A foreign key: ``table`` is schema and name. An action of "" is NO ACTION, the default."""

    columns: tuple[str, ...]
    table: tuple[str, str]
    referenced: tuple[str, ...]
    on_delete: str = ""
    on_update: str = ""
    rest: str = ""


class CheckDefinition(NamedTuple):
    """A CHECK constraint: the expression, and what stands behind it, such as NO INHERIT."""

    expression: str
    rest: str = ""


Definition = IndexDefinition | ForeignKeyDefinition | CheckDefinition


def column_name(element: str) -> str | None:
    """The bare name of the column that is an element of an index; None for an expression."""
    if _PLAIN.fullmatch(element):
        return element
    found = [token[1] for token in tokens(element.encode())]
    return identifier(found[0]) if len(found) == 1 else None


def bare(name: str) -> str:
    """The name of a part, such as a column, without its quotes."""
    return name if '"' not in name else dotted(name)[0]


def dotted(name: str) -> tuple[str, ...]:
    """The parts of a name as SQL writes it, without their quotes: ``kb."a.b"`` is kb and a.b."""
    if '"' not in name and "(" not in name:
        return tuple(name.split("."))
    parts = (identifier(token[1]) for token in tokens(name.encode()) if token[1] != b".")
    return tuple(part for part in parts if part is not None)


def string_value(literal: str) -> str:
    """The text of a literal that quote_literal() has written."""
    if literal.startswith("E'"):
        return literal[2:-1].replace("''", "'").replace("\\\\", "\\")
    return literal[1:-1].replace("''", "'")


def literal_of(expression: str, kind: str) -> str | None:
    """The text of a default that is a literal of the column's type ``kind``; None for any other."""
    match = _LITERAL.fullmatch(expression)
    if match is None or match[2] not in (kind, kind.partition("(")[0]):
        return None
    return match[1].replace("''", "'")


@lru_cache(_DEFINITIONS)
def read_constraint(definition: str) -> Definition | None:
    """A key, a foreign key or a check; None for another kind of constraint."""
    sql = definition.encode()
    verb, _, _ = definition.partition(" ")
    first = sql.find(b"(")
    if first < 0 or verb not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        return None
    elements, end = _group(sql, first)
    if verb == "CHECK":
        inside = sql[first + 1 : end - 1].decode().strip()
        return CheckDefinition(inside, sql[end:].decode().strip())
    if verb == "FOREIGN":
        return _foreign_key(sql, elements, end)
    rest = " ".join(
        part.strip().decode() for part in (sql[len(verb) : first], sql[end:]) if part.strip()
    )
    return IndexDefinition(
        elements, verb == "PRIMARY", verb == "UNIQUE", rest=rest.removeprefix("KEY").strip()
    )


@lru_cache(_DEFINITIONS)
def read_index(definition: str) -> IndexDefinition:
    """An index, by its definition without the names of the index and of its table."""
    sql = definition.encode()
    unique = sql.startswith(b"UNIQUE ")
    sql = sql.removeprefix(b"UNIQUE ")
    method = ""
    if sql.startswith(b"USING "):
        _, word, *_ = (token[1] for token in tokens(sql))
        method = identifier(word) or ""
        sql = sql[sql.index(word) + len(word) :].lstrip()
    elements, end = _group(sql, 0)
    return IndexDefinition(elements, False, unique, method, sql[end:].decode().strip())


def _group(sql: bytes, start: int) -> tuple[tuple[str, ...], int]:
    """The elements of the list in parentheses that begins at ``start``, and where it ends."""
    if flat := _FLAT.match(sql, start):
        return tuple(part.strip() for part in flat[1].decode().split(",")), flat.end()
    found: list[str] = []
    depth, begin = 0, start + 1
    for token in tokens(sql, start):
        if token[1] in _OPENING:
            depth += 1
        elif token[1] in _CLOSING:
            depth -= 1
        if depth == 0 or (depth == 1 and token[1] == b","):
            found.append(sql[begin : token.start(1)].decode().strip())
            begin = token.end()
            if depth == 0:
                break
    return tuple(found), begin


def _foreign_key(sql: bytes, columns: tuple[str, ...], end: int) -> ForeignKeyDefinition:
    second = next(token.start(1) for token in tokens(sql, end) if token[1] == b"(")
    schema, table = dotted(sql[end:second].decode().strip().removeprefix("REFERENCES "))
    referenced, end = _group(sql, second)
    rest = sql[end:].decode().strip()
    actions = {"DELETE": "", "UPDATE": ""}
    for event in actions:
        before, found, behind = rest.partition(f"ON {event} ")
        for action in _ACTIONS:
            word = action.upper()
            if found and behind.startswith(word) and not behind[len(word) :].startswith(" ("):
                actions[event] = action
                rest = f"{before}{behind[len(word) :].lstrip()}".strip()
    return ForeignKeyDefinition(
        _names(columns),
        (schema, table),
        _names(referenced),
        actions["DELETE"],
        actions["UPDATE"],
        rest,
    )


def _names(elements: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(column_name(element) or element for element in elements)
