"""What a text makes possible for the session it runs in. ``test_session_states`` runs it."""

import pytest

from schemamig_tui.sql.new_session import NO_TRACES, Traces, any_word, traces_of
from schemamig_tui.sql.type_changes import NO_TYPES, TypeChanges


def traces(sql: str) -> Traces:
    return traces_of(sql.encode())


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE app.settings (id int, set_config text, current_setting text)",
        "INSERT INTO t (setting) VALUES ('reset your password'), ('the set_config function')",
        "UPDATE t SET state = 'loaded', seed = 1 WHERE app.x = 1",
        "UPDATE t SET a.b = 1",
        "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET x = excluded.x",
        "SET work_mem = '8MB'; SET LOCAL lock_timeout = '1s'; RESET ALL",
        "SELECT set_config('work_mem', '8MB', false), current_setting('server_version')",
        "SET TIME ZONE 'UTC'; SET NAMES 'UTF8'",
        "ALTER TABLE t ADD COLUMN extension text, ALTER a SET NOT NULL, ALTER b SET DEFAULT 1",
        "CREATE TRIGGER t AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "GRANT EXECUTE ON FUNCTION f TO app; GRANT SELECT ON t TO app",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE 'sql' AS 'SELECT 1'",
        "ALTER USER MAPPING FOR app SERVER x OPTIONS (a 'b')",
        "SELECT current_schemas(false), pg_catalog.now()",
        "DROP INDEX i; DROP FUNCTION f; ALTER TABLE t DROP CONSTRAINT c, ALTER a DROP NOT NULL",
    ],
)
def test_an_ordinary_text_leaves_nothing_and_sees_nothing(sql: str) -> None:
    assert traces(sql) is NO_TRACES


@pytest.mark.parametrize(
    "sql",
    [
        "SET app.x = 1",
        'set local "app".x to 1',
        "SET SESSION app . x FROM CURRENT",
        "SET /* a */ app.x -- b\n = 1",
        "RESET app.x;",
        "SHOW app.x",
        "SELECT set_config('App.X', '1', false)",
        "SELECT \"set_config\" ( E'app.x' , '1', false)",
        "SELECT current_setting('app.x')::int",
        "WITH t AS (SELECT pg_catalog.set_config('app.x', '1', false)) SELECT * FROM t",
        "DO 'BEGIN PERFORM set_config(''app.x'', ''1'', true); END'",
        r"DO E'BEGIN PERFORM set_config(\'app.x\', \'1\', true); END'",
        "DO $$BEGIN EXECUTE $a$SET app.x = 1$a$; END$$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET app.x = 1 AS 'SELECT 1'",
        "ALTER FUNCTION f SET app.x TO 1",
        "SELECT '--', '/*', set_config('app.x', '1', false)",
        r"""SELECT U&"set\005fconfig"('app.x', '1', false)""",
        """SET U&"!0061pp" UESCAPE '!' . x = 1""",
    ],
)
def test_the_name_of_a_setting_is_found_however_it_is_set_or_read(sql: str) -> None:
    found = traces(sql)
    assert (found.names, found.leaves) == (frozenset(("app.x",)), False)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT set_config(name, '1', false) FROM t",
        "SELECT set_config('app.' || name, '1', false) FROM t",
        "SELECT set_config($$app.x$$, '1', false)",
        r"SELECT set_config(E'app\x2ex', '1', false)",
        "DO $$BEGIN EXECUTE 'SET ' || name; END$$",
        "DO $$BEGIN EXECUTE 'SET app.' || name || ' = 1'; END$$",
        "DO $$BEGIN EXECUTE format('SET %I = %L', a, b); END$$",
        "DO $$BEGIN EXECUTE format('SET LOCAL app.%s = %L', a, b); END$$",
        "SET app.größe = 1",
        "SELECT setseed(0.5)",
        "SET seed TO 0.5",
        "SELECT set_config('seed', '0.5', false)",
        "LOAD 'auto_explain'",
        "SELECT dblink_connect('c', '')",
        "SELECT dblink_connect_u('c', '')",
        "SELECT pg_replication_origin_session_setup('o')",
        "SELECT pg_create_logical_replication_slot('s', 'pgoutput', true)",
        "SELECT pg_backup_start('x')",
        "CREATE EXTENSION IF NOT EXISTS citext",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
        "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "DO LANGUAGE plpython3u $$pass$$",
        "SET track_counts = off",
    ],
)
def test_what_nobody_can_be_asked_for_needs_a_new_session_behind_it(sql: str) -> None:
    assert traces(sql).leaves


@pytest.mark.parametrize(
    "sql",
    [
        "SET temp_buffers = '64MB'",
        "SELECT set_config('temp_buffers', '64MB', false)",
        "DO $$BEGIN EXECUTE 'SET temp_' || 'buffers = 10000'; END$$",
        "SELECT set_config('temp_' || 'buffers', '64MB', false)",
        "SELECT pg_my_temp_schema()",
        "SELECT current_schemas(true)",
        "SELECT * FROM pg_temp_3.t",
        "SET plpgsql.extra_warnings = 'all'",
    ],
)
def test_what_shows_that_a_session_was_in_use_needs_a_new_one_in_front(sql: str) -> None:
    assert traces(sql).sees


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER ROLE app SET search_path = app",
        "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 1', d); END$$",
        "DO $$BEGIN EXECUTE code; END$$",
        "REVOKE CONNECT ON DATABASE d FROM app",
        "UPDATE pg_catalog.pg_database SET datallowconn = false",
    ],
)
def test_what_may_change_the_start_of_a_session_is_found(sql: str) -> None:
    assert traces(sql).alters_start


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 -- SET app.x = 1\n",
        "SELECT 1 /* a /* LOAD 'x' */ SET temp_buffers = 1 */",
        "DO $$BEGIN -- EXECUTE x\n NULL; END$$",
        "DO $a$BEGIN PERFORM $b$ it's -- SET app.x = 1\n $b$; END$a$",
        "SELECT $$it's$$ -- SELECT setseed(1)\n",
    ],
)
def test_comments_do_not_count(sql: str) -> None:
    assert traces(sql) is NO_TRACES


def test_comments_count_where_nobody_can_tell_where_a_string_ends() -> None:
    assert traces_of(rb"SELECT 'it\'s' -- SET app.x = 1", standard_strings=False).names


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("ALTER TABLE t ALTER COLUMN a TYPE text", TypeChanges(columns=frozenset((b"a",)))),
        ('ALTER TABLE t ALTER "A b" SET DATA TYPE text', TypeChanges(frozenset((b"a b",)))),
        ("ALTER TABLE t DROP COLUMN a, DROP IF EXISTS b", TypeChanges(frozenset((b"a", b"b")))),
        ("ALTER TABLE t RENAME COLUMN a TO b", TypeChanges(frozenset((b"a",)))),
        ("ALTER TABLE t RENAME TO u", TypeChanges(objects=frozenset((b"t",)))),
        ("ALTER TYPE s.t SET SCHEMA u", TypeChanges(objects=frozenset((b"t",)))),
        ("DROP TABLE IF EXISTS a, s.b CASCADE", TypeChanges(objects=frozenset((b"a", b"b")))),
        ('DROP DOMAIN "D"', TypeChanges(objects=frozenset((b"d",)))),
        ("DROP SCHEMA s CASCADE", TypeChanges(anything=True)),
        ("EXECUTE format('DROP TYPE IF EXISTS %I', n)", TypeChanges(anything=True)),
        ("EXECUTE 'ALTER TABLE t ALTER COLUMN ' || n || ' TYPE text'", TypeChanges(anything=True)),
        ("EXECUTE 'ALTER TABLE t RENAME ' || n || ' TO b'", TypeChanges(anything=True)),
        ("EXECUTE format('ALTER TABLE %I ADD COLUMN %I int', t, n)", NO_TYPES),
        ("EXECUTE format('DROP INDEX %I', n)", NO_TYPES),
        ("CREATE TEMP TABLE IF NOT EXISTS t ()", TypeChanges(objects=frozenset((b"t",)))),
        ("CREATE TYPE pg_temp.t AS (a int)", TypeChanges(objects=frozenset((b"t",)))),
        ("SELECT 1 AS a INTO TEMPORARY t", TypeChanges(objects=frozenset((b"t",)))),
        ("CREATE DOMAIN t AS int", TypeChanges(objects=frozenset((b"t",)))),
        ("EXECUTE format('ALTER TABLE %I RENAME TO %I', t, n)", TypeChanges(anything=True)),
        ("ALTER SCHEMA s RENAME TO t", TypeChanges(anything=True)),
        ("SELECT set_config('search_path', '', false)", TypeChanges(path=True)),
        ("SET LOCAL ROLE r", TypeChanges(path=True)),
        ("SET SESSION AUTHORIZATION r", TypeChanges(path=True)),
        ("CREATE TABLE t (a int)", NO_TYPES),
        ("DROP FUNCTION f; DROP INDEX i; ALTER TABLE t DROP CONSTRAINT c", NO_TYPES),
    ],
)
def test_the_types_that_a_text_changes_are_found(sql: str, changes: TypeChanges) -> None:
    assert traces(sql).types == changes


@pytest.mark.parametrize(
    ("declared", "held"),
    [
        ("v t.a%TYPE;", True),
        ("v other.b%TYPE;", False),
        ("v kind; w int := 1;", True),
        ('v s."kind"[];', True),
        ("v kinds;", False),
    ],
)
def test_a_function_holds_the_types_that_it_declares(declared: str, held: bool) -> None:
    create = f"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$DECLARE {declared} BEGIN END$$"
    changes = traces("ALTER TABLE t ALTER a TYPE text; DROP TYPE kind").types
    assert changes.held_by(traces(create).declarations) is held


def test_whatever_a_function_declares_may_go_with_a_schema() -> None:
    changes = TypeChanges(anything=True)
    assert changes.held_by(b"v int;")
    assert not changes.held_by(b"")


@pytest.mark.parametrize(
    ("name", "sql", "found"),
    [
        ("f", "SELECT F()", True),
        ("f", "SELECT f$()", False),
        ('a"b', 'SELECT "a""b"()', True),
        (63 * "f", f"SELECT {70 * 'f'}()", True),
        (63 * "f", f"SELECT {62 * 'f'}()", False),
    ],
)
def test_a_name_is_found_as_it_may_be_written(name: str, sql: str, found: bool) -> None:
    assert bool(any_word(frozenset((name, "other"))).search(sql.encode())) is found
