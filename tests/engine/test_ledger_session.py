"""Our own statements run as the session started, whatever a file or a role makes of it."""

from collections.abc import Iterator

import pytest

from schemamig_tui.engine.events import Event, FileRetried
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.limits import Limits
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.test_ledger_writes import IN_EACH_MODE


@pytest.fixture
def owned(shop: Workshop) -> Iterator[Workshop]:
    """Runs as a login that inherits nothing, whose sessions start as the owner of everything."""
    name = shop.database.name
    login, owner = f"login_{name}", f"owner_{name}"
    shop.ask(
        f"CREATE ROLE {owner}; CREATE ROLE {login} LOGIN NOINHERIT; GRANT {owner} TO {login};"
        f" GRANT CREATE ON DATABASE {name} TO {owner}; GRANT CREATE ON SCHEMA public TO {owner};"
        f" ALTER ROLE {login} SET role = {owner}; ALTER ROLE {login} SET timezone = 'Asia/Tokyo'"
    )
    shop.login = login
    yield shop
    shop.ask(f"DROP OWNED BY {owner}, {login}; DROP ROLE {login}; DROP ROLE {owner}")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY ti ON t (a);",
        "RESET ROLE; SET timezone = 'UTC'; SELECT 1; VACUUM pg_am;",
        "SET SESSION AUTHORIZATION DEFAULT; SELECT 1; VACUUM pg_am;",
        "SET ROLE none; SELECT 1;",
        "BEGIN; SET ROLE none; SET timezone = 'UTC'; COMMIT;",
    ],
)
def test_the_ledger_is_written_by_the_role_that_the_session_started_with(
    owned: Workshop, sql: str
) -> None:
    owned.applies("0001_t.sql", "CREATE TABLE t (a int);")
    owned.applies("0002_i.sql", sql)
    assert owned.ask(
        "SELECT abs(extract(epoch FROM applied_at - now() AT TIME ZONE 'Asia/Tokyo')) < 60"
        " FROM kb.schema_migrations"
    ) == [True, True]


@pytest.mark.parametrize("sql", ["SELECT 1/0;", "VACUUM pg_am; SELECT 1/0;"])
def test_a_failure_is_recorded_by_that_role_and_retried_as_it(owned: Workshop, sql: str) -> None:
    assert owned.fails("0001_a.sql", sql).recorded
    owned.applies("0001_a.sql", sql.replace("/0", "/1"))


def test_a_file_that_did_not_get_a_lock_is_tried_again_as_that_role(owned: Workshop) -> None:
    owned.applies("0001_t.sql", "CREATE TABLE t (a int);")
    owned.lock_timeout = "50ms"
    owned.write("0002_u.sql", "LOCK t; CREATE TABLE u ();")
    with owned.database.connect() as blocker:
        blocker.execute("BEGIN; LOCK t")

        def listen(event: Event) -> None:
            if isinstance(event, FileRetried):
                blocker.execute("ROLLBACK")

        runner = Runner(owned.connect, owned.folder, LEDGER, listen, limits=Limits(retries=9))
        assert runner.apply_pending().failed is None
    owner = f"owner_{owned.database.name}"
    assert owned.ask("SELECT tableowner FROM pg_tables WHERE tablename = 'u'") == [owner]


SHADOWS = """
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO public;
CREATE TABLE evil.pg_class (oid oid, relname name, relnamespace oid);
CREATE TABLE evil.pg_namespace (oid oid, nspname name);
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz';
CREATE FUNCTION evil.max(int) RETURNS int LANGUAGE sql AS 'SELECT 7';
CREATE FUNCTION evil.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.no(bigint, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.minus(timestamptz, timestamptz) RETURNS interval LANGUAGE sql
    AS $$SELECT interval '-1 year'$$;
CREATE FUNCTION evil.pg_try_advisory_lock(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE OPERATOR evil.= (leftarg = text, rightarg = text, function = evil.no);
CREATE OPERATOR evil.= (leftarg = bigint, rightarg = int, function = evil.no);
CREATE OPERATOR evil.- (leftarg = timestamptz, rightarg = timestamptz, function = evil.minus);
CREATE DOMAIN evil.text AS int;
"""


@pytest.mark.parametrize("sql", IN_EACH_MODE)
@pytest.mark.parametrize("everywhere", [True, False])
def test_no_function_of_somebody_else_is_taken_for_the_servers_own(
    shop: Workshop, sql: str, everywhere: bool
) -> None:
    path = "search_path = evil, public, pg_catalog"
    shop.ask(SHADOWS)
    if everywhere:
        shop.ask(f"ALTER DATABASE {shop.database.name} SET {path}")
    else:
        sql = sql.replace("CREATE", f"SET {path}; CREATE", 1)
    shop.fails("0001_a.sql", "SELECT 1/0;")
    shop.applies("0001_a.sql", sql)
    shop.applies("0002_b.sql", "SELECT 1;")
    times = [row.execution_time_ms for row in shop.rows.values()]
    assert all(ms is not None and ms < 60_000 for ms in times)
    with shop.database.connect(options="-c search_path=pg_catalog") as conn:
        query = (
            "SELECT data_type FROM information_schema.columns WHERE column_name = 'error_message'"
        )
        assert conn.execute(query).fetchall() == [("text",)]


def test_quoted_identifiers_everywhere_are_no_other_shape(shop: Workshop) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET quote_all_identifiers = on")
    shop.applies("0001_a.sql", "SELECT 1;")
    assert shop.applies("0002_b.sql", "SELECT 1;").version == 2
