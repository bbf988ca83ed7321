"""A backfill waits for those who have to follow it: standbys, slots, the archiver."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.batch_events import (
    BatchesGoOn,
    BatchesNoted,
    BatchesStarted,
    BatchesWaiting,
    BatchFinished,
)
from schemamig_tui.engine.events import RunFinished
from tests.conftest import Database, short_folder, wait_until_gone, with_cluster
from tests.engine.conftest import Workshop
from tests.engine.crowd import until
from tests.faults.test_failover import ask, pair, wait_for

__all__ = ["pair"]

SETUP = """CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, fat text);
INSERT INTO docs SELECT g, 0, repeat('x', 200) FROM generate_series(1, 3000) g; ANALYZE docs"""
BACKFILL = """-- schemamig: backfill table=docs key=id batch=50 {more}
UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;
"""


@pytest.fixture
def shop(tmp_path: Path, pair: tuple[Embedded, Embedded]) -> Workshop:
    """An empty folder, and a table on a primary with a standby that streams."""
    shop = Workshop(tmp_path, Database("postgres", pair[0].conninfo))
    shop.ask(SETUP)
    until(lambda: ask(pair[0], "SELECT count(*) FROM pg_stat_replication") == 1)
    return shop


def runs(shop: Workshop, more: str = "rows-per-second=1000") -> Callable[[], RunFinished]:
    """Start an apply; what is returned waits for its end."""
    shop.write("0001_a.sql", BACKFILL.format(more=more))
    runner = shop.runner()
    finished: list[RunFinished] = []
    thread = threading.Thread(target=lambda: finished.append(runner.apply_pending()), daemon=True)
    thread.start()

    def end() -> RunFinished:
        thread.join(60)
        return finished[0]

    return end


def waits(shop: Workshop, words: str) -> None:
    """Return when the batches wait for a reason with these words, and do so for a while."""
    until(
        lambda: any(words in " ".join(event.reasons) for event in shop.events_of(BatchesWaiting)),
        seconds=30,
    )
    before = shop.ask("SELECT count(*) FROM docs WHERE n = 1")
    time.sleep(0.5)
    assert shop.ask("SELECT count(*) FROM docs WHERE n = 1") == before
    assert before != [3000]


def done(shop: Workshop, finished: RunFinished) -> None:
    """Each row was changed once, and the wait had an end."""
    assert finished.failed is None
    assert shop.events_of(BatchesGoOn)
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def reload(server: Embedded, setting: str) -> None:
    """Change a setting of a server."""
    ask(server, f"ALTER SYSTEM SET {setting}")
    ask(server, "SELECT pg_reload_conf()")


def test_it_waits_for_a_standby_that_replays_late_or_not_at_all_or_is_gone(
    shop: Workshop, pair: tuple[Embedded, Embedded]
) -> None:
    standby = pair[1]
    reload(standby, "recovery_min_apply_delay = '1h'")
    end = runs(shop, "max-lag=1s rows-per-second=300")
    waits(shop, "the standby walreceiver has not replayed what was committed")
    reload(standby, "recovery_min_apply_delay = 0")
    until(lambda: len(shop.events_of(BatchesGoOn)) >= 1)
    ask(standby, "SELECT pg_wal_replay_pause()")
    until(lambda: len(shop.events_of(BatchesWaiting)) >= 2, seconds=30)
    ask(standby, "SELECT pg_wal_replay_resume()")
    until(lambda: len(shop.events_of(BatchesGoOn)) >= 2, seconds=30)
    primary_conninfo = ask(standby, "SHOW primary_conninfo")
    reload(standby, "primary_conninfo = ''")
    waits(shop, "the standby walreceiver is gone")
    reload(standby, f"primary_conninfo = '{str(primary_conninfo).replace(chr(39), chr(39) * 2)}'")
    done(shop, end())
    wait_for(standby, "SELECT count(*) = 3000 FROM docs WHERE n = 1")
    # Delayed on purpose.
    reload(standby, "recovery_min_apply_delay = '1h'")
    shop.ask("UPDATE docs SET n = 0; TRUNCATE kb.schema_migrations")
    assert runs(shop, "max-lag=1s ignore-standby=walreceiver")().failed is None
    assert shop.events_of(BatchesWaiting) == []
    # Whoever may not see the lag is told so.
    shop.ask(
        "CREATE ROLE blind LOGIN; GRANT ALL ON docs, kb.schema_migrations TO blind;"
        "GRANT ALL ON SCHEMA kb TO blind; UPDATE docs SET n = 0; TRUNCATE kb.schema_migrations;"
        "GRANT ALL ON SEQUENCE kb.schema_migrations_id_seq TO blind"
    )
    shop.login = "blind"
    assert runs(shop, "max-lag=1s")().failed is None
    (noted,) = shop.events_of(BatchesNoted)
    assert "may not see how far the standbys are" in noted.message


def test_it_waits_while_a_slot_keeps_too_much(
    shop: Workshop, pair: tuple[Embedded, Embedded]
) -> None:
    ask(pair[0], "SELECT pg_create_physical_replication_slot('left', true)")
    end = runs(shop, "max-slot-wal=300kB rows-per-second=1000")
    waits(shop, "the slot left keeps ")
    (waiting, *_) = shop.events_of(BatchesWaiting)
    assert waiting.reasons[0].endswith("of WAL, and nobody reads it")
    ask(pair[0], "SELECT pg_drop_replication_slot('left')")
    done(shop, end())


@pytest.fixture
def archiving() -> Iterator[Embedded]:
    """A server whose archiver fails."""
    with short_folder() as folder:
        base = with_cluster(folder / "pg", "archive_mode = on\narchive_command = 'false'\n")
        with Embedded(base, fast=True) as server:
            yield server
        wait_until_gone(base)


def test_it_waits_while_the_archiver_fails(tmp_path: Path, archiving: Embedded) -> None:
    shop = Workshop(tmp_path, Database("postgres", archiving.conninfo))
    shop.ask(SETUP)
    shop.ask("SELECT pg_switch_wal()")
    wait_for(archiving, "SELECT failed_count > 0 FROM pg_stat_archiver")
    end = runs(shop)
    waits(shop, "the archiver has failed since 20")
    reload(archiving, "archive_command = 'true'")
    done(shop, end())


def test_after_a_failover_to_a_standby_that_lagged_it_goes_on_behind_what_that_has(
    shop: Workshop, pair: tuple[Embedded, Embedded]
) -> None:
    primary, standby = pair
    hosts = ",".join(server.parameters["host"] for server in pair)
    both = Workshop(
        shop.folder, Database("postgres", f"host={hosts} port=5432 user=postgres dbname=postgres")
    )
    end = runs(both, "max-lag=1h ignore-standby=walreceiver rows-per-second=300")
    until(lambda: len(both.events_of(BatchFinished)) > 1)
    wait_for(standby, "SELECT count(*) > 0 FROM docs WHERE n = 1")
    # From now on it gets nothing any more.
    reload(standby, "primary_conninfo = ''")
    wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
    held = ask(standby, "SELECT count(*) FROM docs WHERE n = 1")
    until(lambda: shop.ask("SELECT count(*) FROM docs WHERE n = 1") > [held])
    data = ask(primary, "SHOW data_directory")
    (pid, *_) = (Path(str(data)) / "postmaster.pid").read_text().split()
    os.kill(int(pid), signal.SIGQUIT)
    assert ask(standby, "SELECT pg_promote()")
    assert end().failed == "0001_a.sql"
    finished = runs(both)()
    assert finished.failed is None
    (started,) = both.events_of(BatchesStarted)
    assert started.resumed.changed == held
    assert both.ask("SELECT DISTINCT n FROM docs") == [1]
