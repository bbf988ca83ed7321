"""Read the schema of a database from pg_catalog, within whatever transaction is open."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.errors import InternalError_, LockNotAvailable
from psycopg.rows import dict_row

from schemamig_tui.catalog import queries
from schemamig_tui.catalog.parts import (
    Column,
    Constraint,
    Index,
    Label,
    Object,
    Policy,
    Trigger,
)
from schemamig_tui.catalog.schema import (
    Extension,
    Function,
    Namespace,
    Other,
    Relation,
    Schema,
    Sequence,
    Type,
)

_PATIENCE, _PAUSE = 2.0, 0.02  # seconds
# All else is sorted by name: not by the server, whose order depends on the database's collation.
_IN_ORDER = {"columns", "labels"}
_PARTS: dict[str, Callable[..., Object]] = {
    "columns": Column,
    "constraints": Constraint,
    "indexes": Index,
    "triggers": Trigger,
    "policies": Policy,
}

Row = dict[str, Any]
T = TypeVar("T", bound=Object)


def snapshot(conn: psycopg.Connection[Any]) -> Schema:
    """Read what people have created in the database: two round trips, a handful of queries.

    An open transaction is seen with all it has changed, and stays as it is: everything happens
    behind a savepoint that is rolled back, which takes back the settings and the AccessShare locks
    that the server takes to write out a definition. Without one, a transaction is opened and
    rolled back. Works under any role, search_path or setting of the session.

    The server's functions look at the newest catalog and not at the query's snapshot, so they fail
    when another session drops something at the same moment, and they wait for one that holds a
    table exclusively. Then all is let go and read again, for two seconds; never does it wait long
    enough with locks in its hands to make the other session die of a deadlock.

    Raises what psycopg raises: LockNotAvailable after those two seconds, and what comes of a
    cancelled query or a lost connection.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _read(conn)
        except (InternalError_, LockNotAvailable):
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)


def catalog_writes(conn: psycopg.Connection[Any]) -> int | None:
    """How many rows of the catalogs the open transaction has written, to whatever end it did so.

    Where that is the same as before, no snapshot is needed to know that the transaction has not
    changed the schema since. None where the server does not count (``track_counts``). Raises what
    psycopg raises.
    """
    ((writes,),) = conn.execute(queries.WRITES, prepare=False).fetchall()
    return cast(int | None, writes)


class _AnyText(Loader):
    """Text of a database in SQL_ASCII, which may hold any bytes."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode(errors="backslashreplace")


def _cursor(conn: psycopg.Connection[Any]) -> psycopg.Cursor[Row]:
    cursor = conn.cursor(row_factory=dict_row)
    if conn.info.parameter_status("server_encoding") == "SQL_ASCII":
        cursor.adapters.register_loader("text", _AnyText)
    return cursor


def _read(conn: psycopg.Connection[Any]) -> Schema:
    with conn.transaction(force_rollback=True):
        conn.execute(queries.SETTINGS, prepare=False)
        with conn.pipeline():
            # Never prepared: a migration may say DEALLOCATE ALL behind psycopg's back.
            cursors = {
                kind: _cursor(conn).execute(query, prepare=False)
                for kind, query in queries.by_kind(conn.info.server_version).items()
            }
        return _schema({kind: cursor.fetchall() for kind, cursor in cursors.items()})


def _schema(rows: dict[str, list[Row]]) -> Schema:
    (database,) = rows.pop("database")
    for kind in rows.keys() - _IN_ORDER:
        rows[kind].sort(key=itemgetter("name"))
    relations = {row["oid"]: row["name"] for row in rows["relations"]}
    _shorten(rows["indexes"], relations, _index)
    _shorten(rows["triggers"], relations, _trigger)

    parts = {kind: _parts(cls, rows[kind]) for kind, cls in _PARTS.items()}
    for row in rows["relations"]:
        row.update((kind, of.get(row["oid"], ())) for kind, of in parts.items())
    labels = _parts(Label, rows["labels"])
    for row in rows["types"]:
        row["labels"] = labels.get(row["oid"], ())
        row["constraints"] = parts["constraints"].get(-row["oid"], ())
    return Schema(
        database=database["id"],
        namespaces=_objects(Namespace, rows["namespaces"]),
        extensions=_objects(Extension, rows["extensions"]),
        types=_objects(Type, rows["types"]),
        sequences=_objects(Sequence, rows["sequences"]),
        relations=_objects(Relation, rows["relations"]),
        functions=_objects(Function, rows["functions"]),
        others=_objects(Other, rows["others"]),
    )


def _objects(cls: Callable[..., T], rows: Iterable[Row]) -> tuple[T, ...]:
    return tuple(
        cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in row.items()})
        for row in rows
        if row.get("definition", "") is not None
    )


def _parts(cls: Callable[..., T], rows: Iterable[Row]) -> dict[int, tuple[T, ...]]:
    """The values of a class under the oids of what they are a part of."""
    of = defaultdict(list)
    for row in rows:
        of[row.pop("parent")].append(row)
    return {parent: _objects(cls, rows) for parent, rows in of.items()}


def _shorten(
    rows: Iterable[Row], relations: dict[int, str], short: Callable[[str, str, str], str]
) -> None:
    """Take the names of itself and of its relation out of each definition."""
    for row in rows:
        relation = relations.get(row["parent"])
        if relation and row["definition"]:
            row["definition"] = short(row["definition"], row["name"], relation)


def _index(definition: str, name: str, relation: str) -> str:
    definition = definition.removeprefix("CREATE ")
    unique = "UNIQUE " if definition.startswith("UNIQUE ") else ""
    for word in unique, f"INDEX {name} ON ", "ONLY ", f"{relation} ", "USING btree ":
        definition = definition.removeprefix(word)
    return unique + definition


def _trigger(definition: str, name: str, relation: str) -> str:
    """Of a trigger, or of a rule."""
    for word in "CREATE ", "CONSTRAINT ", f"TRIGGER {name} ", f"RULE {name} AS\n    ":
        definition = definition.removeprefix(word)
    place = f" ON {relation} " if f" ON {relation} " in definition else f" TO {relation} "
    return definition.replace(place, " ", 1)
