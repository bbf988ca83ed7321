"""What a run has left on the server: all that pg_dump and pg_dumpall know, and a little more."""

import subprocess
from collections.abc import Iterator

import psycopg

from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.conftest import Database, administrator

# pg_dump leaves out the rows of materialized views.
_MATERIALIZED = (
    "SELECT format('%s.%I', relnamespace::regnamespace, relname) FROM pg_class"
    " WHERE relkind = 'm' AND relispopulated"
)
_DATABASES = "SELECT datname FROM pg_database"
_ALTERED_SYSTEM = (
    "SELECT format('%s = %s', name, setting) FROM pg_file_settings"
    " WHERE sourcefile LIKE '%/postgresql.auto.conf'"
)
# pg_dump reads the comments of all that the server brings along, and a view of all labels: that is
# a quarter of its work. It prints none of the former but that of the schema public.
_COMMENTS_AND_LABELS = """
SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
FROM pg_description
WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass
UNION ALL
SELECT format('label of %s: %s %s', pg_describe_object(classoid, objoid, objsubid), provider, label)
FROM pg_seclabel
"""
# Everything that pg_dumpall --globals-only shows, and who has a password, without a process and a
# connection of its own. Numbers of objects are made names; in-place tablespaces have theirs as the
# location.
_GLOBALS = """
SELECT concat('role ', to_jsonb(r) - '{oid,rolpassword}'::text[], rolpassword IS NOT NULL)
FROM pg_authid r
UNION ALL
SELECT concat('member ', to_jsonb(m) - 'oid' || jsonb_build_object(
    'roleid', roleid::regrole, 'member', member::regrole, 'grantor', grantor::regrole))
FROM pg_auth_members m
UNION ALL
SELECT concat('setting ', to_jsonb(s) || jsonb_build_object('setrole', setrole::regrole,
    'setdatabase', (SELECT datname FROM pg_database WHERE oid = setdatabase)))
FROM pg_db_role_setting s
UNION ALL
SELECT concat('tablespace ', to_jsonb(t) - 'oid' || jsonb_build_object('spcowner',
    spcowner::regrole, 'at', regexp_replace(pg_tablespace_location(oid), '^pg_tblspc/.*', '')))
FROM pg_tablespace t
UNION ALL
SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, 0), description)
FROM pg_shdescription
UNION ALL
SELECT format('label of %s: %s %s', pg_describe_object(classoid, objoid, 0), provider, label)
FROM pg_shseclabel
"""
_PARAMETERS_SINCE_15 = "SELECT concat('parameter ', to_jsonb(p) - 'oid') FROM pg_parameter_acl p"


def capture(server: Embedded, database: Database) -> list[str]:
    """A database and its cluster as lines, equal where nothing was done differently.

    The rows of each table are sorted.
    """
    lines = [*_with_sorted_rows(_pg_dump(server, database))]
    with database.session() as conn:
        for view in _column(conn, _MATERIALIZED):
            lines += [f"-- Rows of {view}", *_column(conn, f"SELECT row::text FROM {view} AS row")]
        lines += ["-- Comments and labels", *_column(conn, _COMMENTS_AND_LABELS)]
    # A session that has asked before has the catalogs at hand.
    admin = administrator(server)
    lines += ["-- Globals", *_column(admin, _GLOBALS)]
    if server.major >= 15:
        lines += _column(admin, _PARAMETERS_SINCE_15)
    lines += ["-- Databases", *_column(admin, _DATABASES)]
    lines += ["-- Settings of the system", *_column(admin, _ALTERED_SYSTEM)]
    return lines


def _column(conn: psycopg.Connection, query: str) -> list[str]:
    return sorted(value for (value,) in conn.execute(query.encode()))


def _pg_dump(server: Embedded, database: Database) -> Iterator[str]:
    """What it prints, but for the random key that newer versions guard it with."""
    command = [tools.client("pg_dump", server.bindir), "--create", "--no-comments"]
    command += ["--no-security-labels", "-d", database.conninfo]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    lines = done.stdout.split("\n")
    return (line for line in lines if not line.startswith(("\\restrict", "\\unres")))


def _with_sorted_rows(dump: Iterator[str]) -> Iterator[str]:
    for line in dump:
        yield line
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            yield from sorted(iter(lambda: next(dump), "\\."))
            yield "\\."
