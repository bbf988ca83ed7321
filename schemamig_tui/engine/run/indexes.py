"""Checks indexes before and after statements CONCURRENTLY, which leave invalid ones when they fail.

CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY leave an invalid index, which costs every write
and serves no query; IF NOT EXISTS takes it for a good one
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY).
So there are checks before and after them, in the session of the file, where a name means what it
means to the statement.
"""

from collections.abc import Mapping
from typing import Any

import psycopg

from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.stored_code import ask_as_postgres
from schemamig_tui.sql.traits import Concurrent

# -- steps around a statement

LIFT_LOCK_TIMEOUT = (
    b"SELECT pg_catalog.set_config('schemamig.lock_timeout',"
    b" pg_catalog.current_setting('lock_timeout'), false),"
    b" pg_catalog.set_config('lock_timeout', '0', false)"
)
"""Lets a statement wait for as long as it takes; RESTORE_LOCK_TIMEOUT ends that."""
RESTORE_LOCK_TIMEOUT = (
    b"SELECT pg_catalog.set_config('lock_timeout',"
    b" pg_catalog.current_setting('schemamig.lock_timeout'), false)"
)


def check_before(work: Concurrent, statement: Step) -> Step | None:
    """Fails where an invalid index has the name of the new one; None where nothing can have."""
    return _check(_BEFORE, work, statement) if work.index else None


def check_after(work: Concurrent, statement: Step) -> Step | None:
    """Fails where an index is invalid that should not be any more; warns of the others.

    None where the statement makes no index.
    """
    if work.does not in _MEANT:
        return None
    among, meant = _MEANT[work.does]
    return _check(_AFTER.format(among=among, meant=meant), work, statement)


def _check(body: str, work: Concurrent, statement: Step) -> Step:
    names = [name and b"$name$" + name + b"$name$" for name in (work.on, work.index)]
    on, index = (name or b"NULL" for name in names)
    head = _HEAD % (on, index)
    sql = head + body.encode() + b"$schemamig$"
    return Step(sql, Role.CHECK, statement.statement, line=statement.line)


# What the statement names is looked up as the statement does. All else is PostgreSQL's own.
_HEAD = b"""DO $schemamig$ DECLARE
    named_on pg_catalog.text := %b; named_index pg_catalog.text := %b;
    target pg_catalog.oid := pg_catalog.to_regclass(named_on);
"""
_AS_POSTGRES = "PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);"
_INDEXES = """
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready)
"""
"""The invalid ones: of a partitioned table (relkind I) they are meant to be, until it is whole."""
# What another session is at work on will be valid. Every role may see its pid and its locks.
_AT_WORK = """
    EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
        JOIN pg_catalog.pg_locks l ON l.pid = p.pid AND l.relation = i.indrelid
        WHERE p.datname = pg_catalog.current_database())
"""
_QUALIFIED = "pg_catalog.format('%I.%I', n.nspname, c.relname)"

_BEFORE = f"""
    old pg_catalog.record;
BEGIN
    {_AS_POSTGRES}
    SELECT {_QUALIFIED} AS index, {_AT_WORK} AS at_work INTO old {_INDEXES}
        AND c.relname = (pg_catalog.parse_ident(named_index))[1]::name AND c.relnamespace =
            (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = target);
    IF old.at_work THEN
        RAISE EXCEPTION USING ERRCODE = 'object_in_use',
            MESSAGE = 'the index ' || old.index || ' is there already, and not valid yet',
            DETAIL = 'Another session is building an index of its table.',
            HINT = 'Try again when that is done.';
    ELSIF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the index ' || old.index || ' is there already, and it is invalid',
            DETAIL = 'An earlier CREATE INDEX CONCURRENTLY did not come to its end. What it has'
                ' left serves no query, though IF NOT EXISTS would take it for a good index.',
            HINT = 'Before the next try: DROP INDEX CONCURRENTLY ' || old.index || ';';
    END IF;
END
"""

_TREE = "(SELECT relid FROM pg_catalog.pg_partition_tree(target) UNION SELECT target)"
_NOT_TRANSIENT = "c.relname !~ '_cc(new|old)[0-9]*$'"
# By what a statement does: the indexes to look at, and those of them that it should leave valid.
_MEANT: Mapping[str, tuple[str, str]] = {
    "create": (
        "i.indrelid = target",
        "CASE WHEN named_index IS NULL THEN i.indexrelid ="
        " (SELECT pg_catalog.max(indexrelid) FROM pg_catalog.pg_index WHERE indrelid = target)"
        " ELSE c.relname = (pg_catalog.parse_ident(named_index))[1]::name END",
    ),
    "index": (
        f"i.indrelid IN (SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid IN {_TREE})",
        f"i.indexrelid IN {_TREE}",
    ),
    "table": (f"i.indrelid IN {_TREE}", _NOT_TRANSIENT),
    "schema": ("n.nspname = (pg_catalog.parse_ident(named_on))[1]::name", _NOT_TRANSIENT),
    "database": ("true", _NOT_TRANSIENT),
}
_AFTER = f"""
    found pg_catalog.record;
BEGIN
    {_AS_POSTGRES}
    FOR found IN SELECT {_QUALIFIED} AS index, {{meant}} AS meant
        {_INDEXES} AND NOT {_AT_WORK} AND {{among}} ORDER BY 2 DESC, 1
    LOOP
        IF found.meant THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'the index ' || found.index || ' is invalid',
                DETAIL = 'The statement gave no error, but no query can use the index.',
                HINT = 'Before the next try: DROP INDEX CONCURRENTLY ' || found.index || ';';
        END IF;
        RAISE WARNING USING MESSAGE = 'the index ' || found.index || ' is invalid',
            DETAIL = 'Every write keeps it up, but no query can use it.',
            HINT = 'DROP INDEX CONCURRENTLY ' || found.index || ';';
    END LOOP;
END
"""


# -- after a failure


def invalid_indexes(conn: psycopg.Connection[Any]) -> dict[int, str]:
    """The invalid indexes that no session is building: their names, as SQL has them, by oid.

    No transaction may be open, and none is then. Raises psycopg.Error.
    """
    query = f"SELECT i.indexrelid, {_QUALIFIED} {_INDEXES} AND NOT {_AT_WORK} ORDER BY 2"
    try:
        (found,) = ask_as_postgres(conn, query)
    except psycopg.Error:
        if not conn.closed:
            conn.execute("ROLLBACK")
        raise
    return dict(found)
