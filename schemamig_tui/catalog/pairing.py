"""Pairs the objects of one snapshot with those of another, and finds the new names."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from schemamig_tui.catalog.objects import Object, Reference, Value, is_list

T = TypeVar("T")
Pair = tuple[Object | None, Object | None]
"""An object before and after; None where it was not there yet, or is gone."""

# What is lost when one of these is dropped and created again.
_HOLDS_DATA = frozenset({"table", "partitioned table", "foreign table", "column", "sequence"})
# Parts that others name, and with what before their own name.
_NAMED_IN_ITS_SCHEMA = frozenset({"index", "constraint"})


def pairs(before: Sequence[Object], after: Sequence[Object], same: bool) -> list[Pair]:
    """What each object was before: dropped ones first, then the order of ``after``.

    ``same`` is whether an oid means the same in both. Objects that are one and the same value are
    left out, as most of a schema always is.
    """
    if not (before or after):
        return []
    if len(before) == len(after):
        both = [(old, new) for old, new in zip(before, after, strict=True) if old is not new]
        if all(_key(old) == _key(new) for old, new in both):
            return list(both)
    unread = {id(old) for old in before} & {id(new) for new in after}
    before = [old for old in before if id(old) not in unread]
    after = [new for new in after if id(new) not in unread]
    left = {(old.kind, old.name): old for old in before}
    by_oid = {(old.kind, old.oid): old for old in before if same and old.oid}
    was: dict[tuple[str, str], Object] = {}
    for new in after:
        if old := by_oid.get((new.kind, new.oid)):
            was[new.kind, new.name] = left.pop((old.kind, old.name))
    for new in after:
        if (new.kind, new.name) in was or (same and new.kind in _HOLDS_DATA):
            continue
        if old := left.pop((new.kind, new.name), None):
            was[new.kind, new.name] = old
    dropped = ((old, None) for old in left.values())
    return [*dropped, *((was.get((new.kind, new.name)), new) for new in after)]


def parts(old: Object, new: Object, same: bool) -> Iterable[Pair]:
    """The pairs of their parts.

    The columns of a view that was created again have numbers of their own.
    """
    for before, after in zip(old.parts, new.parts, strict=True):
        yield from pairs(before, after, same and old.oid == new.oid)


class NewNames:
    """What has another name now: schemas, and what others name."""

    def __init__(self) -> None:
        self._schemas: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def note(self, old: Object, new: Object, same: bool) -> None:
        """Note the names of an object and its parts."""
        if old.name != new.name:
            if new.kind == "schema":
                self._schemas[old.name] = new.name
            self._names[old.name] = new.name
        if not old.parts:
            return
        for before, after in parts(old, new, same):
            if before and after:
                self._note_part(old, before, new, after)
        if old.name != new.name:
            for column in new.parts[0]:
                self._names.setdefault(f"{old.name}.{column.name}", f"{new.name}.{column.name}")

    def _note_part(self, old: Object, before: Object, new: Object, after: Object) -> None:
        within = (old.namespace, new.namespace)
        if after.kind == "column":
            within = (old.name, new.name)
        elif after.kind not in _NAMED_IN_ITS_SCHEMA:
            return
        was, now = f"{within[0]}.{before.name}", f"{within[1]}.{after.name}"
        if was != now:
            self._names[was] = now

    def moved(self, old: Object) -> Object:
        """The object with the new name of its schema, and with those of what it refers to."""
        if not self._names:
            return old
        if (schema := self._schemas.get(old.namespace or "")) and old.namespace:
            old = replace(old, name=schema + old.name.removeprefix(old.namespace))
        values = tuple(map(self._value, old.values))
        return old if values == old.values else replace(old, values=values)

    def _value(self, value: Value) -> Value:
        return tuple(map(self._word, value)) if is_list(value) else self._word(value)

    def _word(self, value: T) -> T:
        if isinstance(value, Reference):
            return value._replace(name=self._names.get(value.name, value.name))
        return value


def _key(of: Object) -> tuple[str, str, int]:
    return of.kind, of.name, of.oid
