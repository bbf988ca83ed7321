"""Reads the whole schema of a database, within whatever transaction is open."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from schemamig_tui.catalog import rows
from schemamig_tui.catalog.kinds import KINDS, PARTS, CatalogKind, of_server
from schemamig_tui.catalog.objects import Identity, Object, Schema
from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.queries.database import MEMBERS
from schemamig_tui.catalog.queries.fragments import Server
from schemamig_tui.catalog.queries.rare import RARE, which
from schemamig_tui.catalog.reading import ask, patiently, prepared
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.catalog.sharing import Connect, NamedAnswer, SharedQueries

_SYSTEM = "system"
_MEMBERS = "members"
_RARE = "rare"
# Those that take the longest for each table, the longest of them first.
_LONG = ("constraints", "indexes", "sequences")


@dataclass(frozen=True)
class CatalogAnswers:
    """What the catalogs have answered of ``kinds``, and of which a schema is still to be made.

    ``parts`` are those that were made while the server had still to answer.
    """

    kinds: Mapping[str, CatalogKind]
    answers: Mapping[str, QueryAnswer]
    parts: Mapping[str, rows.Parts] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What stands for all of them, in hex: the same as long as nothing is changed there."""
        digest = hashlib.sha256()
        for name, answer in self.answers.items():
            digest.update(repr((name, answer.rows)).encode(errors="backslashreplace"))
        return digest.hexdigest()

    def schema(self) -> Schema:
        """The schema."""
        ((database,),) = self.answers[_SYSTEM].rows
        members, needing = read_members(self.answers[_MEMBERS].rows)
        return Schema(
            database=database,
            objects={
                name: read_objects(name, kind, self.answers, self.parts)
                if name in self.answers
                else ()
                for name, kind in self.kinds.items()
            },
            members=members,
            needing=needing,
        )


def snapshot(
    conn: psycopg.Connection[Any],
    wanted: Collection[str] = KINDS,
    *,
    implied: bool = True,
    connect: Connect | None = None,
) -> Schema:
    """Read what people have made in the database: a few round trips, a query for each kind.

    ``wanted`` are the kinds to read, ``implied`` whether also what others imply. ``connect`` opens
    a second connection, which helps where there is much to read: only without a transaction.

    An open transaction is seen with all it has changed, and stays as it is, with its settings and
    its locks. Without one, a transaction is opened and rolled back. Works under any role,
    search_path or setting of the session.

    Raises what psycopg raises: LockNotAvailable where another session holds a table exclusively for
    two seconds, and what comes of a cancelled query or a lost connection.
    """
    return patiently(lambda: _read(conn, wanted, implied=implied, connect=connect)).schema()


def read_catalogs(conn: psycopg.Connection[Any]) -> CatalogAnswers:
    """Read what a whole ``snapshot`` is made of, in the same way; raises as that does."""
    return patiently(lambda: _read(conn, KINDS, implied=True, connect=None))


def _read(
    conn: psycopg.Connection[Any],
    wanted: Collection[str],
    *,
    implied: bool,
    connect: Connect | None,
) -> CatalogAnswers:
    with prepared(conn) as server:
        kinds = {name: kind for name, kind in of_server(KINDS, server).items() if name in wanted}
        parts = {name: PARTS[name] for kind in kinds.values() for name in kind.parts}
        rare = [name for name in kinds if name in RARE]
        common = {name: kind for name, kind in {**kinds, **parts}.items() if name not in rare}
        queries = {name: _query(kind, server, implied=implied) for name, kind in common.items()}
        first = {_SYSTEM: session.SYSTEM, _MEMBERS: MEMBERS, _RARE: which(rare)}
        shared = None
        if connect and conn.execute(session.IS_LARGE, prepare=False).fetchall() == [(True,)]:
            long = {name: queries.pop(name) for name in _LONG if name in queries}
            shared = SharedQueries(connect, long)
        answers = ask(conn, first | queries)
        ((there,),) = answers[_RARE].rows
        answers |= ask(conn, {name: kinds[name].sql(server) for name in there})
        if not shared:
            return CatalogAnswers(kinds, answers)
        with shared.answers(conn) as coming:
            return _while_they_come(kinds, answers, coming)


def _while_they_come(
    kinds: Mapping[str, CatalogKind],
    answers: dict[str, QueryAnswer],
    coming: Iterator[NamedAnswer],
) -> CatalogAnswers:
    """All answers, with the parts that are made of each while the server has still to answer."""
    made: dict[str, rows.Parts] = {}
    for name, kind in kinds.items():
        made |= _parts(name, answers, [part for part in kind.parts if part in answers])
    for come, answer in coming:
        answers[come] = answer
        for name, kind in kinds.items():
            made |= _parts(name, answers, [part for part in kind.parts if part == come])
    return CatalogAnswers(kinds, answers, made)


def _query(kind: CatalogKind, server: Server, *, implied: bool) -> str:
    sql = kind.sql(server)
    if implied or not kind.implied:
        return sql
    return f"SELECT * FROM ({sql}) AS q WHERE q.implied IS NOT true"


def read_members(
    found: Iterable[tuple[Any, ...]],
) -> tuple[dict[Identity, str], frozenset[tuple[Identity, str]]]:
    """What belongs to extensions, and what depends on them without belonging to them."""
    members: dict[Identity, str] = {}
    needing: set[tuple[Identity, str]] = set()
    for catalog, oid, extension, belongs in found:
        if belongs:
            members[catalog, oid] = extension
        else:
            needing.add(((catalog, oid), extension))
    return members, frozenset(needing)


def read_objects(
    name: str,
    kind: CatalogKind,
    answers: Mapping[str, QueryAnswer],
    made: Mapping[str, rows.Parts] = {},
) -> tuple[Object, ...]:
    """The objects of a kind, from the answers to its query and to those of its parts.

    Some of the parts may be ``made`` already.
    """
    parts = {**made, **_parts(name, answers, [part for part in kind.parts if part not in made])}
    return rows.objects(kind, answers[name], [parts[part] for part in kind.parts])


def _parts(
    name: str, answers: Mapping[str, QueryAnswer], parts: Collection[str]
) -> dict[str, rows.Parts]:
    owners = rows.names(answers[name]) if parts else {}
    return {part: rows.parts(PARTS[part], answers[part], owners) for part in parts}
