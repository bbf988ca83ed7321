"""The query behind a statement of a rehearsal, and what its answer says.

It runs under whatever role, search_path or client_encoding a file has set: it names pg_catalog
wherever another schema could stand in, and its answer is ASCII.
"""

from collections.abc import Iterator
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from schemamig_tui.rehearsal.steps import microseconds, number

# The clock is read once when the query starts and once when all else has been read.
_BEGAN, _ENDED = microseconds("statement_timestamp"), microseconds("clock_timestamp")

QUICK = f"SELECT {_BEGAN}, {_ENDED}".encode()
"""The query that asks for the time alone."""

# Whatever writes a relation anew has locked it exclusively. The server looks at every lock of every
# session for this, those on what the rehearsal has made included.
_WHOLE = """
SELECT {began}, {ended}, locks.held
FROM (
    SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', relation, mode,
        CASE WHEN mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
            THEN pg_catalog.pg_relation_filenode(relation) END), ',') AS held
    FROM pg_catalog.pg_locks
    WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND granted
        AND locktype OPERATOR(pg_catalog.=) 'relation'
        AND database OPERATOR(pg_catalog.=) {database}::pg_catalog.oid
        AND relation OPERATOR(pg_catalog.<=) {last}::pg_catalog.oid
) locks
"""


def whole(database: int, last: int) -> bytes:
    """The query that also asks what is held of the relations up to the oid ``last``."""
    return _WHOLE.format(began=_BEGAN, ended=_ENDED, database=database, last=last).encode()


class Moment(NamedTuple):
    """When our query ran, in microseconds of the server's clock."""

    began: int
    ended: int


def moment(answer: PGresult) -> Moment:
    """What both queries answer."""
    return Moment(number(answer, 0), number(answer, 1))


def locks(held: bytes | None) -> Iterator[tuple[int, str, int | None]]:
    """The locks: an oid, a mode, and the file of what is locked exclusively."""
    for entry in held.decode("ascii").split(",") if held else ():
        oid, mode, *file = entry.split(" ")
        yield int(oid), mode, int(file[0]) if file else None
