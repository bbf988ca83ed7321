"""Asks which objects need which others, and puts the statements that make them into an order.

The server knows it from pg_depend. What people do not make by itself stands there as well: it is
taken for what it comes with, such as the type of a table for the table.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg

Node = tuple[int, int]
"""An object by its oid, and the number of its column where it is one, or else 0."""
Needs = Mapping[Node, set[Node]]

_COMES_WITH = """
SELECT 'pg_rewrite'::regclass::oid, oid, ev_class::oid, 0 FROM pg_rewrite
    WHERE rulename = '_RETURN'
UNION ALL SELECT 'pg_attrdef'::regclass, oid, adrelid, adnum FROM pg_attrdef
UNION ALL SELECT 'pg_class'::regclass, conindid, oid, 0 FROM pg_constraint
    WHERE contype IN ('p', 'u', 'x')
UNION ALL SELECT 'pg_type'::regclass, oid, typrelid, 0 FROM pg_type
    WHERE typrelid <> 0 AND oid >= 16384
UNION ALL SELECT 'pg_type'::regclass, typarray, coalesce(nullif(typrelid, 0), oid), 0 FROM pg_type
    WHERE typarray <> 0 AND oid >= 16384
UNION ALL SELECT classid, objid, refobjid, 0 FROM pg_depend WHERE deptype = 'e'
"""
# A sequence is made before the column that owns it.
_DEPENDS = """
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid
FROM pg_depend AS d
WHERE deptype IN ('n', 'a', 'i', 'P', 'S') AND objid >= 16384 AND refobjid >= 16384
    AND NOT (classid = 'pg_class'::regclass AND refobjsubid > 0
        AND EXISTS (SELECT FROM pg_sequence WHERE seqrelid = objid))
"""


def read_needs(conn: psycopg.Connection[Any]) -> Needs:
    """What each object of the database needs."""
    comes_with: dict[Node, Node] = {
        (catalog, oid): (with_oid, number)
        for catalog, oid, with_oid, number in conn.execute(_COMES_WITH)
    }

    def node(catalog: int, oid: int, number: int) -> Node:
        found = comes_with.get((catalog, oid))
        if found is None:
            return oid, number
        # An array may be one of a type that an extension has.
        return comes_with.get((catalog, found[0]), found)

    needs: dict[Node, set[Node]] = {}
    for catalog, oid, number, *on in conn.execute(_DEPENDS):
        needs.setdefault(node(catalog, oid, number), set()).add(node(*on))
    return needs


def in_order(
    statements: Iterable[str], makes: Mapping[str, tuple[Node, ...]], needs: Needs
) -> Iterator[str]:
    """The statements, each behind those that make what it needs, and otherwise as they are.

    ``makes`` tells what some of them make.
    """
    waiting = dict.fromkeys(statements)
    makers = {node: sql for sql in waiting for node in makes.get(sql, ())}

    def emit(sql: str) -> Iterator[str]:
        if sql not in waiting:
            return
        del waiting[sql]
        needed = {other for node in makes.get(sql, ()) for other in needs.get(node, ())}
        for node in sorted(needed):
            if node in makers:
                yield from emit(makers[node])
        yield sql

    for sql in list(waiting):
        yield from emit(sql)
