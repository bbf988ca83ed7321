"""Runs a folder of files with psql and with us, and asserts that both leave the same.

The two run one after the other, each on a fresh database of the same name, and all that a run adds
to the cluster (roles, databases, tablespaces, ALTER SYSTEM) is removed before the next one. So the
files need no placeholders.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.events import Event, FileFailed, NoticeReceived, Warned
from schemamig_tui.engine.run.runner import Runner
from tests import tools
from tests.conftest import Database, administrator, copying, empty_template
from tests.equivalence.state import capture

SUBJECT = "subject"
LEDGER = "kb.schema_migrations"

_ADDED = {
    "DATABASE": "SELECT datname FROM pg_database",
    "TABLESPACE": "SELECT spcname FROM pg_tablespace",
    "ROLE": "SELECT rolname FROM pg_roles",
}
_LEFT_BEHIND = """
SELECT 'session: ' || query FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
UNION ALL SELECT 'advisory lock: ' || objid FROM pg_locks WHERE locktype = 'advisory'
UNION ALL SELECT 'temporary relation: ' || relname FROM pg_class WHERE relpersistence = 't'
UNION ALL SELECT 'prepared transaction: ' || gid FROM pg_prepared_xacts
"""
# A server process takes its temporary tables away before it leaves this view, but only after its
# client has gone.
_SESSIONS = """
SELECT pid, query FROM pg_stat_activity
WHERE datname = %s AND backend_type = 'client backend' AND pid <> ALL (%s)
"""
# How many seconds a closed session may take to end.
_GONE = 30.0


@dataclass(frozen=True)
class Run:
    """How a run ended: ``error`` is None where every file was applied.

    ``said`` holds severity and first line of what the server said that was no error.
    """

    said: list[str]
    error: str | None


@dataclass(frozen=True)
class Recovery:
    """What the server has said, and what is on it afterwards."""

    said: list[str]
    state: list[str]


@contextlib.contextmanager
def subject(server: Embedded) -> Iterator[Database]:
    """A fresh database; it and all that was added to its cluster is gone afterwards."""
    admin = administrator(server)
    template = empty_template(server, admin)
    before = _cluster_objects(admin)
    admin.execute(copying(server, template, SUBJECT))
    database = Database(SUBJECT, make_conninfo(server.conninfo, dbname=SUBJECT))
    try:
        yield database
    finally:
        database.close()
        admin.execute("ALTER SYSTEM RESET ALL")
        admin.execute(f"DROP DATABASE {SUBJECT} WITH (FORCE)")
        for kind, name in _cluster_objects(admin):
            if (kind, name) not in before:
                drop = sql.SQL("DROP {} {}").format(sql.SQL(kind), sql.Identifier(name))
                admin.execute(drop)


def run_psql(
    server: Embedded, database: Database, folder: Path, variables: Sequence[str] = ()
) -> Run:
    """Run each file with a psql of its own, up to the first that fails.

    ``variables`` are those of psql, as ``name=value``. No session of one is there any more when the
    next begins: see ``_SESSIONS``.
    """
    said: list[str] = []
    for file in _in_order(folder):
        command = [tools.client("psql", server.bindir), "-X", "-v", "ON_ERROR_STOP=1"]
        command += [option for variable in variables for option in ("-v", variable)]
        command += ["-d", database.conninfo, "-f", file]
        done = subprocess.run(command, capture_output=True, check=False)
        errors = done.stderr.decode(errors="replace")
        message = rf"^psql:{re.escape(str(file))}:\d+: ((?:WARNING|NOTICE|INFO):  .*)$"
        said += re.findall(message, errors, re.M)
        _wait_until_nothing(administrator(server), _SESSIONS, [database.name, database.kept])
        if done.returncode:
            return Run(said, errors)
    return Run(said, None)


def run_ours(database: Database, folder: Path) -> Run:
    """Apply the folder."""
    said, error = [], None
    for event in _apply(database, folder):
        if isinstance(event, NoticeReceived):
            first_line = event.notice.message.partition("\n")[0]
            said.append(f"{event.notice.severity}:  {first_line}")
        elif isinstance(event, FileFailed):
            error = f"{event.failure.severity}:  {event.failure.message}"
    return Run(said, error)


def assert_same_as_psql(server: Embedded, folder: Path, variables: Sequence[str] = ()) -> None:
    """Assert that psql applies all files of ``folder``, and that we leave what it leaves."""
    assert_we_leave(psql_leaves(server, folder, variables), server, folder)


def psql_leaves(server: Embedded, folder: Path, variables: Sequence[str] = ()) -> Recovery:
    """What there is after psql, with these variables, has applied all files."""
    with subject(server) as database:
        run = run_psql(server, database, folder, variables)
        assert run.error is None, run.error
        return Recovery(run.said, capture(server, database))


def assert_we_leave(expected: Recovery, server: Embedded, folder: Path) -> None:
    """Assert that we apply all files and leave what is ``expected``.

    Besides, there has to be exactly the ledger that is due, and nothing to do for a second run.
    """
    with subject(server) as database:
        run = run_ours(database, folder)
        assert run.error is None, run.error
        assert_nothing_is_left_behind(database)
        assert_all_recorded(database, folder)
        did = [event for event in _apply(database, folder) if not isinstance(event, Warned)]
        assert did == [], "the second run did something"
        take_the_ledger_away(database, keep_schema="CREATE SCHEMA kb;" in expected.state)
        assert_equal(expected.state, capture(server, database))
    assert_equal(expected.said, run.said)


def assert_equal(psql: list[str], ours: list[str]) -> None:
    """Assert that the lines are the same, and show those that are not."""
    assert psql == ours, "\n".join(unified_diff(psql, ours, "psql", "ours", lineterm=""))


def assert_all_recorded(database: Database, folder: Path) -> None:
    """Assert one successful ledger row per file, and no other row."""
    with database.session() as conn:
        rows = conn.execute(
            "SELECT filename, checksum, success, error_message, execution_time_ms IS NOT NULL,"
            f" applied_at IS NOT NULL FROM {LEDGER} ORDER BY id"
        ).fetchall()
    due = [
        (file.name, hashlib.md5(file.read_bytes()).hexdigest(), True, None, True, True)
        for file in _in_order(folder)
    ]
    assert_equal([str(row) for row in due], [str(row) for row in rows])


def assert_nothing_is_left_behind(database: Database) -> None:
    """Assert that neither sessions nor anything that belongs to one are there any more."""
    with database.session() as conn:
        _wait_until_nothing(conn, _LEFT_BEHIND)


def take_the_ledger_away(database: Database, *, keep_schema: bool) -> None:
    """Drop the ledger, and its schema too if that was ours: nothing else may be in it."""
    with database.session() as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(f"DROP TABLE {LEDGER}")
        if not keep_schema:
            conn.execute("DROP SCHEMA kb")


def _apply(database: Database, folder: Path) -> list[Event]:
    """The events of a run, but for the last one."""
    events: list[Event] = []
    finished = Runner(database.connect, folder, LEDGER, events.append).apply_pending()
    assert events.pop() == finished
    return events


def _wait_until_nothing(
    conn: psycopg.Connection, query: LiteralString, values: Sequence[object] = ()
) -> None:
    """Return when a query has no row any more."""
    deadline = time.monotonic() + _GONE
    while left := conn.execute(query, values).fetchall():
        assert time.monotonic() < deadline, left
        time.sleep(0.002)


def _in_order(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"), key=lambda file: os.fsencode(file.name))


def _cluster_objects(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """What a run may add to a cluster, in the order in which it can be dropped."""
    return [(kind, name) for kind, query in _ADDED.items() for (name,) in conn.execute(query)]
