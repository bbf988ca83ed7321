"""The timeouts of a role are for its migrations, as in psql, and not for what a run does itself."""

import contextlib
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect import resolve
from schemamig_tui.engine.backfill.questions import (
    OWN_TRANSACTION,
    Questions,
    Row,
    answer,
    ask,
    closing,
    opening,
)
from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileRetried,
    FileStarted,
    LockAwaited,
    RunStarted,
    StatementFinished,
)
from schemamig_tui.engine.ledger import own_session
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.engine.run import step_order
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.stored_code import ask_as_postgres
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.errors import ConnectionLost
from schemamig_tui.limits import Limits
from schemamig_tui.settings import Settings
from tests.engine.conftest import LEDGER, Workshop

TIMEOUTS = pytest.mark.parametrize(
    "setting",
    ["statement_timeout", pytest.param("transaction_timeout", marks=pytest.mark.postgres(min=17))],
)


def set_for_role(shop: Workshop, setting: str, value: str) -> None:
    """Give new sessions of the role, in this database, a setting."""
    shop.ask(f"ALTER ROLE postgres IN DATABASE {shop.database.name} SET {setting} = '{value}'")


def apply(shop: Workshop, on: type[Event], do: "threading.Event", **limits: float) -> Runner:
    """A run that sets ``do`` at the first event of a kind."""

    def listen(event: Event) -> None:
        shop.events.append(event)
        if isinstance(event, on):
            do.set()

    return Runner(shop.connect, shop.folder, LEDGER, listen, limits=Limits(**limits))


def test_a_wait_for_another_run_outlasts_the_roles_idle_timeout(shop: Workshop) -> None:
    shop.applies("0000_first.sql", "SELECT 'what a process imports once takes time';")
    shop.write("0001_a.sql", "SELECT pg_sleep(1);")
    set_for_role(shop, "idle_session_timeout", "200ms")
    begun, awaited = threading.Event(), threading.Event()
    first = threading.Thread(target=apply(shop, FileStarted, begun).apply_pending)
    first.start()
    assert begun.wait(30)
    assert apply(shop, LockAwaited, awaited).apply_pending().version == 2
    first.join()
    assert awaited.is_set()


def test_the_pause_before_the_next_try_outlasts_it_too(shop: Workshop) -> None:
    shop.applies("0000_first.sql", "CREATE TABLE busy ();")
    shop.lock_timeout = "50ms"
    shop.write("0001_a.sql", "ALTER TABLE busy ADD x int;")
    set_for_role(shop, "idle_session_timeout", "100ms")
    retried = threading.Event()
    runner = apply(shop, FileRetried, retried, retries=9, lock=0.05)
    with psycopg.connect(shop.database.conninfo) as other:
        other.execute("LOCK TABLE busy")
        other.execute("SET idle_in_transaction_session_timeout = 0")
        thread = threading.Thread(target=runner.apply_pending)
        thread.start()
        assert retried.wait(30)
    thread.join()
    assert shop.rows["0001_a.sql"].success


def test_it_does_not_count_between_two_questions_about_batches(shop: Workshop) -> None:
    """Each waits for the answer to the one before, which takes its time on a slow line."""
    set_for_role(shop, "idle_in_transaction_session_timeout", "20ms")

    def questions() -> Questions[list[Row]]:
        yield from opening(OWN_TRANSACTION)
        first = yield from ask("SELECT 1")
        time.sleep(0.1)
        second = yield from ask("SELECT 2")
        yield from closing(OWN_TRANSACTION)
        return first + second

    with contextlib.closing(shop.connect()) as conn:
        assert answer(conn, questions()) == [("1",), ("2",)]


def test_the_roles_statement_timeout_is_the_migrations(shop: Workshop) -> None:
    set_for_role(shop, "statement_timeout", "150ms")
    failed = shop.fails("0001_a.sql", "SELECT pg_sleep(5);")
    assert failed.failure.sqlstate == "57014"
    assert failed.recorded
    failed = shop.fails("0001_a.sql", "SELECT pg_sleep(5); VACUUM;")
    assert failed.failure.sqlstate == "57014"


@TIMEOUTS
@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("SET {} = '100ms';\nSELECT pg_sleep(5);", 1),
        ("BEGIN;\nSET LOCAL {} = '100ms';\nSELECT pg_sleep(5);\nCOMMIT;", 2),
        ("SET {} = 100; BEGIN;\nSET LOCAL {} = '1h'; COMMIT;\nSELECT pg_sleep(5); VACUUM;", 1),
    ],
)
def test_the_hint_names_the_line_with_the_timeout(
    shop: Workshop, setting: str, sql: str, line: int
) -> None:
    failure = shop.fails("0001_a.sql", sql.replace("{}", setting)).failure
    assert failure.hint == f"Line {line} sets {setting}: allow more time there, or 0 for no limit."


@pytest.mark.postgres(min=17)
def test_the_roles_transaction_timeout_is_lifted_as_the_hint_says(shop: Workshop) -> None:
    set_for_role(shop, "transaction_timeout", "300ms")
    assert shop.fails("0001_a.sql", "SELECT pg_sleep(5);").failure.hint == (
        "transaction_timeout is a limit of the role, the database or the server: SET"
        " transaction_timeout = 0; at the top of the file lifts it."
    )
    shop.applies("0001_a.sql", "SET transaction_timeout = 0; SELECT pg_sleep(0.5);")


@TIMEOUTS
def test_and_no_limit_of_ours(shop: Workshop, setting: str) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    set_for_role(shop, setting, "400ms")
    shop.write("0002_b.sql", f"CREATE TABLE b AS SELECT current_setting('{setting}') AS x;")
    with shop.database.connect() as other:
        other.execute(f"SET {setting} = 0")
        other.execute("BEGIN")
        other.execute(f"LOCK TABLE {LEDGER}")
        threading.Timer(0.8, lambda: other.execute("COMMIT")).start()
        # Reading the ledger takes longer than a statement, or all, of a migration may.
        assert shop.apply().applied == ("0002_b.sql",)
    assert shop.ask("SELECT x FROM b") == ["400ms"]


def test_the_resets_between_two_files_have_no_timeout_of_the_role(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RESET ALL brings it back, for whatever comes behind."""
    *resets, last = step_order.RESET
    monkeypatch.setattr(step_order, "RESET", (*resets, b"SELECT pg_sleep(0.6)", last))
    set_for_role(shop, "statement_timeout", "400ms")
    shop.applies("0001_a.sql", "SELECT 1;")


@TIMEOUTS
def test_nor_one_of_the_row_that_we_write(shop: Workshop, setting: str) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    set_for_role(shop, setting, "500ms")
    shop.write("0002_b.sql", "CREATE TABLE b ();")
    with shop.database.connect() as other:
        other.execute(f"SET {setting} = 0")
        other.execute("BEGIN")
        other.execute(f"LOCK TABLE {LEDGER} IN SHARE MODE")
        threading.Timer(1, lambda: other.execute("COMMIT")).start()
        assert shop.apply().applied == ("0002_b.sql",)


@TIMEOUTS
def test_nor_what_is_asked_about_stored_code_and_indexes(shop: Workshop, setting: str) -> None:
    set_for_role(shop, setting, "200ms")
    with shop.database.connect() as conn:
        assert ask_as_postgres(conn, "SELECT 1 FROM pg_sleep(0.4)") == [[(1,)]]
        assert conn.execute(f"SHOW {setting}").fetchone() == ("200ms",)


@pytest.mark.postgres(min=17)
def test_the_roles_transaction_timeout_does_not_end_our_notes(shop: Workshop) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();\nVACUUM a;\nSELECT pg_sleep(60);")
    set_for_role(shop, "transaction_timeout", "300ms")
    with shop.database.connect() as other:
        other.execute("SET transaction_timeout = 0")

        def listen(event: Event) -> None:
            shop.events.append(event)
            if isinstance(event, StatementFinished) and event.statement == 1:
                other.execute("BEGIN")
                other.execute(f"SELECT FROM {LEDGER} FOR UPDATE")
                threading.Timer(0.7, lambda: other.execute("COMMIT")).start()

        Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()
    # The note of the second statement has waited; the third one is ended as psql's would be.
    assert shop.failure.failure.sqlstate == "25P04"
    assert shop.failure.failure.statement == 3
    assert shop.failure.kept == 2


def test_none_of_them_is_the_second_connections(shop: Workshop) -> None:
    for setting in ("idle_session_timeout", "statement_timeout"):
        set_for_role(shop, setting, "100ms")
    with shop.connect() as first, Watch(shop.database.connect, Backend.of(first)) as watch:
        time.sleep(0.3)
        assert watch.ask(lambda conn: conn.execute("SHOW statement_timeout").fetchone()) == ("5s",)


DEFERRED = """
CREATE TABLE d (x int);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON d DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slow();
"""


@pytest.mark.parametrize(
    "sql",
    [
        "SET {} = '300ms'; INSERT INTO d VALUES (1);",
        "BEGIN; SET LOCAL {} = '300ms'; INSERT INTO d VALUES (1); COMMIT;",
        "SET {} = '300ms'; BEGIN; INSERT INTO d VALUES (1); COMMIT; VACUUM d;",
        "SET {} = '300ms'; INSERT INTO d VALUES (1); VACUUM d;",
    ],
)
@TIMEOUTS
def test_a_timeout_counts_for_deferred_constraints_where_it_does_in_psql(
    shop: Workshop, psql: Path, setting: str, sql: str
) -> None:
    shop.ask(DEFERRED)
    file = shop.write("0001_a.sql", sql.format(setting))
    command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", shop.database.conninfo, "-f", file]
    in_psql = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = shop.apply().failed is not None
    assert failed == (in_psql.returncode != 0), in_psql.stderr
    if failed:
        assert shop.failure.failure.sqlstate == "25P04"
        assert "transaction timeout" in in_psql.stderr
    assert shop.ask("SELECT count(*) FROM d") == [0 if failed else 2]


def test_a_timeout_of_the_file_that_cancels_our_own_work_now_and_then_is_no_failure(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ask("CREATE SEQUENCE tries; CREATE TABLE r (a int, b text)")
    # As on a busy machine. The number is not given back at a rollback.
    slow = ", pg_sleep(CASE WHEN nextval('public.tries') % 3 = 0 THEN 0.6 ELSE 0 END)"
    queries = {
        "UNTIMED": own_session.UNTIMED,
        "UNTIMED_BUT_KNOWN": own_session.UNTIMED_BUT_KNOWN,
        "AS_IN_COMMIT": b"SELECT set_config('statement_timeout', '0', true)",
        "AS_IN_COMMIT_BUT_KNOWN": own_session.AS_IN_COMMIT_BUT_KNOWN,
    }
    for name, query in queries.items():
        monkeypatch.setattr(own_session, name, query + slow.encode())
    shop.applies(
        "0001_a.sql",
        "SET statement_timeout = '300ms'; INSERT INTO r VALUES (1, 'shared'); VACUUM r;\n"
        "DO $$BEGIN INSERT INTO r VALUES (2, 'alone'); COMMIT; END$$;\n"
        "BEGIN; INSERT INTO r VALUES (3, 'own'); COMMIT AND CHAIN;\n"
        "INSERT INTO r VALUES (4, 'chained'); COMMIT; SET work_mem = '4MB';\n"
        "INSERT INTO r SELECT 5, current_setting('work_mem');",
    )
    assert shop.ask("SELECT a || b FROM r ORDER BY a") == [
        *("1shared", "2alone", "3own", "4chained", "54MB")
    ]
    assert shop.ask("SELECT last_value > 15 FROM tries") == [True]


@pytest.mark.parametrize(("on", "table"), [(RunStarted, "pg_event_trigger"), (FileApplied, LEDGER)])
def test_nor_one_of_what_a_run_asks_about_a_session(
    shop: Workshop, on: type[Event], table: str
) -> None:
    """It asks about one in which a file runs without a transaction, and about each new one."""
    shop.write("0001_a.sql", "-- schemamig: no-transaction\nSET app.tenant TO 1;")
    shop.write("0002_b.sql", "SELECT 1;")
    set_for_role(shop, "statement_timeout", "400ms")
    with shop.database.connect() as other:
        other.execute("SET statement_timeout = 0")

        def listen(event: Event) -> None:
            if isinstance(event, on) and getattr(event, "name", "0001_a.sql") == "0001_a.sql":
                other.execute("BEGIN")
                other.execute(f"LOCK TABLE {table}".encode())
                threading.Timer(0.8, lambda: other.execute("COMMIT")).start()

        finished = Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()
    assert finished.version == 2


@pytest.mark.postgres(min=17)
def test_a_session_that_a_timeout_has_ended_counts_as_lost(shop: Workshop) -> None:
    """psycopg takes such an error for one in the transaction, by its SQLSTATE."""
    conn = resolve(Settings(dsn=shop.database.conninfo)).connect()
    with pytest.raises(ConnectionLost, match="transaction timeout"), losses_as_errors():
        conn.execute("SET transaction_timeout = 1; SELECT pg_sleep(1)")
