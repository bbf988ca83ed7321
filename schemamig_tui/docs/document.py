"""What a DBML file says, as plain values: what there are very many of is quickest as a tuple."""

from dataclasses import dataclass, field
from typing import NamedTuple

from schemamig_tui.units import plural

Path = tuple[str, ...]
"""A name by its parts, without quotes: schema and table."""

_BY_HAND = "By hand:"


class Note(NamedTuple):
    """A note: what the database gives, and what people have written below it.

    Neither is ever lost for the other: where there is both, a line "By hand:" divides them.
    """

    given: str = ""
    by_hand: str = ""

    def __bool__(self) -> bool:
        return bool(self.given or self.by_hand)

    @property
    def text(self) -> str:
        """The note as a reader sees it."""
        if self.given and self.by_hand:
            return f"{self.given}\n\n{_BY_HAND}\n{self.by_hand}"
        return self.given or self.by_hand


NO_NOTE = Note()
"""Of most that could have one."""


def divided(text: str, *, given: bool) -> Note:
    """A note that was read; ``given`` says that it is marked as one of the database."""
    if not given:
        return Note(by_hand=text)
    before, found, behind = text.rpartition(f"\n\n{_BY_HAND}\n")
    return Note(before, behind) if found else Note(text)


class Default(NamedTuple):
    """A default: ``quote`` is "" for a number or a word, "'" for a string, "`" for SQL."""

    text: str
    quote: str = "`"


class Column(NamedTuple):
    """A column. ``type`` is a path where it names an enum, else one text."""

    name: str
    type: Path
    pk: bool = False
    unique: bool = False
    not_null: bool = False
    increment: bool = False
    default: Default | None = None
    note: Note = NO_NOTE


class IndexElement(NamedTuple):
    """A column or, with ``expression``, some SQL."""

    text: str
    expression: bool = False


class Index(NamedTuple):
    """An index or a key; without a name where the file gives none."""

    elements: tuple[IndexElement, ...]
    name: str = ""
    pk: bool = False
    unique: bool = False
    method: str = ""
    note: Note = NO_NOTE


class Check(NamedTuple):
    """A CHECK constraint."""

    expression: str
    name: str = ""


@dataclass(frozen=True)
class DbmlTable:
    """A table.

    ``alias``, ``settings`` such as a header's colour, and ``by_hand``, the text of further elements
    within it, are people's.
    """

    path: Path
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    checks: tuple[Check, ...] = ()
    note: Note = NO_NOTE
    alias: str = field(default="", compare=False)
    settings: tuple[str, ...] = field(default=(), compare=False)
    by_hand: tuple[str, ...] = field(default=(), compare=False)


class EnumValue(NamedTuple):
    """A value of an enum."""

    name: str
    note: Note = NO_NOTE


@dataclass(frozen=True)
class Enum:
    """An enum with its values in order. The grammar has no note for it."""

    path: Path
    values: tuple[EnumValue, ...] = ()


class Ref(NamedTuple):
    """A foreign key, from ``table`` to ``to``."""

    table: Path
    columns: tuple[str, ...]
    to: Path
    referenced: tuple[str, ...]
    name: str = ""
    on_delete: str = ""
    on_update: str = ""


@dataclass(frozen=True)
class Element:
    """The text of an element that only people write: a group of tables, a sticky note, a partial.

    ``tables`` are those that a group names, each with the part of the text that names it.
    """

    text: str
    tables: tuple[tuple[Path, slice], ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole file.

    ``notes`` are those of the database that belong to no table, by their titles. ``beyond`` counts
    what DBML has no words for, which stands in notes; ``left_out`` what is in no schema, where only
    some schemas were asked for.
    """

    project: str
    enums: tuple[Enum, ...] = ()
    tables: tuple[DbmlTable, ...] = ()
    refs: tuple[Ref, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    note: Note = NO_NOTE
    by_hand: tuple[Element, ...] = field(default=(), compare=False)
    beyond: int = field(default=0, compare=False)
    left_out: int = field(default=0, compare=False)

    @property
    def counts(self) -> str:
        """How many tables, enums and foreign keys it has, in words."""
        return ", ".join(
            (
                plural(len(self.tables), "table"),
                plural(len(self.enums), "enum"),
                plural(len(self.refs), "foreign key"),
            )
        )
