"""A rehearsal waits no longer than a run would, and says whose limit it was."""

import pytest

from schemamig_tui.limits import Limits
from tests.engine.test_retries import into_a_deadlock
from tests.rehearsal.conftest import Rehearsals

SLOW = "SELECT pg_sleep(2);"


def test_the_limit_of_the_database_is_kept_and_named(shop: Rehearsals) -> None:
    name = shop.database.name
    shop.ask(f"ALTER DATABASE {name} SET statement_timeout = '100ms'")
    assert shop.tries(SLOW).failed == "1.sql"
    failure = shop.failure.failure
    assert failure.hint == (
        "In a run as well no statement takes longer than 0.1 s: statement_timeout, by ALTER"
        f" DATABASE {name}."
    )
    shop.apply()
    assert shop.failure.failure.sqlstate == failure.sqlstate


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
