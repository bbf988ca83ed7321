"""Files share a session as long as none leaves in it what the next could see: one file, one psql.

What the next file sees then is compared with psql in ``tests/equivalence/test_session_states.py``.
"""

import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.events import FileFailed, FileStarted
from schemamig_tui.errors import FilesError
from tests.engine.conftest import Workshop, limited_role

PLAIN = "SELECT 1;"
PLPGSQL = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$DECLARE v t.a%TYPE; BEGIN END$$;"
# Two statements with standard strings, and one and an empty one without.
TWO_WAYS = "INSERT INTO seen SELECT '\\' --' || 'x';\n;"


def sessions(shop: Workshop, *files: str) -> list[int]:
    """The session that each file ran in, by number from 0."""
    shop.ask("CREATE TABLE IF NOT EXISTS pids (pid int)")
    for number, sql in enumerate(files):
        shop.write(f"{number:04}_x.sql", f"INSERT INTO public.pids SELECT pg_backend_pid();\n{sql}")
    finished = shop.apply()
    assert finished.failed is None, shop.failure
    assert len(finished.applied) == len(files)
    pids = shop.ask("SELECT pid FROM public.pids ORDER BY ctid")
    return [[*dict.fromkeys(pids)].index(pid) for pid in pids]


@pytest.mark.parametrize(
    "sql",
    [
        "SET search_path = nowhere; SET ROLE pg_monitor; PREPARE p AS SELECT 1;",
        "CREATE TABLE t (a int); ALTER TABLE t ADD b int; ALTER TABLE t DROP COLUMN b;",
        "CREATE TABLE t (a int); DO $$BEGIN EXECUTE 'ALTER TABLE t ADD b int'; END$$;",
        "CREATE TABLE t (a int); DO $$BEGIN EXECUTE 'DROP TABLE t'; END$$; VACUUM pg_am;",
        "CREATE TABLE t (a int); DO $$BEGIN EXECUTE 'ALTER TABLE t ADD b int'; END$$;\n"
        "COPY t (a) FROM stdin;\n1\n\\.\n",
        "CREATE TABLE t (a int); ALTER TABLE t ALTER a TYPE text;",
        f"CREATE TABLE t (a int); {PLPGSQL} ALTER TABLE t ADD b int; ALTER TABLE t DROP b;",
        f"CREATE TABLE t (a int); {PLPGSQL} SET search_path = pg_catalog;",
        "SELECT current_setting('app.x', true);",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT current_setting('app.x')$$;",
    ],
)
def test_files_share_a_session_where_they_leave_nothing_in_it(shop: Workshop, sql: str) -> None:
    assert sessions(shop, PLAIN, sql, PLAIN) == [0, 0, 0]


@pytest.mark.parametrize(
    "sql",
    [
        "SET app.x = 1;",
        "BEGIN; SET LOCAL app.x = 1; COMMIT;",
        "DO $$BEGIN PERFORM set_config('app.x', '1', false); END$$;",
        "VACUUM pg_am; DO $$BEGIN SET app.x = 1; END$$;",
        "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n\\.\n"
        "SELECT set_config('app.x', '1', true);",
        f"CREATE TABLE t (a int); {PLPGSQL} ALTER TABLE t ALTER a TYPE text;",
        "ALTER ROLE postgres IN DATABASE {name} SET work_mem = '9MB';",
        "GRANT CONNECT ON DATABASE {name} TO pg_monitor;",
        f"SELECT 1; /* {'x' * 1024 * 1024} */",
    ],
)
def test_the_file_behind_one_that_leaves_something_gets_a_new_session(
    shop: Workshop, sql: str
) -> None:
    sql = sql.format(name=shop.database.name)
    assert sessions(shop, sql, PLAIN, PLAIN) == [0, 1, 1]


def test_the_next_file_is_skipped_by_the_server_and_runs_once(shop: Workshop) -> None:
    shop.ask("CREATE TABLE runs (x int)")
    does = "INSERT INTO runs VALUES ({}); DO $$BEGIN SET app.x = 1; END$$;"
    assert sessions(shop, *map(does.format, range(5))) == [0, 1, 2, 3, 4]
    assert shop.ask("SELECT x FROM runs ORDER BY ctid") == [0, 1, 2, 3, 4]
    assert [e.number for e in shop.events_of(FileStarted)] == [1, 2, 3, 4, 5]


def test_the_log_of_the_server_says_what_the_error_in_it_means(
    shop: Workshop, server: Embedded
) -> None:
    log = server.base / "log"
    before = log.stat().st_size
    sessions(shop, "DO $$BEGIN SET app.x = 1; END$$;", PLAIN)
    _, error, behind = log.read_bytes()[before:].partition(b"division by zero")
    assert error
    assert b"asks whether its session is as good as new" in behind


def test_a_setting_that_is_there_from_the_start_is_no_placeholder(shop: Workshop) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET app.x = 'a'")
    assert sessions(shop, "SET app.x = 'b';", "SELECT set_config('app.x', '', true);", PLAIN) == [
        0,
        0,
        0,
    ]


def test_stored_code_that_every_file_may_run_gives_each_a_session(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM setseed(0); RETURN NEW; END$$;"
        "CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
    )
    assert sessions(shop, PLAIN, PLAIN, PLAIN) == [0, 1, 2]


def test_a_file_that_mentions_such_a_function_gets_a_session(shop: Workshop) -> None:
    shop.ask(
        "CREATE FUNCTION seeds() RETURNS void LANGUAGE sql AS 'SELECT setseed(0)';"
        "CREATE FUNCTION calls() RETURNS void LANGUAGE sql AS 'SELECT seeds()'"
    )
    assert sessions(shop, PLAIN, PLAIN, "SELECT Calls();", PLAIN, PLAIN) == [0, 0, 1, 2, 2]


def test_so_does_one_that_mentions_a_function_of_the_run_that_notices_what_was_in_use(
    shop: Workshop,
) -> None:
    stores = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET temp_buffers = 999 AS 'SELECT 1';"
    assert sessions(shop, stores, "CREATE TEMP TABLE t (a int);", "SELECT f();") == [0, 1, 2]


def test_who_may_not_read_what_is_stored_gets_a_session_for_each_file(shop: Workshop) -> None:
    shop.ask("CREATE TABLE pids (pid int)")
    with limited_role(shop) as role:
        shop.login = None
        shop.ask(
            f"GRANT CREATE ON DATABASE {shop.database.name} TO {role}; GRANT ALL ON pids TO {role};"
            "REVOKE SELECT ON pg_policy FROM public"
        )
        shop.login = role
        assert sessions(shop, PLAIN, PLAIN, PLAIN) == [0, 1, 2]
        shop.login = None


def test_a_server_that_does_not_count_is_not_trusted(shop: Workshop) -> None:
    name = shop.database.name
    shop.ask(f"ALTER DATABASE {name} SET track_counts = off")
    hidden = f"DO $$BEGIN EXECUTE 'ALTER DATABASE {name} SET work_mem = ''9MB'''; END$$;"
    assert sessions(shop, hidden, PLAIN) == [0, 1]


def test_files_are_read_again_where_strings_are_cut_in_another_way(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE seen (x text); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN"
        f" ALTER DATABASE {shop.database.name} SET standard_conforming_strings = off; END$$"
    )
    assert sessions(shop, TWO_WAYS, "CALL p();", TWO_WAYS) == [0, 0, 1]
    assert shop.ask("SELECT x FROM seen ORDER BY ctid") == ["\\", "' --x"]


def changes_strings(shop: Workshop) -> str:
    return f"ALTER DATABASE {shop.database.name} SET standard_conforming_strings = off;"


def test_a_file_that_cannot_be_run_is_refused_when_it_can_be_read(shop: Workshop) -> None:
    shop.write("0001_a.sql", changes_strings(shop))
    shop.write("0002_b.sql", "CREATE TABLE b ();")
    shop.write("0003_c.sql", "SELECT 'it\\'s fine', 'not closed;")
    shop.write("0004_d.sql", "CREATE TABLE d ();")
    finished = shop.apply()
    assert (finished.applied, finished.failed) == (("0001_a.sql",), "0003_c.sql")
    assert finished.remaining == ("0002_b.sql", "0004_d.sql")
    assert shop.failure.failure.message == "This string is never closed."
    assert (shop.failure.recorded, shop.failure.unrecorded) == (True, None)
    hint = "0001_a.sql ran before it and has changed how this file is read"
    assert hint in (shop.failure.failure.hint or "")
    assert hint in (shop.rows["0003_c.sql"].error_message or "")
    assert [(e.name, e.number, e.total) for e in shop.events_of(FileStarted)] == [
        ("0001_a.sql", 1, 4),
        ("0003_c.sql", 3, 4),
    ]
    assert [(name, row.success) for name, row in shop.rows.items()] == [
        ("0001_a.sql", True),
        ("0003_c.sql", False),
    ]
    shop.write("0003_c.sql", "SELECT 'it\\'s fine';")
    assert shop.apply().applied == ("0002_b.sql", "0003_c.sql", "0004_d.sql")


def test_one_waits_for_those_in_front_of_it_that_may_call_what_changes_strings(
    shop: Workshop,
) -> None:
    change = changes_strings(shop)
    shop.write("0001_a.sql", f"CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN {change} END$$;")
    shop.write("0002_b.sql", "CALL p();")
    shop.write("0003_c.sql", "SELECT 'it\\'s fine';")
    assert shop.apply().applied == ("0001_a.sql", "0002_b.sql", "0003_c.sql")


def test_files_in_front_of_one_that_changes_strings_are_refused_before_anything_runs(
    shop: Workshop,
) -> None:
    shop.write("0001_a.sql", "SELECT 'it\\'s fine';")
    shop.write("0002_b.sql", changes_strings(shop))
    with pytest.raises(FilesError, match="never closed"):
        shop.apply()
    assert not shop.events_of(FileFailed)
