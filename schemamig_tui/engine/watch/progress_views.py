"""Reads how far the server is with a long command, from the pg_stat_progress views.

https://www.postgresql.org/docs/current/progress-reporting.html describes their phases and counts.
"""

import re
from functools import cache
from typing import Any, NamedTuple

import psycopg

from schemamig_tui.engine.activity import ServerProgress
from schemamig_tui.engine.watch.blockers import SESSION, read_session

_MOST_WAITED_FOR = 20


class _Count(NamedTuple):
    """The columns that count in the phases that match ``phases``, and what they count."""

    phases: str
    done: str
    total: str | None
    unit: str


# Of those that match, the first whose total is known is shown, else the last that the server has.
_COUNTS = {
    "create_index": (
        _Count(r"^waiting", "lockers_done", "lockers_total", "lockers"),
        _Count(r"^building", "partitions_done", "partitions_total", "partitions"),
        _Count(r"tuples", "tuples_done", "tuples_total", "tuples"),
        _Count(r"scanning|^building index$", "blocks_done", "blocks_total", "blocks"),
    ),
    "vacuum": (
        _Count(r"scanning heap", "heap_blks_scanned", "heap_blks_total", "blocks"),
        _Count(r"vacuuming heap", "heap_blks_vacuumed", "heap_blks_total", "blocks"),
        _Count(r"vacuuming indexes", "index_vacuum_count", None, "passes"),
        _Count(r"indexes", "indexes_processed", "indexes_total", "indexes"),
    ),
    "analyze": (
        _Count(r"sample rows", "sample_blks_scanned", "sample_blks_total", "blocks"),
        _Count(r"extended", "ext_stats_computed", "ext_stats_total", "statistics"),
    ),
    "copy": (
        _Count("", "bytes_processed", "bytes_total", "bytes"),
        _Count("", "tuples_processed", None, "tuples"),
    ),
    "cluster": (
        _Count(r"seq scanning", "heap_blks_scanned", "heap_blks_total", "blocks"),
        _Count(r"index scanning", "heap_tuples_scanned", None, "tuples"),
        _Count(r"writing", "heap_tuples_written", None, "tuples"),
        _Count(r"writing", "heap_tuples_inserted", None, "tuples"),
        _Count(r"rebuilding", "index_rebuild_count", None, "indexes"),
    ),
}
_COUNTS["repack"] = _COUNTS["cluster"]

_VIEW = (
    "SELECT '{view}' AS view, to_jsonb(v) AS now, v.relid, {phase} AS phase, {locker} AS locker"
    " FROM pg_catalog.pg_stat_progress_{view} v WHERE v.pid = %(pid)s"
)
# Who is waited for next is known; of the others, who holds what is waited for.
_PROGRESS = """
WITH p AS ({views})
SELECT p.view, p.now, p.phase,
    coalesce(quote_ident(n.nspname) || '.' || quote_ident(c.relname),
        'relation ' || nullif(p.relid, 0), ''), {session}
FROM p LEFT JOIN pg_class c ON c.oid = p.relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_stat_activity a ON p.phase LIKE 'waiting for %%'
        AND a.pid NOT IN (pg_backend_pid(), %(pid)s) AND (
            a.pid = p.locker
            OR p.phase LIKE '%%snapshots' AND a.backend_xmin IS NOT NULL
                AND a.datname = current_database()
            OR p.phase NOT LIKE '%%snapshots' AND EXISTS (
                SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.relation = p.relid
                AND (p.phase LIKE '%%readers%%'
                    OR l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareLock'))))
ORDER BY a.pid = p.locker DESC, a.xact_start
"""


def server_progress(conn: psycopg.Connection[Any], pid: int) -> ServerProgress | None:
    """How far the session ``pid`` is with its command; None where no view shows it.

    One query on a connection in autocommit mode that is not the session's own.
    """
    rows = conn.execute(_query(conn.info.server_version), {"pid": pid}).fetchall()
    if not rows:
        return None
    view, now, phase, relation = rows[0][:4]
    command = now.get("command") or view.upper()
    done, total, unit = _counted(view, phase, now)
    # New ones come and hold what is waited for, but are not waited for themselves.
    most = min(_MOST_WAITED_FOR, (total or 0) - done)
    waits_for = tuple(read_session(row[4:]) for row in rows if row[4] is not None)[: max(most, 1)]
    return ServerProgress(command, relation, phase, done, total, unit, waits_for)


def _counted(view: str, phase: str, now: dict[str, Any]) -> tuple[int, int | None, str]:
    """How much of the phase is done, of how much, and of what."""
    found: tuple[int, int | None, str] = 0, None, ""
    for count in _COUNTS[view]:
        if re.search(count.phases, phase) and count.done in now:
            total = now[count.total] if count.total else None
            found = now[count.done] or 0, total or None, count.unit
            if total:
                break
    return found


@cache
def _query(version: int) -> bytes:
    """The query for a version of the server, such as 150004: it asks each view that there is."""
    rewriting = "repack" if version >= 190000 else "cluster"
    views = ("create_index", "vacuum", "analyze", "copy", rewriting)
    parts = (
        _VIEW.format(
            view=view,
            phase="'copying'" if view == "copy" else "v.phase",
            locker="v.current_locker_pid" if view == "create_index" else "NULL",
        )
        for view in views
    )
    session = SESSION.format(waiting="NULL")
    return _PROGRESS.format(views=" UNION ALL ".join(parts), session=session).encode()
