"""Repairs of the ledger, on a real one: what makes sense is done, and kept."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.authoring.repair import (
    RepairPlace,
    accept_checksum,
    accept_name,
    baseline,
    forget,
    mark_applied,
)
from schemamig_tui.engine.events import LockAwaited
from schemamig_tui.engine.ledger.repairs import Repair
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.watch.run_lock import Locks
from schemamig_tui.errors import LedgerError, LockTimeout, SettingsError
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop, limited_role

_Repair = Callable[[RepairPlace, str], tuple[Repair, ...]]


def place(shop: Workshop, conn: psycopg.Connection, **options: object) -> RepairPlace:
    """What a repair works on."""
    return RepairPlace(conn, shop.folder, LEDGER, lambda awaited: None, **options)  # type: ignore[arg-type]


def repaired(shop: Workshop, repair: _Repair, name: str) -> tuple[Repair, ...]:
    """Repair on a connection of its own."""
    with shop.connect() as conn:
        return repair(place(shop, conn), name)


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Workshop:
    """A folder with an applied, a failed and two pending migrations."""
    shop = Workshop(tmp_path, database)
    shop.applies("1.sql", "CREATE TABLE t (i int);")
    shop.fails("2.sql", "SELECT 1/0;")
    shop.write("3.sql", "CREATE TABLE u (i int);")
    shop.write("4.sql", "CREATE TABLE v (i int);")
    return shop


def test_a_pending_and_a_failed_file_can_be_marked_as_applied(shop: Workshop) -> None:
    ((name, before, after),) = repaired(shop, mark_applied, "3.sql")
    assert (name, before) == ("3.sql", None)
    assert after is not None
    assert (after.success, after.checksum, after.execution_time_ms) == (True, "MANUAL", 0)
    ((_, before, after),) = repaired(shop, mark_applied, "2.sql")
    assert before is not None
    assert after is not None
    assert (before.success, after.success, after.error_message) == (False, True, None)
    assert shop.apply().applied == ("4.sql",)
    assert shop.ask("SELECT to_regclass('u')::text") == [None]


def test_what_is_applied_or_not_there_cannot_be_marked(shop: Workshop) -> None:
    with pytest.raises(SettingsError, match=r"1\.sql is applied already"):
        repaired(shop, mark_applied, "1.sql")
    with pytest.raises(SettingsError, match=r"there is no migration 5\.sql"):
        repaired(shop, mark_applied, "5.sql")


def test_a_changed_file_can_be_accepted(shop: Workshop) -> None:
    with pytest.raises(SettingsError, match="has not changed"):
        repaired(shop, accept_checksum, "1.sql")
    with pytest.raises(SettingsError, match="is not applied"):
        repaired(shop, accept_checksum, "2.sql")
    shop.write("1.sql", "CREATE TABLE t (i bigint);")
    ((_, before, after),) = repaired(shop, accept_checksum, "1.sql")
    assert before is not None
    assert after is not None
    assert after.checksum == hashlib.md5(b"CREATE TABLE t (i bigint);").hexdigest()
    assert (after.applied_at, after.success) == (before.applied_at, before.success)


def test_a_row_by_hand_can_get_the_checksum_of_its_file(shop: Workshop) -> None:
    repaired(shop, mark_applied, "3.sql")
    ((_, _, after),) = repaired(shop, accept_checksum, "3.sql")
    assert after is not None
    assert after.checksum == hashlib.md5(b"CREATE TABLE u (i int);").hexdigest()
    shop.ask("UPDATE kb.schema_migrations SET checksum = NULL")
    ((_, before, _),) = repaired(shop, accept_checksum, "3.sql")
    assert before is not None
    assert before.summary.endswith(", no checksum")


def test_a_renamed_file_keeps_its_row_with_all_that_it_says(shop: Workshop) -> None:
    with pytest.raises(SettingsError, match=r"has the checksum of 3\.sql"):
        repaired(shop, accept_name, "3.sql")
    with pytest.raises(SettingsError, match=r"there is no migration 5\.sql"):
        repaired(shop, accept_name, "5.sql")
    (shop.folder / "1.sql").rename(shop.folder / "2.sql")
    (_, old, gone), (_, failed, after) = repaired(shop, accept_name, "2.sql")
    assert old is not None
    assert failed is not None
    assert (gone, failed.success) == (None, False)
    assert after == old._replace(filename="2.sql")
    assert shop.rows.keys() == {"2.sql"}
    (shop.folder / "2.sql").rename(shop.folder / "0.sql")
    assert repaired(shop, accept_name, "2.sql")[1].name == "0.sql"


def test_a_renamed_file_goes_on_where_it_has_failed(shop: Workshop) -> None:
    (shop.folder / "2.sql").unlink()
    shop.fails("2.sql", "-- schemamig: no-transaction\nCREATE TABLE once ();\nSELECT 1/0;")
    (shop.folder / "2.sql").rename(shop.folder / "5.sql")
    assert not any(one.unfinished for one in repaired(shop, accept_name, "5.sql"))
    text = "-- schemamig: no-transaction\nCREATE TABLE once ();\nSELECT 1;"
    (shop.folder / "5.sql").write_text(text)
    assert shop.apply().applied == ("3.sql", "4.sql", "5.sql")


def test_rows_of_failed_and_missing_files_can_be_forgotten(shop: Workshop) -> None:
    ((_, before, after),) = repaired(shop, forget, "2.sql")
    assert before is not None
    assert after is None
    with pytest.raises(SettingsError, match="it would be applied again"):
        repaired(shop, forget, "1.sql")
    (shop.folder / "1.sql").unlink()
    repaired(shop, forget, "1.sql")
    assert shop.rows == {}
    with pytest.raises(SettingsError, match=r"has no row of 1\.sql"):
        repaired(shop, forget, "1.sql")


def test_a_baseline_marks_all_up_to_a_file(shop: Workshop) -> None:
    assert [one.name for one in repaired(shop, baseline, "3.sql")] == ["2.sql", "3.sql"]
    with pytest.raises(SettingsError, match=r"all up to 3\.sql are applied"):
        repaired(shop, baseline, "3.sql")
    assert shop.apply().applied == ("4.sql",)


def test_a_baseline_makes_the_ledger_of_a_database_in_use(shop: Workshop) -> None:
    shop.ask("DROP SCHEMA kb CASCADE")
    assert len(repaired(shop, baseline, "4.sql")) == 4
    assert {row.checksum for row in shop.rows.values()} == {"MANUAL"}
    assert shop.apply().applied == ()


def test_a_baseline_of_more_files_reads_the_ledger_no_more_often(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = Ledger.read, []
    monkeypatch.setattr(Ledger, "read", lambda *of: reads.append(of) or read(*of))
    repaired(shop, baseline, "2.sql")
    of_one = len(reads)
    repaired(shop, baseline, "4.sql")
    assert len(reads) == 2 * of_one


def test_names_that_a_collation_takes_for_one_are_two(shop: Workshop) -> None:
    shop.write("A.sql", "SELECT 1;")
    shop.write("a.sql", "SELECT 1;")
    repaired(shop, mark_applied, "A.sql")
    assert "a.sql" not in shop.rows


def test_nothing_is_repaired_while_a_run_is_on(shop: Workshop) -> None:
    waits: list[LockAwaited] = []
    lock = Locks.of(LEDGER).run
    with shop.connect() as other, shop.connect() as conn:
        assert lock.take(other)
        with pytest.raises(LockTimeout):
            mark_applied(RepairPlace(conn, shop.folder, LEDGER, waits.append, timeout=0.1), "3.sql")
        assert waits
        threading.Timer(0.2, lock.drop, [other]).start()
        mark_applied(RepairPlace(conn, shop.folder, LEDGER, waits.append), "3.sql")
        # The locks are given back, also where a repair makes no sense.
        with pytest.raises(SettingsError):
            mark_applied(RepairPlace(conn, shop.folder, LEDGER, waits.append), "3.sql")
        assert lock.take(other)


@pytest.mark.parametrize(
    ("event", "repair", "name"),
    [
        ("INSERT", mark_applied, "3.sql"),
        ("UPDATE", mark_applied, "2.sql"),
        ("UPDATE", accept_checksum, "1.sql"),
        ("UPDATE", accept_name, "2.sql"),
        ("DELETE", accept_name, "2.sql"),
        ("DELETE", forget, "2.sql"),
    ],
)
def test_what_a_trigger_swallows_is_an_error(
    event: str, repair: _Repair, name: str, shop: Workshop
) -> None:
    if repair is accept_name:
        (shop.folder / "1.sql").rename(shop.folder / name)
    else:
        shop.write("1.sql", "CREATE TABLE t (i bigint);")
    shop.ask(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        f" CREATE TRIGGER swallow BEFORE {event} ON {LEDGER} FOR EACH ROW"
        " EXECUTE FUNCTION swallow()"
    )
    before = shop.rows
    with pytest.raises(LedgerError, match="has not kept what was written"):
        repaired(shop, repair, name)
    assert shop.rows == before


def test_a_timeout_of_the_database_is_not_meant_for_a_repair(shop: Workshop) -> None:
    shop.ask(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_sleep(0.5); RETURN OLD; END$$;"
        f" CREATE TRIGGER slow BEFORE DELETE ON {LEDGER} FOR EACH ROW EXECUTE FUNCTION slow();"
        f" ALTER DATABASE {shop.database.name} SET statement_timeout = '300ms'"
    )
    repaired(shop, forget, "2.sql")
    assert "2.sql" not in shop.rows


def test_a_trigger_that_refuses_is_quoted(shop: Workshop) -> None:
    shop.ask(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE 'not on Fridays'; END$$;"
        f" CREATE TRIGGER refuse BEFORE DELETE ON {LEDGER} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(LedgerError, match="cannot be written: not on Fridays"):
        repaired(shop, forget, "2.sql")


def test_a_row_that_is_deleted_at_the_commit_is_an_error(shop: Workshop) -> None:
    shop.ask(
        "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        f" DELETE FROM {LEDGER} WHERE filename = new.filename; RETURN NULL; END$$;"
        f" CREATE CONSTRAINT TRIGGER forget AFTER INSERT ON {LEDGER} DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION forget()"
    )
    with pytest.raises(LedgerError, match="has not kept what was written"):
        repaired(shop, mark_applied, "3.sql")


@pytest.mark.parametrize("last", [1, 2147483647])
def test_the_hint_mends_a_sequence_that_keeps_a_repair_from_being_recorded(
    shop: Workshop, last: int
) -> None:
    shop.ask(f"SELECT setval('kb.schema_migrations_id_seq', {last})")
    with pytest.raises(LedgerError, match=r"cannot be written: .*sequence") as caught:
        repaired(shop, baseline, "4.sql")
    shop.ask(caught.value.hint or "")
    repaired(shop, baseline, "4.sql")
    assert len(shop.rows) == 4


def test_a_role_that_may_not_write_is_told(shop: Workshop) -> None:
    with limited_role(shop) as role:
        rights = f"GRANT SELECT, INSERT, UPDATE ON {LEDGER} TO {role}"
        sequences = f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA kb TO {role}"
        shop.ask(f"GRANT USAGE ON SCHEMA kb TO {role}; {sequences}; {rights}")
        with pytest.raises(LedgerError, match="permission denied"):
            repaired(shop, forget, "2.sql")
