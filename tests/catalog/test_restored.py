"""A database that was restored from a dump has the schema of the one that was dumped."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.render import render, text
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.catalog.like_pg_dump import IN_PLACE, given, run
from tests.catalog.single_changes import Case
from tests.catalog.test_like_pg_dump import GROUPS
from tests.conftest import Database


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_differs_from_what_was_dumped(
    server: Embedded, database: Database, psql: Path, group: str
) -> None:
    cases = list(filter(_is_kept_by_a_dump, GROUPS[group]))
    with database.connect(options=IN_PLACE) as conn, given(conn, cases) as schemas:
        for schema, case in schemas.items():
            run(conn, schema, case.change)
        with _restored(server, database, psql) as restored, restored.connect() as other:
            assert text(render(diff(snapshot(conn), snapshot(other)))) == ""


def _is_kept_by_a_dump(case: Case) -> bool:
    """Not so the label of a provider that is not loaded, and the version of an extension.

    The triggers of a constraint have other names in the copy, where pg_dump disables them by their
    old ones. A subscription would have to be dropped before its database.
    """
    script = case.given + case.change
    not_kept = "SUBSCRIPTION", "pg_seclabel", "DISABLE TRIGGER ALL"
    return not (case.unlike or any(word in script for word in not_kept))


@contextlib.contextmanager
def _restored(server: Embedded, database: Database, psql: Path) -> Iterator[Database]:
    name = f"{database.name}_restored"
    restored = Database(name, make_conninfo(database.conninfo, dbname=name))
    pg_dump = [tools.client("pg_dump", server.bindir), "--schema-only", "-d", database.conninfo]
    dump = subprocess.run(pg_dump, stdout=subprocess.PIPE, check=True).stdout
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            # It goes on after an error: a newer pg_dump sets what an older server does not know.
            command = [psql, "-X", "-q", "-d", restored.conninfo]
            subprocess.run(command, input=dump, stdout=subprocess.PIPE, check=True)
            yield restored
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
