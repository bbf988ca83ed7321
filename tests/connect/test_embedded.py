"""The embedded server: shared, stopped when unused, and never left behind."""

import subprocess
from pathlib import Path

from tests.conftest import Database


def test_the_servers_own_psql_reaches_a_fresh_database(database: Database, psql: Path) -> None:
    query = ("-d", database.conninfo, "-c", "SELECT current_database()")
    assert subprocess.check_output([psql, "-XAt", *query], text=True).strip() == database.name
