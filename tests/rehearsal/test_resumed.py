"""A file that has stopped is rehearsed from there on, in the session that it had there."""

import pytest

from schemamig_tui.engine.events import FileStarted, StatementFinished
from schemamig_tui.errors import FilesError
from tests.rehearsal.conftest import Rehearsals

STOPPED = (
    "-- schemamig: no-transaction\n"
    "SELECT set_config('search_path', 'app', false); SET ROLE pg_monitor;"
    "SET statement_timeout = '30s'; SELECT pg_advisory_lock(7); SELECT 1/0;"
    "DO $$BEGIN"
    " ASSERT concat(current_setting('search_path'), current_user) = 'apppg_monitor';"
    " ASSERT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7); END$$;"
)


def test_it_goes_on_in_the_session_of_its_checkpoint(shop: Rehearsals) -> None:
    shop.fails("1.sql", STOPPED)
    shop.write("1.sql", STOPPED.replace("1/0", "1/1"))
    before = shop.rows
    finished = shop.rehearse()
    assert finished.failed is None, shop.failure
    assert finished.rehearsed == ("1.sql",)
    assert [event.resumed for event in shop.events_of(FileStarted)] == [4]
    assert [event.statement for event in shop.events_of(StatementFinished)] == [5, 6]
    assert shop.rows == before
    shop.write("2.sql", "DO $$BEGIN ASSERT current_setting('search_path') <> 'app'; END$$")
    assert shop.rehearse().failed is None


def test_what_an_apply_would_refuse_is_refused(shop: Rehearsals) -> None:
    text = "-- schemamig: no-transaction\nCREATE TEMP TABLE t (x int); SELECT 1/0;"
    shop.fails("1.sql", text)
    shop.write("1.sql", text.replace("1/0", "1/1"))
    with pytest.raises(FilesError, match=r"the temporary table t \(line 2\)"):
        shop.rehearse()
