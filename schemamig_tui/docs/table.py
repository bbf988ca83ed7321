"""Makes a table of a document of one in the catalog."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from schemamig_tui.catalog.objects import Object
from schemamig_tui.docs.document import (
    NO_NOTE,
    Check,
    Column,
    DbmlTable,
    Default,
    Index,
    IndexElement,
    Path,
    Ref,
)
from schemamig_tui.docs.facts import facts, noted, part_fact
from schemamig_tui.docs.writer import is_number
from schemamig_tui.sql.definitions import (
    CheckDefinition,
    ForeignKeyDefinition,
    IndexDefinition,
    bare,
    column_name,
    dotted,
    literal_of,
    read_constraint,
    read_index,
)

_DEFINITION = "_definition"
_IN_PART = frozenset({_DEFINITION})
_IN_COLUMN = frozenset({"type", "_null", "default"})
_WORDS = ("true", "false")
_NUMBERS = ("smallint", "integer", "bigint", "numeric")
_NO_DEFAULT: tuple[Default | None, tuple[str, ...]] = (None, ())
_REPEATED = 4096  # the same defaults and elements of indexes stand in table after table


class TableReader:
    """Reads the tables of one snapshot.

    ``enums`` has the paths of the enums by their names in SQL. ``take`` gets each foreign key, and
    says False where it cannot be one of the document.
    """

    def __init__(self, enums: Mapping[str, Path], take: Callable[[Ref], bool]) -> None:
        self._enums = enums
        self.take = take
        # Many tables have the same columns: id, created_at, what says whose a row is.
        self._columns: dict[tuple[object, ...], tuple[Column, int]] = {}

    def read(self, one: Object, partitions: Sequence[str] = ()) -> tuple[DbmlTable, int]:
        """The table, and how much of it DBML has no words for.

        ``partitions`` are lines for the note.
        """
        return _OneTable(one, self).table(partitions)

    def column(self, part: Object, pk: bool, unique: bool) -> tuple[Column, int]:
        """The column, and how much of it DBML has no words for."""
        key = (part.name, part.values, part.comment, pk, unique)
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = self._read_column(part, pk, unique)
        return found

    def _read_column(self, part: Object, pk: bool, unique: bool) -> tuple[Column, int]:
        kind, null, expression, generated = _column_values(part.labels)(part.values)
        default, lines = _default(expression, kind) if expression else _NO_DEFAULT
        if null and null != "not null":
            lines = (*lines, null)
        note, count = noted(part, lines, _IN_COLUMN)
        column = Column(
            bare(part.name),
            self._enums.get(kind, (kind,)),
            pk,
            unique,
            bool(null) and not pk,
            generated is not None,
            default,
            note,
        )
        return column, count


class _OneTable:
    def __init__(self, one: Object, reader: TableReader) -> None:
        self._one = one
        self._reader = reader
        self._path = dotted(one.name)
        self._lines = [one.kind] if one.kind == "foreign table" else []
        self._count = 0
        self._indexes: list[Index] = []
        self._checks: list[Check] = []
        # Columns as SQL writes their names.
        self._pk, self._unique = set[str](), set[str]()

    def table(self, partitions: Sequence[str]) -> tuple[DbmlTable, int]:
        columns, constraints, indexes, *others = self._one.parts
        for part, definition in _own(constraints):
            self._constraint(part, definition)
        for part, definition in _own(indexes):
            self._index(part, read_index(definition), constraint=False)
        for parts in others:
            self._lines += [part_fact(part) for part in parts if not part.follows]
        read = tuple(self._columns(columns))
        note, count = noted(self._one, [*self._lines, *partitions])
        table = DbmlTable(
            self._path,
            read,
            tuple(sorted(self._indexes, key=lambda index: (not index.pk, index.name))),
            tuple(self._checks),
            note,
        )
        return table, self._count + count

    def _constraint(self, part: Object, text: str) -> None:
        definition = read_constraint(text)
        if isinstance(definition, IndexDefinition):
            self._key(part, definition)
        elif isinstance(definition, CheckDefinition) and "`" not in definition.expression:
            self._checks.append(Check(definition.expression, bare(part.name)))
            self._besides(part, definition.rest)
        elif isinstance(definition, ForeignKeyDefinition) and self._reader.take(
            Ref(
                self._path,
                definition.columns,
                definition.table,
                definition.referenced,
                bare(part.name),
                definition.on_delete,
                definition.on_update,
            )
        ):
            self._besides(part, definition.rest)
        else:
            self._lines.append(part_fact(part))

    def _besides(self, part: Object, rest: str) -> None:
        """Note what a constraint has that its element in DBML cannot have."""
        if not (rest or _says_more(part)):
            return
        comment = f"-- {part.comment}" if part.comment else ""
        found = " ".join(filter(None, (rest, *facts(part, _IN_PART), comment)))
        if found:
            self._lines.append(f"constraint {part.name}: {found}")

    def _key(self, part: Object, key: IndexDefinition) -> None:
        """Note a key: at its column if it has a single one, and the name that the server gives."""
        if len(key.elements) == 1 and not (key.rest or _says_more(part)):
            (element,) = key.elements
            column = column_name(element)
            usual = f"{self._path[-1]}_{'pkey' if key.primary else f'{column}_key'}"
            if column is not None and bare(part.name) == usual:
                (self._pk if key.primary else self._unique).add(element)
                return
        self._index(part, key, constraint=True)

    def _index(self, part: Object, index: IndexDefinition, *, constraint: bool) -> None:
        elements = _elements(index.elements)
        if elements is None:
            self._lines.append(part_fact(part))
            return
        lines = ["UNIQUE constraint"] if constraint and index.unique else []
        if index.rest:
            lines.append(index.rest)
        note = NO_NOTE
        if lines or _says_more(part):
            note, count = noted(part, lines, _IN_PART)
            self._count += count
        self._indexes.append(
            Index(elements, bare(part.name), index.primary, index.unique, index.method, note)
        )

    def _columns(self, parts: Iterable[Object]) -> Iterator[Column]:
        for part in parts:
            pk, unique = part.name in self._pk, part.name in self._unique
            column, count = self._reader.column(part, pk, unique)
            self._count += count
            yield column


def _own(parts: Sequence[Object]) -> Iterator[tuple[Object, str]]:
    """The parts that no other line implies, with their definitions."""
    if parts:
        place = parts[0].labels.index(_DEFINITION)  # one query has read them all
        for part in parts:
            if not (part.follows or part.implied):
                yield part, str(part.values[place])


def _says_more(part: Object) -> bool:
    """Whether there is anything about a part of a table besides its definition."""
    return bool(part.comment) or part.values.count(None) < len(part.values) - 1


@cache  # there are as many as queries of a snapshot that read columns
def _column_values(labels: tuple[str, ...]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """A function that picks type, nullability, default and identity out of a column's values."""
    return itemgetter(*map(labels.index, ("type", "_null", "default", "generated")))


@lru_cache(_REPEATED)
def _default(text: str, kind: str) -> tuple[Default | None, tuple[str, ...]]:
    """The default of a column of the type ``kind``, or a line for its note."""
    if "`" in text:
        return None, (f"default {text}",)
    literal = literal_of(text, kind)
    if is_number(text if literal is None else literal) and kind.startswith(_NUMBERS):
        return Default(text if literal is None else literal, ""), ()
    if text in _WORDS:
        return Default(text, ""), ()
    return (Default(text) if literal is None else Default(literal, "'")), ()


@lru_cache(_REPEATED)
def _elements(elements: tuple[str, ...]) -> tuple[IndexElement, ...] | None:
    """The elements of an index; None where the grammar, with no column twice, cannot take them."""
    names = tuple(map(column_name, elements))
    found = tuple(
        IndexElement(element, True) if name is None else IndexElement(name)
        for element, name in zip(elements, names, strict=True)
    )
    texts = {one.text for one in found}
    return None if len(texts) < len(found) or any("`" in text for text in texts) else found
