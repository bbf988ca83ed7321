"""Finds who holds the locks that a statement wanted, after it has given up waiting for them.

By then only the text of the statement tells what it wanted: locks on the relations that it names.
Whom it waited for at a row, or because of a lock in a function, nobody can tell any more.
"""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from schemamig_tui.engine.activity import Blocked
from schemamig_tui.engine.watch.blockers import SESSION, read_session
from schemamig_tui.sql.locks import BY_SERVER_NAME, Lock
from schemamig_tui.sql.touch import ObjectKind
from schemamig_tui.sql.touches import touches
from schemamig_tui.sql.words import Name

_HOLDERS = f"""
SELECT n.nspname, c.relname, 'table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname),
    l.mode, {SESSION.format(waiting="NULL")}
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.locktype = 'relation' AND l.pid NOT IN (%(pid)s, pg_backend_pid())
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND c.relname = ANY (%(names)s) AND c.relkind IN ('r', 'p', 'm', 'f')
ORDER BY a.xact_start NULLS LAST, l.pid LIMIT 200
""".encode()

Question = Callable[[psycopg.Connection[Any], int], Blocked | None]


def holders_question(sql: bytes) -> Question | None:
    """The question for ``Watch.ask`` about a statement; None where it names nothing to lock."""
    wanted = {
        touch.name: touch.lock
        for touch in touches(sql)
        if touch.target is ObjectKind.RELATION and touch.lock
    }
    return (lambda conn, pid: _holders(conn, pid, wanted)) if wanted else None


def _holders(
    conn: psycopg.Connection[Any], pid: int, wanted: Mapping[Name, Lock]
) -> Blocked | None:
    names = [name.name for name in wanted]
    rows = conn.execute(_HOLDERS, {"pid": pid, "names": names}).fetchall()
    for name, lock in wanted.items():
        found = [
            row
            for row in rows
            if row[1] == name.name
            and name.schema in (None, row[0])
            and (held := BY_SERVER_NAME.get(row[3]))
            and lock.waits_for(held)
        ]
        if found:
            on = found[0][2]
            by = dict.fromkeys(read_session(row[4:]) for row in found if row[2] == on)
            return Blocked(lock.server_name, on, 0.0, tuple(by))
    return None
