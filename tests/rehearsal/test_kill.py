"""However the program that rehearses dies, the database is as it was."""

import subprocess
import time

import pytest

from schemamig_tui.rehearsal.rehearsal import Rehearsal
from tests.forked import fork
from tests.rehearsal.conftest import Rehearsals


def rehearse(shop: Rehearsals) -> None:
    """Rehearse, and say what happens as it does."""

    def tell(event: object) -> None:
        print(type(event).__name__, flush=True)

    connect = shop.database.connect
    Rehearsal(connect, shop.folder, "kb.schema_migrations", tell).rehearse_pending()


@pytest.mark.parametrize("moment", ["FileStarted", "StatementFinished", "FileRehearsed"])
def test_kill_9_leaves_nothing_behind(shop: Rehearsals, moment: str) -> None:
    shop.applies("0.sql", "CREATE TABLE t (x serial); INSERT INTO t SELECT generate_series(1, 99);")
    before, rows = shop.inventory(), shop.rows
    shop.write("1.sql", "ALTER TABLE t ALTER x TYPE bigint; CREATE TABLE u (); DELETE FROM t;")
    shop.write("2.sql", "INSERT INTO t DEFAULT VALUES; SELECT pg_sleep(1);")
    with fork(lambda: rehearse(shop), stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert any(line.strip() == moment for line in process.stdout)
        process.kill()
    deadline = time.monotonic() + 20
    while shop.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != [0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert shop.inventory() == before
    assert shop.rows == rows
