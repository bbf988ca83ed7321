"""Finds what foreign keys do when rows to which they refer change."""

from collections.abc import Iterator, Set

from schemamig_tui.advice.catalog import Catalog, Relation
from schemamig_tui.sql.locks import Lock

_CHANGING = ("c", "n", "d")  # CASCADE, SET NULL, SET DEFAULT


def following(
    oid: int, columns: Set[str] | None, catalog: Catalog
) -> Iterator[tuple[Relation | None, Lock, None]]:
    """The tables that are locked when ``columns`` of a table get a value; None: rows go.

    A table is looked through for rows that refer to those, or is changed as well, and then so are
    those that refer to it.
    """
    changes: list[tuple[int, Set[str] | None]] = [(oid, columns)]
    done: set[tuple[int, str]] = set()
    while changes:
        table, sets = changes.pop()
        for key in catalog.referencing[table]:
            if (key.table, key.name) in done or not key.enforced:
                continue
            if sets is not None and sets.isdisjoint(key.others):
                continue
            done.add((key.table, key.name))
            action = key.on_delete if sets is None else key.on_update
            follows = action in _CHANGING
            mode = Lock.ROW_EXCLUSIVE if follows else Lock.ROW_SHARE
            yield catalog.relations.get(key.table), mode, None
            if follows:
                goes = sets is None and action == "c"
                changes.append((key.table, None if goes else frozenset(key.columns)))
