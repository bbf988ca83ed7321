"""Reads a DBML file: what the tool writes in full, all else as the text that people wrote."""

from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path as File

from schemamig_tui.docs import document as dbml
from schemamig_tui.docs.cursor import Cursor, Setting, find
from schemamig_tui.docs.lexer import DbmlText
from schemamig_tui.docs.table_parser import TableBody, read_body, with_partials
from schemamig_tui.docs.writer import texts
from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import read_bytes

_OTHERS = frozenset({"records", "diagramview", "metadata", "dep"})
_DEFAULT_SCHEMA = "public"


def read(path: File, database: dbml.Document | None = None) -> dbml.Document:
    """The document in a file; raises as ``text_of`` and ``parse``."""
    return parse(text_of(path), path, database)


def text_of(path: File) -> str:
    """The text of a file. Raises FilesError where it cannot be read."""
    try:
        return TextIOWrapper(BytesIO(read_bytes(path)), encoding="utf-8-sig").read()
    except OSError as error:
        hint = "Write it with --docs-generate." if isinstance(error, FileNotFoundError) else None
        raise FilesError(f"It cannot be read: {error.strerror}.", path=path, hint=hint) from None
    except UnicodeDecodeError:
        raise FilesError("It is not UTF-8.", path=path) from None


def parse(
    text: str, path: File = File("schema.dbml"), database: dbml.Document | None = None
) -> dbml.Document:
    """The document in a text; ``path`` is what errors name. A name alone is one in public.

    What would be written of a table of the ``database`` is that table wherever it is found, without
    being read: that takes a tenth of the time. Raises FilesError with line and column where it is
    no DBML.
    """
    known = texts(database.tables) if database else None
    return _DbmlParser(DbmlText(text, path, known)).document()


class _DbmlParser:
    def __init__(self, source: DbmlText) -> None:
        self._source = source
        self._at = Cursor(source)
        self._project = ""
        self._note = dbml.Note()
        self._enums: list[dbml.Enum] = []
        self._tables: list[dbml.DbmlTable | tuple[dbml.Path, str, TableBody]] = []
        self._partials: dict[str, TableBody] = {}
        self._refs: list[dbml.Ref] = []
        self._notes: list[tuple[str, str]] = []
        self._by_hand: list[dbml.Element] = []
        self._seen: set[tuple[str, dbml.Path]] = set()
        self._aliases: dict[dbml.Path, dbml.Path] = {}

    def document(self) -> dbml.Document:
        while self._at.kind != "end":
            self._element()
        enums = {enum.path for enum in self._enums}
        tables = tuple(
            _with_enums(one, enums) if isinstance(one, dbml.DbmlTable) else self._table(*one, enums)
            for one in self._tables
        )
        return dbml.Document(
            self._project,
            tuple(self._enums),
            tables,
            tuple(map(self._resolved, self._refs)),
            tuple(self._notes),
            self._note,
            tuple(map(self._with_tables, self._by_hand)),
        )

    def _element(self) -> None:
        token = self._at.peek()
        word = token.text.lower() if token.kind == "word" else ""
        start = token.start
        if word in ("table", "tablepartial", "tablegroup", "enum", "ref", "project", "note"):
            self._at.next()
        if word == "project":
            self._read_project()
        elif word == "table":
            self._read_table(start)
        elif token.kind == "known":
            _, table = self._source.known[self._at.next().text]
            self._new("table", table.path, start)
            self._tables.append(table)
        elif word == "tablepartial":
            name = self._at.name()
            self._partials[name] = read_body(self._at)
            self._keep(start)
        elif word == "tablegroup":
            self._group(start)
        elif word == "enum":
            self._enum(start)
        elif word == "ref":
            self._ref()
        elif word == "note":
            self._sticky_note(start)
        elif word in _OTHERS:
            self._at.skip_block()
            self._keep(start)
        else:
            raise self._at.unexpected("Table, Enum, Ref, Project, TableGroup or Note")

    def _new(self, kind: str, path: dbml.Path, start: int) -> dbml.Path:
        path = _whole(path)
        if (kind, path) in self._seen:
            raise self._source.error(f"{kind} {'.'.join(path)} is there twice", start)
        self._seen.add((kind, path))
        return path

    def _read_project(self) -> None:
        if self._at.kind != "sign":
            self._project = self._at.name()
        self._at.expect("{")
        while not self._at.take("}"):
            key = self._at.name()
            if key.lower() == "note":
                self._note = self._at.note()
            else:
                self._at.expect(":")
                self._at.string()

    def _read_table(self, start: int) -> None:
        path = self._new("table", self._at.path(), start)
        alias = self._at.name() if self._at.take_word("as") else ""
        if alias:
            self._aliases[(alias,)] = path
        self._tables.append((path, alias, read_body(self._at)))

    def _table(
        self, path: dbml.Path, alias: str, body: TableBody, enums: set[dbml.Path]
    ) -> dbml.DbmlTable:
        body = with_partials(body, self._partials, self._at)
        self._refs += [_inline(path, column, setting) for column, setting in body.refs]
        return dbml.DbmlTable(
            path,
            tuple(_with_enum(column, enums) for column in body.columns),
            tuple(body.indexes),
            tuple(body.checks),
            body.note,
            alias,
            tuple(one.source for one in body.settings if one.name != "note"),
            tuple(body.by_hand),
        )

    def _enum(self, start: int) -> None:
        path = self._new("enum", self._at.path(), start)
        self._at.expect("{")
        values = []
        while not self._at.take("}"):
            values.append(dbml.EnumValue(*self._at.named_note()))
        self._enums.append(dbml.Enum(path, tuple(values)))

    def _ref(self) -> None:
        name = self._at.name() if self._at.kind in ("word", "name") else ""
        if self._at.take("{"):
            while not self._at.take("}"):
                self._refs.append(self._reference(name))
        else:
            self._at.expect(":")
            self._refs.append(self._reference(name))

    def _reference(self, name: str) -> dbml.Ref:
        table, columns = self._at.endpoint()
        sign = self._at.sign(("<>", "<", ">", "-"))
        to, referenced = self._at.endpoint()
        settings = self._at.settings()
        if sign == "<":
            table, columns, to, referenced = to, referenced, table, columns
        actions = [find(settings, event) for event in ("delete", "update")]
        on_delete, on_update = (one.value.lower() if one else "" for one in actions)
        return dbml.Ref(table, columns, to, referenced, name, on_delete, on_update)

    def _resolved(self, ref: dbml.Ref) -> dbml.Ref:
        return ref._replace(table=self._table_path(ref.table), to=self._table_path(ref.to))

    def _table_path(self, path: dbml.Path) -> dbml.Path:
        return self._aliases.get(path) or _whole(path)

    def _group(self, start: int) -> None:
        self._at.name()
        self._at.settings()
        self._at.expect("{")
        members: list[tuple[dbml.Path, int, int]] = []
        while not self._at.take("}"):
            if self._at.opens("note", ":", "{"):
                self._at.next()
                self._at.note()
            else:
                first = self._at.peek().start
                members.append((self._at.path(), first, self._at.end))
        self._keep(start, members)

    def _with_tables(self, element: dbml.Element) -> dbml.Element:
        tables = tuple((self._table_path(path), place) for path, place in element.tables)
        return replace(element, tables=tables)

    def _sticky_note(self, start: int) -> None:
        title = self._at.name()
        self._at.settings()
        self._at.expect("{")
        note = self._at.bare_note()
        self._at.expect("}")
        if note.given:
            self._notes.append((title, note.given))
        else:
            self._keep(start)

    def _keep(self, start: int, members: list[tuple[dbml.Path, int, int]] | None = None) -> None:
        start = _with_comments_above(self._source.text, start)
        tables = tuple((path, slice(a - start, b - start)) for path, a, b in members or ())
        self._by_hand.append(dbml.Element(self._at.text_since(start), tables))


def _with_comments_above(text: str, start: int) -> int:
    """The offset of the comments on the lines right above ``start``; ``start`` without any."""
    found = text.rfind("\n", 0, start) + 1
    if text[found:start].strip():
        return start
    while found:
        line = text.rfind("\n", 0, found - 1) + 1
        if not text[line:found].lstrip().startswith("//"):
            break
        found = line
    return found


def _whole(path: dbml.Path) -> dbml.Path:
    return path if len(path) > 1 else (_DEFAULT_SCHEMA, *path)


def _with_enums(table: dbml.DbmlTable, enums: set[dbml.Path]) -> dbml.DbmlTable:
    columns = tuple(_with_enum(column, enums) for column in table.columns)
    return table if columns == table.columns else replace(table, columns=columns)


def _with_enum(column: dbml.Column, enums: set[dbml.Path]) -> dbml.Column:
    path = _whole(column.type)
    if len(column.type) == 1:
        return column._replace(type=path) if path in enums else column
    return column if path in enums else column._replace(type=(".".join(column.type),))


def _inline(table: dbml.Path, column: str, setting: Setting) -> dbml.Ref:
    if setting.sign == "<":
        return dbml.Ref(setting.path[:-1], setting.path[-1:], table, (column,))
    return dbml.Ref(table, (column,), setting.path[:-1], setting.path[-1:])
