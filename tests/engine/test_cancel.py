"""A run that is asked to stop keeps what is committed, rolls the rest back, and says so."""

import threading

import pytest

from schemamig_tui.engine.events import Event, FileApplied, LockAwaited, NoticeReceived
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.errors import Interrupted, LockTimeout
from schemamig_tui.limits import Limits
from tests.engine.conftest import Workshop
from tests.engine.crowd import until

SLOW = "DO $$BEGIN RAISE NOTICE 'slow'; PERFORM pg_sleep(60); END$$;"


def cancelling(shop: Workshop, kind: type[Event]) -> Runner:
    """A run that is cancelled, from another thread, at the first event of a kind."""

    def listen(event: Event) -> None:
        shop.events.append(event)
        if isinstance(event, kind):
            threading.Timer(0.05, runner.cancel).start()

    runner = Runner(shop.connect, shop.folder, "kb.schema_migrations", listen)
    return runner


@pytest.mark.parametrize("sql", [SLOW, f"BEGIN; {SLOW} COMMIT;", f"SELECT 1; {SLOW} VACUUM;"])
def test_a_cancelled_file_is_rolled_back_and_recorded(shop: Workshop, sql: str) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_b.sql", sql)
    shop.write("0003_c.sql", "CREATE TABLE c ();")
    finished = cancelling(shop, NoticeReceived).apply_pending()
    assert finished.cancelled
    assert finished.applied == ("0001_a.sql",)
    assert finished.failed == "0002_b.sql"
    assert finished.remaining == ("0003_c.sql",)
    assert shop.failure.failure.sqlstate == "57014"
    row = shop.rows["0002_b.sql"]
    assert "57014" in str(row.error_message)
    assert shop.ask("SELECT to_regclass('c')::text") == [None]


def test_a_cancelled_copy_is_rolled_back(shop: Workshop) -> None:
    # More than fits into what stands between us and a server that takes its time for each row.
    table = b"CREATE TABLE a (x int, y text DEFAULT pg_sleep(0.01)::text);\n"
    rows = b"1\n" * 2_000_000
    shop.write("0001_a.sql", table + b"COPY a (x) FROM stdin;\n" + rows + b"\\.\n")
    runner = shop.runner()

    def cancel() -> None:
        until(lambda: shop.ask("SELECT 1 FROM pg_stat_progress_copy"))
        runner.cancel()

    threading.Thread(target=cancel).start()
    finished = runner.apply_pending()
    assert finished.cancelled
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


def test_a_cancelled_run_can_be_taken_up_again(shop: Workshop) -> None:
    for number in range(300):
        shop.write(f"{number:04}_a.sql", f"CREATE TABLE t{number} (); SELECT pg_sleep(0.002);")
    finished = cancelling(shop, FileApplied).apply_pending()
    assert finished.cancelled
    assert 0 < len(finished.applied) < 300
    again = shop.apply()
    assert len(finished.applied) + len(again.applied) == 300
    assert shop.ask("SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]'") == [300]


def test_a_cancellation_while_waiting_for_another_run_ends_the_wait(shop: Workshop) -> None:
    shop.write("0001_a.sql", SLOW)
    first = shop.runner()
    thread = threading.Thread(target=first.apply_pending)
    thread.start()
    until(lambda: shop.events_of(NoticeReceived))
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, LockAwaited):
            second.cancel()

    second = Runner(shop.connect, shop.folder, "kb.schema_migrations", listen)
    with pytest.raises(Interrupted):
        second.apply_pending()
    third = Runner(
        shop.connect,
        shop.folder,
        "kb.schema_migrations",
        events.append,
        limits=Limits(run_lock=0.1),
    )
    with pytest.raises(LockTimeout, match="pid "):
        third.apply_pending()
    first.cancel()
    thread.join()
    waited = [event for event in events if isinstance(event, LockAwaited)]
    assert len(waited) == 2
    assert waited[0].holder
    assert waited[0].holder.user == "postgres"


def test_two_runs_at_once_apply_everything_once(shop: Workshop) -> None:
    for number in range(50):
        shop.write(f"{number:04}_a.sql", f"CREATE TABLE t{number} (); SELECT pg_sleep(0.005);")
    results = []
    runners = [
        Runner(shop.connect, shop.folder, "kb.schema_migrations", shop.events.append)
        for _ in range(3)
    ]
    threads = [
        threading.Thread(target=lambda r=r: results.append(r.apply_pending().applied))
        for r in runners
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, results)) == [0, 0, 50]
    assert shop.events_of(LockAwaited)
