"""Compares a file with a database, by what both say; what people have written is no difference."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from schemamig_tui.docs.document import Check, Column, DbmlTable, Document, Enum, Index, Note
from schemamig_tui.docs.facts import HEADING
from schemamig_tui.docs.writer import check_line, column_line, index_line, path, quoted, ref_line

_T = TypeVar("_T")
_Noted = TypeVar("_Noted", Column, Index)
_Part = TypeVar("_Part", Column, Index, Check)


@dataclass(frozen=True)
class Difference:
    """One thing that file and database say differently; None: one of them does not have it.

    ``where`` is the table, enum or note, ``what`` the part of it; "" is all of it.
    """

    where: str
    what: str
    file: str | None
    database: str | None


@dataclass(frozen=True)
class Validated:
    """A file, what the database has, and how the two differ."""

    path: Path
    document: Document
    differences: tuple[Difference, ...]


def within(document: Document, schemas: Collection[str]) -> Document:
    """What the document has of some schemas; all of it where none is named."""
    if not schemas:
        return document
    titles = {f"schema {schema}" for schema in schemas}
    return replace(
        document,
        enums=tuple(enum for enum in document.enums if enum.path[0] in schemas),
        tables=tuple(table for table in document.tables if table.path[0] in schemas),
        refs=tuple(
            ref for ref in document.refs if ref.table[0] in schemas and ref.to[0] in schemas
        ),
        notes=tuple(note for note in document.notes if note[0] in titles),
    )


def differences(file: Document, database: Document) -> tuple[Difference, ...]:
    """What is different: enums, tables, foreign keys, notes; in each of them as in the file."""
    return tuple(_differences(file, database))


def _differences(file: Document, database: Document) -> Iterator[Difference]:
    for enum, new_enum in _pairs(file.enums, database.enums, lambda one: one.path):
        yield from _in_enum(enum, new_enum)
    for table, new_table in _pairs(file.tables, database.tables, lambda one: one.path):
        if table and new_table:
            if table is not new_table:
                yield from _in_table(table, new_table)
        elif only := table or new_table:
            lines = (_columns(one) if one else None for one in (table, new_table))
            yield Difference(f"table {path(only.path)}", "", *lines)
    for ref, new_ref in _pairs(
        file.refs, database.refs, lambda one: (one.table, one.columns, one.to, one.referenced)
    ):
        if (only_ref := new_ref or ref) and ref != new_ref:
            lines = (ref_line(one) if one else None for one in (ref, new_ref))
            what = f"foreign key {only_ref.name}".rstrip()
            yield Difference(f"table {path(only_ref.table)}", what, *lines)
    notes, new_notes = dict(file.notes), dict(database.notes)
    for title in dict.fromkeys((*notes, *new_notes)):
        yield from _in_note(title, notes.get(title, ""), new_notes.get(title, ""))


def _in_enum(file: Enum | None, database: Enum | None) -> Iterator[Difference]:
    values = [
        ", ".join(quoted(value.name) for value in one.values) if one else None
        for one in (file, database)
    ]
    if (enum := file or database) and values[0] != values[1]:
        yield Difference(f"enum {path(enum.path)}", "values" if file and database else "", *values)


def _in_table(file: DbmlTable, database: DbmlTable) -> Iterator[Difference]:
    where = f"table {path(file.path)}"
    columns, new_columns = _given(file.columns), _given(database.columns)
    yield from _parts(where, "column", columns, new_columns, lambda one: one.name, column_line)
    names, new_names = ([one.name for one in side] for side in (columns, new_columns))
    order = ", ".join(name for name in names if name in {*new_names})
    new_order = ", ".join(name for name in new_names if name in {*names})
    if order != new_order:
        yield Difference(where, "order of columns", order, new_order)
    indexes, new_indexes = _given(file.indexes), _given(database.indexes)
    yield from _parts(
        where, "index", indexes, new_indexes, lambda one: one.name or one.elements, index_line
    )
    yield from _parts(
        where,
        "check",
        file.checks,
        database.checks,
        lambda one: one.name or one.expression,
        check_line,
    )
    yield from _in_note(where, file.note.given, database.note.given)


def _in_note(where: str, file: str, database: str) -> Iterator[Difference]:
    """The lines that only one side has, as pairs where both begin with the same name."""
    lines, new_lines = file.split("\n"), database.split("\n")
    only, new_only = _besides(lines, new_lines), _besides(new_lines, lines)
    if file != database and not only and not new_only:
        yield Difference(where, "note", file, database)
    for line, new_line in _pairs(only, new_only, lambda line: line.partition(": ")[0]):
        yield Difference(where, "note", line, new_line)


def _besides(lines: Sequence[str], others: Sequence[str]) -> list[str]:
    known = {*others, "", HEADING}
    return [line for line in lines if line not in known]


def _parts(
    where: str,
    kind: str,
    file: Sequence[_Part],
    database: Sequence[_Part],
    key: Callable[[_Part], Hashable],
    line: Callable[[_Part], str],
) -> Iterator[Difference]:
    for one, other in _pairs(file, database, key):
        if (part := other or one) and one != other:
            lines = (line(side) if side else None for side in (one, other))
            yield Difference(where, f"{kind} {part.name}".rstrip(), *lines)


def _pairs(
    file: Collection[_T], database: Collection[_T], key: Callable[[_T], Hashable]
) -> Iterator[tuple[_T | None, _T | None]]:
    """Pair the things of both sides by their keys; None stands for what one side does not have."""
    found, new_found = ({key(one): one for one in side} for side in (file, database))
    for known in dict.fromkeys((*found, *new_found)):
        yield found.get(known), new_found.get(known)


def _given(parts: Sequence[_Noted]) -> list[_Noted]:
    return [part._replace(note=Note(part.note.given)) if part.note else part for part in parts]


def _columns(table: DbmlTable) -> str:
    return ", ".join(column.name for column in table.columns)
