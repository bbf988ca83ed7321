"""Files that nobody has written yet wait; the warnings about a folder come before a run."""

import pytest

from schemamig_tui.engine.events import FileApplied, FileWarned, RunFinished, RunStarted, Warned
from schemamig_tui.errors import FilesError
from tests.engine.conftest import LEDGER, Workshop


def applied(shop: Workshop) -> list[str]:
    """The files that the last run has applied."""
    return [event.name for event in shop.events_of(FileApplied)]


def warnings(shop: Workshop) -> list[str]:
    """What the last run has warned of before it began."""
    return [event.message for event in shop.events_of(Warned)]


def test_a_file_that_is_not_written_yet_is_not_recorded(shop: Workshop) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_b.sql", "")
    shop.write("0003_c.sql", "-- to do\nBEGIN;\n\nCOMMIT;\n")
    finished = shop.apply()
    assert finished.applied == ("0001_a.sql",)
    assert finished.remaining == ()
    assert finished.unwritten == ("0002_b.sql", "0003_c.sql")
    assert set(shop.rows) == {"0001_a.sql"}
    assert warnings(shop) == ["Not written yet, so they are not run: 0002_b.sql, 0003_c.sql."]
    shop.write("0002_b.sql", "CREATE TABLE b ();")
    finished = shop.apply()
    assert (finished.applied, finished.unwritten) == (("0002_b.sql",), ("0003_c.sql",))


def test_where_only_unwritten_files_are_pending_nothing_runs(shop: Workshop) -> None:
    shop.write("0001_a.sql", "")
    finished = shop.apply()
    assert (finished.applied, finished.failed, finished.version) == ((), None, 0)
    assert finished.unwritten == ("0001_a.sql",)
    assert shop.events_of(RunStarted) == []
    assert shop.ask("SELECT to_regnamespace('kb')") == [None]


def test_a_file_that_is_emptied_when_a_part_of_it_is_done_is_not_taken_for_unwritten(
    shop: Workshop,
) -> None:
    shop.fails("0001_a.sql", "-- schemamig: no-transaction\nCREATE TABLE a ();\nSELECT 1/0;")
    shop.write("0001_a.sql", "")
    with pytest.raises(FilesError, match="its first statement has been applied by an earlier try"):
        shop.apply()


def test_in_front_of_a_written_file_an_empty_one_is_recorded_as_nothing(shop: Workshop) -> None:
    shop.write("0001_a.sql", "")
    shop.write("0002_b.sql", "BEGIN; COMMIT;")
    shop.write("0003_c.sql", "SELECT 1;")
    shop.apply()
    assert applied(shop) == ["0001_a.sql", "0002_b.sql", "0003_c.sql"]
    assert [event.name for event in shop.events_of(FileWarned)] == ["0001_a.sql", "0002_b.sql"]
    assert warnings(shop) == []


@pytest.mark.parametrize("hex_", ["lower", "upper"])
def test_a_file_that_was_applied_when_it_was_empty_is_applied_once_it_is_written(
    shop: Workshop, hex_: str
) -> None:
    shop.write("0001_a.sql", "")
    shop.write("0002_b.sql", "SELECT 1;")
    assert shop.apply().version == 2
    shop.ask(f"UPDATE {LEDGER} SET checksum = {hex_}(checksum)")
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    finished = shop.apply()
    assert (finished.applied, finished.version) == (("0001_a.sql",), 2)
    assert warnings(shop) == [
        "Recorded when it was empty, and pending again now that it has statements: 0001_a.sql."
    ]
    assert shop.rows["0001_a.sql"].checksum != shop.rows["0002_b.sql"].checksum
    assert shop.apply().applied == ()
    assert shop.ask("SELECT count(*) FROM a") == [0]


def test_a_file_that_was_applied_when_it_was_empty_may_fail(shop: Workshop) -> None:
    shop.write("0001_a.sql", "")
    shop.write("0002_b.sql", "SELECT 1;")
    shop.apply()
    assert shop.fails("0001_a.sql", "SELECT 1/0;").recorded
    assert shop.events_of(RunFinished)[0].version == 1
    assert not shop.rows["0001_a.sql"].success
    assert shop.applies("0001_a.sql", "VACUUM;").version == 2


def test_drift_is_warned_of_even_where_there_is_nothing_to_do(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.applies("0002_b.sql", "SELECT 1;")
    shop.write("0001_a.sql", "SELECT 2;")
    (shop.folder / "0002_b.sql").unlink()
    shop.write("0003_c.SQL", "SELECT 3;")
    assert shop.apply().applied == ()
    assert warnings(shop) == [
        "No migration, because only .sql in lower case is one: 0003_c.SQL.",
        "Changed since it was applied: 0001_a.sql.",
        "In the ledger, but not in the folder: 0002_b.sql.",
    ]
