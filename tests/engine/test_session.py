"""Every file finds the session as psql would give it one: as good as new."""

import pytest

from schemamig_tui.engine.events import NoticeReceived
from tests.engine.conftest import Workshop

LEAKS = {
    "search_path": ("SET search_path = nowhere", "SELECT current_setting('search_path')"),
    "client_encoding": (
        "SET client_encoding = LATIN1",
        "SELECT current_setting('client_encoding')",
    ),
    "statement_timeout": (
        "SET statement_timeout = '9min'",
        "SELECT current_setting('statement_timeout')",
    ),
    "role": ("SET ROLE pg_monitor", "SELECT current_user"),
    "session authorization": ("SET SESSION AUTHORIZATION pg_monitor", "SELECT session_user"),
    "isolation": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SELECT current_setting('default_transaction_isolation')",
    ),
    "replication role": (
        "SET session_replication_role = replica",
        "SELECT current_setting('session_replication_role')",
    ),
    "temporary table": ("CREATE TEMP TABLE t ()", "SELECT to_regclass('t')::text"),
    "prepared statement": (
        "PREPARE p AS SELECT 1",
        "SELECT string_agg(name, ',') FROM pg_prepared_statements",
    ),
    "cursor": (
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SELECT string_agg(name, ',') FROM pg_cursors WHERE is_holdable",
    ),
    "listen": ("LISTEN l", "SELECT string_agg(c, ',') FROM pg_listening_channels() AS c"),
    "advisory lock": (
        "SELECT pg_advisory_lock(42)",
        "SELECT string_agg(objid::text, ',') FROM pg_locks"
        " WHERE locktype = 'advisory' AND classid = 0",
    ),
    "sequence": (
        "CREATE SEQUENCE IF NOT EXISTS q; SELECT nextval('q')",
        "DO $$BEGIN PERFORM lastval(); RAISE 'leaked'; EXCEPTION WHEN"
        " object_not_in_prerequisite_state THEN NULL; END$$; SELECT NULL",
    ),
}
MODES = {
    "transaction": "{};",
    "own transaction": "BEGIN; {}; COMMIT;",
    "no transaction": "{}; VACUUM pg_class;",
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("mode", MODES)
def test_nothing_leaks_from_one_file_into_the_next(shop: Workshop, mode: str, leak: str) -> None:
    does, query = LEAKS[leak]
    *before, asks = query.rsplit("; ", 1)
    record = "; ".join([*before, f"INSERT INTO seen {asks}"])
    shop.write("0001_a.sql", f"CREATE TABLE seen (x text); {record};")
    shop.write("0002_b.sql", MODES[mode].format(does))
    shop.write("0003_c.sql", f"{record};")
    finished = shop.apply()
    assert finished.failed is None, shop.failure
    first, second = shop.ask("SELECT x FROM public.seen ORDER BY ctid")
    assert first == second


def test_a_deferred_trigger_fires_under_the_role_of_the_file(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int); GRANT ALL ON a TO pg_monitor;"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE NOTICE 'as %', current_user; RETURN NULL; END$$;"
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION f();",
    )
    shop.applies("0002_b.sql", "SET ROLE pg_monitor; INSERT INTO a VALUES (1);")
    assert [e.notice.message for e in shop.events_of(NoticeReceived)] == ["as pg_monitor"]


def test_an_advisory_lock_of_a_file_is_held_until_its_commit(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (held bool);"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        " INSERT INTO a SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'"
        " AND objid = 42 AND pid = pg_backend_pid()); RETURN NULL; END$$;",
    )
    shop.ask("CREATE TRIGGER t AFTER INSERT ON kb.schema_migrations EXECUTE FUNCTION public.f()")
    shop.applies("0002_b.sql", "SELECT pg_advisory_lock(42);")
    assert shop.ask("SELECT held FROM a") == [True]


def test_a_tiny_statement_timeout_of_a_file_does_not_hit_our_own_work(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SET statement_timeout = '20ms';")
    shop.write("0002_b.sql", "BEGIN; SET statement_timeout = '20ms'; COMMIT;")
    shop.write("0003_c.sql", "VACUUM pg_am; SET statement_timeout = '20ms'; SELECT 1;")
    shop.write("0004_d.sql", "SELECT pg_sleep(0.1);")
    assert shop.apply().failed is None


@pytest.mark.parametrize("first", ["", "-- schemamig: no-transaction\n"])
def test_what_an_event_trigger_sets_when_the_ledger_is_made_is_undone(
    shop: Workshop, first: str
) -> None:
    shop.ask(
        "CREATE SCHEMA app; CREATE TABLE app.r (a int); CREATE TABLE public.r (a int);"
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$BEGIN SET search_path = app; END$$;"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()"
    )
    shop.write("0001_a.sql", f"{first}INSERT INTO r VALUES (1);")
    shop.applies("0002_b.sql", "INSERT INTO r VALUES (2);")
    assert shop.ask("SELECT a FROM public.r ORDER BY a") == [1, 2]


@pytest.mark.parametrize("made", ["before", "in the same run", "by code in the same run"])
@pytest.mark.parametrize("first", ["", "BEGIN;", "-- schemamig: no-transaction\n"])
def test_what_a_trigger_of_the_ledger_sets_is_not_seen_by_the_next_file(
    shop: Workshop, first: str, made: str
) -> None:
    shop.applies("0001_a.sql", "CREATE SCHEMA app; CREATE TABLE app.r (a int); CREATE TABLE r ();")
    trigger = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN SET search_path = app; RETURN NEW; END$$;"
        "CREATE TRIGGER t AFTER INSERT OR UPDATE ON kb.schema_migrations"
        " FOR EACH ROW EXECUTE FUNCTION f()"
    )
    hidden = trigger.replace("schema_migrations", "%I")
    tables = "(SELECT tablename FROM pg_tables WHERE schemaname = 'kb')"
    if made == "before":
        shop.ask(trigger)
    elif made == "in the same run":
        shop.write("0002_a.sql", trigger)
    else:
        shop.write("0002_a.sql", f"DO $d$BEGIN EXECUTE format($q${hidden}$q$, {tables}); END$d$")
    last = " COMMIT;" if first == "BEGIN;" else ""
    shop.write("0002_b.sql", f"{first}SELECT 1;{last}")
    shop.applies("0003_c.sql", "ALTER TABLE r ADD b int")
    assert shop.ask("SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'b'") == [
        "r"
    ]
