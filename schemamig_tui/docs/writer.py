"""Writes a document as DBML, always in the same order, so that a diff shows only what changed.

The grammar is that of ``@dbml/parse`` 10: names and strings know the escapes of JavaScript, SQL in
backticks knows none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from schemamig_tui.docs.document import (
    NO_NOTE,
    Check,
    Column,
    DbmlTable,
    Default,
    Document,
    Enum,
    Index,
    IndexElement,
    Note,
    Path,
    Ref,
)

FROM_THE_DATABASE = "// from the database"
"""Behind each note that says what the database does: what has no such mark is people's."""

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\([0-9]+(?:, ?[0-9]+)?\))?")
# A column of such a name would be taken for something else in its table.
_RESERVED = frozenset({"note", "indexes", "checks", "null", "true", "false", "ref", "records"})
_NOT_PLAIN = re.compile(r"[^ -\[\]-~]")
_WORDS = 4096  # the same names, types and columns stand in table after table
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write(document: Document) -> str:
    """The text of the file."""
    return "\n\n".join("\n".join(block) for block in _blocks(document)) + "\n"


def _blocks(document: Document) -> Iterator[Iterable[str]]:
    yield [
        f"Project {quoted(document.project)} {{",
        "  database_type: 'PostgreSQL'",
        *_note(document.note),
        "}",
    ]
    yield from map(_enum, document.enums)
    yield from map(_table, document.tables)
    if document.refs:
        yield map(ref_line, document.refs)
    for title, text in document.notes:
        yield [f"Note {quoted(title)} {{", f"  {string(text, '  ')} {FROM_THE_DATABASE}", "}"]
    for element in document.by_hand:
        yield [element.text]


def texts(tables: Iterable[DbmlTable]) -> dict[str, tuple[str, DbmlTable]]:
    """The text of each table with the table, by the line that it begins with."""
    found = (("\n".join(_table(table)), table) for table in tables)
    return {text.partition("\n")[0]: (text, table) for text, table in found}


def ref_line(ref: Ref) -> str:
    """A foreign key."""
    ends = f"{path(ref.table)}.{_columns(ref.columns)} > {path(ref.to)}.{_columns(ref.referenced)}"
    events = (("delete", ref.on_delete), ("update", ref.on_update))
    actions = _settings([f"{event}: {action}" for event, action in events if action])
    return f"Ref{' ' + name(ref.name) if ref.name else ''}: {ends}{actions}"


def _enum(enum: Enum) -> Iterator[str]:
    yield f"Enum {path(enum.path)} {{"
    for value in enum.values:
        yield f"  {quoted(value.name)}{_settings(_noted(value.note), value.note)}"
    yield "}"


def _table(table: DbmlTable) -> list[str]:
    alias = f" as {name(table.alias)}" if table.alias else ""
    lines = [f"Table {path(table.path)}{alias}{_settings(table.settings)} {{"]
    if table.columns:
        lines.append("  " + "\n  ".join(map(column_line, table.columns)))
    if table.indexes:
        lines += ("", "  indexes {")
        lines += [f"    {index_line(index)}" for index in table.indexes]
        lines.append("  }")
    if table.checks:
        lines += ("", "  checks {")
        lines += [f"    {check_line(check)}" for check in table.checks]
        lines.append("  }")
    if table.note:
        lines += ("", *_note(table.note))
    for text in table.by_hand:
        lines += ("", f"  {text}")
    return [*lines, "}"]


def check_line(check: Check) -> str:
    """A CHECK constraint."""
    return f"`{check.expression}`{_settings([f'name: {string(check.name)}'] if check.name else [])}"


@lru_cache(_WORDS)
def column_line(column: Column) -> str:
    """A column."""
    settings = []
    if column.pk:
        settings.append("pk")
    if column.unique:
        settings.append("unique")
    if column.not_null:
        settings.append("not null")
    if column.increment:
        settings.append("increment")
    if column.default:
        settings.append(f"default: {_default(column.default)}")
    settings += _noted(column.note)
    return f"{name(column.name)} {_type(column.type)}{_settings(settings, column.note)}"


def index_line(index: Index) -> str:
    """An index."""
    shown = _elements(index.elements)
    settings = []
    if index.pk:
        settings.append("pk")
    if index.unique:
        settings.append("unique")
    if index.method:
        settings.append(f"type: {name(index.method)}")
    if index.name:
        settings.append(f"name: {string(index.name)}")
    settings += _noted(index.note)
    return f"{shown}{_settings(settings, index.note)}"


@lru_cache(_WORDS)
def _elements(elements: tuple[IndexElement, ...]) -> str:
    shown = [f"`{one.text}`" if one.expression else name(one.text) for one in elements]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _note(note: Note) -> Iterator[str]:
    if note:
        yield f"  Note: {string(note.text, '  ')}{_mark(note)}"


def _noted(note: Note) -> list[str]:
    return [f"note: {string(note.text)}"] if note else []


def _mark(note: Note) -> str:
    return f" {FROM_THE_DATABASE}" if note.given else ""


def _settings(settings: Sequence[str], note: Note = NO_NOTE) -> str:
    return f" [{', '.join(settings)}]{_mark(note)}" if settings else ""


def _default(default: Default) -> str:
    if default.quote == "'":
        return string(default.text)
    return default.quote + default.text + default.quote


@lru_cache(_WORDS)
def _type(parts: Path) -> str:
    if len(parts) > 1:
        return path(parts)
    return parts[0] if _TYPE.fullmatch(parts[0]) else quoted(parts[0])


def _columns(columns: tuple[str, ...]) -> str:
    names = [name(column) for column in columns]
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def is_number(text: str) -> bool:
    """Whether DBML reads a default as a number."""
    return bool(_NUMBER.fullmatch(text))


def path(parts: Path) -> str:
    """A name with its schema."""
    return ".".join(map(name, parts))


@lru_cache(_WORDS)
def name(text: str) -> str:
    """A name, in quotes where it needs some."""
    return text if _BARE.fullmatch(text) and text.lower() not in _RESERVED else quoted(text)


def quoted(text: str) -> str:
    """A name in quotes."""
    return '"' + _escaped(text).replace('"', '\\"') + '"'


def string(text: str, indent: str | None = None) -> str:
    """A string; of several lines, each indented, where that keeps them as they are."""
    if indent is not None and "\n" in text and _fits_lines(text):
        lines = "\n".join(f"{indent}{line}" if line else "" for line in text.split("\n"))
        body = lines.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
        return f"'''\n{body}\n{indent}'''"
    return "'" + _escaped(text).replace("'", "\\'") + "'"


def _fits_lines(text: str) -> bool:
    """Whether these lines are the same again when their common indent is taken away."""
    lines = text.split("\n")
    return (
        all(line.isprintable() and line == line.rstrip() for line in lines)
        and not (lines[0].startswith(" ") or not lines[0] or not lines[-1])
        and not text.endswith("'")
    )


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text  # as nearly all are, and this is quicker than the pattern
    return _NOT_PLAIN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if found := _ESCAPES.get(char):
        return found
    code = ord(char)
    return char if char.isprintable() or code > 0xFFFF else f"\\u{code:04x}"
