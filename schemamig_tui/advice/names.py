"""Follows what the names in the pending files stand for: objects of the database, or new ones.

A file may create, rename, move and drop objects, and use them by their names behind that. The
database is only asked about those that are there, by the names that they have there now.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from schemamig_tui.sql.touch import IN_SCHEMAS, ObjectKind, Right, Touch
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import Name

_TEMPORARY = "pg_temp"
_GONE = Name(None, "")
"""In the place of a name: an object of that name was there, and is not there any more."""

Part = Literal["column", "constraint"]

Path = tuple[str, ...] | None
"""The schemas that names without one are looked up in; None: they are not known."""


@dataclass(slots=True)
class _Meanings:
    """``objects`` by kind, name and schema, and ``schemas``, with the names that they have now.

    None stands for a new one. Under the schema None stands what is in a schema that is not known.
    """

    objects: defaultdict[tuple[ObjectKind, str], dict[str | None, Name | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    schemas: dict[str, str | None] = field(default_factory=dict)
    parts: dict[tuple[Name, Part, str], str] = field(default_factory=dict)
    """The names of the columns and constraints of tables that have been renamed."""

    def copy(self) -> "_Meanings":
        objects = defaultdict(dict, {key: dict(found) for key, found in self.objects.items()})
        return _Meanings(objects, dict(self.schemas), dict(self.parts))


class Names:
    """The meaning of the names at one place of the files, which ``follow`` moves on."""

    def __init__(self) -> None:
        self._now = _Meanings()
        self._is_kept = False
        self._begin: _Meanings | None = None
        self._savepoints: list[tuple[str | None, _Meanings]] = []

    def start_file(self) -> None:
        """Every file starts in a session of its own."""
        self._change()
        self._begin = None
        self._savepoints.clear()
        for found in self._now.objects.values():
            found.pop(_TEMPORARY, None)

    def follow(self, traits: Traits) -> None:
        """Take back what a ROLLBACK takes back."""
        if traits.kind in (Kind.COMMIT, Kind.ROLLBACK) or traits.chained:
            if self._begin and traits.kind not in (Kind.COMMIT, Kind.CHAIN):
                self._now = self._begin
            self._begin = self._keep() if traits.chained else None
            self._savepoints.clear()
        elif traits.kind is Kind.BEGIN:
            self._begin = self._begin or self._keep()
        elif traits.label == "SAVEPOINT":
            self._savepoints.append((traits.savepoint, self._keep()))
        elif traits.label in ("RELEASE", "ROLLBACK TO"):
            self._leave_savepoint(traits)

    def _leave_savepoint(self, traits: Traits) -> None:
        places = [i for i, (name, _) in enumerate(self._savepoints) if name == traits.savepoint]
        if not places:
            return
        at = places[-1]
        if traits.label == "ROLLBACK TO":
            self._now, self._is_kept = self._savepoints[at][1], True
            at += 1
        del self._savepoints[at:]

    def _keep(self) -> _Meanings:
        """The meanings at this place, of which the next change makes a copy."""
        self._is_kept = True
        return self._now

    def before(self, kind: ObjectKind, name: Name, path: Path) -> Name | None:
        """The name that the database has for an object now; None where it does not have it."""
        if kind is ObjectKind.SCHEMA:
            was = self._now.schemas.get(name.name, name.name)
            return Name(None, was) if was is not None else None
        known = self._now.objects.get((kind, name.name), {})
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
        if name.schema in self._now.schemas:
            was = self._now.schemas[name.schema]
            return Name(was, name.name) if was is not None else None
        return name

    def part_before(self, table: Name, part: Part, name: str) -> str:
        """The name that a column or a constraint of a table has now, which ``before`` names."""
        return self._now.parts.get((table, part, name), name)

    def rename_part(self, table: Name, part: Part, was: str, new: str) -> None:
        """What ``part_before`` has named so has a new name from here on."""
        self._change()
        for key in [key for key, name in self._now.parts.items() if name == was]:
            if key[:2] == (table, part):
                del self._now.parts[key]
        self._now.parts[table, part, new] = was

    def apply(self, touch: Touch, path: Path) -> None:
        """Take over what a statement makes, drops, renames or moves; the touch is as written."""
        name, kind = touch.name, touch.target
        if not (touch.creates or touch.becomes or touch.right is Right.DROP):
            return
        self._change()
        if touch.creates:
            self._set(kind, Name(_TEMPORARY, name.name) if touch.temporary else name, path, None)
        elif touch.right is Right.DROP:
            self._leave(kind, name, path)
        elif new := touch.becomes:
            was = self.before(kind, name, path)
            known = self._now.objects.get((kind, name.name), {})
            if name.schema is None and _TEMPORARY in known:
                new = Name(_TEMPORARY, new.name)
            self._leave(kind, name, path)
            self._set(kind, new, path, was)

    def _change(self) -> None:
        if self._is_kept:
            self._now, self._is_kept = self._now.copy(), False

    def _leave(self, kind: ObjectKind, name: Name, path: Path) -> None:
        """The object of this name has gone, or has another name."""
        if kind is ObjectKind.SCHEMA:
            self._now.schemas[name.name] = None
            for found in self._now.objects.values():
                found.pop(name.name, None)
            return
        known = self._now.objects[kind, name.name]
        there = [s for s in _schemas(kind, name, path, known) if known.get(s, _GONE) != _GONE]
        if there and there[0] == _TEMPORARY:
            del known[_TEMPORARY]
        else:
            known[there[0] if there else _home(name, path)] = _GONE

    def _set(self, kind: ObjectKind, name: Name, path: Path, was: Name | None) -> None:
        if kind is ObjectKind.SCHEMA:
            self._now.schemas[name.name] = was.name if was else None
        else:
            self._now.objects[kind, name.name][_home(name, path)] = was


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
