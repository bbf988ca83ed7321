"""How far the server is comes from its own views, and is no more exact than they are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemamig_tui.engine.activity import ServerProgress
from schemamig_tui.engine.watch.progress_views import server_progress
from tests.conftest import Database
from tests.engine.crowd import Crowd, crowded, until

ROWS = 10_000
# As soon as it comes to one of the last rows, it waits for a lock that the test has.
SLOW = """
CREATE FUNCTION slow(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN
    IF i = 9900 THEN PERFORM pg_advisory_xact_lock_shared(7); END IF;
    RETURN i;
END$$"""
HURDLE = "SELECT pg_advisory_lock(7)"
SLOW_VACUUM = ("SET vacuum_cost_delay = 100", "SET vacuum_cost_limit = 1")


@pytest.fixture
def crowd(database: Database) -> Iterator[Crowd]:
    with crowded(database) as crowd:
        for query in (
            "CREATE TABLE t (i int, x text)",
            f"INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, {ROWS}) i",
            SLOW,
        ):
            crowd.watch.execute(query.encode())
        yield crowd


def shown(
    crowd: Crowd, pid: int, enough: Callable[[ServerProgress], bool] = lambda progress: True
) -> ServerProgress:
    """The first progress that is ``enough``."""

    def ask() -> ServerProgress | None:
        progress = server_progress(crowd.watch, pid)
        return progress if progress and enough(progress) else None

    return until(ask)


def test_who_does_nothing_long_has_no_progress(crowd: Crowd) -> None:
    assert server_progress(crowd.watch, crowd.join().info.backend_pid) is None


def test_an_index_is_built_block_by_block(crowd: Crowd) -> None:
    crowd.join(HURDLE)
    progress = shown(crowd, crowd.waits("CREATE INDEX ON t (slow(i))"))
    assert (progress.command, progress.relation) == ("CREATE INDEX", "public.t")
    assert (progress.phase, progress.unit) == ("building index: scanning table", "blocks")
    assert progress.total
    assert 0 < progress.done < progress.total


def test_the_indexes_of_partitions_are_counted(crowd: Crowd) -> None:
    crowd.join(HURDLE)
    table = "CREATE TABLE p (i int) PARTITION BY RANGE (i)"
    parts = [f"CREATE TABLE p{n} PARTITION OF p FOR VALUES FROM ({n}000) TO ({n}999)"
             for n in (8, 9)]  # fmt: skip
    rows = "INSERT INTO p VALUES (8100), (9900)"
    progress = shown(crowd, crowd.waits(table, *parts, rows, "CREATE INDEX ON p (slow(i))"))
    assert (progress.done, progress.total, progress.unit) == (1, 2, "partitions")


def test_vacuum_and_analyze_count_blocks(crowd: Crowd) -> None:
    for command, phase in (("VACUUM", "scanning heap"), ("ANALYZE", "acquiring sample rows")):
        pid = crowd.begins(crowd.join(*SLOW_VACUUM), f"{command} t")
        progress = shown(crowd, pid, lambda progress: progress.done > 1)
        assert (progress.command, progress.relation) == (command, "public.t")
        assert (progress.phase, progress.unit) == (phase, "blocks")
        assert progress.total
        assert progress.done < progress.total
        crowd.watch.execute("SELECT pg_terminate_backend(%s)", (pid,))


def test_a_phase_that_counts_to_nowhere_has_no_total(crowd: Crowd) -> None:
    index = "CREATE INDEX ON t (slow(i))"
    crowd.watch.execute(index.encode())
    crowd.join(HURDLE)
    progress = shown(crowd, crowd.waits("VACUUM FULL t"))
    assert (progress.command, progress.phase) == ("VACUUM FULL", "rebuilding index")
    assert (progress.done, progress.total, progress.unit) == (0, None, "indexes")


def test_a_copy_from_a_client_has_no_end_in_sight(crowd: Crowd) -> None:
    conn = crowd.join()
    with conn.cursor() as cursor, cursor.copy("COPY t (i) FROM STDIN") as copy:
        copy.write(b"1\n" * 200_000)
        pid = conn.info.backend_pid
        progress = shown(crowd, pid, lambda progress: progress.done > 0)
    assert (progress.command, progress.relation) == ("COPY FROM", "public.t")
    assert (progress.phase, progress.total, progress.unit) == ("copying", None, "tuples")


def test_a_copy_from_a_file_counts_its_bytes(crowd: Crowd, folder: Path) -> None:
    crowd.join(HURDLE)
    (folder / "rows").write_text("".join(f"{i}\n" for i in range(100_000)))
    check = "ALTER TABLE t ADD CHECK (slow(i) IS NOT NULL) NOT VALID"
    pid = crowd.waits(check, f"COPY t (i) FROM '{folder}/rows'")
    progress = shown(crowd, pid)
    assert (progress.total, progress.unit) == ((folder / "rows").stat().st_size, "bytes")
    assert 0 < progress.done < progress.total


def test_a_concurrent_index_shows_the_writers_it_waits_for(crowd: Crowd) -> None:
    first = crowd.join("BEGIN", "UPDATE t SET x = '' WHERE i = 1", application_name="first")
    second = crowd.join("BEGIN", "UPDATE t SET x = '' WHERE i = 2")
    crowd.join("BEGIN", "SELECT * FROM t LIMIT 1")
    pid = crowd.waits("CREATE INDEX CONCURRENTLY ON t (i)")
    progress = shown(crowd, pid, lambda progress: progress.total == 2)
    assert progress.command == "CREATE INDEX CONCURRENTLY"
    assert progress.phase == "waiting for writers before build"
    assert (progress.done, progress.unit) == (0, "lockers")
    pids = {first.info.backend_pid, second.info.backend_pid}
    assert {session.pid for session in progress.waits_for} == pids
    next_one = progress.waits_for[0].pid
    for conn in (first, second):
        if conn.info.backend_pid == next_one:
            conn.execute("COMMIT")
    progress = shown(crowd, pid, lambda progress: progress.done == 1)
    assert {session.pid for session in progress.waits_for} == pids - {next_one}


def test_a_concurrent_index_shows_the_old_snapshot_it_waits_for(crowd: Crowd) -> None:
    crowd.join("CREATE TABLE other ()")
    old = crowd.join("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT FROM other")
    progress = shown(crowd, crowd.waits("CREATE INDEX CONCURRENTLY ON t (i)"))
    assert progress.phase == "waiting for old snapshots"
    assert progress.total in (1, 2)  # it has also waited for us, if we have looked just then
    (session,) = progress.waits_for
    assert (session.pid, session.query) == (old.info.backend_pid, "SELECT FROM other")


def test_what_a_transaction_has_made_itself_has_no_name_yet(crowd: Crowd) -> None:
    crowd.join(HURDLE)
    queries = ("BEGIN", "CREATE TABLE mine (i int)", "INSERT INTO mine VALUES (9900)")
    progress = shown(crowd, crowd.waits(*queries, "CREATE INDEX ON mine (slow(i))"))
    assert progress.relation.startswith("relation ")
