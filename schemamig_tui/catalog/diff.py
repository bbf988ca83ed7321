"""Compares two snapshots. Pure: it asks no database."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from schemamig_tui.catalog.parts import Column, Fact, Object
from schemamig_tui.catalog.schema import Relation, Schema

# Up to here "old -> new" is easier to read than two lines.
_SHORT = 72


class What(StrEnum):
    """What has happened to an object."""

    ADDED = "added"
    CHANGED = "changed"
    DROPPED = "dropped"
    RENAMED = "renamed"


class Line(NamedTuple):
    """A line of a diff: its sign (``+``, ``-``, ``~`` or a space), how deep it is, its text."""

    sign: str
    depth: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that has happened to one object.

    ``parent`` is what it is a part of, as in ``table public.orders``. ``was`` is the name before a
    RENAMED. ``summary`` says what an ADDED or DROPPED object is like; ``details`` are an added
    table's columns and other parts, or what a CHANGED object has become.
    """

    what: What
    kind: str
    name: str
    parent: str | None = None
    was: str | None = None
    summary: str = ""
    details: tuple[Line, ...] = ()


class _FoundChange(NamedTuple):
    """A change, and whether its object only follows another one."""

    change: Change
    follows: bool


_Pair = tuple[Object | None, Object | None]


def diff(before: Schema, after: Schema) -> tuple[Change, ...]:
    """What turns ``before`` into ``after``; nothing when they are the same.

    Between two snapshots of one database it recognises renamed objects, and tables, columns and
    sequences that were dropped and created again under the same name: those have lost their data.
    A change that a partition or an inheriting table only takes over is reported for its parent.
    """
    same = before.database == after.database
    pairs = [
        pair
        for old, new in zip(before.parts, after.parts, strict=True)
        for pair in _pairs(old, new, same)
    ]
    names = {old.name: new.name for old, new in pairs if old and new and old.name != new.name}
    found = [(new, list(_compare(_moved(old, names), new, same))) for old, new in pairs]
    above = {
        new.name: {_essence(change) for change, _ in changes}
        for new, changes in found
        if isinstance(new, Relation)
    }
    return tuple(
        change
        for new, changes in found
        for change, follows in changes
        if not (follows and _follows_a_parent(change, new, above))
    )


def full_name(kind: str, name: str) -> str:
    """What the ``parent`` of a change says: ``table public.orders``."""
    return f"{kind} {name}"


def _pairs(before: Sequence[Object], after: Sequence[Object], same: bool) -> list[_Pair]:
    """What each object was before: dropped ones first, then the order of ``after``."""
    if list(map(_key, before)) == list(map(_key, after)):
        return list(zip(before, after, strict=True))  # as most of a schema always is
    left = {(old.kind, old.name): old for old in before}
    by_oid = {(old.kind, old.oid): old for old in before if same}
    was: dict[tuple[str, int], Object] = {}
    for new in after:
        if old := by_oid.get((new.kind, new.oid)):
            was[new.kind, new.oid] = left.pop((old.kind, old.name))
    for new in after:
        if (new.kind, new.oid) in was or (same and new.holds_data):
            continue
        if old := left.pop((new.kind, new.name), None):
            was[new.kind, new.oid] = old
    dropped = ((old, None) for old in left.values())
    return [*dropped, *((was.get((new.kind, new.oid)), new) for new in after)]


def _moved(old: Object | None, names: Mapping[str, str]) -> Object | None:
    """The object under the new names of its schema and of its parents."""
    if old is None:
        return None
    for schema, new in names.items():
        if old.name.startswith(f"{schema}."):
            old = replace(old, name=new + old.name.removeprefix(schema))
            break
    if isinstance(old, Relation):
        old = replace(old, parents=tuple(names.get(name, name) for name in old.parents))
    return old


def _compare(
    old: Object | None, new: Object | None, same: bool, parent: str | None = None
) -> Iterator[_FoundChange]:
    if old and new:
        if old.name != new.name:
            change = Change(
                what=What.RENAMED, kind=new.kind, name=new.name, parent=parent, was=old.name
            )
            yield _FoundChange(change, new.follows)
        if old != new and (details := tuple(_differences(old, new))):
            change = Change(
                what=What.CHANGED, kind=new.kind, name=new.name, parent=parent, details=details
            )
            yield _FoundChange(change, new.follows)
        for before, after in zip(old.parts, new.parts, strict=True):
            # The columns of a view that was created again have numbers of their own.
            for pair in _pairs(before, after, same and old.oid == new.oid):
                yield from _compare(*pair, same, full_name(new.kind, new.name))
    elif new:
        change = Change(
            what=What.ADDED,
            kind=new.kind,
            name=new.name,
            parent=parent,
            summary=_summary(new),
            details=tuple(_contents(new)),
        )
        yield _FoundChange(change, new.follows)
    elif old:
        change = Change(
            what=What.DROPPED, kind=old.kind, name=old.name, parent=parent, summary=old.summary
        )
        yield _FoundChange(change, old.follows)


def _essence(change: Change) -> tuple[What, str, tuple[Line, ...]]:
    """The part of a table's change that is equal in the change which a partition takes over."""
    return change.what, change.kind, change.details if change.what is What.CHANGED else ()


def _follows_a_parent(
    change: Change, of: Object | None, above: Mapping[str, set[tuple[What, str, tuple[Line, ...]]]]
) -> bool:
    if change.parent is None:
        return change.what in (What.ADDED, What.DROPPED)
    parents = of.parents if isinstance(of, Relation) else ()
    return any(_essence(change) in above.get(parent, ()) for parent in parents)


def _summary(new: Object) -> str:
    comment = f"-- {new.comment}" if new.comment else ""
    return f"{new.summary} {comment}".strip()


def _contents(new: Object) -> Iterator[Line]:
    """What a new object brings along."""
    if isinstance(new, Relation):
        for part in (part for parts in new.parts for part in parts if not part.follows):
            kind = "" if isinstance(part, Column) else f"{part.kind} "
            yield Line("+", 0, f"{kind}{part.name} {_summary(part)}")
            yield from (line._replace(depth=1) for line in _contents(part))
    yield from _grants(new.default_grants, new.grants)


def _differences(old: Object, new: Object) -> Iterator[Line]:
    for before, after in zip(_all_facts(old), _all_facts(new), strict=True):
        if before == after:
            continue
        (label, gone), (_, come) = _words(before), _words(after)
        if len(gone) == len(come) == 1 and len(gone[0] + come[0]) <= _SHORT:
            yield Line(" ", 0, f"{label} {gone[0]} -> {come[0]}".lstrip())
            continue
        for sign, words, others in ("-", gone, come), ("+", come, gone):
            for text in words:
                if text not in others:
                    yield Line(sign, 0, f"{label} {text}".lstrip())
    yield from _lines(old.text, new.text)
    yield from _grants(old.grants, new.grants)


def _all_facts(of: Object) -> tuple[Fact, ...]:
    comment = of.comment and "'" + of.comment.replace("'", "''") + "'"
    return *of.facts, Fact("owner", of.owner), Fact("comment", comment)


def _words(fact: Fact) -> tuple[str, list[str]]:
    """A label, and what stands behind it."""
    match fact.value:
        case bool(so):
            label, words = "", [fact.label if so else fact.otherwise]
        case tuple(values):
            label, words = fact.label, list(values)
        case value:
            label, words = fact.label, [value or fact.otherwise]
    return label, [word for word in words if word]


def _lines(before: str, after: str) -> Iterator[Line]:
    """The lines of a body that have changed, each run of them with a line around it."""
    hunks = difflib.unified_diff(before.split("\n"), after.split("\n"), n=1, lineterm="")
    for number, line in enumerate(hunks):
        if not line.startswith("@@"):
            if number > 1:
                yield Line(line[0], 0, line[1:])
        elif number > 2:
            yield Line(" ", 0, "...")


def _grants(before: Iterable[str], after: Iterable[str]) -> Iterator[Line]:
    """Privileges that came or went, those of one role in one line."""
    old, new = set(before), set(after)
    for sign, grants in ("-", old - new), ("+", new - old):
        of: dict[str, list[str]] = {}
        for grant in sorted(grants):
            privilege, _, role = grant.partition(" to ")
            of.setdefault(role, []).append(privilege)
        for role, privileges in sorted(of.items()):
            yield Line(sign, 0, f"grant {', '.join(privileges)} to {role}")


def _key(of: Object) -> tuple[str, str, int]:
    return of.kind, of.name, of.oid
