"""Asks for what a rehearsal leaves behind on the server although it is rolled back."""

from typing import Any

import psycopg

_WAL = (
    "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')"
    "::pg_catalog.int8"
)
_IDLE_SLOTS = """
SELECT slot_name FROM pg_catalog.pg_replication_slots
WHERE restart_lsn IS NOT NULL AND NOT active ORDER BY 1
"""


def wal_position(conn: psycopg.Connection[Any]) -> int:
    """How many bytes of WAL the server has ever written."""
    ((position,),) = conn.execute(_WAL).fetchall()
    return int(position)


def idle_slots(conn: psycopg.Connection[Any]) -> tuple[str, ...]:
    """The replication slots that keep WAL although nobody reads from them now."""
    return tuple(name for (name,) in conn.execute(_IDLE_SLOTS))
