"""Files that wait for batches of others, and files with batches that run beside the others."""

import threading
from typing import Any

import pytest

from schemamig_tui.engine.batch_events import BatchesStarted, BatchFinished
from schemamig_tui.engine.events import Event, FileFailed, LockAwaited, RunFinished, Warned
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.errors import FilesError, LockTimeout, SettingsError
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.crowd import until

BACKFILL = """-- schemamig: backfill table=docs key=id batch=100 {more}
UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;
"""
REQUIRES = "-- schemamig: requires 0002_backfill.sql\n"


@pytest.fixture(autouse=True)
def _files(shop: Workshop) -> None:
    """A table of 1000 rows, a file with batches, and one behind it."""
    shop.ask(
        "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, o int);"
        "INSERT INTO docs SELECT g FROM generate_series(1, 1000) g; ANALYZE docs"
    )
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_backfill.sql", BACKFILL.format(more=""))
    shop.write("0003_c.sql", "CREATE TABLE c ();")


def applied(shop: Workshop, **options: Any) -> tuple[str, ...]:
    """Apply; the files that were."""
    shop.events.clear()
    return shop.runner().apply_pending(Selection(**options)).applied


def warnings(shop: Workshop) -> list[str]:
    """What was told of files that stay pending."""
    return [event.message for event in shop.events_of(Warned) if "stays pending" in event.message]


def test_files_with_batches_can_be_left_for_later(shop: Workshop) -> None:
    assert applied(shop, skip_backfills=True) == ("0001_a.sql", "0003_c.sql")
    assert warnings(shop) == ["0002_backfill.sql stays pending: it has batches (--skip-backfills)."]
    assert applied(shop) == ("0002_backfill.sql",)
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def test_a_file_waits_for_one_that_it_requires(shop: Workshop) -> None:
    shop.write("0003_c.sql", REQUIRES + "CREATE TABLE c ();")
    shop.write("0004_d.sql", "-- schemamig: requires 0003_c.sql\nCREATE TABLE d ();")
    shop.write("0005_e.sql", "CREATE TABLE e ();")
    assert applied(shop, skip_backfills=True) == ("0001_a.sql", "0005_e.sql")
    assert warnings(shop)[1:] == [
        "0003_c.sql stays pending: it requires 0002_backfill.sql.",
        "0004_d.sql stays pending: it requires 0003_c.sql.",
    ]
    assert applied(shop) == ("0002_backfill.sql", "0003_c.sql", "0004_d.sql")


def test_what_is_required_has_to_be_there_and_to_come_first(shop: Workshop) -> None:
    shop.write("0001_a.sql", REQUIRES + "CREATE TABLE a ();")
    with pytest.raises(FilesError, match=r"requires 0002_backfill\.sql, which is not applied"):
        shop.apply()
    shop.write("0001_a.sql", "-- schemamig: requires 0002_backfil.sql\n")
    with pytest.raises(FilesError, match="there is no such migration") as caught:
        shop.apply()
    assert caught.value.line == 1
    assert shop.ask("SELECT DISTINCT n FROM docs") == [0]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE docs;",
        "TRUNCATE docs;",
        "ALTER TABLE public.docs RENAME id TO key;",
        "ALTER TABLE docs ALTER id TYPE bigint;",
        "ALTER TABLE docs DROP COLUMN n;",
        "ALTER TABLE docs DROP CONSTRAINT docs_pkey;",
        "DROP SCHEMA public CASCADE;",
    ],
)
def test_a_file_waits_that_would_take_away_what_batches_work_on(shop: Workshop, sql: str) -> None:
    shop.write("0002_backfill.sql", BACKFILL.format(more="").replace("=docs", "=public.docs"))
    shop.write("0003_c.sql", f"SELECT 1;\n{sql}")
    assert applied(shop, skip_backfills=True) == ("0001_a.sql",)
    assert "in line 2 takes away what the batches of 0002_backfill.sql" in warnings(shop)[1]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE known;",
        "ALTER TABLE known RENAME COLUMN v TO value;",
        "DROP FUNCTION found(int);",
        "ALTER TYPE mood RENAME TO feeling;",
        "ALTER TABLE checked DROP COLUMN v;",
    ],
)
def test_so_does_one_that_would_take_away_what_the_statement_or_its_check_reads(
    shop: Workshop, sql: str
) -> None:
    shop.write(
        "0002_backfill.sql",
        "-- schemamig: backfill table=docs key=id check=(SELECT v FROM checked WHERE v IS NULL)\n"
        "UPDATE docs SET n = found(k.v), o = ('ok'::mood = 'ok')::int FROM known k"
        " WHERE k.id = docs.id AND docs.id BETWEEN :from AND :to;",
    )
    shop.write("0003_c.sql", sql)
    assert applied(shop, skip_backfills=True) == ("0001_a.sql",)
    assert warnings(shop)[1].endswith("takes away what the batches of 0002_backfill.sql work on.")


def test_a_file_that_takes_away_something_else_need_not_wait(shop: Workshop) -> None:
    shop.write("0003_c.sql", "ALTER TABLE docs DROP COLUMN o; CREATE INDEX ON docs (n);")
    shop.ask("CREATE SCHEMA old; CREATE TABLE old.docs (); CREATE TYPE t AS ENUM ()")
    shop.write("0002_backfill.sql", BACKFILL.format(more="").replace("docs", "public.docs"))
    shop.write("0004_d.sql", "DROP TABLE old.docs; DROP TYPE t;")
    assert applied(shop, skip_backfills=True) == ("0001_a.sql", "0003_c.sql", "0004_d.sql")


def test_a_file_in_front_waits_too_once_batches_are_under_way(shop: Workshop) -> None:
    stop_behind_a_batch(shop)
    shop.write("0001_b.sql", "ALTER TABLE docs DROP COLUMN n;")
    assert applied(shop) == ("0002_backfill.sql", "0003_c.sql")
    assert len(warnings(shop)) == 1
    assert applied(shop) == ("0001_b.sql",)


def test_a_file_waits_for_batches_under_way_that_are_not_in_the_plan(shop: Workshop) -> None:
    stop_behind_a_batch(shop)
    shop.write("0001_b.sql", "ALTER TABLE docs DROP COLUMN n;")
    reason = "DROP COLUMN in line 1 takes away what the batches of 0002_backfill.sql work on"
    assert applied(shop, to="0001_b.sql") == ()
    assert warnings(shop) == [f"0001_b.sql stays pending: {reason}."]
    with pytest.raises(FilesError, match="It has to wait: DROP COLUMN in line 1 takes") as caught:
        applied(shop, only="0001_b.sql")
    assert caught.value.hint
    assert applied(shop, only="0003_c.sql") == ("0003_c.sql",)


def stop_behind_a_batch(shop: Workshop) -> None:
    """Apply, and cancel behind the first batch."""

    def listen(event: Event) -> None:
        if isinstance(event, BatchFinished):
            runner.cancel()

    shop.write("0002_backfill.sql", BACKFILL.format(more="rows-per-second=1000"))
    runner = Runner(shop.connect, shop.folder, LEDGER, listen)
    assert runner.apply_pending().cancelled


def test_one_file_runs_by_itself(shop: Workshop) -> None:
    assert applied(shop, only="0002_backfill.sql") == ("0002_backfill.sql",)
    assert applied(shop, only="0003_c.sql") == ("0003_c.sql",)
    with pytest.raises(SettingsError, match=r"nothing to do: 0003_c\.sql is applied"):
        applied(shop, only="0003_c.sql")
    with pytest.raises(SettingsError, match=r"no migration 0003_d\.sql") as caught:
        applied(shop, only="0003_d.sql")
    assert caught.value.hint == "Did you mean 0001_a.sql?" or caught.value.hint
    assert applied(shop) == ("0001_a.sql",)


def test_what_a_file_requires_has_to_be_applied_before_it_runs_by_itself(shop: Workshop) -> None:
    shop.write("0003_c.sql", REQUIRES + "CREATE TABLE c ();")
    with pytest.raises(FilesError, match=r"requires 0002_backfill\.sql, which is not applied"):
        applied(shop, only="0003_c.sql")


class ByItself:
    """A backfill that runs by itself, in a thread, slowly."""

    def __init__(self, shop: Workshop) -> None:
        shop.write("0002_backfill.sql", BACKFILL.format(more="rows-per-second=250"))
        self.events: list[Event] = []
        self.finished: list[RunFinished] = []
        self.runner = Runner(shop.connect, shop.folder, LEDGER, self.events.append)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until(lambda: any(isinstance(event, BatchFinished) for event in self.events))

    def _run(self) -> None:
        self.finished.append(self.runner.apply_pending(Selection(only="0002_backfill.sql")))

    def end(self) -> RunFinished:
        """Wait for it."""
        self._thread.join(60)
        return self.finished[0]


def test_a_deployment_leaves_a_backfill_alone_that_runs_by_itself(shop: Workshop) -> None:
    shop.write("0003_c.sql", "ALTER TABLE docs ADD p int; CREATE TABLE c ();")
    shop.write("0004_d.sql", REQUIRES + "CREATE TABLE d ();")
    shop.write("0005_e.sql", "ALTER TABLE docs DROP COLUMN n;")
    backfill = ByItself(shop)
    assert applied(shop) == ("0001_a.sql", "0003_c.sql")
    assert shop.events_of(LockAwaited) == []
    assert shop.events_of(FileFailed) == []
    told = warnings(shop)
    assert told[0].startswith("0002_backfill.sql stays pending: another run is at it, ")
    assert told[1:] == [
        "0004_d.sql stays pending: it requires 0002_backfill.sql.",
        "0005_e.sql stays pending: DROP COLUMN in line 1 takes away what the batches of"
        " 0002_backfill.sql work on.",
    ]
    assert not backfill.finished
    # Nothing is left for this one to do.
    finished = shop.runner().apply_pending()
    assert (finished.applied, finished.failed, finished.version) == ((), None, 2)
    with pytest.raises(LockTimeout, match=r"another run is at 0002_backfill\.sql"):
        applied(shop, only="0002_backfill.sql")
    assert backfill.end().failed is None
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]
    assert applied(shop) == ("0004_d.sql", "0005_e.sql")


def test_a_backfill_that_is_stopped_by_itself_goes_on_in_a_deployment(shop: Workshop) -> None:
    backfill = ByItself(shop)
    backfill.runner.cancel()
    assert backfill.end().cancelled
    assert applied(shop) == ("0001_a.sql", "0002_backfill.sql", "0003_c.sql")
    assert shop.events_of(BatchesStarted)[0].resumed.changed > 0
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]
