"""Gives a file the settings that its new session would start with, where earlier files change them.

ALTER ROLE and ALTER DATABASE ... SET count for later sessions, and a rehearsal has only one. What
they take away is not known there: the session still has it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun

OF_NEW_SESSIONS = """
FROM pg_catalog.pg_db_role_setting d, pg_catalog.unnest(d.setconfig) c,
    pg_catalog.pg_roles r, pg_catalog.pg_database b
WHERE r.rolname OPERATOR(pg_catalog.=) session_user
    AND b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
    AND d.setrole OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, r.oid])
    AND d.setdatabase OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, b.oid])
"""
"""The settings ``c`` that a new session of role and database starts with: ``name=value``."""

STRONGEST_FIRST = """d.setrole OPERATOR(pg_catalog.<>) 0::pg_catalog.oid DESC,
    d.setdatabase OPERATOR(pg_catalog.<>) 0::pg_catalog.oid DESC"""
"""The order of which the server takes the first, see process_settings() in utils/init/postinit.c.
"""

_NOW = f"""
SELECT DISTINCT ON (name) pg_catalog.split_part(c, '=', 1) AS name,
    pg_catalog.substr(c, pg_catalog.strpos(c, '=') OPERATOR(pg_catalog.+) 1) AS value
{OF_NEW_SESSIONS}
ORDER BY name, {STRONGEST_FIRST}
"""
# What the connection asks for comes before that, and the limits are those of the rehearsal.
_SET = f"""
SELECT pg_catalog.set_config(now.name, now.value, false)
FROM ({_NOW}) AS now LEFT JOIN pg_catalog.pg_settings s USING (name)
WHERE now.name OPERATOR(pg_catalog.<>) ALL (
        ARRAY['lock_timeout', 'statement_timeout', 'transaction_timeout'])
    AND now.value IS DISTINCT FROM $1::pg_catalog.jsonb OPERATOR(pg_catalog.->>) now.name
    AND s.source IS DISTINCT FROM 'client'
    AND (s.context IS NULL OR s.context OPERATOR(pg_catalog.=) 'user'
        OR pg_catalog.current_setting('is_superuser') OPERATOR(pg_catalog.=) 'on')
""".encode()


class SessionDefaults:
    """The settings of the role and the database, as they were before the files."""

    def __init__(self, conn: psycopg.Connection[Any], runs: Iterable[FileRun]) -> None:
        self._before: bytes | None = None
        if any(run.script.traces.alters_start for run in runs):
            rows: list[tuple[str, str]] = conn.execute(_NOW.encode()).fetchall()
            self._before = json.dumps(dict(rows)).encode()
        self._may_differ = False

    def behind(self, run: FileRun) -> None:
        """Note that a file has run."""
        self._may_differ |= run.script.traces.alters_start

    def steps(self, guards: bytes) -> Iterator[Step]:
        """Set what is different now, in a session that has just been reset, and our ``guards``."""
        if self._may_differ and self._before is not None:
            yield Step(_SET, Role.HOUSEKEEPING, params=(self._before,))
        yield Step(guards, Role.HOUSEKEEPING)
