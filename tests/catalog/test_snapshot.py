"""A snapshot sees what it should, and leaves the session as it has found it."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from schemamig_tui.catalog import definitions, reading
from schemamig_tui.catalog.objects import Object, Schema
from schemamig_tui.catalog.queries import session
from schemamig_tui.catalog.reading import prepared
from schemamig_tui.catalog.sharing import SharedQueries
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.catalog.writes import catalog_writes
from tests.catalog.conftest import Rehearsal, changes
from tests.conftest import Database

SAMPLE = r"""
    CREATE SCHEMA hidden;
    CREATE TABLE hidden.t (
        id serial PRIMARY KEY, day date DEFAULT '2020-01-02', every interval DEFAULT '1 day 2:00',
        at timestamptz DEFAULT '2020-01-01 00:00Z', share float8 DEFAULT 0.1,
        raw bytea DEFAULT '\x00', price money DEFAULT 3.5, path text CHECK (path <> 'a\b')
    );
    CREATE VIEW hidden.v AS SELECT day FROM hidden.t;
    CREATE TABLE hidden.f (t_id int REFERENCES hidden.t);
    CREATE FUNCTION hidden.g(hidden.t) RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


INDEXES = """
    CREATE TYPE mood AS ENUM ('well'); CREATE DOMAIN word AS text; CREATE SCHEMA "S";
    CREATE TABLE "S"."a t" (
        a int, b text, "C d" varchar(9), e char(3), f mood, g int[], h word, i text COLLATE "C",
        j jsonb, k name, l oid, m numeric
    );
    CREATE TABLE parted (a int, b text) PARTITION BY RANGE (a);
    CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (9);
    CREATE INDEX ON parted (b); CREATE UNIQUE INDEX ON part (b, a);
"""
ON = (
    *("(a)", "(a, b)", '("C d", e)', "(f)", "(g)", "(h)", "(i, e)", "(j)", "(k)", "(l)", "(m, a)"),
    *("(a DESC)", "(b, a NULLS FIRST)", "(b text_pattern_ops)", '("C d" varchar_pattern_ops)'),
    *('(b COLLATE "C")', '(i COLLATE "POSIX", a)', '("C d" COLLATE "C")', "(lower(b))"),
    *("(a, (b || 'x'))", "(a) INCLUDE (b)", "(a) WHERE b > ''", "(a) WITH (fillfactor = 50)"),
    *("USING hash (a)", "USING gin (j)", "USING brin (a, b)"),
)


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as conn:
        conn.execute(SAMPLE)
        yield conn


def _relations(conn: psycopg.Connection) -> tuple[Object, ...]:
    return snapshot(conn).objects["relations"]


def _oids(schema: Schema) -> set[int]:
    return {relation.oid for relation in schema.objects["relations"]}


def test_it_sees_what_the_transaction_has_changed_until_that_is_rolled_back(
    conn: psycopg.Connection,
) -> None:
    before = snapshot(conn)
    conn.execute("BEGIN; ALTER TABLE hidden.t ADD seen int")
    assert changes(before, snapshot(conn)) == "~ table hidden.t\n    + column seen integer\n"
    conn.execute("ROLLBACK")
    assert snapshot(conn) == before


@pytest.mark.parametrize("autocommit", [True, False])
def test_without_a_transaction_it_leaves_none(conn: psycopg.Connection, autocommit: bool) -> None:
    conn.autocommit = autocommit
    snapshot(conn)
    assert conn.info.transaction_status == TransactionStatus.IDLE


def test_it_keeps_no_lock_and_no_setting(conn: psycopg.Connection) -> None:
    held = "SELECT locktype, relation, mode FROM pg_locks WHERE pid = pg_backend_pid()"
    settings = "SELECT name, setting FROM pg_settings ORDER BY name"
    conn.execute("BEGIN; SET LOCAL search_path = hidden; SET client_encoding = 'LATIN1'")
    before = set(conn.execute(settings).fetchall()), set(conn.execute(held).fetchall())
    snapshot(conn)
    after = set(conn.execute(settings).fetchall()), set(conn.execute(held).fetchall())
    assert after == before
    assert conn.info.encoding == "iso8859-1"


def test_settings_of_the_session_do_not_change_what_it_reads(conn: psycopg.Connection) -> None:
    before = snapshot(conn)
    conn.execute("""
        SET search_path = hidden; SET datestyle = 'German'; SET intervalstyle = 'iso_8601';
        SET timezone = 'Asia/Tokyo'; SET extra_float_digits = -10; SET bytea_output = 'escape';
        SET quote_all_identifiers = on; SET client_encoding = 'LATIN1';
        SET statement_timeout = '1ms'; SET lock_timeout = '1ms';
    """)
    assert snapshot(conn) == before


def test_no_timeout_of_the_role_ends_the_reading(conn: psycopg.Connection) -> None:
    limits = "SELECT name, setting FROM pg_settings WHERE name ~ '(action|statement).*_timeout$'"
    names = [name for name, _ in conn.execute(limits)]
    for name in names:
        conn.execute(f"SET {name} = '1min'".encode())
    with prepared(conn):
        assert conn.execute(limits).fetchall() == [(name, "0") for name in names]


def test_a_role_without_rights_sees_the_same(conn: psycopg.Connection) -> None:
    conn.execute("BEGIN; CREATE ROLE stranger")
    before = snapshot(conn)
    conn.execute("SET ROLE stranger")
    assert snapshot(conn) == before
    conn.execute("ROLLBACK")


def test_an_index_is_said_as_the_server_says_it(conn: psycopg.Connection) -> None:
    conn.execute(INDEXES)
    for on in ON:
        conn.execute(f'CREATE INDEX ON "S"."a t" {on}'.encode())
    conn.execute("SET search_path TO pg_catalog")  # so that names have their schema
    rows = conn.execute("SELECT indexrelid, pg_get_indexdef(indexrelid, 0, true) FROM pg_index")
    said = dict(rows.fetchall())
    seen = [(index, one.name) for one in _relations(conn) for index in one.parts[2]]
    assert len(seen) == len(ON) + 3
    for index, table in seen:
        definition = definitions.index(said[index.oid], index.name, table)
        assert index.value("_definition") == definition


def test_temporary_objects_are_left_out_whatever_they_are_called(conn: psycopg.Connection) -> None:
    before = snapshot(conn)
    conn.execute("""
        CREATE TEMPORARY TABLE pg_class (oid oid); CREATE TEMPORARY VIEW pg_attribute AS SELECT 1;
        CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    """)
    assert snapshot(conn) == before


def test_prepared_statements_may_be_gone(conn: psycopg.Connection) -> None:
    for _ in range(2 * conn.prepare_threshold if conn.prepare_threshold else 10):
        snapshot(conn)
        conn.execute("DEALLOCATE ALL", prepare=False)


def test_databases_with_the_same_schema_are_equal(
    conn: psycopg.Connection, rehearsal: Rehearsal
) -> None:
    here = snapshot(conn)
    rehearsal.given("CREATE TABLE first ()")  # so that no oid is the same
    rehearsal.given(SAMPLE + "DROP TABLE first")
    there = rehearsal.schema
    assert there.objects["relations"] == here.objects["relations"]
    assert _oids(there).isdisjoint(_oids(here))
    assert changes(here, there) == changes(there, here) == ""


def test_a_database_in_sql_ascii_may_hold_any_bytes(database: Database) -> None:
    with database.connect() as admin:
        admin.execute(
            "CREATE DATABASE any_bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
        try:
            with database.connect(dbname="any_bytes") as conn:
                conn.execute(b"CREATE TABLE t (n int); COMMENT ON TABLE t IS 'caf\xe9'")
                (table,) = _relations(conn)
                assert table.comment == r"caf\xe9"
        finally:
            admin.execute("DROP DATABASE any_bytes")


def test_it_waits_for_a_table_that_is_locked_for_a_moment(
    conn: psycopg.Connection, database: Database
) -> None:
    with database.connect() as other:
        other.execute("BEGIN; LOCK TABLE hidden.t IN ACCESS EXCLUSIVE MODE")
        release = threading.Timer(0.3, other.rollback)
        release.start()
        assert _relations(conn)
        release.join()


def test_it_gives_up_on_a_table_that_stays_locked_and_the_transaction_goes_on(
    conn: psycopg.Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.2)
    conn.execute("BEGIN; CREATE TABLE kept ()")
    with database.connect() as other:
        other.execute("BEGIN; LOCK TABLE hidden.t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            snapshot(conn)
    assert "public.kept" in {relation.name for relation in _relations(conn)}


def test_others_may_create_and_drop_at_the_same_time(
    conn: psycopg.Connection, database: Database
) -> None:
    deadline = time.monotonic() + 1.5
    failed: list[psycopg.Error] = []

    def churn() -> None:
        try:
            with database.connect() as other:
                while time.monotonic() < deadline:
                    other.execute("""
                        CREATE TABLE churn (id serial PRIMARY KEY, n int CHECK (n > 1));
                        CREATE INDEX ON churn (abs(n)); CREATE VIEW seen AS SELECT * FROM churn;
                    """)
                    other.execute("DROP TABLE churn CASCADE")
        except psycopg.Error as error:
            failed.append(error)

    churning = threading.Thread(target=churn)
    churning.start()
    while churning.is_alive():
        assert any(relation.name == "hidden.t" for relation in _relations(conn))
    assert failed == []


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT * FROM t", False),
        ("INSERT INTO t VALUES (1)", False),
        ("SET search_path = ''", False),
        ("CREATE TABLE u ()", True),
        ("DROP TABLE t", True),
        ("COMMENT ON COLUMN t.x IS 'x'", True),
        ("GRANT SELECT ON t TO PUBLIC", True),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", True),
        ("ALTER TYPE mood ADD VALUE 'happy'", True),
        ("DO $$BEGIN EXECUTE 'ALTER TABLE t RENAME TO u'; END$$", True),
    ],
)
def test_whether_a_transaction_has_written_to_the_catalogs_can_be_asked(
    conn: psycopg.Connection, sql: str, writes: bool
) -> None:
    conn.execute("CREATE TABLE t (x int); CREATE TYPE mood AS ENUM ('sad')")
    with conn.transaction():
        before = catalog_writes(conn)
        with conn.transaction():
            conn.execute(sql.encode())
        assert (catalog_writes(conn) != before) == writes


def test_where_writes_are_not_counted_nobody_knows(conn: psycopg.Connection) -> None:
    conn.execute("SET track_counts = off")
    assert catalog_writes(conn) is None


def _not_at_all() -> psycopg.Connection:
    raise psycopg.OperationalError("too many connections")


@pytest.mark.parametrize("second", ["another", "ended", "none"])
def test_a_second_connection_only_helps(
    database: Database, conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    def ended() -> psycopg.Connection:
        other = database.connect()
        # Not over the first connection, which is at work in a thread of its own.
        with database.connect() as third:
            third.execute("SELECT pg_terminate_backend(%s, 5000)", [other.info.backend_pid])
        return other

    connects = {"another": database.connect, "ended": ended, "none": _not_at_all}
    monkeypatch.setattr(session, "IS_LARGE", "SELECT true")
    assert snapshot(conn, connect=connects[second]) == snapshot(conn)
    assert conn.info.transaction_status == TransactionStatus.IDLE


def test_what_one_connection_has_begun_the_other_waits_for(
    database: Database, conn: psycopg.Connection
) -> None:
    began = threading.Event()

    def connect() -> psycopg.Connection:
        began.set()
        return database.connect()

    queries = {
        "slow": "SELECT pg_backend_pid() AS pid, pg_sleep(0.3)",
        "next": "SELECT pg_backend_pid() AS pid, pg_sleep(0.3)",
    }
    shared = SharedQueries(connect, queries)
    assert began.wait(5)
    with shared.answers(conn) as coming:
        answers = dict(coming)
    pids = {answer.rows[0][0] for answer in answers.values()}
    assert answers.keys() == queries.keys()
    assert len(pids) == 2
    assert conn.info.backend_pid in pids


def test_what_the_second_connection_has_begun_and_cannot_end_the_first_one_asks(
    database: Database, conn: psycopg.Connection
) -> None:
    def connect() -> psycopg.Connection:
        other = database.connect()
        pids.append(other.info.backend_pid)
        return other

    pids: list[int] = []
    query = "SELECT 1 AS one FROM pg_sleep(CASE pg_backend_pid() WHEN {} THEN 0 ELSE 60 END)"
    shared = SharedQueries(connect, {"long": query.format(conn.info.backend_pid)})
    waiting = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    while not (pids and conn.execute(waiting, pids).fetchall()):
        time.sleep(0.01)
    conn.execute("SELECT pg_terminate_backend(%s, 5000)", pids)
    with shared.answers(conn) as coming:
        assert dict(coming)["long"].rows == [(1,)]
