"""What we ask in a database where names mean something else, or what everybody may is revoked."""

import pytest

from schemamig_tui.connect.identity import Location, identify
from schemamig_tui.engine.events import BlockedSeen, Event, RunFinished
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.watch.run_lock import Locks
from schemamig_tui.engine.watch.second_connection import explain
from schemamig_tui.errors import ConnectionFailed, RightsMissing
from tests.engine.conftest import LEDGER, Workshop, limited_role

COMPARED = ("oid", '"char"', "name", "text", "int", "smallint", "bigint")
OPERATORS = [
    *(("=", kind, "boolean") for kind in COMPARED),
    *(("<>", kind, "boolean") for kind in COMPARED),
    ("!~", "text", "boolean"),
    ("||", "text", "text"),
    ("+", "int", "int"),
]
PATH = "search_path = public, evil, pg_catalog"


CATALOGS = ("pg_class", "pg_namespace", "pg_database", "pg_index", "pg_replication_slots")


def make_hostile(shop: Workshop) -> None:
    """Have every session find operators that fail, and types and catalogs that are others."""
    made = ["CREATE SCHEMA evil"]
    for number, (operator, kind, result) in enumerate(OPERATORS):
        made.append(
            f"CREATE FUNCTION evil.f{number}({kind}, {kind}) RETURNS {result} LANGUAGE plpgsql AS"
            f" $$BEGIN RAISE 'a hostile {operator} of {kind} was called'; END$$;"
            f" CREATE OPERATOR evil.{operator}"
            f" (leftarg = {kind}, rightarg = {kind}, function = evil.f{number})"
        )
    made += [f"CREATE DOMAIN evil.{kind} AS bool" for kind in ("text", "oid", "float8", "int8")]
    made += [f"CREATE TABLE evil.{catalog} ()" for catalog in CATALOGS]
    made.append(f"ALTER DATABASE {shop.database.name} SET {PATH}")
    shop.ask("; ".join(made))


@pytest.fixture
def hostile(shop: Workshop) -> Workshop:
    """A database as ``make_hostile`` makes it."""
    make_hostile(shop)
    return shop


def test_what_is_built_concurrently_is_checked_all_the_same(hostile: Workshop) -> None:
    hostile.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int);\nCREATE INDEX CONCURRENTLY a_x ON a (x);\n"
        "CREATE INDEX CONCURRENTLY ON a (x);\nREINDEX TABLE CONCURRENTLY a;",
    )
    with hostile.database.connect(options="-c search_path=public") as conn:
        conn.execute("INSERT INTO a VALUES (1), (1)")
    failed = hostile.fails("0002_b.sql", "CREATE UNIQUE INDEX CONCURRENTLY a_y ON a (x);")
    assert failed.failure.sqlstate == "23505"
    assert "DROP INDEX CONCURRENTLY public.a_y;" in (failed.failure.hint or "")
    failed = hostile.fails("0002_b.sql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_y ON a (x);")
    assert "public.a_y is there already, and it is invalid" in failed.failure.message


def test_the_second_connection_sees_who_is_in_the_way(hostile: Workshop) -> None:
    hostile.write("0001_a.sql", "CREATE TABLE a (); LOCK TABLE public.busy;")
    with hostile.database.connect() as other:
        other.execute("CREATE TABLE public.busy ()")
        other.execute("BEGIN")
        other.execute("LOCK TABLE public.busy")

        def listen(event: Event) -> None:
            hostile.events.append(event)
            if isinstance(event, BlockedSeen) and event.blocked:
                other.execute("COMMIT")

        Runner(hostile.connect, hostile.folder, LEDGER, listen).apply_pending()
    (seen, gone) = hostile.events_of(BlockedSeen)
    assert seen.blocked
    assert seen.blocked.on == "table public.busy"
    assert gone.blocked is None


def test_who_holds_a_lock_and_which_limit_is_reached_is_known(hostile: Workshop) -> None:
    lock = Locks.of(LEDGER).work
    with hostile.database.connect() as one, hostile.database.connect() as other:
        assert lock.take(one)
        assert not lock.take(other)
        holder = lock.holder(other)
        assert holder
        assert holder.pid == Backend.of(one).pid
        refused = ConnectionFailed("connection failed: FATAL:  the server has its reasons")
        assert explain(one, refused).hint is None  # as no limit is reached
        one.execute(f"ALTER DATABASE {hostile.database.name} CONNECTION LIMIT 1")
        assert "CONNECTION LIMIT of database" in (explain(one, refused).hint or "")


@pytest.mark.parametrize(
    "what",
    [
        "EXECUTE ON FUNCTION pg_catalog.set_config",
        "EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_lock(int, int)",
        "SELECT ON pg_catalog.pg_class",
    ],
)
def test_a_right_that_everybody_has_and_this_role_has_not_is_named(
    shop: Workshop, what: str
) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.ask(f"REVOKE {what} FROM public")
    with limited_role(shop) as role:
        shop.ask(f"GRANT CREATE ON DATABASE {shop.database.name} TO {role}")
        with pytest.raises(RightsMissing, match="permission denied for") as caught:
            shop.apply()
        assert "grant it to the role" in str(caught.value.hint)
    assert [e.applied for e in shop.events_of(RunFinished)] in ([], [()])
    assert shop.ask("SELECT count(*) FROM pg_tables WHERE tablename = 'a'") == [0]


def test_a_connection_says_where_it_leads(hostile: Workshop) -> None:
    with hostile.database.connect() as conn:
        found = identify(conn, Location("--dsn"))
    assert (found.database, found.role, found.login) == (hostile.database.name, *2 * ("postgres",))
