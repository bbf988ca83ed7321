"""Asks the server who blocks a session and who waits behind it, and ends one of these.

Every function is one query on another connection, in autocommit mode. What the query shows depends
on the role: without pg_read_all_stats the queries and states of other roles are hidden, locks and
pids are not (https://www.postgresql.org/docs/current/monitoring-stats.html). The progress of a long
command is in ``engine.watch.progress_views``.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui.engine.activity import Activity, Blocked, Victims
from schemamig_tui.sql.locks import BY_SERVER_NAME
from schemamig_tui.text import redact_query, visible

_MOST_BLOCKERS = 40
_MOST_VICTIMS = 20
# The ones that wait are looked at one by one, which takes locks inside the server.
_MOST_WAITING = 200

# The columns of an Activity, from pg_stat_activity; how long it waits comes from elsewhere.
SESSION = """
    a.pid, coalesce(a.usename, ''),
    coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), ''),
    coalesce(a.client_hostname, host(a.client_addr), ''), coalesce(a.state, ''),
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8,
    {waiting}::float8, left(coalesce(a.query, ''), 1000),
    extract(epoch FROM a.backend_start)::float8
"""
_WAITING = SESSION.format(waiting="extract(epoch FROM clock_timestamp() - w.since)")
_RELATION = """coalesce(
    CASE c.relkind WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence'
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
        WHEN 't' THEN 'TOAST table' ELSE 'table' END
    || ' ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname),
    'relation ' || ours.relation)"""
_OBJECT = """(
    SELECT o.type || ' ' || o.identity
    FROM pg_identify_object(ours.classid, ours.objid, ours.objsubid) o)"""
_TARGET = f"""CASE ours.locktype
    WHEN 'relation' THEN {_RELATION}
    WHEN 'extend' THEN 'the end of ' || {_RELATION}
    WHEN 'page' THEN 'page ' || ours.page || ' of ' || {_RELATION}
    WHEN 'tuple' THEN 'row (' || ours.page || ',' || ours.tuple || ') of ' || {_RELATION}
    WHEN 'transactionid' THEN 'transaction ' || ours.transactionid
        || coalesce(', for row (' || r.page || ',' || r.tuple || ') of ' || {_RELATION}, '')
    WHEN 'virtualxid' THEN 'virtual transaction ' || ours.virtualxid
    WHEN 'advisory' THEN 'advisory lock ' || CASE ours.objsubid WHEN 1
        THEN (ours.classid::bigint::bit(64) << 32 | ours.objid::bigint::bit(64))::bigint::text
        ELSE '(' || ours.classid::bigint::bit(32)::int || ', '
            || ours.objid::bigint::bit(32)::int || ')' END
    WHEN 'object' THEN coalesce({_OBJECT},
        'object ' || ours.objid || ' of ' || ours.classid::regclass)
    ELSE ours.locktype END"""
# Who waits for the transaction that has changed a row holds the lock on the row itself meanwhile
# (README.tuplock of the server's heap). A key that another one has inserted has no such row yet.
# Prepared transactions hold their locks without a pid; pg_blocking_pids calls all of them 0. Which
# one has a lock can be told by its lock on its own number (not by '-1/', as the manual has it: that
# is so only after a restart).
_BLOCKED = f"""
WITH RECURSIVE chain AS (
    SELECT unnest(pg_blocking_pids(%(pid)s)) AS pid
    UNION SELECT unnest(pg_blocking_pids(chain.pid)) FROM chain
), locks AS MATERIALIZED (
    SELECT l.*, l.waitstart AS since FROM pg_locks l
    WHERE NOT l.granted OR l.pid IS NULL OR l.locktype = 'tuple'
), ours AS (
    SELECT l.* FROM locks l LEFT JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND %(pid)s IN (l.pid, a.leader_pid) ORDER BY l.since LIMIT 1
), prepared AS (
    SELECT l.*, p.gid, p.owner, p.prepared
    FROM pg_prepared_xacts p
        JOIN locks x ON x.pid IS NULL AND x.transactionid = p.transaction
        JOIN locks l ON l.pid IS NULL AND l.virtualtransaction = x.virtualtransaction
), blockers AS (
    SELECT chain.pid = ANY (pg_blocking_pids(%(pid)s)) AS direct, w.pid IS NOT NULL AS waits,
        NULL AS wanted, NULL AS held, {_WAITING}
    FROM chain JOIN pg_stat_activity a USING (pid)
        LEFT JOIN locks w ON w.pid = chain.pid AND NOT w.granted
    WHERE chain.pid NOT IN (%(pid)s, pg_backend_pid())
    UNION ALL
    SELECT w.pid = ours.pid, false, w.mode, l.mode, 0, l.owner, l.gid, '', 'prepared',
        extract(epoch FROM clock_timestamp() - l.prepared), NULL, '', NULL
    FROM ours, locks w JOIN prepared l ON
        (l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid,
            l.classid, l.objid, l.objsubid) IS NOT DISTINCT FROM
        (w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid,
            w.classid, w.objid, w.objsubid)
    WHERE NOT w.granted AND (w.pid = ours.pid OR w.pid IN (SELECT pid FROM chain))
)
SELECT ours.mode, {_TARGET},
    coalesce(extract(epoch FROM clock_timestamp() - ours.since), 0)::float8, blockers.*
FROM ours
    LEFT JOIN locks r ON r.locktype = 'tuple' AND r.granted AND r.pid = ours.pid
    LEFT JOIN pg_class c ON c.oid = coalesce(ours.relation, r.relation)
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN blockers ON direct OR NOT waits
ORDER BY waits, direct DESC, 13 DESC NULLS LAST LIMIT {_MOST_BLOCKERS}
""".encode()

_VICTIMS = f"""
WITH RECURSIVE waiting AS MATERIALIZED (
    SELECT pid, since, pg_blocking_pids(pid) AS blockers
    FROM (
        SELECT l.pid, coalesce(l.waitstart, clock_timestamp()) AS since FROM pg_locks l
        WHERE NOT l.granted AND l.pid <> %(pid)s ORDER BY 2 LIMIT {_MOST_WAITING}
    ) l
), behind AS (
    SELECT pid, since FROM waiting WHERE %(pid)s = ANY (blockers)
    UNION
    SELECT w.pid, greatest(w.since, behind.since)
    FROM waiting w JOIN behind ON behind.pid = ANY (w.blockers)
), first AS (
    SELECT pid, min(since) AS since FROM behind GROUP BY pid
)
SELECT count(*) OVER (), {_WAITING}
FROM first w JOIN pg_stat_activity a USING (pid)
ORDER BY w.since LIMIT {_MOST_VICTIMS}
""".encode()

_SIGNAL = """
SELECT {signal}(a.pid) FROM pg_stat_activity a
WHERE a.pid = %s AND extract(epoch FROM a.backend_start)::float8 IS NOT DISTINCT FROM %s::float8
"""


def blocked(conn: psycopg.Connection[Any], pid: int) -> Blocked | None:
    """What the session ``pid`` of this database waits for; None when it waits for no lock."""
    rows = conn.execute(_BLOCKED, {"pid": pid}).fetchall()
    if not rows:
        return None
    lock, on, seconds = rows[0][:3]
    rows.sort(key=lambda row: not row[3])
    by = (read_session(row[7:]) for row in rows if row[3] is not None and _in_the_way(*row[5:7]))
    return Blocked(lock, on, seconds, tuple(dict.fromkeys(by)))


def victims(conn: psycopg.Connection[Any], pid: int) -> Victims | None:
    """The sessions that wait behind ``pid``, directly or behind others that do; None: none waits.

    Only the 200 sessions of the server that have waited longest for a lock are looked at.
    """
    rows = conn.execute(_VICTIMS, {"pid": pid}).fetchall()
    if not rows:
        return None
    sessions = tuple(read_session(row[1:]) for row in rows)
    return Victims(rows[0][0], sessions[0].waiting_s or 0.0, sessions)


def read_session(columns: Sequence[Any]) -> Activity:
    """A session from the columns of ``SESSION``; what may be a password is cut from its query."""
    activity = Activity(*columns)
    return replace(activity, query=redact_query(activity.query))


def cancel_session(conn: psycopg.Connection[Any], session: Activity) -> str | None:
    """Ask the server to cancel what ``session`` runs; None, or a sentence that says why not."""
    return _signal(conn, session, "pg_cancel_backend")


def terminate_session(conn: psycopg.Connection[Any], session: Activity) -> str | None:
    """Ask the server to end ``session``; None, or a sentence that says why not."""
    return _signal(conn, session, "pg_terminate_backend")


def _signal(conn: psycopg.Connection[Any], session: Activity, function: str) -> str | None:
    if not session.pid:
        name = visible(session.application.replace("'", "''"))
        return f"It is a prepared transaction; what ends it is ROLLBACK PREPARED '{name}'."
    query = _SIGNAL.format(signal=function).encode()
    try:
        row = conn.execute(query, (session.pid, session.started)).fetchone()
    except pg_errors.InsufficientPrivilege as error:
        # From PostgreSQL 16 on the detail names the role that may; before, the message does.
        reason = error.diag.message_detail or error.diag.message_primary or "permission denied"
        return f"Not allowed: {visible(reason)}"
    return None if row and row[0] else f"The session with pid {session.pid} is gone."


def _in_the_way(wanted: str | None, held: str | None) -> bool:
    """Whether the mode that a prepared transaction holds conflicts with the wanted one."""
    if wanted is None or held is None:
        return True
    wanted_lock, held_lock = BY_SERVER_NAME.get(wanted), BY_SERVER_NAME.get(held)
    return bool(wanted_lock and held_lock and wanted_lock.waits_for(held_lock))
