"""Who is in whose way is asked of the server, and shown as it is."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.activity import Blocked
from schemamig_tui.engine.watch.blockers import (
    blocked,
    cancel_session,
    terminate_session,
    victims,
)
from tests.clusters import wait_until_gone, with_cluster
from tests.conftest import Database
from tests.engine.conftest import Workshop, limited_role
from tests.engine.crowd import Crowd, crowded, until

ALTER = "ALTER TABLE t ADD x int"


@pytest.fixture
def crowd(database: Database) -> Iterator[Crowd]:
    with crowded(database) as crowd:
        crowd.watch.execute("CREATE TABLE t (i int)")
        crowd.watch.execute("INSERT INTO t VALUES (1)")
        yield crowd


def seen(crowd: Crowd, pid: int) -> Blocked:
    found = blocked(crowd.watch, pid)
    assert found
    return found


def test_an_open_select_blocks_an_alter_table(crowd: Crowd) -> None:
    reader = crowd.join("BEGIN", "SELECT * FROM t", application_name="report")
    pid = crowd.waits(ALTER)
    found = seen(crowd, pid)
    assert (found.lock, found.on) == ("AccessExclusiveLock", "table public.t")
    assert 0 <= found.seconds < 60
    (blocker,) = found.by
    assert blocker.pid == reader.info.backend_pid
    assert (blocker.user, blocker.application) == ("postgres", "report")
    assert (blocker.state, blocker.query) == ("idle in transaction", "SELECT * FROM t")
    assert blocker.waiting_s is None
    assert blocker.transaction_s is not None
    # The server's clock goes on between the two.
    assert blocker.transaction_s >= found.seconds - 0.5


def test_who_waits_for_nobody_is_not_blocked(crowd: Crowd) -> None:
    reader = crowd.join("BEGIN", "SELECT * FROM t")
    assert blocked(crowd.watch, reader.info.backend_pid) is None
    assert victims(crowd.watch, reader.info.backend_pid) is None


def test_a_chain_is_shown_from_the_next_one_to_its_root(crowd: Crowd) -> None:
    root = crowd.join("BEGIN", "SELECT * FROM t").info.backend_pid
    middle = crowd.waits("CREATE TABLE u ()", "BEGIN", "LOCK TABLE u", ALTER)
    found = seen(crowd, crowd.waits("SELECT * FROM u"))
    assert found.on == "table public.u"
    assert [blocker.pid for blocker in found.by] == [middle, root]
    assert [blocker.waiting_s is None for blocker in found.by] == [False, True]


def test_who_is_ahead_in_the_queue_blocks_as_well(crowd: Crowd) -> None:
    root = crowd.join("BEGIN", "SELECT * FROM t").info.backend_pid
    ahead = crowd.waits(ALTER)
    found = seen(crowd, crowd.waits("SELECT * FROM t"))
    assert [blocker.pid for blocker in found.by] == [ahead, root]


@pytest.mark.parametrize(
    ("held", "wanted", "lock", "on"),
    [
        ("SELECT pg_advisory_lock(1, -2)", None, "ExclusiveLock", r"advisory lock \(1, -2\)"),
        ("SELECT pg_advisory_lock(-5)", None, "ExclusiveLock", "advisory lock -5"),
        (
            "UPDATE t SET i = 2",
            None,
            "ShareLock",
            r"transaction \d+, for row \(0,1\) of table public\.t",
        ),
        ("INSERT INTO k VALUES (1)", None, "ShareLock", r"transaction \d+"),
        ("DROP SCHEMA s", "CREATE TABLE s.a ()", "AccessShareLock", "schema s"),
        ('LOCK TABLE "a b"', 'TABLE "a b"', "AccessShareLock", r'table public\."a b"'),
        ("REFRESH MATERIALIZED VIEW m", "TABLE m", "AccessShareLock", "materialized view public.m"),
        ("LOCK TABLE v", "TABLE v", "AccessShareLock", "view public.v"),
    ],
)
def test_what_is_waited_for_has_a_name(
    crowd: Crowd, held: str, wanted: str | None, lock: str, on: str
) -> None:
    crowd.watch.execute('CREATE TABLE "a b" ()')
    crowd.watch.execute("CREATE TABLE k (i int PRIMARY KEY)")
    crowd.watch.execute("CREATE VIEW v AS TABLE t")
    crowd.watch.execute("CREATE MATERIALIZED VIEW m AS TABLE t")
    crowd.watch.execute("CREATE SCHEMA s")
    crowd.join("BEGIN", held)
    found = seen(crowd, crowd.waits("BEGIN", wanted or held))
    assert found.lock == lock
    assert re.fullmatch(on, found.on)


def test_everybody_who_waits_behind_a_session_is_its_victim(crowd: Crowd) -> None:
    ours = crowd.join("CREATE TABLE u ()", "BEGIN", "LOCK TABLE t").info.backend_pid
    first = crowd.waits("BEGIN", "LOCK TABLE u", "SELECT * FROM t")
    behind = crowd.waits("SELECT * FROM u")
    crowd.join("SELECT pg_advisory_lock(1)")
    crowd.waits("SELECT pg_advisory_lock(1)")
    found = victims(crowd.watch, ours)
    assert found
    assert found.count == 2
    assert [victim.pid for victim in found.sessions] == [first, behind]
    assert [victim.query for victim in found.sessions] == ["SELECT * FROM t", "SELECT * FROM u"]
    assert found.longest_s == found.sessions[0].waiting_s


def test_a_wait_behind_another_one_counts_from_when_that_began_to_wait(crowd: Crowd) -> None:
    ours = crowd.join("CREATE TABLE u ()", "BEGIN", "LOCK TABLE t").info.backend_pid
    middle = crowd.join("BEGIN", "LOCK TABLE u")
    early = crowd.waits("SELECT * FROM u")
    time.sleep(0.5)
    crowd.begins(middle, "SELECT * FROM t")
    found = until(lambda: victims(crowd.watch, ours))
    by_pid = {victim.pid: victim.waiting_s for victim in found.sessions}
    assert by_pid[early] == pytest.approx(by_pid[middle.info.backend_pid], abs=0.25)


def test_only_some_of_many_victims_are_described(crowd: Crowd) -> None:
    ours = crowd.join("BEGIN", "LOCK TABLE t").info.backend_pid
    for _ in range(22):
        crowd.waits("SELECT * FROM t")
    found = victims(crowd.watch, ours)
    assert found
    assert (found.count, len(found.sessions)) == (22, 20)


def test_a_session_can_be_cancelled_and_terminated(crowd: Crowd) -> None:
    reader = crowd.join("BEGIN", "SELECT * FROM t")
    pid = crowd.waits(ALTER)
    (blocker,) = seen(crowd, pid).by
    waiter = victims(crowd.watch, reader.info.backend_pid)
    assert waiter
    assert cancel_session(crowd.watch, waiter.sessions[0]) is None
    until(lambda: blocked(crowd.watch, pid) is None)
    assert reader.execute("SELECT 1").fetchone() == (1,)
    assert terminate_session(crowd.watch, blocker) is None
    gone = f"The session with pid {blocker.pid} is gone."
    until(lambda: terminate_session(crowd.watch, blocker) == gone)
    with pytest.raises(psycopg.OperationalError):
        reader.execute("SELECT 1")


def test_a_later_session_with_the_same_pid_is_left_alone(crowd: Crowd) -> None:
    reader = crowd.join("BEGIN", "SELECT * FROM t")
    (blocker,) = seen(crowd, crowd.waits(ALTER)).by
    assert blocker.started
    earlier = replace(blocker, started=blocker.started - 1)
    assert "is gone" in str(terminate_session(crowd.watch, earlier))
    assert reader.execute("SELECT 1").fetchone() == (1,)


def test_a_role_without_privileges_sees_who_but_not_what(shop: Workshop, crowd: Crowd) -> None:
    with limited_role(shop) as role:
        reader = crowd.join("BEGIN", "SELECT 'secret' FROM t")
        pid = crowd.waits(ALTER)
        with shop.database.connect(user=role) as conn:
            found = blocked(conn, pid)
            assert found
            assert (found.lock, found.on) == ("AccessExclusiveLock", "table public.t")
            (blocker,) = found.by
            assert (blocker.pid, blocker.user) == (reader.info.backend_pid, "postgres")
            assert "secret" not in blocker.query
            behind = victims(conn, reader.info.backend_pid)
            assert behind
            assert behind.sessions[0].pid == pid
            for end in (cancel_session, terminate_session):
                refused = end(conn, blocker)
                assert refused
                assert re.match("Not allowed: .*(SUPERUSER|superuser)", refused)


def test_only_the_prepared_transaction_that_is_in_the_way_is_named(folder: Path) -> None:
    base = with_cluster(folder / "pg", "max_prepared_transactions = 4\n")
    embedded = Embedded(base, fast=True)
    with embedded, crowded(Database("postgres", embedded.conninfo)) as crowd:
        crowd.join("CREATE TABLE t ()", "BEGIN", "SELECT FROM t", "PREPARE TRANSACTION 'idle'")
        crowd.join("BEGIN", "LOCK TABLE t IN SHARE MODE", "PREPARE TRANSACTION 'it''s'")
        (blocker,) = seen(crowd, crowd.waits("INSERT INTO t DEFAULT VALUES")).by
        assert (blocker.pid, blocker.application) == (0, "it's")
        assert blocker.state == "prepared"
        assert "ROLLBACK PREPARED 'it''s'" in str(terminate_session(crowd.watch, blocker))
        crowd.watch.execute("ROLLBACK PREPARED 'it''s'")
        crowd.watch.execute("ROLLBACK PREPARED 'idle'")
    wait_until_gone(embedded.base)
