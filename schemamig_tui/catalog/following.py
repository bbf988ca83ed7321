"""Follows the schema through a transaction, and reads again only what has been touched."""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from operator import attrgetter
from typing import Any

import psycopg

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.kinds import KINDS, PARTS, CatalogKind, of_server
from schemamig_tui.catalog.objects import Identity, Schema
from schemamig_tui.catalog.queries import touched as queries
from schemamig_tui.catalog.queries.database import MEMBERS
from schemamig_tui.catalog.queries.fragments import FIRST_OWN_OID, Server
from schemamig_tui.catalog.reading import ask, patiently, prepared
from schemamig_tui.catalog.renaming import Renamed
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.catalog.snapshot import read_members, read_objects, snapshot
from schemamig_tui.catalog.unseen import unseen
from schemamig_tui.catalog.writes import Writes, catalog_writes

# On what is none of the objects, because it belongs to the server or an extension.
_PRIVILEGES = "privileges"
_NUMBER = "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8"
# Their names stand in the texts of all kinds of objects.
_NAMED_EVERYWHERE = frozenset({"schemas", "roles", "tablespaces"})


class SchemaFollower:
    """What an open transaction does to the schema, from now on.

    Tables, types and functions are read again if a row about them was written, or if something
    they name has a new name; of the rarer kinds all is read again if any was written. So it costs
    what was touched, and not what there is. Whatever is done between two calls has to be done in a
    subtransaction of its own, as a file of a rehearsal is.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        # The transaction gets its number here, so that all its subtransactions come after it.
        ((number,),) = conn.execute(_NUMBER, prepare=False).fetchall()
        self._base = number & 0xFFFFFFFF
        self._mark = 0
        self.schema = snapshot(conn)
        self._writes = catalog_writes(conn)

    def changes(self, *, counted: bool = True) -> tuple[Change, ...]:
        """What has changed since the last call.

        ``counted`` is False if ``track_counts`` may have been off for a while: then all is read.
        Raises what ``snapshot`` does.
        """
        schema, before, now = self.schema, self._writes, catalog_writes(self._conn)
        if now is None or before is None or not counted:
            self.schema, self._writes = snapshot(self._conn), now
            return diff(schema, self.schema)
        written = {name for name in now if now[name] != before.get(name)}
        if not written:
            return ()
        deleted = {name for name in written if now[name].deleted != _deleted(before, name)}
        again = patiently(lambda: self._read_again(written, deleted))
        self.schema, self._writes = again or snapshot(self._conn), now
        changes = diff(schema, self.schema)
        return *changes, *unseen(written, changes)

    def _read_again(self, written: Set[str], deleted: Set[str]) -> Schema | None:
        """The schema as it is now; None where all of it has to be read again."""
        with prepared(self._conn) as server:
            reading = _Reading(self._conn, server, self.schema)
            mark = reading.find(self._base, self._mark, written, deleted)
            reading.read(written, deleted)
            if _NAMED_EVERYWHERE & reading.renamed.kinds:
                return None
            if reading.renamed:
                reading.read_dependents()
        self._mark = mark
        return reading.schema


def _deleted(writes: Writes, catalog: str) -> int:
    return writes[catalog].deleted if catalog in writes else 0


class _Reading:
    """Reads again, in one prepared transaction, what was touched of ``schema``."""

    def __init__(self, conn: psycopg.Connection[Any], server: Server, schema: Schema) -> None:
        self._conn = conn
        self._server = server
        self.schema = schema
        self.renamed = Renamed()
        self._touched: set[Identity] = set()
        self._read: set[Identity] = set()

    def find(self, base: int, mark: int, written: Set[str], deleted: Set[str]) -> int:
        """Find what was touched, by the catalogs. Returns the number of the last row written.

        What depends on an extension or belongs to one, and does so no more or only now, is touched
        by that alone. What has lost a comment is among what is locked.
        """
        sql: dict[str, str] = {}
        if not queries.CATALOGS.isdisjoint(written):
            sql["written"] = queries.written(base, mark, written)
        if "pg_depend" in written:
            sql["members"] = MEMBERS
        if deleted:
            sql["dropped"] = queries.dropped()
        if not deleted.isdisjoint(queries.HIDE_WHAT_IS_GONE):
            sql["locked"] = queries.locked()
        found = {name: answer.rows for name, answer in self._ask(sql).items()}
        if "members" in found:
            self._compare_members(found["members"])
        for catalog, oid, number in (*found.get("written", ()), *found.get("locked", ())):
            self._touched.add((catalog, oid))
            mark = max(mark, number)
        if dropped := set(found.get("dropped", ())):
            known = _identities(self.schema)
            self._touched.update(known[identity] for identity in dropped & known.keys())
        return mark

    def _compare_members(self, found: Iterable[tuple[Any, ...]]) -> None:
        members, needing = read_members(found)
        old = self.schema
        self._touched.update(identity for identity, _ in members.items() ^ old.members.items())
        self._touched.update(identity for identity, _ in needing ^ old.needing)
        self.schema = replace(old, members=members, needing=needing)

    def read(self, written: Set[str], deleted: Set[str]) -> None:
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

    def read_dependents(self) -> None:
        """Read what names something that has a new name."""
        sql = queries.dependents(self.renamed.objects, self.renamed.reshaped)
        found = self._ask({"dependents": sql})["dependents"].rows
        others = {name for name, kind in self._kinds().items() if not kind.by_oid}
        rest = {(catalog, oid) for catalog, oid, _ in found} - self._read
        self._merge(rest, others if self.renamed.objects else set())

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
            self.renamed.compare(name, kinds[name].catalog, gone, come)
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
