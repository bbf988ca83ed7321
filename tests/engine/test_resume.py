"""A file without a transaction goes on where it stopped, or starts over where that is asked for."""

import hashlib
import itertools

import pytest

from schemamig_tui.engine.events import FileStarted, StatementFinished
from schemamig_tui.engine.ledger.left_off import left_off
from schemamig_tui.engine.ledger.status import compare
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import parse
from schemamig_tui.errors import FilesError
from tests.engine.conftest import LEDGER, Workshop, limited_role

OURS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
NO_TRANSACTION = "-- schemamig: no-transaction\n"
ALTER = "ALTER DATABASE {} SET standard_conforming_strings = off;"
HEAD = "CREATE TABLE IF NOT EXISTS a (x int); VACUUM a; INSERT INTO a VALUES (1);\n"


def where(shop: Workshop) -> tuple[int, str | None] | None:
    """Where an apply would go on with the last file of the folder, and why it cannot."""
    *_, migration = compare(scan(shop.folder), shop.rows.values()).migrations
    assert migration.file
    left = left_off(migration.row, parse(migration.file))
    return left and (left.done, left.obstacle)


def test_a_run_tells_behind_which_statements_it_goes_on(shop: Workshop) -> None:
    shop.fails("0001_a.sql", HEAD + "SELECT 1/0; SELECT 2;")
    assert [e.resumed for e in shop.events_of(FileStarted)] == [0]
    assert where(shop) == (3, None)
    shop.applies("0001_a.sql", HEAD + "SELECT 1/1; SELECT 2;")
    assert [e.resumed for e in shop.events_of(FileStarted)] == [3]
    assert [e.statement for e in shop.events_of(StatementFinished)] == [4, 5]
    assert where(shop) is None


@pytest.mark.parametrize("kept", ["left(error_message, -9)", "split_part(error_message, ')', 1)"])
def test_a_checkpoint_that_somebody_has_cut_off_does_not_start_the_file_over(
    shop: Workshop, kept: str
) -> None:
    shop.fails("0001_a.sql", HEAD + "SELECT 1/0;")
    shop.ask(f"UPDATE {LEDGER} SET error_message = {kept}")
    shop.write("0001_a.sql", HEAD + "SELECT 1/1;")
    with pytest.raises(
        FilesError, match=r"its first 3 statements have .* cannot be read"
    ) as caught:
        shop.apply()
    assert "--no-resume" in (caught.value.hint or "")
    assert shop.ask("SELECT x FROM a") == [1]


def test_without_resume_a_file_starts_over_whatever_has_changed(shop: Workshop) -> None:
    shop.fails("0001_a.sql", HEAD + "SELECT 1/0;")
    shop.write("0001_a.sql", HEAD.replace("(1)", "(2)") + "SELECT 1/1;")
    assert where(shop) == (3, "the file has changed there since")
    with pytest.raises(FilesError, match="the file has changed there since"):
        shop.apply()
    assert shop.runner().apply_pending(Selection(resume=False)).failed is None
    assert [e.resumed for e in shop.events_of(FileStarted)] == [0]
    assert shop.ask("SELECT x FROM a ORDER BY x") == [1, 2]
    assert shop.rows["0001_a.sql"].success


@pytest.mark.parametrize("ends", ["COMMIT;", "CALL commits();", "RAISE NOTICE 'not at all';"])
def test_a_block_that_may_have_committed_before_a_loss_is_only_run_again_on_demand(
    shop: Workshop, ends: str
) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int);CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'",
    )
    block = f"DO $$BEGIN INSERT INTO a VALUES (1); {ends} %s; END$$;"
    lost = block % "PERFORM pg_terminate_backend(pg_backend_pid())"
    assert shop.fails("0002_b.sql", NO_TRANSACTION + lost).kept == 0
    if "NOTICE" in ends:
        assert where(shop) is None
        return
    assert where(shop) == (
        0,
        "it is not known whether the statement in line 2, which commits by itself, is done",
    )
    with pytest.raises(FilesError, match="it was tried before, and it is not known") as caught:
        shop.apply()
    assert "any change of it counts as your answer" in (caught.value.hint or "")
    # An error is an answer.
    for answer in ("PERFORM 1/0", "PERFORM 1/0; NULL"):
        failed = shop.fails("0002_b.sql", NO_TRANSACTION + block % answer)
        assert failed.failure.sqlstate == "22012"
        assert "What it had committed before it failed stays" in (failed.failure.hint or "")
        assert where(shop) is None
    shop.applies("0002_b.sql", NO_TRANSACTION + block % "NULL")
    assert shop.ask("SELECT count(*) FROM a") == [4]


def test_an_index_without_a_name_is_not_built_twice(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "CREATE TABLE a (x int);")
    shop.write("0002_b.sql", "CREATE INDEX CONCURRENTLY ON a (x);\nSELECT 1;")

    def lose(event: object) -> None:
        if isinstance(event, StatementFinished):
            shop.ask(OURS)

    assert Runner(shop.connect, shop.folder, LEDGER, lose).apply_pending().failed == "0002_b.sql"
    with pytest.raises(FilesError, match="line 1, which commits by itself"):
        shop.apply()
    assert shop.ask("SELECT indexname FROM pg_indexes WHERE tablename = 'a'") == ["a_x_idx"]


def test_line_ends_are_no_change_of_what_is_done(shop: Workshop) -> None:
    sql = f"{NO_TRANSACTION}CREATE TABLE a (\n  x int\n);\nVACUUM\n  a;\nSELECT\n  1/%d;\n"
    ways = [sql, sql.replace("\n", "\r\n"), sql.replace("\n", "\r\n", 3)]
    for one, other in itertools.permutations(ways, 2):
        shop.fails("0001_a.sql", one % 0)
        shop.applies("0001_a.sql", other % 1)
        assert [event.resumed for event in shop.events_of(FileStarted)] == [2]
        shop.ask(f"DROP TABLE a; DELETE FROM {LEDGER}")
    # An earlier version has written the digest of the statements as they are.
    shop.fails("0001_a.sql", ways[1] % 0)
    with shop.database.connect() as conn:
        done = b"CREATE TABLE a (\r\n  x int\r\n);VACUUM\r\n  a;"
        digest = hashlib.md5(done, usedforsecurity=False).hexdigest()
        conn.execute(
            f"UPDATE {LEDGER} SET error_message = regexp_replace(error_message, 'md5 \\w+', %s)",
            (f"md5 {digest}",),
        )
    shop.applies("0001_a.sql", ways[1] % 1)


def test_the_data_of_a_copy_that_is_done_may_not_change(shop: Workshop) -> None:
    sql = f"{NO_TRANSACTION}CREATE TABLE a (x int);\nCOPY a FROM stdin;\n%d\n\\.\nSELECT 1/%d;\n"
    shop.fails("0001_a.sql", sql % (1, 0))
    shop.write("0001_a.sql", sql % (2, 1))
    with pytest.raises(FilesError, match="the file has changed there since"):
        shop.apply()
    # An earlier version has written the digest without the data.
    digest = hashlib.md5(b"CREATE TABLE a (x int);COPY a FROM stdin;", usedforsecurity=False)
    shop.ask(
        f"UPDATE {LEDGER} SET error_message ="
        f" regexp_replace(error_message, 'md5 \\w+', 'md5 {digest.hexdigest()}')"
    )
    shop.applies("0001_a.sql", (sql % (1, 1)).replace("\n", "\r\n"))
    assert shop.ask("SELECT x FROM a") == [1]


def test_a_file_that_has_become_one_transaction_does_nothing_twice(shop: Workshop) -> None:
    sql = "CREATE TABLE a (x int); INSERT INTO a VALUES (1); SELECT 1/{};"
    shop.fails("0001_a.sql", "-- schemamig: no-transaction\n" + sql.format(0))
    shop.write("0001_a.sql", sql.format(1))
    with pytest.raises(FilesError, match=r"first 2 statements .* one transaction") as caught:
        shop.apply()
    assert "first line '-- schemamig: no-transaction'" in (caught.value.hint or "")
    shop.applies("0001_a.sql", "-- schemamig: no-transaction\n" + sql.format(1))
    assert shop.ask("SELECT x FROM a") == [1]


@pytest.mark.parametrize("later", [False, True])
def test_two_connections_are_enough(shop: Workshop, *, later: bool) -> None:
    with limited_role(shop) as role:
        shop.ask(f"ALTER ROLE {role} CONNECTION LIMIT 2")
        shop.ask(f"GRANT CREATE ON DATABASE {shop.database.name} TO {role}")
        shop.ask(f"GRANT ALL ON SCHEMA public TO {role}")
        shop.fails("0002_b.sql", HEAD + "SELECT 1/0;")
        shop.ask(OURS)  # what has ended is still counted for a moment
        if later:
            alter = ALTER.format(shop.database.name)
            shop.write("0001_a.sql", f"DO $$BEGIN IF false THEN {alter} END IF; END$$;")
        shop.applies("0002_b.sql", HEAD + "SELECT 1/1;")
        assert shop.ask("SELECT x FROM a") == [1]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (HEAD.replace("(1)", "(2)"), "the file has changed there since"),
        (HEAD + "SELECT 1/1;", "a new session starts with other settings now"),
    ],
)
def test_what_can_only_be_read_later_and_cannot_go_on_has_failed(
    shop: Workshop, sql: str, why: str
) -> None:
    shop.fails("0002_b.sql", HEAD + "SELECT 1/0;")
    shop.write("0001_a.sql", ALTER.format(shop.database.name))
    assert why in shop.fails("0002_b.sql", sql).failure.message
    assert shop.rows["0001_a.sql"].success
    assert shop.ask("SELECT x FROM a") == [1]


def test_what_the_server_has_loaded_from_its_configuration_is_not_set_again(
    shop: Workshop,
) -> None:
    alters = "SET app.x = 1; ALTER SYSTEM SET geqo_seed = 0.5; SELECT pg_reload_conf();\n"
    try:
        shop.fails("0001_a.sql", alters + "SELECT pg_sleep(0.1); SELECT 1/0;")
    finally:
        shop.ask("ALTER SYSTEM RESET geqo_seed")
        shop.ask("SELECT pg_reload_conf()")
    message = shop.rows["0001_a.sql"].error_message
    assert str(message).endswith(': {"app.x": "1"}')
