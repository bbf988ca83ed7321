"""Asks the server who suffers from batches: standbys, slots, the archiver, old snapshots.

Every function asks on the second connection of the run, for a millisecond at the most. What a role
may not see without pg_monitor comes as None (pg_stat_replication in the chapter "Monitoring
Database Activity" of the manual).
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from schemamig_tui.text import visible
from schemamig_tui.units import lasting

_OLD_S = 300.0


@dataclass(frozen=True, slots=True)
class Standby:
    """A standby that streams. ``replayed`` is its position in the WAL, in bytes; None: hidden.

    ``address`` is empty where the role may not see it, and for a Unix socket.
    """

    name: str
    replayed: int | None
    address: str = ""

    @property
    def shown(self) -> str:
        """Its name, with its address where nobody has given it a name of its own."""
        is_unnamed = self.name == "walreceiver" and self.address
        return f"{self.name} at {self.address}" if is_unnamed else self.name


@dataclass(frozen=True, slots=True)
class ServerState:
    """The state of the server at one moment.

    ``obstacles`` are sentences that say why there should be no more WAL now. ``snapshots`` has a
    sentence for each old snapshot, by what holds it. ``dead`` counts the dead rows of the table;
    None: there is no table. ``hides_snapshots``: the role may not see how old the snapshots of
    others are.
    """

    standbys: tuple[Standby, ...]
    obstacles: tuple[str, ...]
    snapshots: dict[str, str]
    dead: int | None
    hides_snapshots: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction that has written to a table: its virtual transaction id, and whose it is."""

    number: str
    who: str


# A backup streams as well, and a walsender of a logical slot is no standby.
_STANDBYS = """
SELECT coalesce(nullif(application_name, ''), 'pid ' || pid),
    pg_wal_lsn_diff(replay_lsn, '0/0')::int8, coalesce(host(client_addr), '')
FROM pg_stat_replication
WHERE application_name <> 'pg_basebackup' AND state IS DISTINCT FROM 'backup'
    AND NOT EXISTS (SELECT FROM pg_replication_slots s
        WHERE s.active_pid = pg_stat_replication.pid AND s.slot_type = 'logical')
"""
_OBSTACLES = """
SELECT 'the slot ' || slot_name || ' keeps '
    || pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) || ' of WAL'
    || CASE WHEN active THEN '' ELSE ', and nobody reads it' END
FROM pg_replication_slots
WHERE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > %(slot_wal)s
UNION ALL
SELECT 'the archiver has failed since ' || to_char(last_failed_time, 'YYYY-MM-DD HH24:MI:SS')
FROM pg_stat_archiver
WHERE current_setting('archive_mode') <> 'off'
    AND last_failed_time > coalesce(last_archived_time, '-infinity')
"""
_SNAPSHOTS = """
SELECT 'pid ' || a.pid, concat(nullif(a.application_name, ''), ' of ', a.usename),
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8
FROM pg_stat_activity a
WHERE a.backend_xmin IS NOT NULL AND a.backend_type = 'client backend'
    AND a.pid NOT IN (pg_backend_pid(), %(pid)s)
    AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.xact_start < clock_timestamp() - %(old)s * interval '1 s'
UNION ALL
SELECT 'the prepared transaction ' || gid, owner,
    extract(epoch FROM clock_timestamp() - prepared)::float8
FROM pg_prepared_xacts
WHERE database = current_database() AND prepared < clock_timestamp() - %(old)s * interval '1 s'
"""
_NOW = """
SELECT (SELECT sum(pg_stat_get_dead_tuples(o)) FROM (SELECT %(table)s::oid AS o
        UNION SELECT relid FROM pg_partition_tree(%(table)s::oid::regclass)) p)::int8,
    EXISTS (SELECT FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND backend_type IS NULL
        AND usesysid IS NOT NULL
        AND datid = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
# Whoever has written to a table holds one of these locks on it until the transaction ends: the
# first for rows, others for a TRUNCATE or an ALTER TABLE. Nobody needs a privilege to see that.
_WRITERS = """
SELECT DISTINCT l.virtualtransaction, CASE WHEN l.pid IS NULL THEN 'a prepared transaction'
    ELSE 'pid ' || l.pid || coalesce(', ' || nullif(a.application_name, ''), '') END
FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM %(pid)s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
        'AccessExclusiveLock')
    AND l.relation IN (SELECT %(table)s::oid
        UNION SELECT relid FROM pg_partition_tree(%(table)s::oid::regclass))
"""


def server_state(
    conn: psycopg.Connection[Any], pid: int, table: int | None, slot_wal: int
) -> ServerState:
    """Ask for the state of the server; ``pid`` is our own session. Raises psycopg.Error."""
    parameters = {"pid": pid, "table": table, "slot_wal": slot_wal, "old": _OLD_S}
    standbys = conn.execute(_STANDBYS).fetchall()
    obstacles = conn.execute(_OBSTACLES, parameters).fetchall()
    snapshots = conn.execute(_SNAPSHOTS, parameters).fetchall()
    row = conn.execute(_NOW, parameters).fetchone()
    assert row is not None
    return ServerState(
        standbys=tuple(Standby(visible(name), *position) for name, *position in standbys),
        obstacles=tuple(visible(sentence) for (sentence,) in obstacles),
        snapshots={
            key: visible(
                f"{key}, {who.strip()}, has had a snapshot for {lasting(seconds)}: dead rows are"
                " kept for it, whatever VACUUM does"
            )
            for key, who, seconds in snapshots
        },
        dead=row[0],
        hides_snapshots=row[1],
    )


def writers(conn: psycopg.Connection[Any], pid: int, table: int) -> tuple[Writer, ...]:
    """The transactions of others than ``pid`` that have written to a table or its partitions."""
    rows = conn.execute(_WRITERS, {"pid": pid, "table": table}).fetchall()
    return tuple(Writer(number, visible(who)) for number, who in rows)
