"""Asks which catalogs the open transaction has written to."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg

from schemamig_tui.catalog.queries import session


class Written(NamedTuple):
    """How many rows of a catalog: all that were written, and how many of these deleted."""

    rows: int
    deleted: int


Writes = Mapping[str, Written]
"""By the name of the catalog. Those that the transaction has not written to are left out."""


def catalog_writes(conn: psycopg.Connection[Any]) -> Writes | None:
    """What the open transaction has written to the catalogs, to whatever end it did so.

    Where that is the same as before, the transaction has not changed the schema since. None where
    the server does not count (``track_counts``). Raises what psycopg raises.
    """
    query = session.writes(f"ARRAY({session.CATALOG_OIDS})")
    ((found,),) = conn.execute(query.encode(), prepare=False).fetchall()
    return writes_of(found)


def writes_query(conn: psycopg.Connection[Any]) -> str:
    """What to ask a server again and again, in any session; ``writes_of`` reads the answer."""
    found = conn.execute(session.CATALOG_OIDS.encode(), prepare=False)
    oids = ",".join(str(oid) for (oid,) in found)
    return session.writes(f"'{{{oids}}}'::pg_catalog.oid[]")


def writes_of(found: Mapping[str, list[int]] | None) -> Writes | None:
    """What the answer to ``session.writes`` says, as ``catalog_writes`` returns it."""
    return None if found is None else {name: Written(*counts) for name, counts in found.items()}
