"""What a file can leave in its session, each with a way for the next file to see it.

``makes`` is the first file, ``sees`` the second one: a query, whose answer is written down, or what
works in one session and fails in another. ``before`` is there before both. ``@DB@`` stands for the
name of the database, ``@TO@`` for a connection string that leads to it.
"""

from dataclasses import dataclass

TABLE = "CREATE TABLE t (a int);"
TRIGGER = (
    f"{TABLE} CREATE FUNCTION on_insert() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN {} RETURN NEW; END$$;"
    " CREATE TRIGGER on_insert BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION on_insert();"
)
FOREIGN = (
    "CREATE EXTENSION postgres_fdw; CREATE TABLE here (a int);"
    "CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({});"
    "CREATE USER MAPPING FOR postgres SERVER there;"
    "CREATE FOREIGN TABLE away (a int) SERVER there OPTIONS (table_name 'here');"
)
UNKNOWN = "SELECT current_setting('app.x', true) IS NULL"
PLPGSQL = "CREATE FUNCTION f(x text) RETURNS text LANGUAGE plpgsql AS $$DECLARE {} $$;"
TWO_SCHEMAS = (
    "CREATE ROLE another; CREATE SCHEMA another; CREATE DOMAIN d AS int;"
    "CREATE DOMAIN another.d AS text; GRANT USAGE ON SCHEMA public, another TO another;"
    + PLPGSQL.format("v d; BEGIN v := x; RETURN v; END")
)


@dataclass(frozen=True)
class State:
    """A state; ``since`` is a major version, ``needs`` an extension of contrib."""

    makes: str
    sees: str
    before: str = ""
    since: int = 14
    needs: str = ""


STATES = {
    # What RESET and kin undo.
    "a setting": State("SET work_mem = '77MB'", "SELECT current_setting('work_mem')"),
    "a setting of a function in a CTE": State(
        "WITH t AS (SELECT set_config('work_mem', '77MB', false)) SELECT * FROM t",
        "SELECT current_setting('work_mem')",
    ),
    "a setting of a block": State(
        "DO $$BEGIN SET search_path = pg_catalog, public; END$$",
        "SELECT current_setting('search_path')",
    ),
    "SET LOCAL below SET": State(
        "SET LOCAL work_mem = '7MB'; SET work_mem = '9MB'", "SELECT current_setting('work_mem')"
    ),
    "a prepared statement": State("PREPARE p AS SELECT 1", "EXECUTE p"),
    "a held cursor": State("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "FETCH c"),
    "currval": State("SELECT nextval('s')", "SELECT currval('s')", "CREATE SEQUENCE s"),
    "the cache of a sequence": State(
        "SELECT nextval('s')", "SELECT nextval('s')", "CREATE SEQUENCE s CACHE 10"
    ),
    "a temporary type": State("CREATE TYPE pg_temp.x AS (a int)", "SELECT to_regtype('pg_temp.x')"),
    # Placeholders.
    "SET": State("SET app.x = '1'", UNKNOWN),
    "SET LOCAL": State("SET LOCAL app.x = '1'", UNKNOWN),
    "SET in a string": State("DO $$BEGIN EXECUTE 'SET app.x = ''1'''; END$$", UNKNOWN),
    "SET with a comment in it": State("SET /* ; */ app.x = '1'", UNKNOWN),
    "SET behind a quoted comment": State(
        "SELECT '--'; SELECT '/*', set_config('app.x','1',true)", UNKNOWN
    ),
    "SET of a name of the run's": State(
        "DO $$DECLARE n text := 'app'; BEGIN EXECUTE 'SET ' || n || '.x = 1'; END$$", UNKNOWN
    ),
    "format('SET')": State(
        "DO $$BEGIN EXECUTE format('SET %I.%I = 1', 'app', 'x'); END$$", UNKNOWN
    ),
    "set_config in a CTE": State(
        "WITH t AS (SELECT set_config('app.x', '1', false)) SELECT * FROM t", UNKNOWN
    ),
    "set_config of an expression": State("SELECT set_config('app' || '.x', '1', false)", UNKNOWN),
    "set_config of a table's row": State(
        "SELECT set_config(n, '1', false) FROM names",
        UNKNOWN,
        "CREATE TABLE names AS SELECT 'app.x' n",
    ),
    "code of a table's row": State(
        "DO $$BEGIN EXECUTE (SELECT c FROM codes); END$$",
        UNKNOWN,
        "CREATE TABLE codes AS SELECT 'SET app.x = 1' c",
    ),
    "SET in a subtransaction": State(
        "DO $$BEGIN SET app.x = '1'; RAISE 'x'; EXCEPTION WHEN OTHERS THEN NULL; END$$", UNKNOWN
    ),
    "SET, rolled back": State("BEGIN; SET app.x = '1'; ROLLBACK", UNKNOWN),
    "a trigger": State(
        "INSERT INTO t VALUES (1)",
        UNKNOWN,
        TRIGGER.format("PERFORM set_config('app.x', '1', true);"),
    ),
    "a trigger with a name of its own": State(
        "INSERT INTO t VALUES (1)",
        UNKNOWN,
        TRIGGER.format("PERFORM set_config('app' || '.x', '1', true);"),
    ),
    "a trigger that calls": State(
        "INSERT INTO t VALUES (1)",
        UNKNOWN,
        "CREATE FUNCTION sets() RETURNS text LANGUAGE sql AS"
        " $$SELECT set_config('app' || '.x', '1', true)$$;" + TRIGGER.format("PERFORM sets();"),
    ),
    "a trigger of the file before": State(
        TRIGGER.format("PERFORM set_config('app' || '.x', '1', true);")
        + "INSERT INTO t VALUES (1)",
        UNKNOWN,
    ),
    "a default": State(
        "INSERT INTO t DEFAULT VALUES",
        UNKNOWN,
        "CREATE TABLE t (x text DEFAULT set_config('app' || '.x', '1', true))",
    ),
    "a view": State(
        "SELECT * FROM v", UNKNOWN, "CREATE VIEW v AS SELECT set_config('app' || '.x', '1', true)"
    ),
    "a function with a setting": State(
        "SELECT f()",
        UNKNOWN,
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET app.x = '1' AS 'SELECT 1'",
    ),
    "a function with a body in SQL": State(
        "SELECT f()",
        UNKNOWN,
        "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT set_config('app.x', '1', true); END",
    ),
    "a function that is created": State(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET app.x = '1' AS 'SELECT 1'", UNKNOWN
    ),
    "ALTER ROLE of another": State(
        "CREATE ROLE another; ALTER ROLE another SET app.x = '1'", UNKNOWN
    ),
    "a placeholder that is there from the start": State(
        "SET app.x = '2'",
        "SELECT current_setting('app.x')",
        "ALTER DATABASE @DB@ SET app.x = '1'",
    ),
    # What a session starts with.
    "ALTER DATABASE SET": State(
        "ALTER DATABASE @DB@ SET app.x = '1'", "SELECT current_setting('app.x', true)"
    ),
    "ALTER DATABASE SET in a block": State(
        "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''9MB''',"
        " current_database()); END$$",
        "SELECT current_setting('work_mem')",
    ),
    "ALTER DATABASE SET in a stored procedure": State(
        "CALL p()",
        "SELECT current_setting('work_mem')",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS"
        " $$BEGIN ALTER DATABASE @DB@ SET work_mem = '9MB'; END$$",
    ),
    "ALTER DATABASE SET in a block beside COPY": State(
        "CREATE TABLE t (a int); DO $$BEGIN EXECUTE"
        " 'ALTER DATABASE @DB@ SET work_mem = ''9MB'''; END$$;\nCOPY t FROM stdin;\n1\n\\.\n",
        "SELECT current_setting('work_mem')",
    ),
    "ALTER ROLE IN DATABASE SET": State(
        "ALTER ROLE postgres IN DATABASE @DB@ SET work_mem = '9MB'",
        "SELECT current_setting('work_mem')",
    ),
    "ALTER DATABASE RESET": State(
        "ALTER DATABASE @DB@ RESET work_mem",
        "SELECT current_setting('work_mem')",
        "ALTER DATABASE @DB@ SET work_mem = '9MB'",
    ),
    "standard_conforming_strings": State(
        "ALTER DATABASE @DB@ SET standard_conforming_strings = off",
        r"SELECT 'it\'s; fine'",
    ),
    "standard_conforming_strings in a block": State(
        "DO $$BEGIN EXECUTE 'ALTER DATABASE @DB@ SET standard_conforming_strings = off'; END$$",
        r"SELECT 'it\'s; fine'",
    ),
    "a login trigger": State(
        "CREATE TABLE first AS SELECT pg_backend_pid() AS pid",
        "SELECT pid = pg_backend_pid() FROM first",
        "CREATE FUNCTION at_login() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;"
        " CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION at_login()",
        since=17,
    ),
    # What was used once.
    "temp_buffers": State("CREATE TEMP TABLE x AS SELECT 1 a", "SET temp_buffers = '64MB'"),
    "temp_buffers by set_config": State(
        "CREATE TEMP TABLE x AS SELECT 1 a", "SELECT set_config('temp_buffers', '64MB', false)"
    ),
    "temp_buffers, rolled back": State(
        "BEGIN; CREATE TEMP TABLE x AS SELECT 1 a; ROLLBACK", "SET temp_buffers = '64MB'"
    ),
    "temp_buffers by a SET clause": State(
        "CREATE TEMP TABLE x AS SELECT 1 a",
        "SELECT f()",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET temp_buffers = '64MB' AS 'SELECT 1'",
    ),
    "pg_my_temp_schema": State("CREATE TEMP TABLE x (a int)", "SELECT pg_my_temp_schema() = 0"),
    "current_schemas": State(
        "CREATE TEMP TABLE x (a int)", "SELECT array_length(current_schemas(true), 1)"
    ),
    "setseed": State(
        "SELECT setseed(0.5)",
        "SELECT random() = v FROM seeded",
        "SELECT setseed(0.5); CREATE TABLE seeded AS SELECT random() v",
    ),
    "SET seed": State(
        "SET seed = 0.5",
        "SELECT random() = v FROM seeded",
        "SELECT setseed(0.5); CREATE TABLE seeded AS SELECT random() v",
    ),
    "LOAD": State(
        "LOAD 'auto_explain'",
        "SELECT current_setting('auto_explain.log_analyze', true)",
        needs="dblink",  # where there is one library of contrib, there is the other
    ),
    "the settings of PL/pgSQL": State(
        "DO $$BEGIN END$$", "SELECT current_setting('plpgsql.check_asserts', true)"
    ),
    "a setting of PL/pgSQL in a compiled function": State(
        "SET plpgsql.variable_conflict = 'use_column'; SELECT f('')",
        "SELECT f('')",
        TABLE + PLPGSQL.format("a text := x; BEGIN RETURN (SELECT count(a) FROM t); END"),
    ),
    "the settings of a library": State(
        "SELECT similarity('a', 'b')",
        "SELECT current_setting('pg_trgm.similarity_threshold', true)",
        "CREATE EXTENSION pg_trgm",
        needs="pg_trgm",
    ),
    "a connection of dblink": State(
        "SELECT dblink_connect('c', '@TO@')",
        "SELECT array_length(dblink_get_connections(), 1)",
        "CREATE EXTENSION dblink",
        needs="dblink",
    ),
    "a connection of dblink in a function": State(
        "SELECT connects()",
        "SELECT array_length(dblink_get_connections(), 1)",
        "CREATE EXTENSION dblink; CREATE FUNCTION connects() RETURNS text LANGUAGE sql AS"
        " $$SELECT dblink_connect('c', '@TO@')$$",
        needs="dblink",
    ),
    "a connection of postgres_fdw": State(
        "SELECT * FROM away",
        "SELECT count(*) FROM postgres_fdw_get_connections()",
        FOREIGN.format("@OPTIONS@"),
        needs="postgres_fdw",
    ),
    "isn_weak": State(
        "SELECT isn_weak(true)",
        "SELECT isn_weak()",
        "CREATE EXTENSION isn",
        needs="isn",
    ),
    "a replication origin": State(
        "SELECT pg_replication_origin_session_setup('o_@DB@')",
        "SELECT pg_replication_origin_session_is_setup()",
        "SELECT pg_replication_origin_create('o_@DB@')"
        " WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = 'o_@DB@')",
    ),
    # What compiled functions of PL/pgSQL remember.
    "the type of a column": State(
        "SELECT f('1'); ALTER TABLE t ALTER a TYPE text",
        "SELECT f('abc')",
        TABLE + PLPGSQL.format("v t.a%TYPE; BEGIN v := x; RETURN v; END"),
    ),
    "the type of a field": State(
        "INSERT INTO t VALUES (1); SELECT f(''); ALTER TABLE t ALTER a TYPE text",
        "SELECT f('')",
        TABLE
        + PLPGSQL.format(
            "r record; v text; BEGIN FOR r IN SELECT * FROM t LOOP v := r.a; END LOOP;"
            " RETURN v; END"
        ),
    ),
    "the type of a field of a dynamic query": State(
        "SELECT f('int')",
        "SELECT f('text')",
        PLPGSQL.format(
            "r record; v text; BEGIN EXECUTE 'SELECT 1::' || x || ' AS a' INTO r;"
            " v := r.a || '!'; RETURN v; END"
        ),
    ),
    "a domain": State(
        "SELECT f('a'); DROP DOMAIN d CASCADE; CREATE DOMAIN d AS text CHECK (VALUE <> 'b')",
        "SELECT f('b')",
        "CREATE DOMAIN d AS text;" + PLPGSQL.format("v d; BEGIN v := x; RETURN v; END"),
    ),
    "a column whose name only the run knows": State(
        "SELECT f('1'); DO $$BEGIN EXECUTE format('ALTER TABLE t ALTER %I TYPE text', 'a'); END$$",
        "SELECT f('abc')",
        TABLE + PLPGSQL.format("v t.a%TYPE; BEGIN v := x; RETURN v; END"),
    ),
    "a temporary table of the same name": State(
        "CREATE TEMP TABLE x AS SELECT 1 a; SELECT f('1')",
        "CREATE TEMP TABLE x AS SELECT ''::text a; INSERT INTO seen SELECT f('abc')",
        "SET check_function_bodies = off;"
        + PLPGSQL.format("v x.a%TYPE; BEGIN v := x; RETURN v; END"),
    ),
    "the search_path": State(
        "WITH t AS (SELECT set_config('search_path', 'public', true)) SELECT f('1') FROM t",
        "SET search_path = another; SELECT public.f('abc')",
        TWO_SCHEMAS,
    ),
    "the search_path by the role": State(
        "SELECT f('1')", "SET ROLE another; SELECT public.f('abc')", TWO_SCHEMAS
    ),
    "the search_path by a SET clause": State(
        "SELECT g()",
        "SELECT f('abc')",
        TWO_SCHEMAS + "CREATE FUNCTION g() RETURNS text LANGUAGE sql SET search_path = public"
        " AS $$SELECT f('1')$$; ALTER DATABASE @DB@ SET search_path = another, public",
    ),
    "a type in front of another": State(
        "SELECT f('1')",
        "CREATE TYPE another.e AS ENUM ('abc'); SELECT f('abc')",
        "CREATE SCHEMA another; ALTER DATABASE @DB@ SET search_path = another, public;"
        "CREATE TYPE e AS ENUM ('1');" + PLPGSQL.format("v e; BEGIN v := x; RETURN v; END"),
    ),
    "a table": State(
        "SELECT f(''); DROP TABLE t; CREATE TABLE t (a text, b int)",
        "SELECT f('')",
        TABLE + PLPGSQL.format("v t; BEGIN SELECT * INTO v FROM t; RETURN v.a; END"),
    ),
    "a function of the file before": State(
        "CREATE DOMAIN d AS int;"
        + PLPGSQL.format("v d; BEGIN v := x; RETURN v; END")
        + "SELECT f('1')",
        "DROP DOMAIN d CASCADE; CREATE DOMAIN d AS text; SELECT f('b')",
    ),
}
