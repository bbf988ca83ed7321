"""Follows what the names in the pending files stand for: objects of the database, or new ones.

A file may create, rename, move and drop objects, and use them by their names behind that. The
database is only asked about those that are there, by the names that they have there now.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Literal, TypeVar

from schemamig_tui.sql.touch import IN_SCHEMAS, ObjectKind, Right, Touch
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import Name

_TEMPORARY = "pg_temp"
_GONE = Name(None, "")
"""In the place of a name: an object of that name was there, and is not there any more."""

Part = Literal["column", "constraint"]

Path = tuple[str, ...] | None
"""The schemas that names without one are looked up in; None: they are not known."""


_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Names:
    """The meaning of the names at one place of the files, which ``follow`` and ``apply`` move on.

    A new object has no name in the database: None. Under the schema None stands what is in a schema
    that is not known.
    """

    def __init__(self) -> None:
        self._objects: defaultdict[tuple[ObjectKind, str], dict[str | None, Name | None]]
        self._objects = defaultdict(dict)
        self._schemas: dict[str, str | None] = {}
        # The names of the columns and constraints that have been renamed, by those of now.
        self._parts: dict[tuple[Name, Part, str], str] = {}
        self._in_block = False
        # What takes each change of the open transaction back, and how many changes were before.
        self._undo: list[Callable[[], object]] = []
        self._savepoints: list[tuple[str | None, int]] = []

    def start_file(self) -> None:
        """Every file starts in a session of its own."""
        self._end()
        for found in self._objects.values():
            found.pop(_TEMPORARY, None)

    def follow(self, traits: Traits) -> None:
        """Take back what a ROLLBACK takes back."""
        if traits.kind is Kind.BEGIN:
            if not self._in_block:
                self._end(in_block=True)
        elif traits.kind in (Kind.COMMIT, Kind.ROLLBACK) or traits.chained:
            if self._in_block and traits.kind not in (Kind.COMMIT, Kind.CHAIN):
                self._take_back(0)
            self._end(in_block=traits.chained)
        elif traits.label == "SAVEPOINT":
            self._savepoints.append((traits.savepoint, len(self._undo)))
        elif traits.label in ("RELEASE", "ROLLBACK TO"):
            names = [name for name, _ in self._savepoints]
            if traits.savepoint in names:
                at = len(names) - 1 - names[::-1].index(traits.savepoint)
                if traits.label == "ROLLBACK TO":
                    self._take_back(self._savepoints[at][1])
                    at += 1
                del self._savepoints[at:]

    def _end(self, *, in_block: bool = False) -> None:
        self._in_block = in_block
        self._undo.clear()
        self._savepoints.clear()

    def _take_back(self, left: int) -> None:
        while len(self._undo) > left:
            self._undo.pop()()

    def _put(self, known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
        self._remove(known, key)
        known[key] = value

    def _remove(self, known: dict[_Key, _Value], key: _Key) -> None:
        if key in known:
            self._undo.append(partial(known.__setitem__, key, known.pop(key)))
        else:
            self._undo.append(partial(known.pop, key, None))

    def before(self, kind: ObjectKind, name: Name, path: Path) -> Name | None:
        """The name that the database has for an object now; None where it does not have it."""
        if kind is ObjectKind.SCHEMA:
            was = self._schemas.get(name.name, name.name)
            return Name(None, was) if was is not None else None
        known = self._objects.get((kind, name.name), {})
        gone: list[str | None] = []
        for schema in _schemas(kind, name, path, known):
            if schema in known:
                if known[schema] != _GONE:
                    return known[schema]
                gone.append(schema)
        if gone:
            left = [schema for schema in path or () if schema not in gone]
            is_last = name.schema is not None or None in gone or not left
            return None if is_last or kind not in IN_SCHEMAS else Name(left[0], name.name)
        if name.schema in self._schemas:
            was = self._schemas[name.schema]
            return Name(was, name.name) if was is not None else None
        return name

    def part_before(self, table: Name, part: Part, name: str) -> str:
        """The name that a column or a constraint of a table has now, which ``before`` names."""
        return self._parts.get((table, part, name), name)

    def rename_part(self, table: Name, part: Part, was: str, new: str) -> None:
        """What ``part_before`` has named so has a new name from here on."""
        for key in [key for key, name in self._parts.items() if name == was]:
            if key[:2] == (table, part):
                self._remove(self._parts, key)
        self._put(self._parts, (table, part, new), was)

    def apply(self, touch: Touch, path: Path) -> None:
        """Take over what a statement makes, drops, renames or moves; the touch is as written."""
        name, kind = touch.name, touch.target
        if touch.creates:
            self._set(kind, Name(_TEMPORARY, name.name) if touch.temporary else name, path, None)
        elif touch.right is Right.DROP:
            self._leave(kind, name, path)
        elif new := touch.becomes:
            was = self.before(kind, name, path)
            known = self._objects.get((kind, name.name), {})
            if name.schema is None and _TEMPORARY in known:
                new = Name(_TEMPORARY, new.name)
            self._leave(kind, name, path)
            self._set(kind, new, path, was)

    def _leave(self, kind: ObjectKind, name: Name, path: Path) -> None:
        """The object of this name has gone, or has another name."""
        if kind is ObjectKind.SCHEMA:
            self._put(self._schemas, name.name, None)
            for found in self._objects.values():
                self._remove(found, name.name)
            return
        known = self._objects[kind, name.name]
        there = [s for s in _schemas(kind, name, path, known) if known.get(s, _GONE) != _GONE]
        if there and there[0] == _TEMPORARY:
            self._remove(known, _TEMPORARY)
        else:
            self._put(known, there[0] if there else _home(name, path), _GONE)

    def _set(self, kind: ObjectKind, name: Name, path: Path, was: Name | None) -> None:
        if kind is ObjectKind.SCHEMA:
            self._put(self._schemas, name.name, was.name if was else None)
        else:
            self._put(self._objects[kind, name.name], _home(name, path), was)


def _home(name: Name, path: Path) -> str | None:
    """The schema of an object, where it is known."""
    return path[0] if name.schema is None and path else name.schema


def _schemas(
    kind: ObjectKind, name: Name, path: Path, known: dict[str | None, Name | None]
) -> list[str | None]:
    """Where to look for what a name stands for, in this order.

    Where one of two names has no schema, and the path is not known, they may mean the same object.
    """
    if kind not in IN_SCHEMAS:
        return [*known]
    if name.schema is not None:
        return [name.schema, *([None] if path is None or name.schema in path else [])]
    return [_TEMPORARY, None, *(known if path is None else path)]
