"""Takes over into a new document what people have written into the old file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from schemamig_tui.docs.document import (
    Column,
    DbmlTable,
    Document,
    Element,
    Enum,
    EnumValue,
    Index,
    Note,
    Path,
)
from schemamig_tui.docs.writer import path

_Noted = TypeVar("_Noted", Column, Index, EnumValue)


def merged(new: Document, old: Document) -> tuple[Document, tuple[str, ...]]:
    """The new document with the notes, names, groups and settings of people from the old one.

    Also the things that are gone from the database and took a note by hand with them.
    """
    lost: list[str] = []
    tables = {table.path: table for table in new.tables}
    enums = {enum.path: enum for enum in new.enums}
    for old_table in old.tables:
        if table := tables.get(old_table.path):
            tables[table.path] = _table(table, old_table, lost)
        else:
            lost += _notes_in(old_table)
    for old_enum in old.enums:
        if enum := enums.get(old_enum.path):
            enums[enum.path] = _enum(enum, old_enum, lost)
    document = replace(
        new,
        project=old.project or new.project,
        note=_with_hand(new.note, old.note),
        tables=tuple(tables.values()),
        enums=tuple(enums.values()),
        by_hand=tuple(_without_dropped(element, tables) for element in old.by_hand),
    )
    return document, tuple(lost)


def _table(table: DbmlTable, old: DbmlTable, lost: list[str]) -> DbmlTable:
    name = path(table.path)
    return replace(
        table,
        columns=tuple(_with_notes(table.columns, old.columns, f"{name}.", lost)),
        indexes=tuple(_with_notes(table.indexes, old.indexes, f"index {name}.", lost)),
        note=_with_hand(table.note, old.note),
        alias=old.alias,
        settings=old.settings,
        by_hand=old.by_hand,
    )


def _enum(enum: Enum, old: Enum, lost: list[str]) -> Enum:
    values = _with_notes(enum.values, old.values, f"{path(enum.path)}.", lost)
    return replace(enum, values=tuple(values))


def _with_notes(
    parts: Sequence[_Noted], old: Iterable[_Noted], where: str, lost: list[str]
) -> Iterator[_Noted]:
    by_hand = {part.name: part.note for part in old if part.note.by_hand and part.name}
    for part in parts:
        if note := by_hand.pop(part.name, None):
            yield part._replace(note=_with_hand(part.note, note))
        else:
            yield part
    lost += [where + name for name in by_hand]


def _with_hand(note: Note, old: Note) -> Note:
    # A comment that was written into the file first may have gone into the database since.
    return note._replace(by_hand="" if old.by_hand == note.given else old.by_hand)


def _notes_in(table: DbmlTable) -> Iterator[str]:
    name = path(table.path)
    if table.note.by_hand:
        yield name
    parts: list[Column | Index] = [*table.columns, *table.indexes]
    for part in parts:
        if part.note.by_hand:
            yield f"{name}.{part.name}"


def _without_dropped(element: Element, tables: Mapping[Path, DbmlTable]) -> Element:
    """A group without the tables that are gone, which the grammar would refuse."""
    text = element.text
    for table, place in reversed(element.tables):
        if table not in tables:
            before, behind = text[: place.start], text[place.stop :]
            line, _, rest = behind.partition("\n")
            alone = not (before.rpartition("\n")[2] + line).strip()
            text = before.rpartition("\n")[0] + "\n" + rest if alone else before + behind
    return replace(element, text=text)
