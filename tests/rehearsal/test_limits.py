"""A rehearsal waits no longer than a run would, and says whose limit it was."""

import time
from dataclasses import replace

import pytest
from psycopg.pq.abc import PGresult

from schemamig_tui.limits import Limits
from schemamig_tui.rehearsal import steps
from schemamig_tui.rehearsal.guards import OwnLimit, own_limits
from schemamig_tui.rehearsal.reports import StatementReports
from tests.engine.conftest import limited_role
from tests.engine.test_retries import into_a_deadlock
from tests.rehearsal.conftest import Rehearsals

SLOW = "SELECT pg_sleep(2);"


def test_the_limit_of_the_database_is_kept_and_named(shop: Rehearsals) -> None:
    name = shop.database.name
    shop.ask(f"ALTER DATABASE {name} SET statement_timeout = '500ms'")
    assert shop.tries(SLOW).failed == "1.sql"
    failure = shop.failure.failure
    assert failure.hint == (
        "In a run as well no statement takes longer than 500 ms: statement_timeout, by ALTER"
        f" DATABASE {name}."
    )
    shop.apply()
    assert shop.failure.failure.sqlstate == failure.sqlstate


def test_a_short_limit_is_not_meant_for_what_a_rehearsal_does_itself(
    shop: Rehearsals, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET statement_timeout = '400ms'")
    asked = steps.facts_query
    monkeypatch.setattr(
        steps, "facts_query", lambda writes: asked(writes) + b", pg_catalog.pg_sleep(0.6)"
    )
    shop.rehearses("CREATE TABLE a ();", "CREATE TABLE b ();")
    assert [change for changes in shop.changes.values() for change in changes]
    assert shop.tries(SLOW).failed == "1.sql"
    assert "no statement takes longer than 400 ms" in (shop.failure.failure.hint or "")


@pytest.mark.postgres(min=17)
def test_a_transaction_has_the_limit_of_the_database(shop: Rehearsals) -> None:
    name, nap = shop.database.name, "SELECT pg_sleep(0.3);"
    shop.ask(f"ALTER DATABASE {name} SET transaction_timeout = '500ms'")
    finished = shop.tries(
        nap, nap, f"COMMIT; {nap} COMMIT; {nap}", f"SET transaction_timeout = 0; {nap * 2}", nap * 2
    )
    assert (finished.failed, len(finished.rehearsed)) == ("5.sql", 4)
    failure = shop.failure.failure
    assert (failure.hint or "").endswith(
        "SET transaction_timeout = 0; at the top of the file lifts it.\nIn a run as well no"
        f" transaction takes longer than 500 ms: transaction_timeout, by ALTER DATABASE {name}."
    )
    assert shop.apply().applied == finished.rehearsed
    assert replace(failure, hint=None) == replace(shop.failure.failure, hint=None)


@pytest.mark.parametrize("own", ["100ms", "0", "1h"])
def test_the_shorter_limit_of_two_holds(shop: Rehearsals, own: str) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET lock_timeout = '{own}'; CREATE TABLE t ()")
    with shop.database.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK t")
        shop.write("1.sql", "SELECT current_setting('lock_timeout'); ALTER TABLE t ADD x int;")
        limits = Limits(lock=None if own == "100ms" else 0.1)
        assert shop.rehearse(limits=limits).failed == "1.sql"
    hint = shop.failure.failure.hint or ""
    assert ("ALTER DATABASE" in hint) == (own == "100ms")
    assert ("--lock-timeout" in hint) == (own != "100ms")


def test_a_limit_is_named_also_by_a_program_that_reads_late(
    shop: Rehearsals, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_clock = StatementReports.read_clock

    def late(reports: StatementReports, answer: PGresult) -> None:
        time.sleep(0.09)
        read_clock(reports, answer)

    monkeypatch.setattr(StatementReports, "read_clock", late)
    shop.ask("CREATE TABLE t ()")
    shop.write("1.sql", "ALTER TABLE t ADD x int;")
    with shop.database.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK t")
        assert shop.rehearse(limits=Limits(lock=0.1)).failed == "1.sql"
    assert "--lock-timeout" in (shop.failure.failure.hint or "")


def test_a_limit_is_said_to_be_from_where_the_server_takes_it(shop: Rehearsals) -> None:
    here = shop.database.name
    with limited_role(shop) as role:
        shop.login = None
        shop.ask(
            "CREATE SCHEMA hostile; CREATE FUNCTION hostile.never(oid, oid) RETURNS bool"
            " LANGUAGE sql RETURN false; CREATE OPERATOR hostile.= (LEFTARG = oid,"
            " RIGHTARG = oid, FUNCTION = hostile.never); GRANT USAGE ON SCHEMA hostile TO public;"
            f"ALTER DATABASE {here} SET search_path = hostile, pg_catalog;"
        )
        assert _sources(shop, role) == {}
        found = []
        for statement in (
            f"ALTER ROLE {role} IN DATABASE postgres SET lock_timeout = '1s'",
            f"ALTER DATABASE {here} SET lock_timeout = '2s'",
            f"ALTER ROLE {role} SET lock_timeout = '3s'",
            f"ALTER ROLE {role} IN DATABASE {here} SET lock_timeout = '4s'",
        ):
            shop.ask(statement)
            limit = _sources(shop, role).get("lock_timeout")
            found.append(limit and (limit.seconds, limit.source))
    assert found == [
        None,
        (2, f"ALTER DATABASE {here}"),
        (3, f"ALTER ROLE {role}"),
        (4, f"ALTER ROLE {role} IN DATABASE {here}"),
    ]


def _sources(shop: Rehearsals, role: str) -> dict[str, OwnLimit]:
    with shop.database.connect(user=role) as conn:
        return own_limits(conn)


def test_who_was_in_the_way_is_named_also_behind_a_short_wait(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE busy (x int)")
    with shop.database.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK busy IN ACCESS SHARE MODE")
        assert shop.tries("SET lock_timeout = '1ms'; ALTER TABLE busy ADD y int;").failed
        session = f"pid {blocker.info.backend_pid}, "
    first, second = str(shop.failure.failure.detail).splitlines()
    assert first == "It waited for AccessExclusiveLock on table public.busy, behind:"
    assert second.startswith(session)


def test_a_deadlock_names_the_table_and_the_session_that_were_in_the_way(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE busy (x int); CREATE TABLE other (x int)")
    with shop.database.connect() as busy:
        busy.execute("BEGIN; LOCK TABLE busy IN ACCESS SHARE MODE")
        into_a_deadlock(shop, busy, "50ms", shop.rehearsal().rehearse_pending).join(30)
        session = f"pid {busy.info.backend_pid}, "
    failure = shop.failure.failure
    assert failure.sqlstate == "40P01"
    first, second, *_ = str(failure.detail).splitlines()
    assert first == "It waited for AccessExclusiveLock on table public.busy, behind:"
    assert second.startswith(session)
