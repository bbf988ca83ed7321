"""A backfill that was stopped goes on behind its last batch, or says why it cannot."""

import threading

import pytest

from schemamig_tui.engine.batch_events import BatchesStarted, BatchesWaiting, BatchFinished
from schemamig_tui.engine.events import Event, FileFailed, FileStarted
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.errors import FilesError
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.crowd import crowded, until

BACKFILL = """-- schemamig: backfill table=docs key=id batch=100
UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;
"""
SLOW = BACKFILL.replace("batch=100", "batch=100 rows-per-second=1000")


def fill(shop: Workshop) -> None:
    """A table of 1000 rows, and a ledger."""
    shop.ask(
        "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);"
        "INSERT INTO docs SELECT g FROM generate_series(1, 1000) g; ANALYZE docs"
    )


def stop(shop: Workshop, sql: str = SLOW, name: str = "0001_a.sql") -> None:
    """Apply, and cancel behind the first batch."""
    shop.write(name, sql)

    def listen(event: Event) -> None:
        shop.events.append(event)
        if isinstance(event, BatchFinished):
            runner.cancel()

    shop.events.clear()
    runner = Runner(shop.connect, shop.folder, LEDGER, listen)
    finished = runner.apply_pending()
    assert finished.cancelled


def test_a_cancelled_backfill_is_recorded_for_people_and_goes_on_there(shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    message = shop.rows["0001_a.sql"].error_message or ""
    lines = message.splitlines()
    assert lines[0] == "ERROR 57014: cancelled by the user"
    assert lines[1].startswith("Statements done: 0 of 1 (md5 ")
    assert lines[2].startswith("In batches: 100 keys walked, 100 rows changed in 1 batch, id up to")
    assert lines[2].endswith("id up to 100 of 1000")
    assert lines[3].startswith('Batches of statement 1: {"fingerprint": ')
    finished = shop.apply()
    assert finished.failed is None
    (started,) = shop.events_of(BatchesStarted)
    assert (started.resumed.walked, started.resumed.batches) == (100, 1)
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def test_what_is_before_a_backfill_is_not_done_again(shop: Workshop) -> None:
    fill(shop)
    before = "CREATE TABLE b (); SET app.x = '5';\n"
    update = "UPDATE docs SET n = n + current_setting('app.x')::int WHERE id BETWEEN :from AND :to;"
    directive = SLOW.splitlines()[0]
    stop(shop, f"{before}{directive}\n{update}\nCREATE TABLE c ();")
    assert shop.apply().failed is None
    assert [e.resumed for e in shop.events_of(FileStarted)] == [2]
    assert shop.ask("SELECT DISTINCT n FROM docs") == [5]
    assert shop.ask("SELECT to_regclass('c') IS NOT NULL") == [True]


def test_rows_that_have_come_in_behind_the_walk_are_not_its_matter(shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    shop.ask("INSERT INTO docs VALUES (0), (2000)")
    assert shop.apply().failed is None
    assert shop.ask("SELECT n FROM docs WHERE id IN (0, 2000)") == [0, 0]


def test_an_open_end_is_followed(shop: Workshop) -> None:
    fill(shop)
    stop(shop, SLOW.replace("batch", "to=open batch"))
    shop.ask("INSERT INTO docs VALUES (0), (2000)")
    assert shop.apply().failed is None
    assert shop.ask("SELECT n FROM docs WHERE id IN (0, 2000) ORDER BY id") == [0, 1]


@pytest.mark.parametrize(
    "change",
    [
        ("n + 1", "n + 2"),
        ("table=docs", "table=public.docs"),
        ("batch=100", "batch=100 to=open"),
        (" BETWEEN :from AND :to", " >= :from AND id <= :to"),
    ],
)
def test_another_statement_table_or_end_is_refused(shop: Workshop, change: tuple[str, str]) -> None:
    fill(shop)
    stop(shop)
    shop.write("0001_a.sql", SLOW.replace(*change))
    with pytest.raises(FilesError) as caught:
        shop.apply()
    assert caught.value.message == (
        "it was tried before, and batches of its next statement are done: 100 keys walked, 100 rows"
        " changed in 1 batch, id up to 100 of 1000; but that, its table, its key or its end is"
        " another one since (line 1)"
    )
    assert "Restore it: batch, target, pause and the like may change." in (caught.value.hint or "")
    assert shop.ask("SELECT count(*) FROM docs WHERE n = 1") == [100]


def test_the_pace_may_change_and_so_may_comments(shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    changed = BACKFILL.replace("batch=100", "batch=7 target=5ms vacuum=50%")
    shop.applies("0001_a.sql", changed.replace("SET", "/* why */ SET"))
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def test_a_table_that_was_made_anew_is_refused(shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    shop.ask("DROP TABLE docs")
    fill(shop)
    failed = shop.fails("0001_a.sql", SLOW)
    assert failed.failure.message.startswith("public.docs is not the table any more of which 100")
    assert shop.ask("SELECT DISTINCT n FROM docs") == [0]


def test_a_key_of_another_type_is_refused(shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    shop.ask("ALTER TABLE docs ALTER id TYPE bigint")
    failed = shop.fails("0001_a.sql", SLOW)
    assert "The key is of the type bigint now, and was integer when" in failed.failure.message


def test_a_key_in_another_order_is_refused(shop: Workshop) -> None:
    shop.ask(
        'CREATE TABLE docs (id text COLLATE "C" PRIMARY KEY, n int NOT NULL DEFAULT 0);'
        "INSERT INTO docs SELECT g FROM generate_series(1, 1000) g; ANALYZE docs"
    )
    stop(shop)
    shop.ask('ALTER TABLE docs ALTER id TYPE text COLLATE "POSIX"')
    failed = shop.fails("0001_a.sql", SLOW)
    assert failed.failure.message.startswith(
        'The key is of the type text COLLATE pg_catalog."POSIX" now, and was text COLLATE'
    )
    assert shop.ask("SELECT count(*) FROM docs WHERE n = 1") == [100]


@pytest.mark.parametrize(
    ("part", "by_hand"),
    [
        ('"at"', '"to"'),
        (r'"walked": \d+', '"walked": null'),
        (r'"at": \["(\d+)"\]', r'"at": [\1]'),
    ],
)
def test_a_checkpoint_changed_by_hand_is_refused(part: str, by_hand: str, shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    changed = f"regexp_replace(error_message, '{part}', '{by_hand}')"
    shop.ask(f"UPDATE kb.schema_migrations SET error_message = {changed}")
    with pytest.raises(FilesError, match="what the ledger has of its batches cannot be read"):
        shop.apply()


def test_without_resume_it_starts_at_the_first_key(shop: Workshop) -> None:
    fill(shop)
    stop(shop)
    assert shop.runner().apply_pending(Selection(resume=False)).failed is None
    assert shop.ask("SELECT count(*) FROM docs WHERE n = 2") == [100]


def test_a_row_that_somebody_else_has_written_stops_the_batches_and_stays(shop: Workshop) -> None:
    fill(shop)
    other = "running: 0 of 1\nsomebody else"
    done = threading.Event()

    def listen(event: Event) -> None:
        shop.events.append(event)
        if isinstance(event, BatchFinished) and not done.is_set():
            done.set()
            shop.ask(f"UPDATE kb.schema_migrations SET error_message = '{other}'")

    shop.write("0001_a.sql", SLOW)
    finished = Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()
    assert finished.failed == "0001_a.sql"
    assert not shop.failure.recorded
    assert shop.failure.failure.message == (
        "the row in the ledger kb.schema_migrations is not what this run has written last"
    )
    assert shop.rows["0001_a.sql"].error_message == other
    assert shop.ask("SELECT count(*) FROM docs WHERE n = 1") == [100]


def test_batches_that_somebody_else_has_begun_meanwhile_are_not_begun_again(shop: Workshop) -> None:
    fill(shop)
    with crowded(shop.database) as crowd:
        writer = crowd.join("BEGIN", "INSERT INTO docs VALUES (0)")
        shop.write("0001_a.sql", SLOW)
        run = threading.Thread(target=shop.runner().apply_pending)
        run.start()
        until(lambda: shop.events_of(BatchesWaiting))
        shop.ask(
            "UPDATE kb.schema_migrations SET error_message ="
            " error_message || E'\\nBatches of statement 1: {}'"
        )
        writer.execute("ROLLBACK")
        run.join()
    assert shop.failure.failure.message.endswith("is not what this run has written last")
    assert shop.ask("SELECT DISTINCT n FROM docs") == [0]


def apply_with(shop: Workshop, change: str) -> None:
    """Apply, and change the table behind the first batch."""
    done = threading.Event()

    def listen(event: Event) -> None:
        shop.events.append(event)
        if isinstance(event, BatchFinished) and not done.is_set():
            done.set()
            for query in change.split(";"):
                shop.ask(query)

    shop.write("0001_a.sql", SLOW)
    Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()


@pytest.mark.parametrize(
    ("change", "undo", "message"),
    [
        (
            "ALTER TABLE docs RENAME id TO key",
            "ALTER TABLE docs RENAME key TO id",
            "public.docs has no column id.",
        ),
        (
            "ALTER TABLE docs DROP CONSTRAINT docs_pkey",
            "ALTER TABLE docs ADD PRIMARY KEY (id)",
            "No index of public.docs can be walked along (id).",
        ),
        (
            "ALTER TABLE docs RENAME TO d; CREATE TABLE docs (LIKE d INCLUDING ALL)",
            "DROP TABLE docs; ALTER TABLE d RENAME TO docs",
            "public.docs is not the table any more of which 100 keys walked",
        ),
    ],
)
def test_a_table_or_key_that_is_another_one_stops_the_batches_up_to_where_it_is_undone(
    shop: Workshop, change: str, undo: str, message: str
) -> None:
    fill(shop)
    apply_with(shop, change)
    assert shop.failure.failure.message.startswith(message)
    assert shop.failure.failure.hint
    shop.ask(undo)
    assert shop.apply().failed is None
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def test_an_index_that_is_built_anew_stops_nothing(shop: Workshop) -> None:
    fill(shop)
    apply_with(shop, "REINDEX INDEX CONCURRENTLY docs_pkey")
    assert shop.events_of(FileFailed) == []
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def test_a_ledger_that_the_file_makes_itself_is_in_the_way(shop: Workshop) -> None:
    fill(shop)
    failed = shop.fails("0001_a.sql", BACKFILL + "CREATE SCHEMA kb;")
    assert failed.failure.message.startswith("The batches cannot be recorded: the ledger is only")


def test_a_check_that_finds_rows_fails_and_is_all_that_is_done_again(shop: Workshop) -> None:
    fill(shop)
    checked = BACKFILL.replace("batch", "check=(SELECT FROM docs WHERE n <> 1) batch")
    shop.ask("CREATE RULE r AS ON UPDATE TO docs WHERE old.id = 7 DO INSTEAD NOTHING")
    failed = shop.fails("0001_a.sql", checked)
    assert failed.failure.message.startswith("The check of the backfill finds rows, behind 1,000")
    shop.ask("DROP RULE r ON docs; UPDATE docs SET n = 1 WHERE n = 0")
    assert shop.apply().failed is None
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]
