"""Finds the objects that have a new name, because definitions that name them change with them."""

from collections.abc import Iterable

from schemamig_tui.catalog.objects import Identity, Object

# Others name them, or have them in their texts.
_NAMED = frozenset({"column", "value", "index"})


class Renamed:
    """The objects that have a new name, from one reading to the next."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.objects: set[Identity] = set()
        self.reshaped: set[Identity] = set()
        """Tables and views that have more columns, or fewer."""

    def __bool__(self) -> bool:
        return bool(self.objects or self.reshaped)

    def compare(
        self, kind: str, catalog: str, before: Iterable[Object], after: Iterable[Object]
    ) -> None:
        """Note the objects of a kind whose name was another one ``before``."""
        known = {one.oid: one for one in before if one.oid}
        for new in after:
            old = known.get(new.oid)
            if old is None or old is new:
                continue
            if old.name != new.name:
                self.kinds.add(kind)
                self.objects.add((catalog, new.oid))
            elif kind == "extensions" and old.value("schema") != new.value("schema"):
                self.kinds.add(kind)  # all that belongs to it has another name now
            self._compare_parts((catalog, new.oid), old, new)

    def _compare_parts(self, identity: Identity, old: Object, new: Object) -> None:
        for before, after in zip(old.parts, new.parts, strict=True):
            known = {part.oid: part.name for part in before}
            for part in after:
                if part.kind in _NAMED and known.get(part.oid, part.name) != part.name:
                    self.objects.add(("pg_class", part.oid) if part.kind == "index" else identity)
        if old.parts and {part.name for part in old.parts[0]} != {
            part.name for part in new.parts[0]
        }:
            self.reshaped.add(identity)
