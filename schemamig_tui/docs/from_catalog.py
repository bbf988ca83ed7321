"""Makes a document of a snapshot of the catalog.

What DBML has no words for becomes lines in the notes: beside its column, index or table, and what
belongs to no table in a note for its schema. Owners, privileges, roles and settings are no part of
a document: they differ from one server to the next.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import psycopg

from schemamig_tui.catalog.kinds import KINDS, Scope
from schemamig_tui.catalog.objects import Object, Schema
from schemamig_tui.catalog.sharing import Connect
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.docs.document import Document, Enum, EnumValue, Path, Ref
from schemamig_tui.docs.facts import facts, object_fact
from schemamig_tui.docs.table import TableReader
from schemamig_tui.errors import SettingsError
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.sql.definitions import dotted, string_value
from schemamig_tui.text import visible

_EMPTY = "nothing in it"
_TYPE = frozenset({"type"})
_TABLES = ("table", "partitioned table", "foreign table")
# They come with their roles, not with the schema.
_LEFT_OUT = frozenset({"default privileges", "privileges", "user mappings", "subscriptions"})
_SHOWN = frozenset(name for name, kind in KINDS.items() if kind.scope is Scope.SCHEMA) - _LEFT_OUT


def read_schema(conn: psycopg.Connection[Any], connect: Connect | None = None) -> Schema:
    """What a document shows of a database, read with the help of a second connection.

    Raises as ``snapshot``, which reads all else, too.
    """
    return snapshot(conn, _SHOWN, implied=False, connect=connect)


def document(schema: Schema, project: str, schemas: Sequence[str] = ()) -> Document:
    """The document of all schemas of people, or of those named. ``project`` is what it is called.

    A foreign key that leads out of them is a line in a note.
    """
    return _CatalogReader(schema.objects, schemas).document(project)


def require(schema: Schema, schemas: Sequence[str]) -> None:
    """Raise SettingsError where there is no schema of a name."""
    existing = [dotted(one.name)[0] for one in schema.objects["schemas"]]
    for name in schemas:
        if name not in existing:
            raise SettingsError(
                f"there is no schema {visible(name)} in this database",
                hint=visible(did_you_mean(name, existing)) or "leave --schema out for all of them",
            )


class _CatalogReader:
    def __init__(self, objects: Mapping[str, tuple[Object, ...]], schemas: Collection[str]) -> None:
        self._left_out = 0
        self._objects = {
            kind: [*self._wanted(kind, found, schemas)] if schemas else found
            for kind, found in objects.items()
            if kind in _SHOWN
        }
        relations = [one for one in self._objects["relations"] if one.kind in _TABLES]
        # The grammar takes neither a table without columns nor an enum without values.
        self._tables = {one.name: one for one in relations if one.parts[0]}
        enums = (one for one in self._objects["types"] if one.kind == "enum" and one.parts[0])
        self._enums = {one.name: one for one in enums}
        self._partitions = defaultdict[str, list[Object]](list)
        for one in relations:
            if root := self._root(one):
                self._partitions[root.name].append(one)
        for partitions in self._partitions.values():
            for one in partitions:
                self._tables.pop(one.name, None)

    def _wanted(
        self, kind: str, objects: Collection[Object], schemas: Collection[str]
    ) -> Iterator[Object]:
        for one in objects:
            if not (one.namespace or kind == "schemas"):
                self._left_out += 1
            elif dotted(one.name)[0] in schemas:
                yield one

    def _root(self, one: Object) -> Object | None:
        """The table of the document that this one is a partition of, over any number of levels."""
        above = one
        while above.value("partition of"):
            parent = self._tables.get(above.parents[0])
            if parent is None:
                return None
            above = parent
        return above if above is not one else None

    def document(self, project: str) -> Document:
        paths = {name: dotted(name) for name in self._enums}
        keys = _ForeignKeys({dotted(name) for name in self._tables})
        reader = TableReader(paths, keys.take)
        tables, beyond = [], 0
        for one in self._tables.values():
            table, count = reader.read(one, self._partition_facts(one))
            tables.append(table)
            beyond += count
        notes, count = self._notes({table.path[0] for table in tables})
        return Document(
            project,
            tuple(sorted(map(_enum, self._enums.values()), key=lambda enum: enum.path)),
            tuple(sorted(tables, key=lambda table: table.path)),
            tuple(sorted(keys.found, key=lambda ref: (ref.table, ref.name))),
            notes,
            beyond=beyond + count,
            left_out=self._left_out,
        )

    def _partition_facts(self, root: Object) -> list[str]:
        """A line for each partition: its bounds, and where it is not as the table above it."""
        if root.name not in self._partitions:
            return []
        found = self._partitions[root.name]
        known = {one.name: one for one in (root, *found)}
        return [object_fact(one, known[one.parents[0]]) for one in found]

    def _notes(self, used: set[str]) -> tuple[tuple[tuple[str, str], ...], int]:
        """A note for each schema that has more than tables, one for what is in no schema.

        ``used`` are the schemas with tables.
        """
        schemas = {dotted(one.name)[0]: one for one in self._objects["schemas"]}
        partitions = chain.from_iterable(self._partitions.values())
        elsewhere = {id(one) for one in chain(self._tables.values(), partitions)}
        found = defaultdict[str, list[str]](list)
        for one in chain.from_iterable(self._objects.values()):
            if one.kind != "schema" and id(one) not in elsewhere and (fact := self._fact(one)):
                found[dotted(one.name)[0] if one.namespace else ""].append(fact)
        notes = [("database", "\n".join(found[""]))] if found[""] else []
        used = used.union(dotted(name)[0] for name in self._enums)
        for schema in sorted({*schemas, *found} - {""}):
            comment = schemas[schema].comment if schema in schemas else None
            text = "\n\n".join(filter(None, (comment, "\n".join(found[schema]))))
            if text or schema not in used:
                notes.append((f"schema {schema}", text or _EMPTY))
        return tuple(notes), sum(map(len, found.values()))

    def _fact(self, one: Object) -> str:
        """A line for an object; "" where the element that has made it says it all."""
        if one.name in self._enums and one.kind == "enum":
            return f"enum {one.name} -- {one.comment}" if one.comment else ""
        if one.follows:  # the sequence of an identity column
            unusual = one.comment or facts(one, _TYPE)
            return object_fact(one) if unusual and one.kind == "sequence" else ""
        return object_fact(one)


class _ForeignKeys:
    """Decides which foreign keys DBML can say: to a table of the document, no two alike."""

    def __init__(self, tables: Collection[Path]) -> None:
        self._tables = tables
        self._seen: set[frozenset[tuple[Path, tuple[str, ...]]]] = set()
        self.found: list[Ref] = []

    def take(self, ref: Ref) -> bool:
        """Take a foreign key; False where it has to become a note.

        The grammar refuses one to its own columns, and a second one between the same columns.
        """
        ends = frozenset({(ref.table, ref.columns), (ref.to, ref.referenced)})
        own = ref.table == ref.to and set(ref.columns) == set(ref.referenced)
        if ref.to not in self._tables or ends in self._seen or own:
            return False
        self._seen.add(ends)
        self.found.append(ref)
        return True


def _enum(one: Object) -> Enum:
    labels = (EnumValue(string_value(label.name)) for label in one.parts[0])
    return Enum(dotted(one.name), tuple(labels))
