"""Other sessions that the pending files may have to wait for."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.advice.sessions import head
from schemamig_tui.connect.embedded import Embedded
from tests.advice.conftest import Desk
from tests.clusters import wait_until_gone, with_cluster
from tests.conftest import Database
from tests.engine.crowd import until

AGE = re.compile(r"\d\.\d s")
ALTER = "\nALTER TABLE t ADD c int;"


@pytest.fixture
def table(desk: Desk) -> Desk:
    """A database with a table of a hundred rows."""
    desk.prepare(
        "CREATE TABLE t AS SELECT generate_series(1, 100) AS id", "CREATE TABLE u (id int)"
    )
    return desk


def test_a_session_idle_in_its_transaction_is_named_with_what_it_holds(table: Desk) -> None:
    with table.session("SELECT * FROM t", application="web") as other:
        (advice, *_) = table.advice(ALTER, older_than=0)
        pid, user = other.info.backend_pid, other.info.user
    assert advice.severity == "warning"
    assert AGE.sub("0.0 s", advice.message) == (
        f"A session (pid {pid}, user {user}, application web) is idle in a transaction"
        " that was begun 0.0 s ago and holds ACCESS SHARE on public.t, which ALTER TABLE has to"
        " wait for; its last query: SELECT * FROM t."
    )
    assert advice.hint == f"Let it end, or end it: SELECT pg_terminate_backend({pid});"
    assert advice.place == "0001.sql:2"


def test_a_lock_that_is_in_nobodys_way_is_no_warning(table: Desk) -> None:
    with table.session("SELECT * FROM t", "INSERT INTO u VALUES (1)"):
        assert not table.warnings("INSERT INTO t VALUES (1);", older_than=0)
        assert table.warnings("CREATE INDEX ON u (id);", older_than=0)


def test_a_session_is_idle_between_any_two_statements(table: Desk) -> None:
    with table.session("LOCK TABLE t"):
        assert not table.warnings(ALTER)
        time.sleep(1.1)
        assert table.warnings(ALTER)


def test_an_active_transaction_is_told_when_it_is_old(table: Desk) -> None:
    with table.session("SELECT * FROM t") as other, running(other, "SELECT pg_sleep(60)"):
        assert not table.warnings(ALTER)
        (message,) = table.warnings(ALTER, older_than=0)
    assert ") is in a transaction that was begun " in message
    assert message.endswith("its query: SELECT pg_sleep(60).")


def test_an_old_snapshot_holds_back_create_index_concurrently(table: Desk) -> None:
    create = "CREATE INDEX CONCURRENTLY i ON t (id);"
    with table.session("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT * FROM u"):
        (message,) = table.warnings(create, older_than=0)
        assert ", which CREATE INDEX CONCURRENTLY has to wait for;" in message
        # Where nothing has to wait, it is worth a note.
        assert not table.warnings("CREATE INDEX ON t (id);", older_than=0)
        (note, *_) = table.advice("CREATE INDEX ON t (id);", older_than=0)
        assert note.message.startswith("A session (pid")
    with table.session("SELECT * FROM u"):
        assert not table.warnings(create, older_than=0)


def test_a_session_idle_with_a_snapshot_is_told_before_it_is_old(table: Desk) -> None:
    begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    with table.session(begin, "SELECT * FROM u"):
        time.sleep(1.1)
        (message,) = table.warnings("CREATE INDEX CONCURRENTLY i ON t (id);")
        assert ", which CREATE INDEX CONCURRENTLY has to wait for;" in message
        assert not table.warnings("CREATE INDEX i ON t (id);")


def test_a_lock_on_a_partition_is_in_the_way_of_its_table(table: Desk) -> None:
    table.prepare(
        "CREATE TABLE p (id int) PARTITION BY LIST (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (id)",
        "CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1)",
    )
    with table.session("SELECT * FROM p11"):
        (message,) = table.warnings("ALTER TABLE p ADD c int;", older_than=0)
    assert "ACCESS SHARE on public.p11," in message


def test_a_lock_on_a_table_is_in_the_way_of_dropping_its_index(table: Desk) -> None:
    table.prepare("CREATE INDEX i ON t (id)")
    with table.session("INSERT INTO t VALUES (1)"):
        (message,) = table.warnings("DROP INDEX i;", older_than=0)
    assert "ROW EXCLUSIVE on public.t, which DROP INDEX has to wait for" in message


@pytest.mark.parametrize("upkeep", ["VACUUM", "VACUUM (FULL)", "ANALYZE", "CLUSTER VERBOSE"])
def test_a_lock_is_in_the_way_of_the_upkeep_of_all_tables(table: Desk, upkeep: str) -> None:
    table.prepare("CREATE INDEX i ON t (id)", "CLUSTER t USING i")
    with table.session("LOCK TABLE t IN SHARE MODE"):
        (message,) = table.warnings(f"{upkeep};", older_than=0)
        what = upkeep.translate({ord("("): None, ord(")"): None}).removesuffix(" VERBOSE")
        assert f"holds SHARE on public.t, which {what} has to wait for" in message
    with table.session("LOCK TABLE u IN SHARE MODE"):
        assert bool(table.warnings(f"{upkeep};", older_than=0)) is (upkeep != "CLUSTER VERBOSE")


def test_a_lock_is_in_the_way_of_what_a_role_leaves_behind(table: Desk, limited: str) -> None:
    seen = "CREATE MATERIALIZED VIEW v AS SELECT id FROM t"
    table.prepare(f"ALTER TABLE t OWNER TO {limited}", seen)
    table.login = None
    for sql, name in (
        (f"REASSIGN OWNED BY {limited} TO CURRENT_USER;", "t"),
        (f"DROP OWNED BY {limited} CASCADE;", "t"),
        (f"DROP OWNED BY {limited} CASCADE;", "v"),
    ):
        with table.session(f"SELECT * FROM {name}"):
            assert f"holds ACCESS SHARE on public.{name}" in str(table.warnings(sql, older_than=0))
    with table.session("SELECT * FROM u"):
        assert not table.warnings(f"DROP OWNED BY {limited} CASCADE;", older_than=0)
    table.prepare("DROP MATERIALIZED VIEW v")


def test_the_size_of_a_table_that_is_locked_is_not_waited_for(table: Desk) -> None:
    table.prepare("VACUUM ANALYZE t")
    with table.session("LOCK TABLE t"):
        note = table.advice(ALTER)[-1]
    assert note.message == "The pending files touch public.t, which is there already (8.2 kB)."


def test_pg_dump_is_called_by_its_name(table: Desk) -> None:
    with table.session("LOCK TABLE t IN ACCESS SHARE MODE", application="pg_dump"):
        (advice, *_) = table.advice(ALTER)
        assert advice.message.startswith("pg_dump (pid ")
        assert advice.hint == "It has to end first."
        (note, *_) = table.advice("INSERT INTO t VALUES (1);")
        assert (note.severity, note.message[:7]) == ("note", "pg_dump")


def test_a_vacuum_is_in_the_way_of_a_change(table: Desk) -> None:
    table.prepare(
        "ALTER TABLE t ADD wide text DEFAULT repeat('x', 1900)",
        "INSERT INTO t SELECT generate_series(1, 2000)",
    )
    with table.database.connect() as other:
        other.execute("SET vacuum_cost_delay = 100")
        other.execute("SET vacuum_cost_limit = 1")
        with running(other, "VACUUM t"):
            await_progress(table)
            (message,) = table.warnings(ALTER)
            assert not table.warnings("INSERT INTO t VALUES (1);")
        assert message.startswith(f"VACUUM (pid {other.info.backend_pid}, ")
    assert "holds SHARE UPDATE EXCLUSIVE on public.t, which ALTER TABLE has to wait for" in message


def test_an_autovacuum_that_does_not_give_way_is_told_before_what_waits_for_it(
    folder: Path,
) -> None:
    base = with_cluster(
        folder / "pg", "autovacuum_naptime = 1\nautovacuum_freeze_max_age = 100000\n"
    )
    slowly = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"
    with Embedded(base, fast=True) as embedded:
        table = Desk(folder, Database("postgres", embedded.conninfo))
        table.prepare(
            f"CREATE TABLE t (id int, w text) WITH (autovacuum_enabled = off, {slowly})",
            "INSERT INTO t SELECT g, repeat('x', 1900) FROM generate_series(1, 5000) g",
            "DO $$ BEGIN FOR i IN 1..100100 LOOP"
            " PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
        )
        seen = "An autovacuum to prevent wraparound (pid "
        sets = "ALTER TABLE t ALTER id SET NOT NULL;"
        until(lambda: [m for m in table.warnings(sets) if m.startswith(seen)])
        for sql in (
            "CREATE INDEX CONCURRENTLY i ON t (id);",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0) NOT VALID;"
            "ALTER TABLE t VALIDATE CONSTRAINT c;",
        ):
            assert any(message.startswith(seen) for message in table.warnings(sql))
        assert table.warnings("INSERT INTO t VALUES (1);") == []
    wait_until_gone(base)


def test_a_forgotten_prepared_transaction_is_told_with_what_ends_it(folder: Path) -> None:
    base = with_cluster(folder / "pg", "max_prepared_transactions = 4\n")
    embedded = Embedded(base, fast=True)
    with embedded:
        table = Desk(folder, Database("postgres", embedded.conninfo))
        table.prepare("CREATE TABLE t ()", "BEGIN; LOCK t; PREPARE TRANSACTION 'it''s'")
        assert not table.warnings(ALTER)
        time.sleep(1.1)
        assert len(table.warnings(ALTER)) == 1
        assert not table.warnings("SELECT 1;")
        (advice, *_) = table.advice(ALTER, older_than=0)
        table.prepare("ROLLBACK PREPARED 'it''s'")
    wait_until_gone(embedded.base)
    assert AGE.sub("0.0 s", advice.message) == (
        "The transaction 'it''s' of postgres was prepared 0.0 s ago and holds ACCESS EXCLUSIVE"
        " on public.t, which ALTER TABLE has to wait for."
    )
    assert advice.hint == "COMMIT PREPARED 'it''s'; or ROLLBACK PREPARED 'it''s';"


def test_what_may_not_be_seen_is_said_once(table: Desk, limited: str) -> None:
    with table.session("SELECT * FROM t") as other, table.session("SELECT 1"):
        notes = [a for a in table.advice(ALTER, older_than=0) if "may not see" in a.message]
        (note,) = notes
        assert f"locks in the way are held by pid {other.info.backend_pid}" in note.message
        table.prepare(note.hint or "")
        warnings = table.warnings(ALTER, older_than=0)
        assert any(message.startswith("A session (pid") for message in warnings)


def test_only_the_worst_of_many_are_told(table: Desk) -> None:
    with contextlib.ExitStack() as sessions:
        for _ in range(12):
            sessions.enter_context(table.session("SELECT 1"))
        sessions.enter_context(table.session("SELECT * FROM t"))
        found = table.advice(ALTER, older_than=0)
    assert "holds ACCESS SHARE on public.t" in found[0].message
    assert sum(advice.message.startswith("A session") for advice in found) == 10
    assert "3 more sessions have had transactions open for long." in [a.message for a in found]


def test_what_another_session_runs_is_data(table: Desk) -> None:
    with table.session("SELECT '\x1b[31m' AS \"[/red]\",\n\t1 /* \u202e */"):
        (advice, *_) = table.advice(ALTER, older_than=0)
    assert advice.message.endswith(
        r"""; its last query: SELECT '\x1B[31m' AS "[/red]", 1 /* \u202E */."""
    )


@pytest.mark.parametrize(
    "query",
    [
        "ALTER ROLE x PASSWORD 'hunter2'",
        "ALTER ROLE x\nENCRYPTED  PASSWORD  E'hun\\'ter2' VALID",
        "ALTER ROLE x PASSWORD 'hunter2 is cut off he",
        "ALTER ROLE x PASSWORD $$hunter2$$",
        "SELECT 'ALTER ROLE x PASSWORD ''hunter2'''",
        "DO $$ BEGIN EXECUTE format('ALTER ROLE x PASSWORD %L', 'hunter2'); END $$",
        "ALTER ROLE x PASSWORD /* new */ 'hunter2'",
        "SELECT dblink('password=''hunter2''')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=a password=hunter2 user=b'",
        "SELECT dblink('postgresql://u:hunter2@host/db', '')",
        "CREATE USER MAPPING FOR x SERVER s OPTIONS (password 'hunter2')",
    ],
)
def test_no_password_of_a_query_is_shown(query: str) -> None:
    assert "ter2" not in head(query)


def test_a_long_query_is_cut() -> None:
    assert head("SELECT " + "x" * 100) == "SELECT " + "x" * 70 + "..."


@contextlib.contextmanager
def running(conn: psycopg.Connection, query: str) -> Iterator[None]:
    """A query that goes on in a session, and is cancelled at the end."""
    go_on = threading.Event()

    def run() -> None:
        go_on.set()
        with contextlib.suppress(psycopg.errors.QueryCanceled):
            conn.execute(query.encode())

    thread = threading.Thread(target=run)
    thread.start()
    go_on.wait()
    time.sleep(0.1)
    try:
        yield
    finally:
        conn.cancel_safe()
        thread.join()


def await_progress(desk: Desk) -> None:
    """Return when a VACUUM of the database shows."""
    deadline = time.monotonic() + 10
    with desk.database.connect() as conn:
        while not conn.execute("SELECT pid FROM pg_stat_progress_vacuum").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.01)
