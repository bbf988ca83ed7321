"""What a statement may leave in its session decides when the session is asked for."""

import pytest

from schemamig_tui.sql.session_effects import (
    Effect,
    effect,
    is_about_temporary,
    is_quiet,
    makes_event_trigger,
    together,
)
from schemamig_tui.sql.statements import traits_of
from tests.conftest import Database

NONE, SETS, RUNS, LATER = Effect.NONE, Effect.SETS, Effect.RUNS, Effect.LATER

STATEMENTS = {
    "BEGIN": NONE,
    "COMMIT AND CHAIN": NONE,
    "SAVEPOINT s": NONE,
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE": NONE,
    "COMMENT ON TABLE a IS 'SET ROLE x'": NONE,
    "GRANT SELECT ON a TO PUBLIC": NONE,
    "DROP TABLE a": NONE,
    "CREATE VIEW v AS SELECT set_config('a', 'b', false)": NONE,
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": NONE,
    "CREATE TABLE a (x int DEFAULT f(), CHECK (x > f()))": NONE,
    "CREATE UNLOGGED TABLE a (x int GENERATED ALWAYS AS IDENTITY) PARTITION BY LIST (x)": NONE,
    "CREATE INDEX i ON a (x, y DESC)": NONE,
    "ALTER TABLE a ADD COLUMN x int, ADD y varchar(9) NOT NULL DEFAULT 'b'": NONE,
    "ALTER TABLE ONLY s.a RENAME COLUMN x TO y": NONE,
    "ALTER TABLE IF EXISTS a ALTER COLUMN x SET NOT NULL, ALTER x DROP DEFAULT": NONE,
    "ALTER TYPE mood ADD VALUE 'x'": NONE,
    "SET search_path = app": SETS,
    "SET TIME ZONE LOCAL": SETS,
    "SET SESSION AUTHORIZATION x": SETS,
    "RESET ALL": SETS,
    "INSERT INTO a VALUES ('set_config', 'pg_advisory_lock', 'SET LOCAL a = 1')": RUNS,
    "SELECT /* set_config */ f(1)": RUNS,
    "WITH x AS (SELECT 1) UPDATE a SET b = 1": RUNS,
    "COPY a FROM stdin": RUNS,
    "TRUNCATE a": RUNS,
    "REFRESH MATERIALIZED VIEW m": RUNS,
    "CREATE TABLE a AS SELECT f()": RUNS,
    "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)": RUNS,
    "CREATE TABLE a (x int GENERATED ALWAYS AS (1) STORED)": RUNS,
    "CREATE TABLE a (x text) PARTITION BY LIST (lower(x))": RUNS,
    "CREATE INDEX i ON a (lower(x))": RUNS,
    "CREATE UNIQUE INDEX i ON a (x) WHERE f(x)": RUNS,
    "CREATE MATERIALIZED VIEW m AS SELECT 1": RUNS,
    "CREATE AGGREGATE a (int) (sfunc = f, stype = d, initcond = '1')": RUNS,
    "ALTER TABLE a ADD COLUMN x mood": RUNS,
    "ALTER TABLE a ADD COLUMN x int DEFAULT f()": RUNS,
    "ALTER TABLE a ADD COLUMN x int DEFAULT 1::int": RUNS,
    "ALTER TABLE a ADD CONSTRAINT c CHECK (x > 1)": RUNS,
    "ALTER TABLE a ALTER COLUMN x TYPE bigint USING f(x)": RUNS,
    "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)": RUNS,
    "SET LOCAL search_path = app": LATER,
    "ROLLBACK TO s": LATER,
    "SELECT 1, set_config('a', 'b', false)": LATER,
    "UPDATE pg_settings SET setting = 'b' WHERE name = 'a'": LATER,
    "INSERT INTO a SELECT set_limit(0.5)": LATER,
    "INSERT INTO a SELECT U&\"set\\005fconfig\"('a', 'b', false)": LATER,
    "INSERT INTO a SELECT \"pg_catalog\".\"set_config\"('a', 'b', true)": LATER,
    f"INSERT INTO a SELECT '{70_000 * 'x'}', set_config('a', 'b', false)": LATER,
    "SELECT pg_try_advisory_xact_lock(1)": LATER,
    "SELECT 1 INTO TEMP x": LATER,
    "DO $$BEGIN END$$": LATER,
    "CALL p()": LATER,
    "LISTEN a": LATER,
    "PREPARE p AS SELECT 1": LATER,
    "EXECUTE p": LATER,
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1": LATER,
    "CREATE TEMP TABLE a (x int)": LATER,
    "CREATE TABLE a AS SELECT set_config('a', 'b', false)": LATER,
    "CREATE TABLE pg_temp.a AS SELECT 1": LATER,
    'SELECT 1 INTO "pg_temp".a': LATER,
    "ALTER TABLE a ADD COLUMN x text DEFAULT set_config('a', 'b', false)": LATER,
    "CREATE OR REPLACE TEMPORARY VIEW a AS SELECT 1": LATER,
    "CREATE EXTENSION x": LATER,
    "CREATE FUNCTION f() RETURNS int SET app.x = '1' LANGUAGE sql AS 'SELECT 1'": LATER,
    "ALTER ROLE x SET app.x = '1'": LATER,
    "IMAGINE a NEW STATEMENT": LATER,
}


@pytest.mark.parametrize("sql", STATEMENTS, ids=lambda sql: sql[:80])
def test_each_statement_has_its_effect(sql: str) -> None:
    assert effect(sql.encode(), traits_of(sql.encode())) is STATEMENTS[sql]


def test_what_code_does_beside_a_set_is_only_known_behind_the_commit() -> None:
    assert together([]) is NONE
    assert together([NONE, SETS, NONE]) is SETS
    assert together([NONE, RUNS]) is RUNS
    assert together([SETS, NONE, RUNS]) is LATER
    assert together([SETS, LATER]) is LATER


def test_what_leads_to_the_temporary_schema_is_found() -> None:
    assert is_about_temporary(b"SET search_path = pg_temp, public")
    assert is_about_temporary(b"CREATE TABLE pg_temp.a (x int)")
    assert is_about_temporary(b'CREATE TABLE U&"pg\\005ftemp".a (x int)')
    assert not is_about_temporary(b"CREATE TABLE templates (attempt int)")


def test_an_event_trigger_is_found() -> None:
    assert makes_event_trigger(b"CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()")
    assert makes_event_trigger(b"ALTER /* */ EVENT TRIGGER t ENABLE")
    assert makes_event_trigger(b"DO $$BEGIN CREATE EVENT TRIGGER t ON login; END$$")
    assert not makes_event_trigger(b"CREATE TRIGGER event AFTER INSERT ON a EXECUTE FUNCTION f()")


@pytest.mark.parametrize(
    ("sql", "quiet"),
    [
        ("INSERT INTO a VALUES (1)", True),
        ("VACUUM a", True),
        ("CREATE INDEX CONCURRENTLY i ON a (f(x))", True),
        ("COMMIT", True),
        ("SELECT f()", False),
        ("INSERT INTO a SELECT set_config('a', 'b', false)", False),
        ("SET a = 1", False),
        ("DISCARD ALL", False),
        ("DO $$BEGIN COMMIT; END$$", False),
    ],
)
def test_what_changes_rows_and_objects_alone_is_quiet(sql: str, quiet: bool) -> None:
    assert is_quiet(sql.encode(), traits_of(sql.encode())) is quiet


SETUP = """
CREATE FUNCTION ran(x anyelement) RETURNS anyelement IMMUTABLE LANGUAGE plpgsql AS
    $$BEGIN PERFORM set_config('app.ran', 'yes', false); RETURN x; END$$;
CREATE FUNCTION ran() RETURNS int LANGUAGE plpgsql AS
    $$BEGIN PERFORM set_config('app.ran', 'yes', false); RETURN 1; END$$;
CREATE DOMAIN checked AS int CHECK (ran(VALUE) > 0) DEFAULT ran();
CREATE TABLE a (x int DEFAULT ran(), y text, CHECK (ran(x) > 0) NO INHERIT);
CREATE INDEX indexed ON a (ran(x));
CREATE TABLE other (x checked, PRIMARY KEY (x));
CREATE TABLE parted (x int) PARTITION BY LIST (ran(x));
CREATE TYPE mood AS ENUM ('ok');
INSERT INTO a VALUES (1, 'b');
INSERT INTO other VALUES (1);
SET app.ran = 'no';
"""
DDL = (
    "CREATE TABLE b (x checked, y int DEFAULT ran(), CHECK (ran(y) > 0))",
    "CREATE TABLE b (x int, y int GENERATED ALWAYS AS (ran(1)) STORED)",
    "CREATE TABLE b (x int) PARTITION BY LIST ((ran(1) + x))",
    "CREATE TABLE b (LIKE a INCLUDING ALL)",
    "CREATE TABLE b () INHERITS (a)",
    "CREATE TABLE b AS SELECT ran()",
    "CREATE TABLE part PARTITION OF parted FOR VALUES IN (1)",
    "CREATE VIEW v AS SELECT ran(1)",
    "CREATE MATERIALIZED VIEW v AS SELECT ran()",
    "CREATE INDEX ON a (x)",
    "CREATE INDEX ON a (ran(x))",
    "CREATE UNIQUE INDEX ON other (x)",
    "CREATE FUNCTION f(x int DEFAULT ran()) RETURNS int LANGUAGE sql AS 'SELECT ran()'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN ran()",
    "CREATE DOMAIN d AS int DEFAULT ran() CHECK (ran(VALUE) > 0)",
    "CREATE POLICY p ON a USING (ran(x) > 0)",
    "CREATE RULE r AS ON INSERT TO other DO ALSO SELECT ran()",
    "CREATE STATISTICS s ON x, y FROM a",
    "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW WHEN (ran(NEW.x) > 0)"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE SCHEMA s CREATE TABLE t (x checked)",
    "ALTER TABLE a ADD COLUMN z int",
    "ALTER TABLE a ADD COLUMN z int DEFAULT 7 NOT NULL, ADD COLUMN w text DEFAULT 'x'",
    "ALTER TABLE a ADD COLUMN z checked",
    "ALTER TABLE a ADD COLUMN z int DEFAULT ran()",
    "ALTER TABLE a ADD CONSTRAINT c CHECK (ran(x) > 0)",
    "ALTER TABLE a ALTER COLUMN x TYPE bigint",
    "ALTER TABLE a ALTER COLUMN x SET NOT NULL",
    "ALTER TABLE a ALTER COLUMN x SET DEFAULT ran()",
    "ALTER TABLE a ALTER COLUMN x DROP DEFAULT, ALTER x SET STATISTICS 9",
    "ALTER TABLE a RENAME COLUMN x TO xx",
    "ALTER TABLE a RENAME TO aa",
    "ALTER TABLE a DROP COLUMN y",
    "ALTER TABLE a SET UNLOGGED",
    "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
    "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
    "ALTER VIEW IF EXISTS v RENAME TO w",
    "ALTER DOMAIN checked ADD CHECK (ran(VALUE) > 1) NOT VALID",
    "COMMENT ON TABLE a IS 'b'",
    "DROP INDEX indexed",
    "DROP TABLE a",
)


@pytest.mark.parametrize("sql", DDL)
def test_no_code_runs_where_we_say_that_none_can(database: Database, sql: str) -> None:
    with database.connect() as conn:
        conn.execute(SETUP)
        conn.execute(sql.encode())
        row = conn.execute("SELECT current_setting('app.ran')").fetchone()
    if row == ("yes",):
        assert effect(sql.encode(), traits_of(sql.encode())) >= RUNS
