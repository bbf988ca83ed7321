"""A row that the ledger has taken, and lost again before the run was over, is noticed."""

import pytest

from schemamig_tui.engine.events import FileApplied, FilesLost, RunFinished
from schemamig_tui.errors import LedgerError
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.test_ledger import ORIGINAL

DELETE = """
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN DELETE FROM kb.schema_migrations WHERE filename <> ''0001_a.sql''; RETURN NULL; END';
CREATE {constraint} TRIGGER keeps_nothing AFTER INSERT OR UPDATE ON kb.schema_migrations {deferred}
    FOR EACH ROW EXECUTE FUNCTION forget();
"""
IMMEDIATE = DELETE.format(constraint="", deferred="")
AT_COMMIT = DELETE.format(constraint="CONSTRAINT", deferred="DEFERRABLE INITIALLY DEFERRED")
APPLIED = ("0001_a.sql", '0002_"b" \\ ä.sql')


@pytest.mark.parametrize("trigger", [IMMEDIATE, AT_COMMIT])
@pytest.mark.parametrize("sql", ["CREATE TABLE b ();", "BEGIN; CREATE TABLE b (); COMMIT;"])
def test_a_migration_whose_row_a_trigger_deletes_again_is_undone(
    shop: Workshop, sql: str, trigger: str
) -> None:
    shop.ask(ORIGINAL + trigger)
    shop.applies("0001_a.sql", "SELECT 1;")
    failed = shop.fails(APPLIED[1], sql)
    assert "its trigger keeps_nothing has kept kb.schema_migrations" in failed.failure.message
    assert "keeps_nothing" in (failed.unrecorded or "")
    assert shop.events_of(FilesLost) == []
    assert shop.ask("SELECT to_regclass('b')::text") == [None]


@pytest.mark.parametrize("trigger", [IMMEDIATE, AT_COMMIT])
def test_a_file_without_a_transaction_whose_success_is_taken_back_goes_on_at_its_end(
    shop: Workshop, trigger: str
) -> None:
    takes_back = (
        "UPDATE kb.schema_migrations SET success = false, error_message = '''' WHERE success"
    )
    shop.ask(
        ORIGINAL + trigger.replace("DELETE FROM kb.schema_migrations WHERE", f"{takes_back} AND")
    )
    sql = "VACUUM pg_am; CREATE TABLE b ();"
    failed = shop.fails(APPLIED[1], sql)
    assert "its trigger keeps_nothing has kept kb.schema_migrations" in failed.failure.message
    shop.ask(f"DROP TRIGGER keeps_nothing ON {LEDGER}")
    shop.applies(APPLIED[1], sql)


@pytest.mark.parametrize("trigger", [IMMEDIATE, AT_COMMIT])
def test_rows_that_a_trigger_of_the_run_deletes_again_are_taken_back(
    shop: Workshop, trigger: str
) -> None:
    shop.ask(ORIGINAL)
    shop.write(APPLIED[0], trigger)
    shop.write(APPLIED[1], "SELECT 1;")
    with pytest.raises(LedgerError, match="has not kept the row of 0002") as caught:
        shop.apply()
    assert "its trigger keeps_nothing, or somebody, has deleted it" in caught.value.message
    assert [event.name for event in shop.events_of(FileApplied)] == list(APPLIED)
    assert shop.events_of(FilesLost) == [FilesLost(APPLIED[1:])]
    (finished,) = shop.events_of(RunFinished)
    assert (finished.applied, finished.lost, finished.version) == (APPLIED[:1], APPLIED[1:], 1)


def test_a_run_stops_in_front_of_the_next_file_where_its_trigger_deletes_rows(
    shop: Workshop,
) -> None:
    shop.ask(ORIGINAL)
    shop.write("0001_a.sql", AT_COMMIT)
    for name in ("0002_b.sql", "0003_c.sql"):
        shop.write(name, "SELECT 1;")
    with pytest.raises(LedgerError, match="its trigger keeps_nothing, or somebody, has deleted it"):
        shop.apply()
    (finished,) = shop.events_of(RunFinished)
    assert (finished.applied, finished.lost) == (("0001_a.sql",), ("0002_b.sql",))
    assert finished.remaining == ("0003_c.sql",)


def test_they_are_taken_back_where_a_later_file_fails_as_well(shop: Workshop) -> None:
    shop.ask(ORIGINAL)
    shop.write("0001_a.sql", "SELECT 1;")
    shop.write("0002_b.sql", "SELECT 2;")
    deletes = "-- schemamig: no-transaction\nDELETE FROM kb.schema_migrations WHERE success;"
    assert shop.fails("0003_c.sql", f"{deletes} SELECT 1/0;").failure.sqlstate == "22012"
    assert shop.events_of(FilesLost) == [FilesLost(("0001_a.sql", "0002_b.sql"))]


def test_a_run_has_ended_well_where_nobody_can_ask_any_more(shop: Workshop) -> None:
    shop.ask(
        "CREATE FUNCTION revoke() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN ALTER TABLE kb.schema_migrations RENAME TO renamed; RETURN NULL; END'"
    )
    shop.applies(
        "0001_a.sql",
        f"{ORIGINAL} CREATE CONSTRAINT TRIGGER renames AFTER INSERT ON {LEDGER} DEFERRABLE"
        " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION revoke();",
    )
    assert shop.events_of(FilesLost) == []


@pytest.mark.parametrize("more", ["", "INSERT INTO kb.schema_migrations (filename) VALUES ('x');"])
@pytest.mark.parametrize("end", ["", "SELECT 1/0;"])
def test_rows_of_earlier_runs_that_a_file_deletes_are_told(
    shop: Workshop, more: str, end: str
) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.applies("0002_b.sql", "SELECT 1;")
    delete = f"DELETE FROM {LEDGER}\n WHERE filename < '0003'"
    shop.write("0003_c.sql", f"-- schemamig: no-transaction\n{delete}; {more}{end}")
    finished = shop.apply()
    assert finished.forgotten == ("0001_a.sql", "0002_b.sql")
    assert finished.version == sum(row.success is True for row in shop.rows.values())


def test_rows_of_files_that_are_not_there_any_more_may_go(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    (shop.folder / "0001_a.sql").unlink()
    shop.write("0002_b.sql", f"DELETE FROM {LEDGER} WHERE filename = '0001_a.sql';")
    finished = shop.apply()
    assert (finished.forgotten, finished.version) == ((), 1)
