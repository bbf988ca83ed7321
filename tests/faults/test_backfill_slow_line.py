"""Batches over a line whose packets take longer than a batch is to take."""

from pathlib import Path

from schemamig_tui.connect import resolve
from schemamig_tui.engine.batch_events import BatchesFinished, BatchesStarted
from schemamig_tui.engine.events import Event
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.settings import Settings
from tests.conftest import Database
from tests.faults.proxy import Proxy

BACKFILL = """
-- schemamig: backfill table=public.a key=x batch=100 target=10ms
UPDATE a SET y = 1 WHERE x BETWEEN :from AND :to;
"""


def test_batches_do_not_shrink_to_one_key(tmp_path: Path, database: Database) -> None:
    table = "CREATE TABLE a (x int PRIMARY KEY, y int);"
    with database.connect() as conn:
        conn.execute(f"{table} INSERT INTO a SELECT generate_series(1, 1000); ANALYZE a")
    (tmp_path / "0001_a.sql").write_text(BACKFILL)
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, BatchesStarted):
            for line in proxy.lines:
                line.seconds = 0.01

    with Proxy(database.conninfo) as proxy:
        connect = resolve(Settings(dsn=proxy.conninfo)).connect
        Runner(connect, tmp_path, "kb.schema_migrations", listen).apply_pending()
    (finished,) = (event for event in events if isinstance(event, BatchesFinished))
    assert finished.done.changed == 1000
    assert finished.done.batches < 100  # of ten keys and more
