"""The ledger: the original system's table, read without a trace, and never lying."""

import hashlib

import psycopg
import pytest

from schemamig_tui.engine.events import FileApplied
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.errors import LedgerError, SettingsError
from tests.engine.conftest import LEDGER, Workshop, limited_role

ORIGINAL = """
CREATE SCHEMA IF NOT EXISTS kb;
CREATE TABLE kb.schema_migrations (
    id SERIAL PRIMARY KEY,
    filename VARCHAR(255) NOT NULL UNIQUE,
    applied_at TIMESTAMP NOT NULL DEFAULT NOW(),
    checksum VARCHAR(64),
    execution_time_ms INTEGER,
    success BOOLEAN NOT NULL DEFAULT TRUE,
    error_message TEXT
);
"""
SHAPE = """
SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,
    pg_get_expr(adbin, adrelid)), ', ' ORDER BY attnum)
    || (SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname)
        FROM pg_constraint WHERE conrelid = attrelid AND contype <> 'n')
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = 'kb.schema_migrations'::regclass AND attnum > 0
GROUP BY attrelid
"""


def test_reading_creates_nothing(shop: Workshop) -> None:
    with shop.database.connect() as conn:
        assert Ledger(LEDGER).read(conn) == ()
    assert shop.ask("SELECT to_regnamespace('kb')::text") == [None]


def test_an_apply_with_nothing_to_do_creates_nothing(shop: Workshop) -> None:
    finished = shop.apply()
    assert (finished.applied, finished.version) == ((), 0)
    assert shop.ask("SELECT to_regnamespace('kb')::text") == [None]


def test_the_table_it_creates_is_the_one_of_the_original_system(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    ours = shop.ask(SHAPE)
    shop.ask("DROP SCHEMA kb CASCADE")
    shop.ask(ORIGINAL)
    assert ours == shop.ask(SHAPE)


def test_the_table_of_the_original_system_is_used_as_it_is(shop: Workshop) -> None:
    shop.ask(ORIGINAL)
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.ask(
        "INSERT INTO kb.schema_migrations (filename, checksum, execution_time_ms, success)"
        " VALUES ('0001_a.sql', 'MANUAL', 0, TRUE)"
    )
    finished = shop.applies("0002_b.sql", "CREATE TABLE b ();")
    assert finished.applied == ("0002_b.sql",)
    assert finished.version == 2


def test_a_row_holds_the_checksum_and_the_time_it_took(shop: Workshop) -> None:
    sql = b"SELECT pg_sleep(0.05);"
    shop.applies("0001_a.sql", sql)
    row = shop.rows["0001_a.sql"]
    assert row.checksum == hashlib.md5(sql).hexdigest()
    assert row.execution_time_ms is not None
    assert row.execution_time_ms >= 50
    assert row.error_message is None


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SCHEMA kb; CREATE TABLE kb.a (x int);",
        "BEGIN; CREATE SCHEMA kb; CREATE TABLE kb.a (x int); COMMIT;",
        "CREATE SCHEMA kb; CREATE TABLE kb.a (x int); VACUUM kb.a;",
        "BEGIN; CREATE SCHEMA kb; CREATE TABLE kb.a (x int); COMMIT; VACUUM kb.a;",
    ],
)
def test_the_first_migration_may_create_the_schema_of_the_ledger_itself(
    shop: Workshop, sql: str
) -> None:
    shop.applies("0001_baseline.sql", sql)
    assert shop.rows["0001_baseline.sql"].success


def test_a_failed_baseline_that_creates_the_schema_can_be_retried(shop: Workshop) -> None:
    failed = shop.fails("0001_baseline.sql", "CREATE SCHEMA kb; SELECT 1/0;")
    assert not failed.recorded
    assert failed.unrecorded
    assert "create the schema kb itself" in failed.unrecorded
    shop.applies("0001_baseline.sql", "CREATE SCHEMA kb; SELECT 1/1;")


def test_a_failure_is_recorded_and_a_retry_takes_its_place(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.fails("0002_b.sql", "CREATE TABLE b (x int);\nINSERT INTO b VALUES ('z');")
    row = shop.rows["0002_b.sql"]
    assert not row.success
    assert row.error_message is not None
    assert row.error_message.splitlines() == [
        'ERROR 22P02: invalid input syntax for type integer: "z"',
        "0002_b.sql:2:23",
        "    INSERT INTO b VALUES ('z');",
        "                          ^",
    ]
    number = shop.ask("SELECT id FROM kb.schema_migrations WHERE NOT success")
    shop.applies("0002_b.sql", "CREATE TABLE b (x int); INSERT INTO b VALUES (1);")
    row = shop.rows["0002_b.sql"]
    assert (row.success, row.error_message) == (True, None)
    assert shop.ask("SELECT id FROM kb.schema_migrations ORDER BY id DESC LIMIT 1") == number
    assert shop.ask("SELECT x FROM b") == [1]


def test_the_run_stops_at_the_first_failure(shop: Workshop) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0003_c.sql", "CREATE TABLE c ();")
    shop.fails("0002_b.sql", "SELECT nonsense;")
    assert [e.name for e in shop.events_of(FileApplied)] == ["0001_a.sql"]
    assert shop.ask("SELECT relname FROM pg_class WHERE relname IN ('a', 'c')") == ["a"]
    assert "0003_c.sql" not in shop.rows


def test_apply_up_to_a_file_leaves_the_later_ones_pending(shop: Workshop) -> None:
    for name in ("0001_a.sql", "0002_b.sql", "0003_c.sql"):
        shop.write(name, "SELECT 1;")
    assert shop.apply("0002_b.sql").applied == ("0001_a.sql", "0002_b.sql")
    with pytest.raises(SettingsError, match="no migration 0009"):
        shop.apply("0009_x.sql")


def test_the_ledger_can_have_another_name(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SELECT 1;")
    assert shop.apply(table='My Schema.the "ledger').applied == ("0001_a.sql",)
    assert shop.ask('SELECT filename FROM "My Schema"."the ""ledger"') == ["0001_a.sql"]
    assert shop.apply(table='My Schema.the "ledger').applied == ()


@pytest.mark.parametrize("name", ["pg_temp.x", "pg_catalog.x", "pg_x.x"])
def test_a_ledger_in_a_schema_of_the_server_is_refused(shop: Workshop, name: str) -> None:
    with pytest.raises(SettingsError, match="a schema of the server's own"):
        Ledger(name)
    schema = name.partition(".")[0]
    with pytest.raises(psycopg.Error):
        shop.ask(f"CREATE SCHEMA {schema}")


@pytest.mark.parametrize("name", ["", "a.b.c", ".x", "x.", "kb." + "x" * 64, "kb.\udcff"])
def test_a_ledger_name_that_is_no_table_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="does not name a table"):
        Ledger(name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ALTER TABLE {t} DROP COLUMN checksum", "checksum should be character varying"),
        ("ALTER TABLE {t} DROP COLUMN success", "success should be boolean, but is missing"),
        (
            "ALTER TABLE {t} DROP success, ADD success bool GENERATED ALWAYS AS (true) STORED",
            "success is generated",
        ),
        ("ALTER TABLE {t} ALTER success DROP DEFAULT, ALTER success TYPE text", "success should"),
        (
            "ALTER TABLE {t} ADD who int NOT NULL DEFAULT 1;"
            " ALTER TABLE {t} ALTER who DROP DEFAULT",
            "who is NOT NULL and has no default",
        ),
        ("ALTER TABLE {t} DROP CONSTRAINT schema_migrations_filename_key", "no unique index"),
        (
            "CREATE UNIQUE INDEX not_valid ON {t} (filename);"
            " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'kb.not_valid'::regclass;"
            " ALTER TABLE {t} DROP CONSTRAINT schema_migrations_filename_key",
            "no unique index",
        ),
        ('ALTER TABLE {t} RENAME filename TO "FileName"', 'filename is written "FileName"'),
        ('ALTER TABLE {t} RENAME success TO "SUCCESS"', 'success is written "SUCCESS"'),
        (
            "UPDATE {t} SET execution_time_ms = 1; ALTER TABLE {t} ALTER execution_time_ms SET NOT"
            " NULL, ALTER execution_time_ms ADD GENERATED ALWAYS AS IDENTITY",
            "execution_time_ms is generated",
        ),
        (
            "ALTER TABLE {t} DROP execution_time_ms,"
            " ADD execution_time_ms int GENERATED ALWAYS AS (1) STORED",
            "execution_time_ms is generated",
        ),
        (
            "ALTER TABLE {t} ALTER error_message SET DEFAULT '', ALTER error_message SET NOT NULL",
            "error_message is NOT NULL, and a success has none",
        ),
        (
            "ALTER TABLE {t} ALTER checksum TYPE varchar(31)",
            r"checksum is character varying\(31\), too short for an MD5",
        ),
        (
            "ALTER TABLE {t} ALTER error_message TYPE varchar(200)",
            r"error_message is character varying\(200\), and what a checkpoint says may be longer",
        ),
        (
            "CREATE DOMAIN kb.text AS varchar(9); ALTER TABLE {t} ALTER error_message TYPE kb.text",
            "error_message should be text, but is kb.text",
        ),
    ],
)
def test_the_hint_mends_a_ledger_of_another_shape(shop: Workshop, change: str, says: str) -> None:
    shop.ask(ORIGINAL)
    shop.ask(f"INSERT INTO {LEDGER} (filename, error_message) VALUES ('0000_o.sql', '')")
    shop.ask(change.format(t=LEDGER))
    shop.write("0000_o.sql", "")
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    with pytest.raises(LedgerError, match=says) as caught:
        shop.apply()
    head, *statements = str(caught.value.hint).split("\n")
    assert "--table" in head
    shop.ask("\n".join(statements))
    assert shop.apply().applied == ("0001_a.sql",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ALTER TABLE {t} DROP COLUMN checksum, DROP COLUMN success", "checksum .*; success "),
        ("DROP TABLE {t}; CREATE VIEW {t} AS SELECT 1 AS filename", "not a table, but a view"),
        ("DROP TABLE {t}; CREATE SEQUENCE {t}", "not a table, but a sequence"),
    ],
)
def test_a_ledger_of_another_shape_is_refused_before_anything_runs(
    shop: Workshop, change: str, says: str
) -> None:
    shop.ask(ORIGINAL)
    shop.ask(change.format(t=LEDGER) + "")
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    with pytest.raises(LedgerError, match=says) as caught:
        shop.apply()
    assert "--table" in str(caught.value.hint)
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_no_hint_adds_the_names_of_files_that_are_applied(shop: Workshop) -> None:
    shop.ask(ORIGINAL + f"ALTER TABLE {LEDGER} RENAME filename TO version")
    shop.write("0001_a.sql", "SELECT 1;")
    with pytest.raises(
        LedgerError, match="filename should be character varying, but is missing"
    ) as caught:
        shop.apply()
    assert caught.value.hint == "name another table with --table"


def test_two_rows_of_one_file_are_refused(shop: Workshop) -> None:
    shop.ask(
        ORIGINAL + f"CREATE TABLE kb.old () INHERITS ({LEDGER});"
        f"INSERT INTO {LEDGER} (filename, success) VALUES ('0001_a.sql', true);"
        "INSERT INTO kb.old (filename, success) VALUES ('0001_a.sql', false)"
    )
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    with pytest.raises(LedgerError, match=r"has more than one row of 0001_a\.sql") as caught:
        shop.apply()
    query = (caught.value.hint or "").partition("SELECT")[2]
    assert shop.ask(f"SELECT count(*) FROM (SELECT{query.rstrip(';')}) found") == [2]
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_extra_columns_and_wider_types_are_no_other_shape(shop: Workshop) -> None:
    shop.ask(ORIGINAL)
    shop.ask(
        "CREATE DOMAIN kb.stage AS text DEFAULT 'live';"
        "ALTER TABLE kb.schema_migrations ADD COLUMN who text DEFAULT CURRENT_USER,"
        " ADD stage kb.stage NOT NULL,"
        " ALTER filename TYPE text, ALTER applied_at TYPE timestamptz,"
        " ALTER execution_time_ms TYPE bigint, ALTER error_message TYPE varchar"
    )
    shop.applies("0001_a.sql", "SELECT 1;")
    row = shop.rows["0001_a.sql"]
    assert row.applied_at is not None
    assert row.applied_at.tzinfo is None


def test_a_migration_somebody_else_has_recorded_meanwhile_is_undone(shop: Workshop) -> None:
    shop.ask(ORIGINAL)
    failed = shop.fails(
        "0001_a.sql",
        "CREATE TABLE a ();INSERT INTO kb.schema_migrations (filename) VALUES ('0001_a.sql');",
    )
    assert failed.failure.sqlstate == psycopg.errors.UniqueViolation.sqlstate
    assert "another program" in str(failed.failure.hint)
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_a_role_that_may_not_create_the_schema_is_told_the_grant(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SELECT 1;")
    with limited_role(shop) as role:
        with pytest.raises(LedgerError, match="may not be created") as caught:
            shop.apply()
        assert caught.value.hint == f"GRANT CREATE ON DATABASE {shop.database.name} TO {role};"
        shop.ask("CREATE SCHEMA kb")
        with pytest.raises(LedgerError) as caught:
            shop.apply()
        assert caught.value.hint == f"GRANT USAGE, CREATE ON SCHEMA kb TO {role};"
        shop.ask(f"{caught.value.hint} SELECT 1")
        assert shop.apply().applied == ("0001_a.sql",)


def test_a_role_that_may_not_write_the_ledger_is_told_the_grants(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.write("0002_b.sql", "SELECT 2;")
    with limited_role(shop) as role:
        with pytest.raises(LedgerError, match=f"{role} may not read") as caught:
            shop.apply()
        shop.ask(f"GRANT USAGE ON SCHEMA kb TO {role}; GRANT SELECT ON {LEDGER} TO {role}")
        with pytest.raises(LedgerError, match=f"{role} may not write") as caught:
            shop.apply()
        shop.ask(f"{caught.value.hint} SELECT 1")
        assert shop.apply().applied == ("0002_b.sql",)


def test_a_server_that_takes_no_writes_is_refused_before_anything_runs(shop: Workshop) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET default_transaction_read_only = on")
    shop.write("0001_a.sql", "SELECT 1;")
    with pytest.raises(LedgerError, match="takes no writes"):
        shop.apply()
    assert shop.ask("SELECT to_regnamespace('kb')::text") == [None]


def test_a_server_that_takes_no_writes_is_fine_where_there_is_nothing_to_write(
    shop: Workshop,
) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.ask(f"ALTER DATABASE {shop.database.name} SET default_transaction_read_only = on")
    finished = shop.apply()
    assert (finished.applied, finished.version) == ((), 1)


def test_touching_a_row_changes_nothing(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    before = shop.rows
    with shop.database.connect() as conn:
        assert conn.execute(Ledger(LEDGER).writes.touch("0001_a.sql")).rowcount == 1
    assert shop.rows == before


def test_a_row_without_a_file_name_says_null(shop: Workshop) -> None:
    shop.ask(f"{ORIGINAL}; ALTER TABLE {LEDGER} ALTER filename DROP NOT NULL;")
    shop.ask(f"INSERT INTO {LEDGER} (filename, checksum) VALUES (NULL, 'x')")
    assert [*shop.rows] == ["NULL"]
