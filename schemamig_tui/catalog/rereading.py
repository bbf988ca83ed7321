"""Reads again the objects that a transaction has touched, and those that name them."""

from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Mapping, Set
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from schemamig_tui.catalog.kinds import KINDS, PARTS, CatalogKind, of_server
from schemamig_tui.catalog.objects import Identity, Object, Schema
from schemamig_tui.catalog.prepared import Query
from schemamig_tui.catalog.queries import touched as queries
from schemamig_tui.catalog.queries.database import MEMBERS
from schemamig_tui.catalog.queries.fragments import FIRST_OWN_OID, Server
from schemamig_tui.catalog.renaming import Renamed
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.catalog.snapshot import read_members, read_objects

# On what is none of the objects, because it belongs to the server or an extension.
_PRIVILEGES = "privileges"
# Where a row is for each that is made, if that is not what tells of all changes.
_MADE_IN = {"indexes": {"pg_index"}, "sequences": {"pg_sequence"}}
_NO_PARTS = QueryAnswer(("parent",), ())
# Their names stand in the texts of all kinds of objects.
_NAMED_EVERYWHERE = frozenset({"schemas", "extensions", "roles", "tablespaces"})

T = TypeVar("T")


class AskedQueries(NamedTuple):
    """Queries, and whether it is known that there are none behind them."""

    queries: Mapping[str, Query]
    are_last: bool = False


Reading = Generator[AskedQueries, Mapping[str, QueryAnswer], T]
"""Yields queries, goes on with their answers by the same names, and returns what was read."""


class Rereading:
    """Reads again, in one prepared transaction, what was touched of ``schema``.

    ``mark`` is the number of the last row that was read before. ``extensions`` are those to whose
    own objects something was done.
    """

    def __init__(self, server: Server, schema: Schema, mark: int) -> None:
        self._server = server
        self.schema = schema
        self.mark = mark
        self.extensions: set[str] = set()
        self._renamed = Renamed()
        self._touched: set[Identity] = set()
        self._read: set[Identity] = set()
        self._written: Set[str] = frozenset()
        # Of these there may be more to see than what was written.
        self._members = {oid for _, oid in schema.members}

    @property
    def named_everywhere_is_renamed(self) -> bool:
        """Whether all has to be read again, because a name has changed that stands anywhere."""
        return not self._renamed.kinds.isdisjoint(_NAMED_EVERYWHERE)

    def read(self, written: Set[str], deleted: Set[str]) -> Reading[None]:
        """Read what rows of ``written`` catalogs are about, or where some are ``deleted``."""
        self._written = written
        yield from self._find(written, deleted)
        yield from self._read_touched(written, deleted)
        if self._renamed and not self.named_everywhere_is_renamed:
            yield from self._read_dependents()

    def _find(self, written: Set[str], deleted: Set[str]) -> Reading[None]:
        """Find what was touched, by the catalogs.

        What depends on an extension or belongs to one, and does so no more or only now, is touched
        by that alone. What has lost a comment is among what is locked.
        """
        sql: dict[str, Query] = {}
        if rows := queries.written(written):
            sql["written"] = Query(rows, (str(-self.mark),))
        if deleted:
            sql["dropped"] = Query(queries.dropped())
        if not deleted.isdisjoint(queries.HIDE_WHAT_IS_GONE):
            sql["locked"] = Query(queries.locked())
        if "pg_depend" in written:
            sql["members"] = Query(MEMBERS)
        found = {name: answer.rows for name, answer in (yield AskedQueries(sql)).items()}
        before = self.schema.members
        if "members" in found:
            self._compare_members(found["members"])
        for catalog, oid, number in found.get("written", ()):
            self._touched.add((catalog, oid))
            self.mark = max(self.mark, number)
            extension = self.schema.members.get((catalog, oid))
            if extension and (catalog, oid) in before:
                self.extensions.add(extension)
        self._touched.update((catalog, oid) for catalog, oid, _ in found.get("locked", ()))
        if dropped := set(found.get("dropped", ())):
            known = _identities(self.schema)
            self._touched.update(known[identity] for identity in dropped & known.keys())

    def _compare_members(self, found: Iterable[tuple[Any, ...]]) -> None:
        members, needing = read_members(found)
        old = self.schema
        self._touched.update(identity for identity, _ in members.items() ^ old.members.items())
        if changed := needing ^ old.needing:
            known = _identities(old)
            self._touched.update(known.get(identity, identity) for identity, _ in changed)
        self.schema = replace(old, members=members, needing=needing)

    def _read_touched(self, written: Set[str], deleted: Set[str]) -> Reading[None]:
        """Read what was touched, and all kinds that catalogs were ``written`` for."""
        touched = {catalog for catalog, _ in self._touched}
        if not deleted.isdisjoint(queries.HIDE_WHAT_IS_GONE):
            touched.update(kind.catalog for kind in KINDS.values() if not kind.by_oid)
        names = {
            name
            for name, kind in self._kinds().items()
            if not kind.by_oid
            and (kind.catalog in touched or not written.isdisjoint(kind.catalogs))
        }
        if any(one[1] < FIRST_OWN_OID or one in self.schema.members for one in self._touched):
            names.add(_PRIVILEGES)
        yield from self._merge(self._touched, names)

    def _read_dependents(self) -> Reading[None]:
        """Read what names something that has a new name."""
        values = _array(self._renamed.objects), _array(self._renamed.reshaped)
        query = Query(queries.DEPENDENTS, values)
        found = (yield AskedQueries({"dependents": query}))["dependents"].rows
        others = {name for name, kind in self._kinds().items() if not kind.by_oid}
        rest = {(catalog, oid) for catalog, oid, _ in found} - self._read
        names = others if self._renamed.objects else set()
        yield from self._merge(rest, names, are_last=True)

    def _merge(
        self, touched: Set[Identity], names: Collection[str], *, are_last: bool = False
    ) -> Reading[None]:
        """Put what is read into the place of what was known."""
        self._read |= touched
        oids: dict[str, set[int]] = {}
        for catalog, oid in touched:
            oids.setdefault(catalog, set()).add(oid)
        kinds = self._kinds()
        objects = dict(self.schema.objects)
        sql: dict[str, Query] = {}
        chosen: dict[str, set[int] | None] = {}
        gone: dict[str, list[Object]] = {}
        for name, kind in kinds.items():
            if name not in names and not (kind.by_oid and kind.catalog in oids):
                continue
            only = oids[kind.catalog] if kind.by_oid else None
            known = {one.oid: one for one in objects[name]}
            if only is not None:
                only = self._possible(name, kind, only, known.keys())
                if not only:
                    continue
            chosen[name] = only
            gone[name] = [one for one in objects[name] if only is None or one.oid in only]
            sql[name] = _only(kind.sql(self._server), "oid", only)
            for place, part in enumerate(kind.parts):
                having = {oid for oid, one in known.items() if one.parts[place]}
                parents = self._possible(part, PARTS[part], only or set(), having)
                if parents:
                    sql[part] = _only(PARTS[part].sql(self._server), "parent", parents)
        # What was not there before has no other name than before.
        questions = AskedQueries(sql, are_last or not any(gone.values()))
        answers = defaultdict(lambda: _NO_PARTS, (yield questions))
        for name, only in chosen.items():
            old = objects[name]
            come = read_objects(name, kinds[name], answers)
            self._renamed.compare(name, kinds[name].catalog, gone[name], come)
            kept = [one for one in old if only is not None and one.oid not in only]
            objects[name] = tuple(sorted([*kept, *come], key=attrgetter("name")))
        self.schema = replace(self.schema, objects=objects)

    def _possible(
        self, name: str, kind: CatalogKind, oids: set[int], having: Collection[int]
    ) -> set[int]:
        """The ``oids`` that there can be something of a kind for.

        Where its catalog was not written, those are the ones ``having`` some already, and what an
        extension has let go.
        """
        if not self._written.isdisjoint(_MADE_IN.get(name, kind.catalogs)):
            return oids
        return {oid for oid in oids if oid in having or oid in self._members}

    def _kinds(self) -> Mapping[str, CatalogKind]:
        return of_server(KINDS, self._server)


def _only(sql: str, column: str, oids: Iterable[int] | None) -> Query:
    """The query, but only for some oids."""
    if oids is None:
        return Query(sql)
    array = "{" + ",".join(map(str, oids)) + "}"
    return Query(f"SELECT * FROM ({sql}) AS q WHERE q.{column} = ANY ($1::oid[])", (array,))


def _array(identities: Iterable[Identity]) -> str:
    return "{" + ",".join(f"{catalog} {oid}" for catalog, oid in identities) + "}"


def _identities(schema: Schema) -> dict[Identity, Identity]:
    """For all that is read by its oid, and for its parts, which object that is, or is part of."""
    found: dict[Identity, Identity] = {}
    for name, kind in KINDS.items():
        if kind.by_oid:
            for one in schema.objects[name]:
                whole = (kind.catalog, one.oid)
                found[whole] = whole
                for part, parts in zip(kind.parts, one.parts, strict=True):
                    for catalog in PARTS[part].catalogs:
                        found.update(((catalog, of.oid), whole) for of in parts)
    return found
