"""What is written into the ledger is there, as whoever and wherever it is written."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileStarted,
    NoticeReceived,
    RunFinished,
)
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.survey import Folder, survey
from schemamig_tui.errors import LedgerError
from tests.engine.conftest import LEDGER, Workshop, in_encoding, limited_role
from tests.engine.test_ledger import ORIGINAL

SWALLOW = """
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {does} END';
CREATE TRIGGER nothing_new BEFORE {event} ON kb.schema_migrations
    FOR EACH ROW EXECUTE FUNCTION swallow();
"""
PARTITIONED = (
    ORIGINAL.replace("PRIMARY KEY", "").replace(");\n", ") PARTITION BY LIST (filename);\n")
    + "CREATE TABLE kb.all PARTITION OF kb.schema_migrations DEFAULT;"
)
IN_EACH_MODE = [
    "CREATE TABLE a ();",
    "BEGIN; CREATE TABLE a (); COMMIT;",
    "CREATE TABLE a (); VACUUM pg_am;",
]
MAY_WRITE = (
    "GRANT USAGE ON SCHEMA kb TO {role}; GRANT SELECT, INSERT, UPDATE ON kb.schema_migrations"
    " TO {role}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA kb TO {role};"
)


# -- what may keep a row from being written


@pytest.mark.parametrize("sql", IN_EACH_MODE[:2])
@pytest.mark.parametrize(
    "does",
    [
        "RETURN NULL;",
        "new.success := NULL; RETURN new;",
        "new.checksum := upper(new.checksum); RETURN new;",
    ],
)
def test_a_migration_whose_row_a_trigger_swallows_is_undone(
    shop: Workshop, sql: str, does: str
) -> None:
    shop.ask(ORIGINAL.replace("NOT NULL DEFAULT TRUE", "DEFAULT TRUE"))
    shop.ask(SWALLOW.format(does=does, event="INSERT"))
    failed = shop.fails("0001_a.sql", sql)
    assert "its trigger nothing_new has kept kb.schema_migrations" in failed.failure.message
    assert failed.failure.sqlstate is None
    assert not failed.recorded
    assert "nothing_new" in (failed.unrecorded or "")
    assert shop.ask("SELECT to_regclass('a')::text") == [None]
    assert shop.rows == {}


@pytest.mark.parametrize("sql", IN_EACH_MODE)
def test_a_name_that_is_too_long_for_its_column_says_so(shop: Workshop, sql: str) -> None:
    shop.ask(ORIGINAL.replace("255", "10"))
    shop.applies("0001_ä.sql", sql)
    failed = shop.fails("0002_long.sql", sql.replace("a ()", "b ()"))
    assert failed.failure.message.endswith(
        "the ledger could not be written: the name of the file is too long for the column filename"
        " of kb.schema_migrations, which is character varying(10)"
    )
    assert shop.ask("SELECT to_regclass('b')::text") == [None]
    shop.ask(failed.failure.hint or "")
    shop.applies("0002_long.sql", sql.replace("a ()", "b ()"))


def test_a_file_without_a_transaction_does_not_begin_without_its_row(shop: Workshop) -> None:
    shop.ask(ORIGINAL + SWALLOW.format(does="RETURN NULL;", event="INSERT"))
    failed = shop.fails("0001_a.sql", IN_EACH_MODE[2])
    assert "its trigger nothing_new has kept kb.schema_migrations" in failed.failure.message
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_a_checkpoint_that_is_swallowed_undoes_its_statement(shop: Workshop) -> None:
    shop.ask(ORIGINAL + SWALLOW.format(does="RETURN NULL;", event="UPDATE"))
    failed = shop.fails("0001_a.sql", IN_EACH_MODE[2])
    assert "its trigger nothing_new has kept kb.schema_migrations" in failed.failure.message
    assert failed.kept == 0
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_a_failure_that_a_trigger_would_cut_off_leaves_the_checkpoint_before_it(
    shop: Workshop,
) -> None:
    shop.ask(
        ORIGINAL + "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        " new.error_message := left(new.error_message, 400); RETURN new; END$$;"
        " CREATE TRIGGER cut BEFORE INSERT OR UPDATE ON kb.schema_migrations"
        " FOR EACH ROW EXECUTE FUNCTION cut();"
    )
    raises = "DO $$BEGIN RAISE '%', repeat('x', 400); END$$;"
    failed = shop.fails("0001_a.sql", f"VACUUM pg_am; CREATE TABLE a (); {raises}")
    assert "its trigger cut has kept" in (failed.unrecorded or "")
    shop.applies("0001_a.sql", "VACUUM pg_am; CREATE TABLE a (); SELECT 1;")


def test_a_row_that_is_dropped_in_mid_file_undoes_the_statement_after_it(shop: Workshop) -> None:
    shop.applies("0000_o.sql", "CREATE TABLE a (x int);")
    failed = shop.fails(
        "0001_a.sql",
        "INSERT INTO a VALUES (1);\nDELETE FROM kb.schema_migrations WHERE NOT success;\nVACUUM a;",
    )
    assert (failed.failure.message, failed.failure.sqlstate) == (
        "the ledger could not be written: the file or somebody else has deleted the row of"
        " 0001_a.sql in kb.schema_migrations, or made it a success, while the file ran",
        None,
    )
    assert failed.recorded
    assert failed.kept == 1
    assert "Statements done: 1 of 3" in (shop.rows["0001_a.sql"].error_message or "")


def test_a_row_that_a_file_makes_a_success_is_no_fault_of_a_trigger(shop: Workshop) -> None:
    change = "UPDATE kb.schema_migrations SET success = true;"
    failed = shop.fails("0001_a.sql", f"VACUUM pg_am;\n{change}\nVACUUM pg_am;")
    assert "or made it a success" in failed.failure.message


def test_a_retry_whose_row_a_trigger_keeps_as_it_is_is_undone(shop: Workshop) -> None:
    shop.fails("0001_a.sql", "SELECT 1/0;")
    shop.ask(SWALLOW.format(does="RETURN NULL;", event="UPDATE"))
    failed = shop.fails("0001_a.sql", "CREATE TABLE a ();")
    assert "the row of the last try in kb.schema_migrations cannot be changed" in (
        failed.failure.message
    )
    assert "nothing_new" in (failed.failure.hint or "")
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_a_ledger_with_a_rule_that_could_swallow_rows_is_refused(shop: Workshop) -> None:
    shop.ask(ORIGINAL + f"CREATE RULE away AS ON INSERT TO {LEDGER} DO INSTEAD NOTHING")
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    with pytest.raises(LedgerError, match=r"has rules, .*: away") as caught:
        shop.apply()
    assert "DROP RULE away ON kb.schema_migrations;" in (caught.value.hint or "")
    with shop.database.connect() as conn:
        found = survey(conn, Folder.read(shop.folder), Ledger(LEDGER))
    assert "has rules" in found.ahead[0]
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_a_migration_that_makes_such_a_rule_is_undone(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    rule = f"CREATE RULE away AS ON INSERT TO {LEDGER} DO INSTEAD NOTHING;"
    failed = shop.fails("0002_b.sql", f"CREATE TABLE b (); {rule}")
    assert "the ledger could not be written: " in failed.failure.message
    assert shop.ask("SELECT to_regclass('b')::text") == [None]


@contextmanager
def hidden_rows(shop: Workshop) -> Iterator[str]:
    """A role that may use the ledger, and from which row level security hides its rows."""
    with limited_role(shop) as role:
        shop.ask(
            MAY_WRITE.format(role=role)
            + f"GRANT CREATE ON SCHEMA kb, public TO {role};"
            + f"ALTER TABLE {LEDGER} ENABLE ROW LEVEL SECURITY"
        )
        yield role


def test_a_ledger_whose_rows_are_hidden_is_not_taken_for_an_empty_one(shop: Workshop) -> None:
    shop.applies("0001_q.sql", "CREATE TABLE q (a int);")
    with hidden_rows(shop) as role:
        with pytest.raises(LedgerError, match=f"row level security hides .* from role {role}"):
            shop.apply()
        shop.ask(f"ALTER ROLE {role} BYPASSRLS")
        assert shop.apply().applied == ()


def test_row_level_security_that_comes_in_mid_run_undoes_the_migration(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    with hidden_rows(shop) as role:
        shop.ask(
            f"ALTER TABLE {LEDGER} DISABLE ROW LEVEL SECURITY; ALTER TABLE {LEDGER} OWNER TO {role}"
        )
        failed = shop.fails(
            "0002_b.sql",
            f"CREATE TABLE b (); ALTER TABLE {LEDGER} ENABLE ROW LEVEL SECURITY,"
            " FORCE ROW LEVEL SECURITY;",
        )
        assert failed.failure.sqlstate == psycopg.errors.InsufficientPrivilege.sqlstate
        assert "have the file leave the rights to the ledger" in (failed.failure.hint or "")
        assert shop.ask("SELECT to_regclass('b')::text") == [None]
        shop.ask(f"ALTER TABLE {LEDGER} OWNER TO postgres")


@pytest.mark.parametrize("sql", IN_EACH_MODE)
@pytest.mark.parametrize(
    "moves",
    [
        f"DROP TABLE {LEDGER};",
        f"ALTER TABLE {LEDGER} RENAME TO old;",
        "ALTER SCHEMA kb RENAME TO old;",
    ],
)
def test_a_file_that_moves_the_ledger_away_is_told_to_leave_it(
    shop: Workshop, sql: str, moves: str
) -> None:
    shop.applies("0001_q.sql", "SELECT 1;")
    failed = shop.fails("0002_a.sql", sql.replace(";", f"; {moves}", 1))
    assert "the file has dropped, renamed or moved kb.schema_migrations" in failed.failure.message
    assert "leave the ledger where it is" in (failed.failure.hint or "")
    assert shop.rows["0002_a.sql"].success is False


@pytest.mark.parametrize("is_new", [False, True])
def test_no_new_ledger_is_made_where_somebody_has_taken_it_away_in_mid_run(
    shop: Workshop, *, is_new: bool
) -> None:
    rename = f"ALTER TABLE {LEDGER} RENAME TO old"
    shop.write("0001_a.sql", "CREATE TABLE a (x int);")
    if not is_new:
        shop.apply()

    def listen(event: Event) -> None:
        if isinstance(event, FileStarted) and event.name == "0002_b.sql":
            shop.ask(rename)
        shop.events.append(event)

    shop.write("0002_b.sql", "-- schemamig: no-transaction\nSELECT pg_sleep(0.3);\nSELECT 1;")
    Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()
    assert "kb.schema_migrations, which this run has seen, is gone" in (
        shop.failure.unrecorded or ""
    )
    shop.ask("ALTER TABLE kb.old RENAME TO schema_migrations")
    shop.events.clear()
    assert shop.apply().applied == ("0002_b.sql",)


def test_a_table_that_a_trigger_of_the_ledger_misses_is_not_taken_for_the_ledger(
    shop: Workshop,
) -> None:
    shop.ask(ORIGINAL + SWALLOW.format(does="INSERT INTO gone VALUES (1);", event="INSERT"))
    failed = shop.fails("0001_a.sql", "SELECT 1;")
    assert failed.failure.message.endswith('could not be written: relation "gone" does not exist')


def test_a_failure_is_recorded_where_the_run_has_made_sessions_read_only(shop: Workshop) -> None:
    shop.write(
        "0001_a.sql", f"ALTER DATABASE {shop.database.name} SET default_transaction_read_only = on;"
    )
    failed = shop.fails("0002_b.sql", "CREATE TABLE b ();")
    assert failed.failure.sqlstate == psycopg.errors.ReadOnlySqlTransaction.sqlstate
    assert "default_transaction_read_only is on; connect as a role" in (failed.failure.hint or "")
    assert failed.recorded


@pytest.mark.parametrize(
    "ledger",
    [
        f"{ORIGINAL} ALTER TABLE {LEDGER} SET UNLOGGED",
        f"{PARTITIONED} ALTER TABLE kb.all SET UNLOGGED",
    ],
)
def test_an_unlogged_ledger_is_refused(shop: Workshop, ledger: str) -> None:
    shop.ask(ledger)
    shop.write("0001_a.sql", "SELECT 1;")
    with pytest.raises(LedgerError, match="unlogged") as caught:
        shop.apply()
    shop.ask(f"{caught.value.hint} SELECT 1")
    assert shop.apply().applied == ("0001_a.sql",)


@pytest.mark.parametrize("sql", IN_EACH_MODE)
def test_a_sequence_that_is_behind_is_named_with_what_mends_it(shop: Workshop, sql: str) -> None:
    shop.applies("0000_o.sql", "SELECT 1;")
    shop.ask("SELECT setval('kb.schema_migrations_id_seq', 1, false)")
    failed = shop.fails("0001_a.sql", sql)
    assert "the sequence kb.schema_migrations_id_seq is behind" in failed.failure.message
    assert failed.failure.hint == (
        "SELECT setval('kb.schema_migrations_id_seq', (SELECT max(id) FROM kb.schema_migrations));"
    )
    shop.ask("SELECT setval('kb.schema_migrations_id_seq', 1, false)")
    shop.ask(failed.failure.hint)
    assert shop.apply().failed is None


def test_so_is_a_sequence_that_only_the_default_of_the_column_names(shop: Workshop) -> None:
    shop.ask(
        ORIGINAL + 'CREATE SEQUENCE public."My s"; ALTER TABLE kb.schema_migrations ALTER id'
        " SET DEFAULT nextval('public.\"My s\"'); DROP SEQUENCE kb.schema_migrations_id_seq;"
        "INSERT INTO kb.schema_migrations VALUES (1, '0000_o.sql')"
    )
    failed = shop.fails("0001_a.sql", "SELECT 1;")
    assert 'the sequence public."My s" is behind' in failed.failure.message
    shop.ask(failed.failure.hint or "")
    assert shop.apply().failed is None


@pytest.mark.parametrize(
    "options", ["INCREMENT -1", "MAXVALUE 2 CYCLE", "INCREMENT -1 MINVALUE -2 CYCLE"]
)
def test_what_mends_a_sequence_follows_its_direction_and_keeps_it_from_going_round(
    shop: Workshop, options: str
) -> None:
    shop.ask(
        ORIGINAL + f"CREATE SEQUENCE kb.s {options};"
        "ALTER TABLE kb.schema_migrations ALTER id SET DEFAULT nextval('kb.s');"
        "INSERT INTO kb.schema_migrations(filename) VALUES ('0000_a.sql'), ('0000_b.sql');"
        "ALTER SEQUENCE kb.s RESTART"
    )
    failed = shop.fails("0001_a.sql", "SELECT 1;")
    assert "the sequence kb.s is behind" in failed.failure.message
    shop.ask(failed.failure.hint or "")
    assert shop.apply().failed is None


def test_the_time_that_is_told_is_the_one_that_is_recorded(shop: Workshop) -> None:
    for number, sql in enumerate(IN_EACH_MODE):
        shop.write(f"000{number}_a.sql", sql.replace("TABLE a", f"TABLE a{number}"))
    shop.apply()
    recorded = {row.filename: row.execution_time_ms for row in shop.rows.values()}
    assert {event.name: event.ms for event in shop.events_of(FileApplied)} == recorded


# -- what cannot be recorded


@pytest.mark.parametrize(("encoding", "held"), [("LATIN1", "é ?"), ("EUC_TW", "? ?")])
def test_a_failure_is_recorded_without_what_the_database_cannot_hold(
    shop: Workshop, encoding: str, held: str
) -> None:
    with in_encoding(shop, encoding) as there:
        failed = there.fails("0001_a.sql", "SELECT 1/0; -- é →")
        assert failed.recorded
        message = there.rows["0001_a.sql"].error_message or ""
        assert "division by zero" in message
        assert f"SELECT 1/0; -- {held}" in message


@pytest.mark.parametrize("sql", ["SELECT 1/0;", "VACUUM pg_am; SELECT 1/0;"])
@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ("REVOKE ALL ON kb.schema_migrations FROM {role}", "may not read the ledger"),
        ("REVOKE INSERT, UPDATE ON kb.schema_migrations FROM {role}", "permission denied"),
        ("ALTER TABLE kb.schema_migrations SET UNLOGGED", "unlogged"),
    ],
)
def test_a_failure_that_cannot_be_recorded_is_told_all_the_same(
    shop: Workshop, sql: str, meanwhile: str, why: str
) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.write("0002_b.sql", sql)
    with limited_role(shop) as role:
        shop.ask(MAY_WRITE.format(role=role))

        def listen(event: Event) -> None:
            if isinstance(event, FileStarted):
                shop.ask(meanwhile.format(role=role))
            shop.events.append(event)

        shop.events.clear()
        Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()
        assert not shop.failure.recorded
        assert why in (shop.failure.unrecorded or "")
        assert isinstance(shop.events[-1], RunFinished)


def test_nothing_of_what_we_do_ourselves_gives_a_notice(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "VACUUM pg_am; BEGIN; SELECT 1; COMMIT;")
    assert shop.events_of(NoticeReceived) == []
