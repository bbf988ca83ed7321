"""A file that goes on where it stopped finds the session that it had, or is refused."""

import re
import threading
import time

import pytest

from schemamig_tui.engine.events import FileStarted, StatementFinished
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.errors import FilesError
from tests.engine.conftest import LEDGER, Workshop, limited_role

DIRECTIVE = "-- schemamig: no-transaction\n"
TABLES = "CREATE SCHEMA app; CREATE TABLE app.r (a int); CREATE TABLE public.r (a int)"


def stop(shop: Workshop, text: str) -> str:
    """Apply a file that fails at ``1/0``, mend it, and return what the ledger says of it."""
    shop.fails("0001_a.sql", text)
    shop.write("0001_a.sql", text.replace("1/0", "1/1"))
    return str(shop.rows["0001_a.sql"].error_message)


def refusal(shop: Workshop) -> FilesError:
    """The error of an apply that is refused, and changes nothing."""
    before = shop.rows
    with pytest.raises(FilesError) as refused:
        shop.apply()
    assert shop.events_of(FileStarted) == []
    assert shop.rows == before
    return refused.value


def set_message(shop: Workshop, message: str) -> None:
    """Have the ledger say something else of the file."""
    with shop.database.connect() as conn:
        conn.execute(f"UPDATE {LEDGER} SET error_message = %s".encode(), (message,))


def test_a_set_that_was_rolled_back_is_not_set_again(shop: Workshop) -> None:
    shop.ask(TABLES)
    message = stop(
        shop,
        "begin; set search_path = app; rollback;\n"
        "insert into r values (1); select 1/0; insert into r values (2);",
    )
    assert message.endswith("\nSession of postgres after statement 3: {}")
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM public.r ORDER BY a") == [1, 2]


def test_a_set_config_in_a_list_of_a_select_holds(shop: Workshop) -> None:
    shop.ask(TABLES)
    message = stop(
        shop,
        f"{DIRECTIVE}select 0, set_config('search_path', 'app', false);\n"
        "insert into r values (1); select 1/0; insert into r values (2);",
    )
    assert message.endswith('\nSession of postgres after statement 1: {"search_path": "app"}')
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM app.r ORDER BY a") == [1, 2]


def test_a_temporary_table_is_named_with_the_line_that_made_it_and_the_way_out(
    shop: Workshop,
) -> None:
    stop(
        shop,
        f"{DIRECTIVE}create table n (a int);\ncreate temp table s as select 1 a;\n"
        "select 1/0;\ninsert into n select a from s;",
    )
    told = shop.failure.obstacle
    refused = refusal(shop)
    assert refused.message == (
        "its first 2 statements have been applied by an earlier try, and a new session cannot have"
        " what was left in the old one: the temporary table s (line 3)"
    )
    assert told == f"{refused.message.partition(', and ')[2]}. {refused.hint}"
    assert "--no-resume" in str(refused.hint)
    assert "BEGIN ... COMMIT" in str(refused.hint)
    shop.ask("DROP TABLE n")
    assert shop.runner().apply_pending(Selection(resume=False)).failed is None
    assert shop.ask("SELECT a FROM n") == [1]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("PREPARE p AS SELECT 1", "", r"the prepared statement p \(line 2\)"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "", r"the cursor c \(line 2\)"),
        ("SELECT 'prepare x';\nPREPARE x AS SELECT 1", "", r"the prepared statement x \(line 3\)"),
        ("SELECT 1 AS s;\nSELECT 2 AS a INTO TEMP s", "", r"the temporary table s \(line 3\)"),
        (
            "CREATE TEMP TABLE s ();\nCREATE TEMP TABLE u AS TABLE s;\nDROP TABLE s",
            "",
            r"the temporary table u \(line 3\)",
        ),
        ('PREPARE "a b" AS SELECT 1', "", r"the prepared statement a b \(line 2\)"),
        (
            "DO $$BEGIN EXECUTE 'PREPARE p AS SELECT 1'; END$$",
            "",
            r"the prepared statement p \(line 2\)",
        ),
        ("SELECT setseed(0.5)", "", "line 2 may have left something .* a seed"),
        ("LOAD 'plpgsql'", "", "line 2 may have left something .* a library"),
        ("CREATE SEQUENCE q; SELECT nextval('q')", "SELECT currval('q')", "line 4 asks for the"),
        (
            "DO $$BEGIN PERFORM set_config('app.' || 'x', '1', false); END$$",
            "",
            "line 2 may have left",
        ),
        (
            "DO $$DECLARE q text := 'SET app.'; BEGIN q := q || 'x = 1'; EXECUTE q; END$$",
            "",
            "line 2 may have left",
        ),
        (
            "SELECT pg_advisory_lock(7);\nDO 'BEGIN PERFORM pg_advisory_lock(7); END'",
            "SELECT pg_advisory_unlock(7)",
            "line 5 gives an advisory lock back once",
        ),
        (
            "SELECT pg_advisory_lock(7) FROM generate_series(1, 2)",
            "SELECT pg_advisory_unlock(7)",
            "line 4 gives an advisory lock back once",
        ),
        (
            "PREPARE p AS SELECT pg_advisory_lock(7);\nEXECUTE p;\nEXECUTE p;\nDEALLOCATE p",
            "SELECT pg_advisory_unlock(7)",
            "line 7 gives an advisory lock back once",
        ),
        (
            "CREATE TEMP TABLE s ();\nDROP TABLE s",
            "SELECT pg_my_temp_schema()",
            "line 5 may see that its session has had something temporary",
        ),
    ],
)
def test_what_no_statement_can_make_again_is_refused(
    shop: Workshop, before: str, after: str, why: str
) -> None:
    stop(shop, f"{DIRECTIVE}{before};\nSELECT 1/0;\n{after}")
    assert re.search(why, refusal(shop).message), refusal(shop).message


def test_other_settings_of_a_new_session_are_refused_by_name(shop: Workshop) -> None:
    stop(shop, f"{DIRECTIVE}CREATE TABLE a (x int); SELECT 1/0; CREATE TABLE b (x int)")
    shop.ask(f"ALTER DATABASE {shop.database.name} SET search_path = pg_catalog, public")
    assert (
        "a new session starts with other settings now: search_path is 'pg_catalog, public', and was"
        " the server's own" in refusal(shop).message
    )
    shop.ask(f"ALTER DATABASE {shop.database.name} RESET search_path")
    assert shop.apply().failed is None


def test_another_login_is_refused(shop: Workshop) -> None:
    stop(shop, f"{DIRECTIVE}CREATE TABLE a (x int); SELECT 1/0; CREATE TABLE b (x int)")
    with limited_role(shop) as role:
        shop.ask(f"GRANT ALL ON SCHEMA kb, public TO {role}; GRANT ALL ON {LEDGER} TO {role}")
        shop.ask(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA kb TO {role}")
        assert f"that was as postgres, not as {role}" in refusal(shop).message
        shop.login = None
        assert shop.apply().failed is None


def test_an_advisory_lock_that_others_hold_is_refused(shop: Workshop) -> None:
    stop(shop, f"{DIRECTIVE}SELECT pg_advisory_lock(7); SELECT 1/0; CREATE TABLE b (x int)")
    with shop.database.connect() as other:
        other.execute("SELECT pg_advisory_lock(7)")
        assert "advisory lock 0 7 1 ExclusiveLock is not as it was" in refusal(shop).message
    assert shop.apply().failed is None


def test_an_advisory_lock_that_was_taken_once_can_be_given_back(shop: Workshop) -> None:
    shop.ask("CREATE TABLE held (n int)")
    stop(
        shop,
        f"{DIRECTIVE}SELECT pg_advisory_lock(7); SELECT pg_try_advisory_lock_shared(8, 9);\n"
        "SELECT 1/0; SELECT pg_advisory_unlock(7);\n"
        "INSERT INTO held SELECT objid FROM pg_locks WHERE pid = pg_backend_pid()"
        " AND locktype = 'advisory' AND objid IN (7, 9);",
    )
    assert shop.apply().failed is None
    assert shop.ask("SELECT n FROM held") == [9]


EXTENSION = "CREATE EXTENSION pg_trgm"


@pytest.mark.parametrize(("before", "first"), [(EXTENSION, ""), ("SELECT 1", EXTENSION)])
def test_what_a_function_in_c_has_set_comes_back(shop: Workshop, before: str, first: str) -> None:
    """Its library, and so the setting, is not there yet when the session starts."""
    shop.ask(f"{before}; CREATE TABLE r (a real)")
    message = stop(
        shop,
        f"{DIRECTIVE}{first}; SELECT set_limit(0.75); SELECT 1/0;"
        " INSERT INTO r VALUES (show_limit());",
    )
    assert message.endswith('{"pg_trgm.similarity_threshold": "0.75"}')
    assert shop.apply().failed is None
    assert shop.ask("SELECT a FROM r") == [0.75]


def test_a_connection_lost_where_the_session_was_not_known_yet_is_refused(shop: Workshop) -> None:
    message = stop(shop, f"{DIRECTIVE}SELECT 1; DO $$BEGIN END$$; SELECT 1/0; SELECT 4")
    head, _, session = message.partition("\nA new session")
    unasked = f"{head}\nWhat the last one left in its session is not known\nA new session{session}"
    set_message(shop, unasked)
    assert "before it was known what line 2 left in its session" in refusal(shop).message
    set_message(shop, message.replace(" 2: {", " 2 (in front of its COMMIT): {"))
    assert "before it was known what line 2 left in its session" in refusal(shop).message
    set_message(shop, message)
    assert shop.apply().failed is None


def test_words_in_strings_and_comments_change_nothing(shop: Workshop) -> None:
    shop.ask("CREATE TABLE a (x text)")
    shop.write(
        "0001_a.sql",
        f"{DIRECTIVE}INSERT INTO a VALUES ('read only user, SET SESSION AUTHORIZATION x');\n"
        "INSERT INTO a VALUES ('b') /* READ ONLY; pg_temp */;\n",
    )
    assert shop.apply().failed is None
    # Each is in the transaction of its note, so it cannot run twice.
    query = "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM a) AS x"
    assert shop.ask(query) == [2]
    assert [e.tag for e in shop.events_of(StatementFinished)] == ["INSERT 0 1"] * 2


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("CREATE TABLE a (x int); INSERT INTO a VALUES (1); VACUUM a;", None),
        ("CREATE TABLE a (x int); CREATE INDEX CONCURRENTLY i ON a (x);", None),
        ("CREATE TABLE a (x int);\nSET search_path = public;", 3),
        ("BEGIN;\nSET search_path = public;\nROLLBACK;", 3),
        ("SELECT pg_sleep(0);", 2),
        ("DO $$BEGIN END$$;", 2),
        ("CREATE TABLE a (x int);\nCREATE TEMP TABLE b (x int);", 3),
    ],
)
def test_a_note_of_an_earlier_version_is_resumed_where_the_session_cannot_matter(
    shop: Workshop, text: str, unknown: int | None
) -> None:
    message = stop(shop, f"{DIRECTIVE}{text} SELECT 1/0; CREATE TABLE more (x int);")
    set_message(shop, message.partition("\nA new session starts with")[0])
    assert read_checkpoint(shop.rows["0001_a.sql"].error_message)
    if unknown:
        assert f"did not keep what line {unknown} left in its session" in refusal(shop).message
    else:
        assert shop.apply().failed is None
        assert shop.ask("SELECT to_regclass('more')::text") == ["more"]


def test_code_in_the_database_that_sets_something_makes_an_old_note_refuse(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE a (x int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM set_config('search_path', 'app', false); RETURN NEW; END$$;"
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()"
    )
    message = stop(shop, f"{DIRECTIVE}INSERT INTO a VALUES (1); SELECT 1/0;")
    set_message(shop, message.partition("\nA new session starts with")[0])
    assert "the function f may be called there" in refusal(shop).message


def test_the_modes_of_a_chained_transaction_hold(shop: Workshop) -> None:
    shop.ask("CREATE TABLE a (level text)")
    text = (
        "BEGIN ISOLATION LEVEL SERIALIZABLE, DEFERRABLE; SELECT 1; COMMIT AND CHAIN;"
        " INSERT INTO a SELECT concat(current_setting('transaction_isolation'),"
        " current_setting('transaction_deferrable')); SELECT 1/0; COMMIT;"
    )
    message = stop(shop, text)
    assert "\nThe next transaction is ISOLATION LEVEL SERIALIZABLE, READ WRITE, DEFERRABLE" in (
        message
    )
    assert shop.apply().failed is None
    assert shop.ask("SELECT level FROM a") == ["serializableon"]


def test_a_read_only_transaction_keeps_its_note_apart_and_the_others_do_not(
    shop: Workshop,
) -> None:
    shop.ask("CREATE TABLE a (x int)")
    shop.applies(
        "0001_a.sql",
        "BEGIN READ ONLY; SELECT 1; COMMIT; INSERT INTO a VALUES (1);"
        # Nobody can know it from the text of this one.
        "SELECT set_config('default_transaction_' || 'read_only', 'on', false);"
        "SELECT 1; RESET ALL; INSERT INTO a VALUES (2);",
    )
    assert shop.ask("SELECT x FROM a ORDER BY x") == [1, 2]
    done = [e.statement for e in shop.events_of(StatementFinished)]
    assert done == [1, 2, 3, 4, 5, 6, 6, 7, 7, 8], "a statement ran twice, or not at all"


def test_our_own_statements_run_under_the_role_that_the_session_began_in(shop: Workshop) -> None:
    owner = f"owner_{shop.database.name}"
    with limited_role(shop) as role:
        shop.ask(
            f"CREATE ROLE {owner}; GRANT {owner} TO {role}; ALTER ROLE {role} NOINHERIT;"
            f"ALTER ROLE {role} SET role = {owner}; GRANT CREATE ON SCHEMA public TO {owner};"
            f"GRANT CREATE ON DATABASE {shop.database.name} TO {owner}"
        )
        try:
            shop.write("0001_t.sql", "create table t (a int);")
            shop.write("0002_i.sql", "create index concurrently ti on t (a);")
            text = f"{DIRECTIVE}SET ROLE NONE; SET ROLE {owner}; CREATE TABLE u (a int); SELECT 1/0"
            shop.write("0003_u.sql", text)
            assert shop.apply().failed == "0003_u.sql"
            assert shop.failure.recorded
            shop.write("0003_u.sql", text.replace("1/0", "1/1"))
            assert shop.apply().failed is None
            assert shop.ask(
                "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename IN"
                " ('t', 'u', 'schema_migrations')"
            ) == [owner]
        finally:
            shop.ask(f"DROP OWNED BY {owner}; DROP ROLE {owner}")


def test_superuser_settings_come_back_before_the_role(shop: Workshop) -> None:
    with limited_role(shop) as role:
        shop.login = None
        shop.ask(f"CREATE TABLE a (who text, how text); GRANT ALL ON a TO {role}")
        insert = "INSERT INTO a SELECT current_user, current_setting('session_replication_role')"
        stop(
            shop,
            f"{DIRECTIVE}SET session_replication_role = replica; SET SESSION AUTHORIZATION {role};"
            f"{insert}; SELECT 1/0; {insert};",
        )
        assert shop.apply().failed is None
        assert shop.ask("SELECT concat(who, ' ', how) FROM a") == [f"{role} replica"] * 2


def test_a_file_that_waits_for_the_run_that_is_at_it_is_not_refused(shop: Workshop) -> None:
    """What another run notes of a file that it is at says nothing of a try that has ended."""
    text = f"{DIRECTIVE}CREATE TEMP TABLE t (x int); SELECT pg_sleep(0.5); DROP TABLE t;"
    shop.write("0001_a.sql", text)
    thread = threading.Thread(target=shop.runner().apply_pending, daemon=True)
    thread.start()
    wait_until(shop, f"SELECT to_regclass('{LEDGER}') IS NOT NULL")
    wait_until(
        shop, f"SELECT EXISTS (SELECT FROM {LEDGER} WHERE error_message LIKE '%temporary table t%')"
    )
    second = Workshop(shop.folder, shop.database)
    assert second.apply().failed is None
    thread.join()
    assert second.events_of(FileStarted) == []


def wait_until(shop: Workshop, query: str) -> None:
    """Return when the query's answer is true."""
    deadline = time.monotonic() + 30
    while shop.ask(query) != [True]:
        assert time.monotonic() < deadline, shop.events


@pytest.mark.parametrize(
    "name",
    ["statement_timeout", pytest.param("transaction_timeout", marks=pytest.mark.postgres(min=17))],
)
def test_a_timeout_that_our_own_steps_lift_for_themselves_is_kept(
    shop: Workshop, name: str
) -> None:
    shop.ask("CREATE TABLE a (x text)")
    insert = f"INSERT INTO a SELECT current_setting('{name}')"
    message = stop(shop, f"{DIRECTIVE}SET {name} = '1h'; {insert}; SELECT 1/0; {insert};")
    assert message.endswith(f'{{"{name}": "1h"}}')
    assert shop.apply().failed is None
    assert shop.ask("SELECT x FROM a") == ["1h", "1h"]


def test_what_was_set_before_the_file_makes_the_ledger_is_kept(shop: Workshop) -> None:
    role = f"owner_{shop.database.name}"
    shop.ask(f"CREATE ROLE {role}; GRANT CREATE ON DATABASE {shop.database.name} TO {role}")
    try:
        message = stop(
            shop,
            f"{DIRECTIVE}SET ROLE {role}; SET search_path = kb; CREATE SCHEMA kb;"
            "SELECT 1/0; CREATE TABLE a (x int);",
        )
        assert message.endswith(f'after statement 3: {{"role": "{role}", "search_path": "kb"}}')
        assert shop.apply().failed is None
        query = "SELECT concat(schemaname, ' ', tableowner) FROM pg_tables WHERE tablename = 'a'"
        assert shop.ask(query) == [f"kb {role}"]
    finally:
        shop.ask(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
