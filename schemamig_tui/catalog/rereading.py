"""Reads again what a transaction has touched of the schema, and what names it."""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from operator import attrgetter
from typing import Any

import psycopg

from schemamig_tui.catalog.kinds import KINDS, PARTS, CatalogKind, of_server
from schemamig_tui.catalog.objects import Identity, Schema
from schemamig_tui.catalog.queries import touched as queries
from schemamig_tui.catalog.queries.database import MEMBERS
from schemamig_tui.catalog.queries.fragments import FIRST_OWN_OID, Server
from schemamig_tui.catalog.reading import ask
from schemamig_tui.catalog.renaming import Renamed
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.catalog.snapshot import read_members, read_objects

# On what is none of the objects, because it belongs to the server or an extension.
_PRIVILEGES = "privileges"
# Their names stand in the texts of all kinds of objects.
_NAMED_EVERYWHERE = frozenset({"schemas", "roles", "tablespaces"})


class Rereading:
    """Reads again, in one prepared transaction, what was touched of ``schema``.

    ``mark`` is the number of the last row that was read before. ``extensions`` are those to whose
    own objects something was done.
    """

    def __init__(
        self, conn: psycopg.Connection[Any], server: Server, schema: Schema, mark: int
    ) -> None:
        self._conn = conn
        self._server = server
        self.schema = schema
        self.mark = mark
        self.extensions: set[str] = set()
        self._renamed = Renamed()
        self._touched: set[Identity] = set()
        self._read: set[Identity] = set()

    @property
    def named_everywhere_is_renamed(self) -> bool:
        """Whether all has to be read again, because a name has changed that stands anywhere."""
        return not self._renamed.kinds.isdisjoint(_NAMED_EVERYWHERE)

    def read(self, base: int, written: Set[str], deleted: Set[str]) -> None:
        """Read what rows of ``written`` catalogs are about, or of those where some are ``deleted``.

        Transactions are counted from ``base`` on.
        """
        self._find(base, written, deleted)
        self._read_touched(written, deleted)
        if self._renamed and not self.named_everywhere_is_renamed:
            self._read_dependents()

    def _find(self, base: int, written: Set[str], deleted: Set[str]) -> None:
        """Find what was touched, by the catalogs.

        What depends on an extension or belongs to one, and does so no more or only now, is touched
        by that alone. What has lost a comment is among what is locked.
        """
        sql: dict[str, str] = {}
        if not queries.CATALOGS.isdisjoint(written):
            sql["written"] = queries.written(base, self.mark, written)
        if "pg_depend" in written:
            sql["members"] = MEMBERS
        if deleted:
            sql["dropped"] = queries.dropped()
        if not deleted.isdisjoint(queries.HIDE_WHAT_IS_GONE):
            sql["locked"] = queries.locked()
        found = {name: answer.rows for name, answer in self._ask(sql).items()}
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

    def _read_touched(self, written: Set[str], deleted: Set[str]) -> None:
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
        self._merge(self._touched, names)

    def _read_dependents(self) -> None:
        """Read what names something that has a new name."""
        sql = queries.dependents(self._renamed.objects, self._renamed.reshaped)
        found = self._ask({"dependents": sql})["dependents"].rows
        others = {name for name, kind in self._kinds().items() if not kind.by_oid}
        rest = {(catalog, oid) for catalog, oid, _ in found} - self._read
        self._merge(rest, others if self._renamed.objects else set())

    def _merge(self, touched: Set[Identity], names: Collection[str]) -> None:
        """Put what is read into the place of what was known."""
        self._read |= touched
        oids: dict[str, set[int]] = {}
        for catalog, oid in touched:
            oids.setdefault(catalog, set()).add(oid)
        kinds = self._kinds()
        chosen = {
            name: oids[kind.catalog] if kind.by_oid else None
            for name, kind in kinds.items()
            if name in names or (kind.by_oid and kind.catalog in oids)
        }
        sql: dict[str, str] = {}
        for name, only in chosen.items():
            sql[name] = _only(kinds[name].sql(self._server), "oid", only)
            for part in kinds[name].parts:
                sql[part] = _only(PARTS[part].sql(self._server), "parent", only)
        answers = self._ask(sql)
        objects = dict(self.schema.objects)
        for name, only in chosen.items():
            old = objects[name]
            gone = [one for one in old if only is None or one.oid in only]
            come = read_objects(name, kinds[name], answers)
            self._renamed.compare(name, kinds[name].catalog, gone, come)
            kept = [one for one in old if only is not None and one.oid not in only]
            objects[name] = tuple(sorted([*kept, *come], key=attrgetter("name")))
        self.schema = replace(self.schema, objects=objects)

    def _kinds(self) -> Mapping[str, CatalogKind]:
        return of_server(KINDS, self._server)

    def _ask(self, sql: Mapping[str, str]) -> dict[str, QueryAnswer]:
        return ask(self._conn, sql) if sql else {}


def _only(sql: str, column: str, oids: Iterable[int] | None) -> str:
    """The query, but only for some oids."""
    if oids is None:
        return sql
    array = ",".join(map(str, oids))
    return f"SELECT * FROM ({sql}) AS q WHERE q.{column} = ANY ('{{{array}}}'::oid[])"


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
