"""Every file finds the session as good as new, and nothing of ours in its way."""

import threading

import pytest

from schemamig_tui.catalog.changes import What
from schemamig_tui.engine.events import FileStarted, NoticeReceived, StatementFinished
from schemamig_tui.rehearsal.events import FileLeftOut, FileRehearsed, RehearsalEvent
from schemamig_tui.rehearsal.own_queries import UNDONE
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from tests.engine.conftest import LEDGER, limited_role
from tests.engine.test_hostile_path import make_hostile
from tests.rehearsal.conftest import Rehearsals

# Fails where the session is not as psql would give it to a file.
FRESH = """
DO $$BEGIN
    ASSERT current_user = session_user, current_user;
    ASSERT current_setting('search_path') = '"$user", public', current_setting('search_path');
    ASSERT current_setting('lock_timeout') = '2s', current_setting('lock_timeout');
    ASSERT current_setting('statement_timeout') = '1min', current_setting('statement_timeout');
    ASSERT current_setting('check_function_bodies')::bool;
    ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements), 'prepared';
    ASSERT NOT EXISTS (SELECT FROM pg_cursors WHERE name = 'c'), 'cursor';
    ASSERT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
        AND pid = pg_backend_pid()) = 0, 'advisory';
    ASSERT to_regclass('pg_temp.t') IS NULL, 'temporary';
END$$;
"""


@pytest.mark.parametrize(
    "sql",
    [
        "SET ROLE pg_monitor;",
        "SET SESSION AUTHORIZATION pg_monitor;",
        "SET search_path = pg_catalog; SET LOCAL check_function_bodies = off;",
        "SELECT set_config('search_path', '', true);",
        "SET lock_timeout = '1ms'; SET statement_timeout = 0;",
        "RESET ALL;",
        "PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1;",
        "SELECT pg_advisory_lock(7);",
        "CREATE TEMP TABLE t (x int) ON COMMIT DROP; INSERT INTO t VALUES (1);",
        "LISTEN news; NOTIFY news; DEALLOCATE ALL; CLOSE ALL;",
        "SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off;",
    ],
)
def test_nothing_that_a_file_sets_reaches_the_next(shop: Rehearsals, sql: str) -> None:
    shop.rehearses(FRESH, sql, FRESH)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER DATABASE {db} SET search_path = app; ALTER DATABASE {db} SET app.x = 1;"
        " ALTER DATABASE {db} SET statement_timeout = 1;",
        "ALTER ROLE CURRENT_USER SET search_path = app; ALTER ROLE ALL SET app.x = 1;",
        "ALTER ROLE CURRENT_USER IN DATABASE {db} SET search_path = app;"
        " ALTER DATABASE {db} SET search_path = pg_catalog; ALTER DATABASE {db} SET app.x = 1;",
        "DO $$BEGIN EXECUTE 'ALTER DATABASE {db} SET search_path = app';"
        " EXECUTE 'ALTER DATABASE {db} SET app.x = 1'; END$$;",
    ],
)
def test_what_new_sessions_begin_with_is_as_earlier_files_have_changed_it(
    shop: Rehearsals, sql: str
) -> None:
    changed = """DO $$BEGIN
        ASSERT current_setting('search_path') = 'app', current_setting('search_path');
        ASSERT current_setting('app.x') = '1';
    END$$;"""
    shop.rehearses(
        f"CREATE SCHEMA app; {sql.format(db=shop.database.name)} {FRESH}",
        f"{changed} CREATE TABLE t (); SET search_path = public;",
        f"{changed} ALTER TABLE app.t ADD i int;",
    )


@pytest.mark.parametrize(
    "undone_by",
    [
        "",
        "CREATE FUNCTION undo() RETURNS void LANGUAGE plpgsql"
        " AS $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$",
    ],
)
def test_the_change_of_the_schema_is_seen_whatever_a_file_does_to_prepared_statements(
    shop: Rehearsals, undone_by: str
) -> None:
    table = "CREATE TABLE t{0} (a int, CHECK (a > 0));"
    if undone_by:
        shop.ask(undone_by)
    shop.rehearses(
        table.format(1),
        "DEALLOCATE ALL;" + table.format(2),
        "PREPARE p AS SELECT 1;" + table.format(3),
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';"
        + table.format(4),
        "SELECT f();" + table.format(5),
        table.format(6),
        "DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$;" + table.format(7),
        (undone_by and "SELECT undo();") + table.format(8),
        table.format(9),
    )
    made = [changes[0] for changes in shop.changes.values()]
    assert made == [(What.ADDED, "table", f"public.t{n}") for n in range(1, 10)]


def test_code_may_put_together_what_undoes_what_the_rehearsal_has_prepared(
    shop: Rehearsals,
) -> None:
    code = "$$BEGIN EXECUTE 'DEALL' || 'OCATE ALL'; END$$"
    shop.ask(f"CREATE FUNCTION undo() RETURNS void LANGUAGE plpgsql AS {code}")
    finished = shop.rehearses(
        "CREATE TABLE t1 ();",
        f"DO {code}; CREATE TABLE t2 ();",
        "SELECT undo(); CREATE TABLE t3 ();",
        "CREATE TABLE t4 ();",
    )
    assert finished.rehearsed == ("1.sql", "2.sql", "4.sql")
    (left_out,) = shop.events_of(FileLeftOut)
    assert left_out.reason == UNDONE


def test_lastval_is_unknown_to_the_next_file(shop: Rehearsals) -> None:
    shop.tries("CREATE SEQUENCE s; SELECT nextval('s');", "SELECT lastval();")
    assert shop.failure.name == "2.sql"
    assert shop.failure.failure.sqlstate == "55000"


def test_our_looks_do_not_change_lastval(shop: Rehearsals) -> None:
    shop.rehearses(
        "CREATE SEQUENCE s; SELECT nextval('s'); DO $$BEGIN ASSERT lastval() = 1; END$$;"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SET search_path = ''; ALTER TABLE public.t ADD x int;",
        "SET search_path = hostile, pg_catalog; ALTER TABLE public.t ADD x int;",
        "SET SESSION AUTHORIZATION {role}; SET search_path = ''; ALTER TABLE public.t ADD x int;",
        "SET client_encoding = 'SJIS'; ALTER TABLE t ADD x int; SELECT 'a';",
        "SET DateStyle = 'German'; SET extra_float_digits = -15; ALTER TABLE t ADD x int;",
        "SET constraint_exclusion = off; SET enable_seqscan = off; ALTER TABLE t ADD x int;",
    ],
)
def test_locks_are_seen_whatever_a_file_has_set(shop: Rehearsals, sql: str) -> None:
    with limited_role(shop) as role:
        shop.login = None
        shop.ask(
            "CREATE TABLE t (); CREATE SCHEMA hostile;"
            "CREATE FUNCTION hostile.never(oid, oid) RETURNS bool LANGUAGE sql RETURN false;"
            "CREATE OPERATOR hostile.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = hostile.never);"
            f"ALTER TABLE t OWNER TO {role}; GRANT CREATE ON SCHEMA public TO {role}"
        )
        shop.rehearses(sql.format(role=role))
    assert shop.lock("table public.t").mode == "AccessExclusiveLock"
    assert all(event.ms < 1000 for event in shop.events_of(StatementFinished))


def test_a_role_without_privileges_can_rehearse_what_it_may_do(shop: Rehearsals) -> None:
    with limited_role(shop) as role:
        login, shop.login = shop.login, None
        shop.ask(
            "CREATE TABLE others (id serial); CREATE SCHEMA closed;"
            "CREATE TABLE closed.t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
            "CREATE SCHEMA kb; CREATE SCHEMA mine;"
            f"GRANT CREATE, USAGE ON SCHEMA kb, mine TO {role}"
        )
        shop.login = login
        finished = shop.tries("CREATE TABLE mine.t ();", "SELECT * FROM others;")
    assert finished.rehearsed == ("1.sql",)
    assert shop.failure.failure.sqlstate == "42501"


def test_a_timeout_of_a_file_does_not_count_for_our_own_work(shop: Rehearsals) -> None:
    shop.ask("".join(f"CREATE TABLE t{n} ();" for n in range(300)))
    drop = "".join(f"DROP TABLE t{n};" for n in range(300))
    shop.rehearses(f"{drop} SET statement_timeout = '5ms';", "SELECT pg_sleep(0.02);")
    assert len(shop.locks) == 300


def test_deferred_constraints_are_checked_at_the_end_of_a_file(shop: Rehearsals) -> None:
    table = "CREATE TABLE t (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
    finished = shop.tries(table, "INSERT INTO t VALUES (1), (1);", "DELETE FROM t;")
    assert finished.failed == "2.sql"
    assert shop.failure.failure.sqlstate == "23505"
    assert shop.tries(table, "INSERT INTO t VALUES (1), (1); DELETE FROM t;").failed is None


def test_constraints_are_deferred_again_for_the_next_file(shop: Rehearsals) -> None:
    shop.ask(
        'CREATE SCHEMA "odd\'s"; CREATE TABLE "odd\'s".a (x int CONSTRAINT "odd ""one" UNIQUE'
        " DEFERRABLE INITIALLY DEFERRED, y int UNIQUE DEFERRABLE)"
    )
    twice = 'INSERT INTO "odd\'s".a VALUES (1, 1), (1, 2); DELETE FROM "odd\'s".a;'
    late = (
        "CREATE TABLE b (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO b VALUES (1), (1); DELETE FROM b;"
    )
    shop.rehearses(twice, late, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE; COMMIT;", twice)
    finished = shop.tries(twice, 'INSERT INTO "odd\'s".a VALUES (1, 1), (2, 1);')
    assert finished.failed == "2.sql"
    assert shop.failure.failure.statement == 1


def test_each_commit_of_a_file_checks_what_was_deferred(shop: Rehearsals) -> None:
    table = "CREATE TABLE t (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
    finished = shop.tries(
        f"BEGIN; {table} COMMIT; BEGIN; INSERT INTO t VALUES (1), (1); COMMIT; DELETE FROM t;"
    )
    assert finished.failed == "1.sql"
    assert (
        shop.tries(
            f"-- schemamig: no-transaction\n{table} INSERT INTO t VALUES (1), (1);DELETE FROM t;"
        ).failed
        == "1.sql"
    )


def test_triggers_that_wait_for_the_commit_run_and_are_heard(shop: Rehearsals) -> None:
    shop.ask(
        "CREATE TABLE t (x int); CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE NOTICE 'heard %', NEW.x; RETURN NULL; END$$;"
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION hear()"
    )
    shop.rehearses("INSERT INTO t VALUES (7);", "ALTER TABLE t ADD y int;")
    assert [event.notice.message for event in shop.events_of(NoticeReceived)] == ["heard 7"]


def test_a_file_may_use_savepoints(shop: Rehearsals) -> None:
    shop.rehearses(
        "BEGIN; CREATE TABLE t (); SAVEPOINT a; DROP TABLE t; ROLLBACK TO a; SAVEPOINT b; COMMIT;",
        "TABLE t;",
    )


def test_all_that_a_rehearsal_does_to_others_ends_with_it(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t (x int)")
    with shop.database.connect() as listener:
        listener.execute("LISTEN news")
        shop.rehearses("ALTER TABLE t ADD y int; NOTIFY news; SELECT pg_advisory_lock(7);")
        listener.execute("TABLE t")
        assert list(listener.notifies(timeout=0.1)) == []
        row = listener.execute("SELECT pg_try_advisory_lock(7)").fetchone()
        assert row == (True,)


@pytest.mark.parametrize("name", ["k", '"odd; one"'])
def test_a_constraint_may_have_the_name_of_one_that_cannot_be_deferred(
    shop: Rehearsals, name: str
) -> None:
    shop.ask(
        "CREATE TABLE a (id int PRIMARY KEY);"
        f"CREATE TABLE b (a int, CONSTRAINT {name} FOREIGN KEY (a) REFERENCES a"
        " DEFERRABLE INITIALLY DEFERRED);"
        f"CREATE TABLE c (a int, CONSTRAINT {name} FOREIGN KEY (a) REFERENCES a);"
        "CREATE TABLE d (x int UNIQUE DEFERRABLE)"
    )
    shop.rehearses("SELECT 1;", "INSERT INTO b VALUES (1); INSERT INTO a VALUES (1);")
    assert shop.tries("SELECT 1;", "INSERT INTO b VALUES (7);").failed == "2.sql"
    assert shop.tries("SELECT 1;", "INSERT INTO d VALUES (7), (7); DELETE FROM d;").failed


def test_code_of_one_file_has_no_plans_of_what_another_one_has_changed(shop: Rehearsals) -> None:
    # PL/pgSQL fails at a record whose fields have other types than in the plans that it keeps.
    show = "DO $$BEGIN PERFORM f(); END$$;"
    shop.rehearses(
        "CREATE TABLE t (x int); INSERT INTO t VALUES (1);"
        "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$DECLARE r record; BEGIN"
        " SELECT * INTO r FROM t; RETURN r.x || 'a'; END$$;",
        show,
        "ALTER TABLE t ALTER x TYPE text;",
        show,
        "RESET ALL; SELECT f();",
        "ALTER TABLE t ALTER x TYPE int USING x::int;",
        "SELECT f();",
    )


def test_what_the_search_path_of_the_role_finds_before_pg_catalog_is_not_asked(
    shop: Rehearsals,
) -> None:
    shop.ask("CREATE SEQUENCE s; CREATE TABLE t (x int)")
    make_hostile(shop)
    shop.rehearses("ALTER TABLE t ADD y int; SELECT nextval('s');", "CREATE TABLE u ();")
    assert {name: [name for _, _, name in found] for name, found in shop.changes.items()} == {
        "1.sql": ["y"],
        "2.sql": ["public.u"],
    }
    assert shop.lock("table public.t").mode == "AccessExclusiveLock"


def test_what_a_deferred_trigger_does_to_the_schema_is_its_files(shop: Rehearsals) -> None:
    shop.rehearses(
        "CREATE TABLE t (x int); CREATE FUNCTION makes() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN CREATE TABLE made (); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION makes();",
        "INSERT INTO t VALUES (1);",
        "SELECT 1;",
    )
    _, of_trigger, last = shop.events_of(FileRehearsed)
    assert [change.name for change in of_trigger.changes] == ["public.made"]
    assert last.changes == ()


def test_what_another_session_holds_for_a_moment_is_read_when_it_lets_go(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t (x int); CREATE TABLE u (y int);")
    shop.ask("CREATE VIEW v AS SELECT x, y FROM t, u;")
    with shop.database.connect() as other:
        events: list[RehearsalEvent] = []

        def listen(event: RehearsalEvent) -> None:
            events.append(event)
            if isinstance(event, FileStarted) and event.name == "2.sql":
                # Writing out the view takes a lock on it, which the rename itself does not.
                other.execute("BEGIN; LOCK TABLE t")
                threading.Timer(0.2, other.execute, ["ROLLBACK"]).start()

        for number, sql in enumerate(("SELECT 1", "ALTER TABLE u RENAME TO w", "SELECT 2"), 1):
            shop.write(f"{number}.sql", sql)
        rehearsal = Rehearsal(shop.connect, shop.folder, LEDGER, listen)
        assert rehearsal.rehearse_pending().failed is None
    changes = [event.changes for event in events if isinstance(event, FileRehearsed)]
    assert [[(one.what, one.name) for one in found] for found in changes] == [
        [],
        [(What.CHANGED, "public.v"), (What.RENAMED, "public.w")],
        [],
    ]


def test_what_a_serializable_transaction_has_read_is_no_lock(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE t AS SELECT 1 AS x")
    database = shop.database.name
    shop.ask(f"ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'")
    with shop.database.connect() as other:
        other.execute("BEGIN; CREATE TABLE others ()")
        shop.rehearses("UPDATE t SET x = 2;", "SELECT * FROM t;")
