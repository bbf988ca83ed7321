"""What a run has left on the server: all that pg_dump and pg_dumpall know, and a little more."""

import subprocess
from collections.abc import Iterator

from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.conftest import Database

# pg_dump leaves out the rows of materialized views.
_MATERIALIZED = "SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews WHERE ispopulated"
_DATABASES = "SELECT datname FROM pg_database"
_ALTERED_SYSTEM = (
    "SELECT format('%s = %s', name, setting) FROM pg_file_settings"
    " WHERE sourcefile LIKE '%/postgresql.auto.conf'"
)


def capture(server: Embedded, database: Database) -> list[str]:
    """A database and its cluster as lines, equal where nothing was done differently.

    The rows of each table are sorted.
    """
    dump = _start(server, database, "pg_dump", "--create")
    cluster = _start(server, database, "pg_dumpall", "--globals-only", "--no-role-passwords")
    lines = [*_with_sorted_rows(_output(dump)), *_output(cluster)]
    with database.connect() as conn:

        def column(query: str) -> list[str]:
            return sorted(value for (value,) in conn.execute(query.encode()))

        for view in column(_MATERIALIZED):
            lines += [f"-- Rows of {view}", *column(f"SELECT row::text FROM {view} AS row")]
        lines += ["-- Databases", *column(_DATABASES)]
        lines += ["-- Settings of the system", *column(_ALTERED_SYSTEM)]
    return lines


def _start(
    server: Embedded, database: Database, program: str, *options: str
) -> subprocess.Popen[str]:
    command = [tools.client(program, server.bindir), *options, "-d", database.conninfo]
    return subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")


def _output(program: subprocess.Popen[str]) -> Iterator[str]:
    """What it prints, but for the random key that newer versions guard it with."""
    output, _ = program.communicate()
    assert program.returncode == 0
    return (line for line in output.split("\n") if not line.startswith(("\\restrict", "\\unres")))


def _with_sorted_rows(dump: Iterator[str]) -> Iterator[str]:
    for line in dump:
        yield line
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            yield from sorted(iter(lambda: next(dump), "\\."))
            yield "\\."
