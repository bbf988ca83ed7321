"""Compares two snapshots. Pure: it asks no database."""

from collections.abc import Iterator
from typing import NamedTuple

from schemamig_tui.catalog import details, pairing
from schemamig_tui.catalog.changes import Change, Line, What, full_name
from schemamig_tui.catalog.kinds import KINDS, CatalogKind, Scope
from schemamig_tui.catalog.objects import Object, Reference, Schema

# What a sequence has because it is a column's.
_OF_ITS_COLUMN = frozenset({"type", "owned by"})


def diff(before: Schema, after: Schema) -> tuple[Change, ...]:
    """What turns ``before`` into ``after``; nothing when they are the same.

    Between two snapshots of one database it recognises renamed objects, and tables, columns and
    sequences that were dropped and created again under the same name: those have lost their data.
    A change that a partition or an inheriting table only takes over is reported for its parent, and
    a sequence that a new column has brought along is not reported. Two databases are compared
    without what they do not hold themselves: settings, the roles of a cluster.
    """
    return tuple(_Comparison(before, after).changes())


class _PartChange(NamedTuple):
    """A change, and the object that it is about."""

    change: Change
    of: Object


class _Compared(NamedTuple):
    """What an object was and is, and how the two differ."""

    old: Object | None
    new: Object | None
    parts: list[_PartChange]


class _Comparison:
    def __init__(self, before: Schema, after: Schema) -> None:
        self._before = before
        self._after = after
        self._same = before.database == after.database
        self._names = pairing.NewNames()
        self._essences: dict[str, set[object]] = {}
        self._columns: set[tuple[What, str]] = set()

    def changes(self) -> Iterator[Change]:
        """All that is to be reported, in the order of the kinds."""
        pairs = list(self._pairs())
        for _, (old, new) in pairs:
            if old and new:
                self._names.note(old, new, self._same)
        compared = [
            _Compared(old, new, list(self._compare(kind, old, new))) for kind, (old, new) in pairs
        ]
        for one in compared:
            self._note(one)
        for one in compared:
            yield from (
                part.change for part in one.parts if not self._goes_without_saying(one, part)
            )

    def _pairs(self) -> Iterator[tuple[CatalogKind, pairing.Pair]]:
        for name, kind in KINDS.items():
            if self._same or kind.scope is Scope.SCHEMA:
                before = self._before.objects.get(name, ())
                after = self._after.objects.get(name, ())
                if before is not after:
                    yield from ((kind, pair) for pair in pairing.pairs(before, after, self._same))

    def _compare(
        self, kind: CatalogKind, old: Object | None, new: Object | None
    ) -> Iterator[_PartChange]:
        if old and new:
            yield from self._both(kind, self._names.moved(old), new)
        elif new:
            yield self._one(What.ADDED, kind, new)
        elif old:
            yield self._one(What.DROPPED, kind, old)

    def _one(self, what: What, kind: CatalogKind, of: Object) -> _PartChange:
        """An object that has come or gone, if only into an extension or out of one."""
        sign, there = ("+", self._after) if what is What.DROPPED else ("-", self._before)
        if self._same and (extension := there.members.get((kind.catalog, of.oid))):
            line = Line(sign, 0, f"member of extension {extension}")
            change = Change(what=What.CHANGED, kind=of.kind, name=of.name, details=(line,))
            return _PartChange(change, of)
        return _come_or_gone(what, of, cluster_wide=kind.scope is Scope.CLUSTER)

    def _both(self, kind: CatalogKind, old: Object, new: Object) -> Iterator[_PartChange]:
        yield from _differences(old, new, cluster_wide=kind.scope is Scope.CLUSTER)
        attached = old.value("partition of") != new.value("partition of")
        parent = full_name(new.kind, new.name)
        for before, after in pairing.parts(old, new, self._same):
            if before and after:
                moved = self._names.moved(before)
                yield from _differences(moved, after, parent=parent, attached=attached)
            elif after and not after.implied:
                yield _come_or_gone(What.ADDED, after, parent)
            elif before and not before.implied:
                yield _come_or_gone(What.DROPPED, before, parent)

    def _note(self, one: _Compared) -> None:
        """Note what the changes of other objects may only repeat."""
        whole = one.new or one.old
        if whole is None or not whole.parts:
            return
        if one.new:
            self._essences[one.new.name] = {_essence(part.change) for part in one.parts}
        for change, of in one.parts:
            columns = of.parts[0] if of is whole else [of]
            if change.what in (What.ADDED, What.DROPPED):
                name = (one.old or whole).name
                self._columns.update((change.what, f"{name}.{column.name}") for column in columns)

    def _goes_without_saying(self, one: _Compared, part: _PartChange) -> bool:
        change, of = part
        if of.kind == "sequence" and change.what in (What.ADDED, What.DROPPED):
            return of.follows or self._is_its_columns(change.what, of)
        if not of.follows:
            return False
        parents = one.new.parents if one.new else ()
        return any(_essence(change) in self._essences.get(name, ()) for name in parents)

    def _is_its_columns(self, what: What, sequence: Object) -> bool:
        """Whether nothing is to be said of a sequence beside that its column has come or gone."""
        column = sequence.value("owned by")
        return (
            isinstance(column, Reference)
            and (what, column.name) in self._columns
            and not sequence.comment
            and sequence.grants == sequence.usual_grants
            and not any(
                value
                for label, value in zip(sequence.labels, sequence.values, strict=True)
                if label not in _OF_ITS_COLUMN
            )
        )


def _come_or_gone(
    what: What, of: Object, parent: str | None = None, *, cluster_wide: bool = False
) -> _PartChange:
    added = what is What.ADDED
    change = Change(
        what=what,
        kind=of.kind,
        name=of.name,
        parent=parent,
        summary=details.introduction(of) if added else details.summary(of),
        details=tuple(details.contents(of)) if added else (),
        cluster_wide=cluster_wide,
    )
    return _PartChange(change, of)


def _differences(
    old: Object,
    new: Object,
    *,
    parent: str | None = None,
    attached: bool = False,
    cluster_wide: bool = False,
) -> Iterator[_PartChange]:
    def change(what: What, was: str | None = None, lines: tuple[Line, ...] = ()) -> _PartChange:
        changed = Change(
            what=what,
            kind=new.kind,
            name=new.name,
            parent=parent,
            was=was,
            details=lines,
            cluster_wide=cluster_wide,
        )
        return _PartChange(changed, new)

    if old.name != new.name:
        yield change(What.RENAMED, was=old.name)
    if old != new and (lines := tuple(details.differences(old, new, attached=attached))):
        yield change(What.CHANGED, lines=lines)


def _essence(change: Change) -> tuple[What, str, tuple[Line, ...]]:
    """The part of a table's change that is equal in the change which a partition takes over."""
    return change.what, change.kind, change.details if change.what is What.CHANGED else ()
