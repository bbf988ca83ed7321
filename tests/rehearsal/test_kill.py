"""However the program that rehearses dies, the database is as it was."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rehearsal.conftest import Rehearsals

PROGRAM = """
import sys
from pathlib import Path
import psycopg
from schemamig_tui.rehearsal.rehearsal import Rehearsal
def tell(event):
    print(type(event).__name__, flush=True)
def connect():
    return psycopg.connect(sys.argv[1], autocommit=True)
Rehearsal(connect, Path(sys.argv[2]), "kb.schema_migrations", tell).rehearse_pending()
"""


@pytest.mark.parametrize("moment", ["FileStarted", "StatementFinished", "FileRehearsed"])
def test_kill_9_leaves_nothing_behind(shop: Rehearsals, moment: str) -> None:
    shop.applies("0.sql", "CREATE TABLE t (x serial); INSERT INTO t SELECT generate_series(1, 99);")
    before, rows = shop.inventory(), shop.rows
    shop.write("1.sql", "ALTER TABLE t ALTER x TYPE bigint; CREATE TABLE u (); DELETE FROM t;")
    shop.write("2.sql", "INSERT INTO t DEFAULT VALUES; SELECT pg_sleep(1);")
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, shop.database.conninfo, str(shop.folder)],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert any(line.strip() == moment for line in process.stdout)
        process.kill()
    deadline = time.monotonic() + 20
    while shop.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != [0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert shop.inventory() == before
    assert shop.rows == rows
