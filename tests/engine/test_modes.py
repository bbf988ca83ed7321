"""Each of the three ways to run a file, on a real server."""

import resource
from pathlib import Path

import pytest

from schemamig_tui.engine.events import (
    FileApplied,
    FileStarted,
    FileWarned,
    Mode,
    StatementFinished,
)
from schemamig_tui.errors import FilesError
from tests.engine.conftest import Workshop

TRANSACTION_OF = "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM {} UNION ALL {}) AS x"
LEDGER_XMIN = "SELECT xmin FROM kb.schema_migrations"


def same_transaction(shop: Workshop, table: str) -> bool:
    """Whether the rows of ``table`` and of the ledger were written by one transaction."""
    query = TRANSACTION_OF.format(table, LEDGER_XMIN)
    return shop.ask(query) == [1]


def test_a_plain_file_commits_together_with_its_ledger_row(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "CREATE TABLE a (x int); INSERT INTO a VALUES (1);")
    assert shop.events_of(FileStarted)[0].mode is Mode.TRANSACTION
    assert same_transaction(shop, "a")


def test_a_file_with_its_own_transaction_commits_together_with_its_ledger_row(
    shop: Workshop,
) -> None:
    shop.applies(
        "0001_a.sql",
        "SET search_path = public;\n"
        "BEGIN; CREATE TABLE a (x int); INSERT INTO a VALUES (1); COMMIT;",
    )
    assert shop.events_of(FileStarted)[0].mode is Mode.OWN_TRANSACTION
    assert same_transaction(shop, "a")


def test_a_file_with_its_own_isolation_level_is_run_as_written(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "CREATE TABLE a (level text);")
    shop.applies(
        "0002_b.sql",
        "BEGIN ISOLATION LEVEL SERIALIZABLE;"
        " INSERT INTO a SELECT current_setting('transaction_isolation'); COMMIT;",
    )
    assert shop.ask("SELECT level FROM a") == ["serializable"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY a_x ON a (x)",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_x ON a (x)",
        "DROP INDEX CONCURRENTLY old",
        "REINDEX INDEX CONCURRENTLY old",
        "REINDEX (CONCURRENTLY) TABLE a",
        "REINDEX SCHEMA public",
        "ALTER TABLE parted DETACH PARTITION part CONCURRENTLY",
        "VACUUM",
        "VACUUM (ANALYZE) a",
        "CLUSTER",
        "CREATE DATABASE other_{0}; DROP DATABASE other_{0}",
        "ALTER SYSTEM SET work_mem = '5MB'; ALTER SYSTEM RESET work_mem",
        "DISCARD ALL",
        "DO $$ BEGIN INSERT INTO a VALUES (2); COMMIT; END $$",
        "BEGIN; INSERT INTO a VALUES (2); COMMIT; BEGIN; INSERT INTO a VALUES (3); COMMIT",
        "INSERT INTO a VALUES (2); BEGIN; INSERT INTO a VALUES (3); COMMIT",
        "BEGIN; INSERT INTO a VALUES (2); ROLLBACK",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=none' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE); DROP SUBSCRIPTION s",
    ],
)
def test_what_cannot_be_in_a_transaction_runs_without_one(shop: Workshop, statement: str) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int); CREATE INDEX old ON a (x);"
        "CREATE TABLE parted (x int) PARTITION BY LIST (x);"
        "CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);",
    )
    shop.applies("0002_b.sql", statement.format(shop.database.name) + ";")
    assert shop.events_of(FileStarted)[0].mode is Mode.NO_TRANSACTION
    row = shop.rows["0002_b.sql"]
    assert row.success
    assert row.error_message is None
    assert row.execution_time_ms is not None


def test_the_directive_runs_every_statement_by_itself(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "-- schemamig: no-transaction\n"
        "CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'ok';"
        "CREATE TABLE a (m mood); INSERT INTO a VALUES ('ok');",
    )
    assert shop.ask("SELECT m::text FROM a") == ["ok"]


def test_a_file_that_uses_its_own_enum_value_needs_no_directive(shop: Workshop) -> None:
    shop.ask("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood)")
    shop.applies("0001_a.sql", "ALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO a VALUES ('ok');")
    assert shop.ask("SELECT m::text FROM a") == ["ok"]
    assert shop.events_of(FileStarted)[0].mode is Mode.NO_TRANSACTION


def test_a_set_local_outside_of_a_transaction_does_nothing_to_us_either(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "-- schemamig: no-transaction\nCREATE TABLE a (x text);\n"
        "SET LOCAL transaction_read_only = on;\nSET LOCAL search_path = nowhere;\n"
        "SET LOCAL default_table_access_method = heap;\nSET LOCAL ROLE pg_monitor;\n"
        "INSERT INTO a VALUES (current_setting('search_path'));",
    )
    assert shop.ask("SELECT x FROM a") == ['"$user", public']
    assert [e.line for e in shop.events_of(FileWarned)] == [3, 4, 5, 6]


def test_what_needs_a_transaction_is_refused_before_anything_runs(shop: Workshop) -> None:
    shop.write(
        "0001_a.sql",
        "-- schemamig: no-transaction\ncreate table a (a int);\n"
        "set local lock_timeout = '1s';\nlock table a in access exclusive mode;\n",
    )
    with pytest.raises(FilesError) as caught:
        shop.apply()
    assert (caught.value.line, shop.ask("SELECT to_regclass('a')")) == (4, [None])


def test_the_directive_lets_a_procedure_commit(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "-- schemamig: no-transaction\n"
        "CREATE TABLE a (x int);"
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN INSERT INTO a VALUES (1); COMMIT; END$$;"
        "CALL p(); CALL p();",
    )
    assert shop.ask("SELECT count(*) FROM a") == [2]
    assert len(shop.events_of(FileStarted)) == 1
    assert [e.statement for e in shop.events_of(StatementFinished)] == [1, 2, 3, 4]


def test_a_file_without_a_transaction_keeps_its_session_between_statements(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE SCHEMA s; SET search_path = s; CREATE TEMP TABLE t (x int);"
        "INSERT INTO t VALUES (7); CREATE TABLE a AS SELECT x FROM t; VACUUM a;",
    )
    assert shop.ask("SELECT x FROM s.a") == [7]


def test_the_encoding_of_a_file_does_not_touch_its_name_in_the_ledger(shop: Workshop) -> None:
    sql = "SET client_encoding = LATIN1; CREATE TABLE a (x text); {} INSERT INTO a VALUES ('é');"
    for number, more in enumerate(["", "VACUUM a;"]):
        shop.ask("DROP TABLE IF EXISTS a")
        shop.applies(f"000{number}_é.sql", sql.format(more).encode("latin-1"))
        assert shop.ask("SELECT x FROM a") == ["é"]
    assert set(shop.rows) == {"0000_é.sql", "0001_é.sql"}
    assert all(row.success for row in shop.rows.values())


def test_the_ledger_row_is_written_under_the_login_role_in_every_mode(shop: Workshop) -> None:
    role = f"role_{shop.database.name}"
    shop.ask(f"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}")
    try:
        for number, text in enumerate(
            [
                "SET ROLE {r}; CREATE TABLE a1 (x int);",
                "BEGIN; SET ROLE {r}; CREATE TABLE a2 (x int); COMMIT;",
                "SET ROLE {r}; CREATE TABLE a3 (x int); VACUUM a3; CREATE TABLE b3 (x int);",
                "SET SESSION AUTHORIZATION {r}; CREATE TABLE a4 (x int); VACUUM a4;"
                "CREATE TABLE b4 (x int);",
                "SET SESSION AUTHORIZATION {r}; CREATE TABLE a5 (x int);",
            ]
        ):
            shop.applies(f"000{number}_a.sql", text.format(r=role))
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert shop.ask(owners) == [role]
        assert all(row.success for row in shop.rows.values())
    finally:
        shop.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_an_empty_file_is_recorded_as_nothing_when_another_stands_behind_it(shop: Workshop) -> None:
    assert shop.applies("0001_a.sql", "").unwritten == ("0001_a.sql",)
    assert shop.rows == {}
    shop.applies("0002_b.sql", "-- nothing here\n/* nor here */;")
    assert [e.name for e in shop.events_of(FileApplied)] == ["0001_a.sql", "0002_b.sql"]
    assert all(row.success for row in shop.rows.values())


def test_inline_copy_data_is_loaded(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int, y text);\nCOPY a FROM stdin;\n1\tone\n2\ttwo\n\\.\n"
        "COPY a (y) FROM STDIN WITH (FORMAT csv);\nthree\n\\.\nUPDATE a SET y = y || '!';\n",
    )
    assert shop.ask("SELECT y FROM a ORDER BY x") == ["one!", "two!", "three!"]


def test_every_statement_is_told_with_its_line_and_tag(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "CREATE TABLE a (x int);\n\nINSERT INTO a\nVALUES (1), (2);\n")
    finished = [(e.statement, e.line, e.tag) for e in shop.events_of(StatementFinished)]
    assert finished == [(1, 1, "CREATE TABLE"), (2, 3, "INSERT 0 2")]


def test_what_may_not_be_meant_is_warned_of_when_the_file_starts(shop: Workshop) -> None:
    shop.write("0001_a.sql", "-- nothing")
    shop.write("0002_b.sql", "SELECT 1;\nSET LOCAL search_path = x;")
    shop.apply()
    assert [(e.name, e.line) for e in shop.events_of(FileWarned)] == [
        ("0001_a.sql", 1),
        ("0002_b.sql", 2),
    ]


def test_copy_data_far_beyond_a_socket_buffer_arrives_whole(shop: Workshop) -> None:
    rows = b"".join(b"%d\tsome text that fills the line\n" % n for n in range(400_000))
    shop.applies(
        "0001_a.sql",
        b"CREATE TABLE a (x int, y text);\nCOPY a FROM stdin;\n" + rows + b"\\.\n",
    )
    assert shop.ask("SELECT sum(x) FROM a") == [sum(range(400_000))]


def test_a_run_of_many_big_files_keeps_few_open(shop: Workshop) -> None:
    shop.write("0000_a.sql", "CREATE TABLE a (x text);")
    for number in range(1, 60):
        rows = f"INSERT INTO a VALUES ('{'x' * 1000}');\n" * 70
        shop.write(f"{number:04}_a.sql", rows)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 20, limits[1])
    )
    try:
        assert len(shop.apply().applied) == 60
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
