"""A file without a transaction goes on where it stopped, or starts over where that is asked for."""

import pytest

from schemamig_tui.engine.events import FileStarted, StatementFinished
from schemamig_tui.engine.ledger.left_off import left_off
from schemamig_tui.engine.ledger.status import compare
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import parse
from schemamig_tui.errors import FilesError
from tests.engine.conftest import Workshop

HEAD = "CREATE TABLE IF NOT EXISTS a (x int); VACUUM a; INSERT INTO a VALUES (1);\n"


def where(shop: Workshop) -> tuple[int, str | None] | None:
    """Where an apply would go on with the one file of the folder, and why it cannot."""
    (migration,) = compare(scan(shop.folder), shop.rows.values()).migrations
    assert migration.file
    left = left_off(migration, parse(migration.file))
    return left and (left.done, left.obstacle)


def test_a_run_tells_behind_which_statements_it_goes_on(shop: Workshop) -> None:
    shop.fails("0001_a.sql", HEAD + "SELECT 1/0; SELECT 2;")
    assert [e.resumed for e in shop.told(FileStarted)] == [0]
    assert where(shop) == (3, None)
    shop.applies("0001_a.sql", HEAD + "SELECT 1/1; SELECT 2;")
    assert [e.resumed for e in shop.told(FileStarted)] == [3]
    assert [e.statement for e in shop.told(StatementFinished)] == [4, 5]
    assert where(shop) is None


def test_without_resume_a_file_starts_over_whatever_has_changed(shop: Workshop) -> None:
    shop.fails("0001_a.sql", HEAD + "SELECT 1/0;")
    shop.write("0001_a.sql", HEAD.replace("(1)", "(2)") + "SELECT 1/1;")
    assert where(shop) == (3, "the file has changed there since")
    with pytest.raises(FilesError, match="the file has changed there since"):
        shop.apply()
    assert shop.runner().apply_pending(resume=False).failed is None
    assert [e.resumed for e in shop.told(FileStarted)] == [0]
    assert shop.ask("SELECT x FROM a ORDER BY x") == [1, 2]
    assert shop.rows["0001_a.sql"].success


def test_a_file_that_has_become_one_transaction_does_nothing_twice(shop: Workshop) -> None:
    sql = "CREATE TABLE a (x int); INSERT INTO a VALUES (1); SELECT 1/{};"
    shop.fails("0001_a.sql", "-- schemamig: no-transaction\n" + sql.format(0))
    shop.write("0001_a.sql", sql.format(1))
    with pytest.raises(FilesError, match=r"first 2 statements .* one transaction"):
        shop.apply()
    assert shop.ask("SELECT x FROM a") == [1]
