"""What is built CONCURRENTLY is never left invalid without a word, nor taken for a good one."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from schemamig_tui.engine.events import NoticeReceived, RunFinished
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.limits import Limits
from schemamig_tui.sql.concurrently import concurrent
from schemamig_tui.sql.traits import Concurrent
from tests.engine.conftest import Workshop

WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '0.2 s')"
)
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"


@pytest.fixture
def writer(shop: Workshop) -> Iterator[psycopg.Connection]:
    """A session with an open transaction that has written to the table ``a``."""
    shop.ask("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (1)")
    with shop.database.connect() as conn:
        write(conn)
        yield conn
        conn.rollback()


def write(conn: psycopg.Connection) -> None:
    """Begin a transaction that writes to the table ``a``."""
    conn.execute("BEGIN")
    conn.execute("INSERT INTO a VALUES (2)")


def while_waiting(shop: Workshop, do: Callable[[Runner], None], **limits: float) -> RunFinished:
    """Apply everything in a thread, and ``do`` something once it waits for a lock."""
    runner = shop.runner(limits=Limits(**limits))
    thread = threading.Thread(target=runner.apply_pending, daemon=True)
    thread.start()
    wait_until(shop, WAITS)
    do(runner)
    thread.join()
    (finished,) = shop.events_of(RunFinished)
    return finished


@pytest.mark.parametrize(
    ("sql", "means"),
    [
        ("CREATE INDEX CONCURRENTLY a_x ON a (x)", Concurrent("create", b"a", b"a_x")),
        (
            'create unique index concurrently if not exists "A x" on only s."a b"(x)',
            Concurrent("create", b's."a b"', b'"A x"'),
        ),
        ("CREATE INDEX /* a */ CONCURRENTLY ON a(x)", Concurrent("create", b"a")),
        ("DROP INDEX CONCURRENTLY IF EXISTS a", Concurrent("drop")),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", Concurrent("detach")),
        ("REINDEX INDEX CONCURRENTLY s.a", Concurrent("index", b"s.a")),
        ("REINDEX (VERBOSE, CONCURRENTLY) TABLE a", Concurrent("table", b"a")),
        ("REINDEX DATABASE CONCURRENTLY", Concurrent("database")),
        ("REINDEX (CONCURRENTLY off) SCHEMA a", None),
        ("REINDEX SCHEMA a", None),
        ("CREATE INDEX CONCURRENTLY", None),
        ("VACUUM a", None),
    ],
)
def test_what_works_concurrently_is_known(sql: str, means: Concurrent | None) -> None:
    assert concurrent(sql.encode()) == means


def test_a_failed_build_names_the_invalid_index_and_how_to_drop_it(shop: Workshop) -> None:
    shop.ask("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (1)")
    leave_invalid(shop, "older")
    failed = shop.fails("0001_a.sql", 'CREATE UNIQUE INDEX CONCURRENTLY "A x" ON a (x);')
    assert failed.failure.sqlstate == "23505"
    drop = 'DROP INDEX CONCURRENTLY public."A x";'
    assert drop in str(failed.failure.hint)
    assert "older" not in str(failed.failure.hint)
    assert drop in str(shop.rows["0001_a.sql"].error_message)


@pytest.mark.parametrize("condition", ["IF NOT EXISTS ", ""])
def test_an_invalid_index_is_not_taken_for_a_good_one(shop: Workshop, condition: str) -> None:
    shop.ask("CREATE SCHEMA s; CREATE TABLE s.a (x int); INSERT INTO s.a VALUES (1), (1)")
    shop.ask("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (1)")
    sql = f"SET search_path = s; SELECT 1;\nCREATE INDEX CONCURRENTLY {condition}A_x ON a (x);"
    leave_invalid(shop, "s.a_x")
    failed = shop.fails("0001_a.sql", sql)
    assert failed.failure.message == "the index s.a_x is there already, and it is invalid"
    assert "DROP INDEX CONCURRENTLY s.a_x;" in str(failed.failure.hint)
    assert failed.failure.place
    assert (failed.failure.place.line, failed.failure.context) == (2, None)
    assert failed.kept == 2
    shop.ask("DROP INDEX s.a_x")
    leave_invalid(shop, "a_x")
    shop.applies("0001_a.sql", sql)
    assert shop.ask(INVALID) == ["a_x"]


def test_an_index_that_another_session_is_building_is_not_to_be_dropped(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_x ON a (x);"
    builder = threading.Thread(target=shop.ask, args=(sql,))
    builder.start()
    wait_until(shop, WAITS)
    failed = shop.fails("0001_a.sql", sql)
    assert failed.failure.message == "the index public.a_x is there already, and not valid yet"
    assert failed.failure.hint == "Try again when that is done."
    writer.rollback()
    builder.join()
    assert shop.apply().failed is None


def test_a_cancelled_build_names_the_invalid_index(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    shop.write("0001_a.sql", "CREATE INDEX CONCURRENTLY ON a (x);")
    finished = while_waiting(shop, Runner.cancel)
    assert finished.cancelled
    assert shop.failure.failure.sqlstate == "57014"
    assert "DROP INDEX CONCURRENTLY public.a_x_idx;" in str(shop.failure.failure.hint)


def test_a_cancelled_reindex_names_the_transient_index_and_the_next_one_warns_of_it(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    writer.rollback()
    shop.ask("CREATE INDEX i ON a (x)")
    write(writer)
    shop.write("0001_a.sql", "REINDEX TABLE CONCURRENTLY a;")
    while_waiting(shop, Runner.cancel)
    assert "DROP INDEX CONCURRENTLY public.i_ccnew;" in str(shop.failure.failure.hint)
    writer.rollback()
    assert shop.apply().failed is None
    warnings = [
        e.notice for e in shop.events_of(NoticeReceived) if "is invalid" in e.notice.message
    ]
    assert [warning.hint for warning in warnings] == ["DROP INDEX CONCURRENTLY public.i_ccnew;"]


def test_a_build_cut_off_with_its_connection_names_the_invalid_index(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    shop.write("0001_a.sql", "SELECT 1;\nCREATE INDEX CONCURRENTLY a_x ON a (x);")
    while_waiting(shop, lambda runner: cut_off(shop))
    failure = shop.failure.failure
    assert failure.sqlstate == "57P01"
    assert failure.message.startswith("the connection was lost: terminating connection")
    assert failure.place
    assert failure.place.line == 2
    drop = "DROP INDEX CONCURRENTLY public.a_x;"
    assert drop in str(failure.hint)
    assert drop in str(shop.rows["0001_a.sql"].error_message)


def test_what_works_concurrently_is_exempt_from_the_lock_timeout(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    shop.ask("CREATE FUNCTION patience() RETURNS text RETURN current_setting('lock_timeout')")
    shop.lock_timeout = "100ms"
    shop.write(
        "0001_a.sql",
        "SELECT 1; CREATE INDEX CONCURRENTLY a_x ON a (x);"
        "CREATE TABLE seen AS SELECT patience() AS x;",
    )
    finished = while_waiting(shop, lambda runner: writer.rollback(), lock=0.1)
    assert finished.failed is None
    assert shop.ask("SELECT x FROM seen") == ["100ms"]


def test_a_file_that_goes_on_at_such_a_statement_is_exempt_as_well(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    writer.rollback()
    shop.fails("0001_a.sql", "VACUUM a; CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x);")
    shop.ask("DROP INDEX a_x")
    write(writer)
    shop.lock_timeout = "100ms"
    shop.write("0001_a.sql", "VACUUM a; CREATE INDEX CONCURRENTLY a_x ON a (x);")
    finished = while_waiting(shop, lambda runner: writer.rollback(), lock=0.1)
    assert finished.failed is None


def test_the_lock_timeout_of_a_file_itself_holds(
    shop: Workshop, writer: psycopg.Connection
) -> None:
    shop.write("0001_a.sql", "SET lock_timeout = '50ms'; CREATE INDEX CONCURRENTLY a_x ON a (x);")
    assert shop.apply(limits=Limits(lock=3600, retries=3)).failed
    assert shop.failure.failure.sqlstate == "55P03"
    assert "DROP INDEX CONCURRENTLY public.a_x;" in str(shop.failure.failure.hint)


def test_a_reindex_that_skips_an_invalid_index_is_no_success(shop: Workshop) -> None:
    shop.ask("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (1)")
    leave_invalid(shop, "a_x")
    for what in ("TABLE CONCURRENTLY a", "(CONCURRENTLY) SCHEMA public"):
        failed = shop.fails("0001_a.sql", f"REINDEX {what};")
        assert failed.failure.message == "the index public.a_x is invalid"
        assert "DROP INDEX CONCURRENTLY public.a_x;" in str(failed.failure.hint)


def test_the_indexes_of_partitioned_tables_may_be_invalid(shop: Workshop) -> None:
    shop.ask("CREATE TABLE p (x int) PARTITION BY LIST (x)")
    shop.ask("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)")
    shop.applies(
        "0001_a.sql",
        "CREATE INDEX p_x ON ONLY p (x); CREATE INDEX CONCURRENTLY p1_x ON p1 (x);"
        "CREATE INDEX CONCURRENTLY ON p1 ((x + 1)); REINDEX TABLE CONCURRENTLY p;"
        "ALTER INDEX p_x ATTACH PARTITION p1_x; REINDEX INDEX CONCURRENTLY p_x;",
    )
    assert not shop.events_of(NoticeReceived)


def cut_off(shop: Workshop) -> None:
    """End the session that waits for a lock."""
    shop.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )


def leave_invalid(shop: Workshop, name: str) -> None:
    """Leave an invalid index behind on a table ``a`` that has the same value twice."""
    schema, _, index = name.rpartition(".")
    table = f"{schema}.a" if schema else "a"
    with pytest.raises(psycopg.errors.UniqueViolation):
        shop.ask(f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} (x)")


def wait_until(shop: Workshop, query: str) -> None:
    """Return when the query's answer is true."""
    deadline = time.monotonic() + 30
    with shop.database.connect() as conn:
        while conn.execute(query.encode()).fetchone() != (True,):
            assert time.monotonic() < deadline, shop.events
