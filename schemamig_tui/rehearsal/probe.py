"""The probe: the query behind each statement of a rehearsal, and how its answer is read.

It runs under whatever role, search_path or client_encoding a file has set: it names pg_catalog
wherever another schema could stand in, and its answer is ASCII.
"""

from collections.abc import Iterator
from typing import NamedTuple

from psycopg.pq.abc import PGresult


def _microseconds(clock: str) -> str:
    """An SQL expression: what one of the server's clocks says, whatever the session has set."""
    seconds = f"pg_catalog.date_part('epoch', pg_catalog.{clock}())"
    return f"pg_catalog.int8(pg_catalog.float8mul({seconds}, 1000000))"


# The clock is read once when the query starts and once when all else has been read.
_BEGAN, _ENDED = _microseconds("statement_timestamp"), _microseconds("clock_timestamp")
_WAL = """pg_catalog.int8(
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'))"""

QUICK = f"SELECT {_BEGAN}, {_WAL}, {_ENDED}".encode()
"""The query that asks for the time and the WAL alone."""

# Whatever writes a relation anew has locked it exclusively, and whatever reads or writes a table
# has locked it in some way. The counters are those of this transaction, with all that it has taken
# back. The server has to look at every lock of every session.
_WHOLE = """
SELECT {began}, {wal}, {ended}, locks.held, locks.counted, (
    SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', indexrelid, indrelid,
        coalesce(pg_catalog.pg_relation_filenode(indexrelid), 0),
        pg_catalog.encode(pg_catalog.convert_to(pg_catalog.format('%I.%I', n.nspname, c.relname),
            pg_catalog.getdatabaseencoding()), 'hex')), ',')
    FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
        JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE i.indexrelid OPERATOR(pg_catalog.>) {last}::pg_catalog.oid
        AND i.indrelid OPERATOR(pg_catalog.<=) {last}::pg_catalog.oid
)
FROM (
    SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', relation, mode,
            CASE WHEN mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
                THEN pg_catalog.pg_relation_filenode(relation) END), ',') AS held,
        pg_catalog.string_agg(CASE WHEN
                scans OPERATOR(pg_catalog.<>) 0 OR inserted OPERATOR(pg_catalog.<>) 0
                OR updated OPERATOR(pg_catalog.<>) 0 OR deleted OPERATOR(pg_catalog.<>) 0
            THEN pg_catalog.concat_ws(' ', relation, scans,
                pg_catalog.pg_stat_get_xact_tuples_returned(relation), inserted, updated, deleted,
                coalesce(pg_catalog.pg_relation_size(relation), 0)) END, ',') AS counted
    FROM (
        SELECT relation, mode, pg_catalog.pg_stat_get_xact_numscans(relation) AS scans,
            pg_catalog.pg_stat_get_xact_tuples_inserted(relation) AS inserted,
            pg_catalog.pg_stat_get_xact_tuples_updated(relation) AS updated,
            pg_catalog.pg_stat_get_xact_tuples_deleted(relation) AS deleted
        FROM pg_catalog.pg_locks
        WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND granted
            AND locktype OPERATOR(pg_catalog.=) 'relation'
            AND mode OPERATOR(pg_catalog.<>) 'SIReadLock'
            AND database OPERATOR(pg_catalog.=) {database}::pg_catalog.oid
            AND relation OPERATOR(pg_catalog.<=) {last}::pg_catalog.oid
        OFFSET 0
    ) held
) locks
"""


HELD, COUNTED, INDEXES = 3, 4, 5
"""The columns that only its answer has."""


def whole(database: int, last: int) -> bytes:
    """The query that also asks for locks and counters of the relations up to the oid ``last``."""
    query = _WHOLE.format(began=_BEGAN, wal=_WAL, ended=_ENDED, database=database, last=last)
    return query.encode()


class Counts(NamedTuple):
    """The counters of a table: how often it was read, rows read, rows written."""

    scans: int = 0
    returned: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    bytes: int = 0
    """Its size now."""


class NewIndex(NamedTuple):
    """An index on a table from before."""

    oid: int
    table: int
    file: int
    name: str
    """As it is written in SQL, with its schema."""


class Moment(NamedTuple):
    """When our query ran, in microseconds of the server's clock, and where the WAL was."""

    began: int
    wal: int
    ended: int


def moment(answer: PGresult) -> Moment:
    """Read the part of the answer that both queries have."""
    return Moment(*(int(answer.get_value(0, column) or 0) for column in range(3)))


def is_quick(answer: PGresult) -> bool:
    """Whether it is the answer of ``QUICK``."""
    return answer.nfields == len(Moment._fields)


def locks(answer: PGresult) -> Iterator[tuple[int, str, int | None]]:
    """The locks: an oid, a mode, and the relfilenode of a relation that is locked exclusively."""
    for oid, mode, *file in _entries(answer.get_value(0, HELD)):
        yield int(oid), mode, int(file[0]) if file else None


def counts(answer: PGresult) -> dict[int, Counts]:
    """The counters by the oid of the table."""
    return {
        int(oid): Counts(*map(int, rest)) for oid, *rest in _entries(answer.get_value(0, COUNTED))
    }


def new_indexes(answer: PGresult) -> Iterator[NewIndex]:
    """The indexes that the rehearsal has made on tables from before."""
    for oid, table, file, name in _entries(answer.get_value(0, INDEXES)):
        text = bytes.fromhex(name).decode(errors="backslashreplace")
        yield NewIndex(int(oid), int(table), int(file), text)


def _entries(answer: bytes | None) -> Iterator[list[str]]:
    for entry in answer.decode("ascii").split(",") if answer else ():
        yield entry.split(" ")
