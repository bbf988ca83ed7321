"""However a backfill dies, each row is changed exactly once.

Random moments are a weak test: a checkpoint in a transaction of its own passes it most of the time.
So the client dies in front of each single message, and the same test has to catch that checkpoint.
"""

import contextlib
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.backfill.checkpoints import Checkpoints
from schemamig_tui.engine.batch_events import BatchesFinished, BatchesStarted, BatchFinished
from schemamig_tui.engine.events import Event, StatementFinished
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.deadline import cut
from schemamig_tui.engine.pipeline.pipeline import Pipeline
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import COMMIT
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.errors import ConnectionFailed, ConnectionLost
from tests import tools
from tests.conftest import Database, short_folder, wait_until_gone, with_cluster
from tests.engine.conftest import LEDGER, Workshop
from tests.engine.crowd import until

ROWS = 400
BACKFILL = """-- schemamig: backfill table=docs key=id batch=100 target=10s
UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;
"""
SETUP = f"""CREATE TABLE docs (id uuid PRIMARY KEY, n int NOT NULL);
INSERT INTO docs SELECT gen_random_uuid(), 0 FROM generate_series(1, {ROWS})"""
AGAIN = "UPDATE docs SET n = 0; TRUNCATE kb.schema_migrations"

send = Pipeline._send
note = Checkpoints.note


def note_by_itself(checkpoints: Checkpoints, mark: BatchMark) -> Iterator[Step]:
    """The broken twin: the checkpoint in a transaction of its own, behind that of its batch."""
    yield Step(COMMIT, Role.HOUSEKEEPING)
    yield Step(b"BEGIN READ WRITE", Role.HOUSEKEEPING)
    yield from note(checkpoints, mark)


def killed_before(shop: Workshop, message: int) -> bool:
    """Apply in a process that is killed before its so-manieth message; whether it has been."""
    if (pid := os.fork()) == 0:
        sent = 0

        def counting(pipeline: Pipeline, step: Step) -> None:
            nonlocal sent
            sent += 1
            if sent == message:
                os.kill(os.getpid(), signal.SIGKILL)
            send(pipeline, step)
            # Nothing stays behind in a buffer: the server has got all messages before this one.
            pipeline._pg.flush()

        Pipeline._send = counting  # type: ignore[method-assign]
        with contextlib.suppress(BaseException):
            Runner(shop.connect, shop.folder, LEDGER, lambda event: None).apply_pending()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def wrong_after_kills(
    shop: Workshop, *, first: int = 1, every: int = 1, enough: int = 1000
) -> list[int]:
    """The messages before which a kill has led to rows that were not changed exactly once.

    Of the messages from the ``first`` on it takes ``every`` so-manieth, and stops where those found
    are ``enough``.
    """
    shop.write("0001_a.sql", BACKFILL)
    shop.ask(SETUP)
    shop.write("0000_a.sql", "SELECT 1;")
    shop.apply(to="0000_a.sql")
    wrong, message = [], first
    while True:
        shop.ask(AGAIN)
        killed = killed_before(shop, message)
        assert shop.apply().failed is None
        if shop.ask("SELECT DISTINCT n FROM docs") != [1]:
            wrong.append(message)
        if len(wrong) == enough:
            return wrong
        if not killed:
            assert message > 40  # four batches, each of several messages
            return wrong
        message += every


@pytest.mark.parametrize("first", tools.all_in_ci([1, 2, 3, 4], 1))
def test_killed_before_any_message_a_run_changes_each_row_once(shop: Workshop, first: int) -> None:
    assert wrong_after_kills(shop, first=first, every=4) == []


def test_the_same_kills_catch_a_checkpoint_in_a_transaction_of_its_own(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoints, "note", note_by_itself)
    # The first batch ends behind some 70 messages, and nothing can be wrong before.
    assert wrong_after_kills(shop, first=51, every=2, enough=1)


def test_each_row_of_a_large_table_is_changed_once_though_two_runs_are_killed(
    shop: Workshop,
) -> None:
    rows = 1_000_000 if tools.in_ci() else 20_000
    shop.ask("CREATE TABLE docs (id bigint PRIMARY KEY, n int NOT NULL)")
    shop.ask(f"INSERT INTO docs SELECT g, 0 FROM generate_series(1, {rows}) AS g; ANALYZE docs")
    shop.write("0001_a.sql", BACKFILL.replace("batch=100 target=10s", "batch=5000"))
    assert killed_before(shop, 500)
    assert killed_before(shop, 500)
    assert shop.apply().failed is None
    (started,) = shop.events_of(BatchesStarted)
    assert 0 < started.resumed.changed < rows
    assert shop.ask("SELECT count(*) FROM docs WHERE n = 1") == [rows]


def test_cut_off_before_any_message_a_run_tells_how_far_it_is_for_sure(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("0001_a.sql", BACKFILL)
    shop.ask(SETUP)
    shop.write("0000_a.sql", "SELECT 1;")
    shop.apply(to="0000_a.sql")
    for message in tools.all_in_ci(range(10, 200, 3), 22):
        shop.ask(AGAIN)
        with monkeypatch.context() as patch, contextlib.suppress(ConnectionLost):
            patch.setattr(Pipeline, "_send", cutting_before(message))
            if shop.apply().failed is None:
                assert message > 40
                return
            assert shop.failure.recorded
            told = shop.rows["0001_a.sql"].error_message or ""
            assert told.startswith("FATAL 08006")
            (changed,) = shop.ask("SELECT count(*) FROM docs WHERE n = 1")
            done = "Statements done: 1 of 1" in told
            assert done or not changed or f" walked, {changed} rows changed" in told
        shop.apply()
        assert shop.rows["0001_a.sql"].success
        assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


def cutting_before(message: int) -> Callable[[Pipeline, Step], None]:
    """What sends a step, and loses the connection before a message; what was sent still arrives."""
    sent = 0

    def sending(pipeline: Pipeline, step: Step) -> None:
        nonlocal sent
        sent += 1
        if sent == message:
            cut(pipeline._conn)
        send(pipeline, step)
        pipeline._pg.flush()

    return sending


def test_a_batch_ends_with_its_commit_so_that_no_late_cancellation_hits_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Step] = []

    def noting(pipeline: Pipeline, step: Step) -> None:
        sent.append(step)
        send(pipeline, step)

    shop.ask(SETUP)
    monkeypatch.setattr(Pipeline, "_send", noting)
    shop.applies("0001_a.sql", BACKFILL)
    behind = sent
    for _ in range(4):
        (i, *_) = (i for i, step in enumerate(behind) if step.role is Role.BATCH)
        behind = behind[i + [step.sql for step in behind[i:]].index(COMMIT) + 1 :]
        assert behind[0].sql.startswith(b"BEGIN")


def test_no_batch_is_done_again_where_what_comes_behind_the_last_one_is_cancelled(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, cancelled = 0, False

    def cancelling(pipeline: Pipeline, step: Step) -> None:
        nonlocal batches, cancelled
        batches += step.role is Role.BATCH
        if batches < 4 or cancelled or not step.timed:
            send(pipeline, step)
            return
        cancelled = True
        send(pipeline, step._replace(sql=b"SELECT pg_catalog.pg_sleep(60)"))
        pipeline._pg.flush()
        pid = pipeline._conn.info.backend_pid
        asleep = f"SELECT pg_cancel_backend(pid) FROM {SLEEPERS} AND pid = {pid}"
        until(lambda: shop.ask(asleep))

    shop.ask(SETUP)
    monkeypatch.setattr(Pipeline, "_send", cancelling)
    shop.applies("0001_a.sql", BACKFILL)
    assert cancelled
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]
    assert len(shop.events_of(BatchesFinished)) == len(shop.events_of(StatementFinished)) == 1


SLEEPERS = "pg_stat_activity WHERE wait_event = 'PgSleep'"
WAL_WRITER = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"


@pytest.fixture
def fragile() -> Iterator[Embedded]:
    """A server of its own, which may crash."""
    with short_folder() as folder:
        with Embedded(with_cluster(folder / "pg"), fast=True) as server:
            yield server
        wait_until_gone(folder / "pg")


def test_crashes_of_the_server_change_no_row_twice_and_leave_none_out(
    tmp_path: Path, fragile: Embedded
) -> None:
    shop = Patient(tmp_path, Database("postgres", fragile.conninfo))
    dice = random.Random(7)
    shop.ask(SETUP.replace("400", "20000") + "; ANALYZE docs")
    slowly = BACKFILL.replace("batch=100 target=10s", "batch=20 rows-per-second=1500")
    shop.write("0001_a.sql", slowly)

    def crash() -> None:
        os.kill(shop.ask(WAL_WRITER)[0], signal.SIGKILL)

    # From its first batch on, so that a busy machine gets on, too.
    for _ in tools.all_in_ci(range(20), 6):
        running = [threading.Timer(dice.uniform(0.05, 0.3), crash)]

        def listen(event: Event, timers: list[threading.Timer] = running) -> None:
            if isinstance(event, BatchFinished) and timers:
                timers.pop().start()

        with contextlib.suppress(ConnectionLost):
            finished = Runner(shop.connect, shop.folder, LEDGER, listen).apply_pending()
            assert finished.failed
    shop.write("0001_a.sql", BACKFILL)  # what limits it may change
    assert shop.apply().failed is None
    (started,) = shop.events_of(BatchesStarted)
    assert started.resumed.changed > 20
    assert shop.ask("SELECT DISTINCT n FROM docs") == [1]


@dataclass
class Patient(Workshop):
    """A workshop on a server that may be starting again."""

    def connect(self) -> psycopg.Connection:
        """A connection, with the error that the program has for none."""
        try:
            return super().connect()
        except psycopg.OperationalError as error:
            raise ConnectionFailed(str(error)) from error


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Workshop:
    """An empty folder and an empty database."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    return Workshop(folder, database)
