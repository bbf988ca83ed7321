"""A crash, a failover or a deleted row at every checkpoint: nothing is done twice or left out.

The file has no transaction, and statements of all kinds. It is run once for every checkpoint, each
time in a database of its own, and waits there; so one crash of one server does for all of them.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui import patience
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.events import Event, StatementFinished
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.errors import ConnectionFailed, FilesError
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop
from tests.faults.servers import (
    ask,
    create_databases,
    leave_behind,
    nothing_written,
    primary_and_standby,
    quiet_server,
    stop,
    wait_for,
    wait_until_back,
)

NAME = "0001_a.sql"
INDEX = "CREATE INDEX CONCURRENTLY t_n ON t (n)"
BLOCK = "DO $$BEGIN UPDATE t SET n = n + 10; COMMIT; UPDATE t SET n = n + 100; END$$"
VACUUM = "VACUUM t"
CHAIN = "BEGIN;\nUPDATE t SET n = n * 2;\nCOMMIT AND CHAIN;\nUPDATE t SET n = n + 5;\nCOMMIT"
STATEMENTS = (
    "CREATE TABLE t (id int PRIMARY KEY, n int)",
    "INSERT INTO t VALUES (1, 0)",
    "UPDATE t SET n = n + 1",
    INDEX,
    "CREATE SCHEMA app",
    "SET search_path = app, public",
    "CREATE TABLE made AS SELECT n FROM t",
    BLOCK,
    CHAIN,
    VACUUM,
    "INSERT INTO made SELECT n FROM t",
)
PLACES = range(len(STATEMENTS) + 1)
# Those whose note is in a transaction of its own, behind them.
ALONE = tuple(map(STATEMENTS.index, (INDEX, BLOCK, VACUUM)))
LEFT = """
SELECT concat('t', id, ' ', n) FROM public.t UNION ALL SELECT concat('made ', n) FROM app.made
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'app') ORDER BY 1
"""
# The locks that the file waits for: at the place in question, and at its end.
PLACE, END = 71, 72
WAITING = "SELECT count(*) = {} FROM pg_locks WHERE NOT granted AND objid = {}"


def text(place: int) -> str:
    """The file, which waits in front of the statement with the number ``place``, and at its end."""
    parts = [*STATEMENTS, f"SELECT pg_advisory_xact_lock_shared({END})"]
    parts.insert(place, f"SELECT pg_advisory_xact_lock_shared({PLACE})")
    return ";\n".join(parts) + ";\n"


def done_at(place: int) -> int:
    """How many statements are done there."""
    return sum(5 if statement is CHAIN else 1 for statement in STATEMENTS[:place])


@dataclass
class Attempt(Workshop):
    """A run of the file in a database of its own. ``keeper`` holds the locks that it waits for.

    It stops behind the statement of the number ``stops_behind`` as well, from 1, in front of what
    comes next. Where it ``is_alone``, there is no server any more.
    """

    keeper: psycopg.Connection | None = None
    run: threading.Thread = field(default_factory=threading.Thread)
    stops_behind: int | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    is_alone: bool = False

    def connect(self) -> psycopg.Connection:
        """A connection of a run."""
        if self.is_alone:
            raise ConnectionFailed("nobody answers")
        return super().connect()

    def begin(self) -> None:
        """Start the run, which then waits at the place in question."""
        self.keeper = self.database.connect()
        self.keeper.execute("SELECT pg_advisory_lock(%s), pg_advisory_lock(%s)", (PLACE, END))
        self.run = threading.Thread(target=self._apply)
        self.run.start()

    def _apply(self) -> None:
        # Where the server does not come back, the run says so with this; the events tell as well.
        with contextlib.suppress(ConnectionFailed):
            Runner(self.connect, self.folder, LEDGER, self.listen).apply_pending()

    def listen(self, event: Event) -> None:
        """Keep an event, and stop where that is due."""
        self.events.append(event)
        if isinstance(event, StatementFinished) and event.statement == self.stops_behind:
            self.stopped.set()
            self.may_end.wait()

    def go_on(self) -> None:
        """Let it go on to its end."""
        assert self.keeper
        self.keeper.execute("SELECT pg_advisory_unlock(%s)", (PLACE,))

    def join(self) -> None:
        """Wait for the end of the run, which nothing keeps from it any more."""
        assert self.keeper
        self.keeper.close()
        self.may_end.set()
        self.run.join()

    @property
    def done(self) -> int | None:
        """How many statements are done, as the ledger says; None where it has no row."""
        row = self.rows.get(NAME)
        checkpoint = read_checkpoint(row.error_message) if row else None
        return checkpoint and checkpoint.statements


def attempts(
    servers: Sequence[Embedded], folder: Path, places: Iterable[int] = PLACES
) -> list[Attempt]:
    """A run for each of the places, on whichever of the servers is the primary."""
    hosts = ",".join(server.parameters["host"] for server in servers)
    names = {place: f"{folder.name}_{place}" for place in places}
    create_databases(servers[0], *names.values())
    made = []
    for place, name in names.items():
        (folder / name).mkdir()
        conninfo = make_conninfo(servers[0].conninfo, dbname=name, host=hosts)
        attempt = Attempt(folder / name, Database(name, conninfo))
        attempt.write(NAME, text(place))
        made.append(attempt)
    return made


def begin(server: Embedded, runs: Sequence[Attempt]) -> None:
    """Start all runs, and return when each waits at its place."""
    for run in runs:
        run.begin()
    wait_for(server, WAITING.format(len(runs), PLACE))


def go_on(server: Embedded, runs: Sequence[Attempt]) -> None:
    """Let all runs go on, and return when each waits at its end."""
    for run in runs:
        run.go_on()
    wait_for(server, WAITING.format(len(runs), END))


def stop_behind_statement(runs: Sequence[Attempt]) -> None:
    """Let all runs do the statement behind their place, and nothing more."""
    for run, place in zip(runs, ALONE, strict=True):
        run.stops_behind = done_at(place) + 2  # the first to wait, and this one
        run.go_on()
        assert run.stopped.wait(30)


def crash(server: Embedded, wal_writer: int, runs: Sequence[Attempt], *, alone: bool) -> None:
    """Have the server crash, and let the runs end: ``alone``, or with a server that is back."""
    with pytest.MonkeyPatch.context() as patch:
        if alone:
            patch.setattr(patience, "PATIENCE", patience.PATIENCE._replace(come_back=0.0))
        for run in runs:
            run.is_alone = alone
        os.kill(wal_writer, signal.SIGKILL)
        for run in runs:
            run.join()
            run.is_alone = False
    wait_until_back(server)


def assert_same_as_psql(psql: Path, server: Embedded, runs: Sequence[Attempt]) -> None:
    """Assert that each goes on, and leaves what psql leaves that runs the file once."""
    expected = psql_leaves(psql, server, runs[0].folder / NAME)
    for run in runs:
        assert run.apply().applied == (NAME,), run.failure
        assert run.ask(LEFT) == expected, run.folder
        assert [row.success for row in run.rows.values()] == [True]


def psql_leaves(psql: Path, server: Embedded, file: Path) -> list[str]:
    """What there is when psql has run the file."""
    name = f"{file.parent.name}_psql"
    create_databases(server, name)
    database = Database(name, make_conninfo(server.conninfo, dbname=name))
    command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.conninfo, "-f", file]
    subprocess.run(command, check=True, capture_output=True)
    return Workshop(file.parent, database).ask(LEFT)


@pytest.fixture(scope="module")
def quiet() -> Iterator[Embedded]:
    """A server that may crash."""
    with quiet_server() as server:
        yield server


@pytest.fixture
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with a short name, for databases to be called after."""
    return tmp_path_factory.mktemp("run")


def test_after_a_crash_of_the_server_and_the_program(
    quiet: Embedded, psql: Path, space: Path
) -> None:
    runs = attempts([quiet], space)
    with nothing_written(quiet) as wal_writer:
        begin(quiet, runs)
        ask(quiet, "CHECKPOINT")
        crash(quiet, wal_writer, runs, alone=True)
    assert [run.done for run in runs] == list(map(done_at, PLACES))
    assert_same_as_psql(psql, quiet, runs)


def test_after_a_crash_that_has_lost_what_the_program_knew_to_be_done(
    quiet: Embedded, psql: Path, space: Path
) -> None:
    runs = attempts([quiet], space)
    with nothing_written(quiet) as wal_writer:
        begin(quiet, runs)
        ask(quiet, "CHECKPOINT")
        go_on(quiet, runs)
        crash(quiet, wal_writer, runs, alone=False)
    assert [run.done for run in runs] == list(map(done_at, PLACES))
    assert_same_as_psql(psql, quiet, runs)


def test_after_a_standby_that_lagged_has_taken_over(psql: Path, space: Path) -> None:
    with primary_and_standby() as (primary, standby):
        runs = attempts([primary, standby], space)
        begin(primary, runs)
        leave_behind(primary, standby)
        go_on(primary, runs)
        stop(primary)
        ask(standby, "SELECT pg_promote()")
        for run in runs:
            run.join()
        assert [run.done for run in runs] == list(map(done_at, PLACES))
        assert_same_as_psql(psql, standby, runs)


def test_after_somebody_has_deleted_the_row(server: Embedded, psql: Path, space: Path) -> None:
    runs = attempts([server], space)
    begin(server, runs)
    for run in runs:
        run.ask(f"DELETE FROM {LEDGER}")
        run.join()
        assert "the ledger could not be written" in run.failure.failure.message
    assert [run.done for run in runs] == list(map(done_at, PLACES))
    assert_same_as_psql(psql, server, runs)


@pytest.mark.parametrize("alone", [False, True])
def test_after_a_crash_between_a_statement_and_its_note_it_is_not_done_twice(
    quiet: Embedded, psql: Path, space: Path, *, alone: bool
) -> None:
    index, block, vacuum = runs = attempts([quiet], space, ALONE)
    begin(quiet, runs)
    with nothing_written(quiet) as wal_writer:
        stop_behind_statement(runs)
        ask(quiet, "CHECKPOINT")
        crash(quiet, wal_writer, runs, alone=alone)
    assert index.fails(NAME, text(ALONE[0])).failure.message == 'relation "t_n" already exists'
    index.ask("DROP INDEX t_n")
    with pytest.raises(FilesError, match=r"line 9, which commits by itself, is done") as caught:
        block.apply()
    assert "any change of it counts as your answer" in (caught.value.hint or "")
    block.write(NAME, text(ALONE[1]).replace(BLOCK + ";", ""))
    assert_same_as_psql(psql, quiet, [vacuum, index, block])


def test_after_the_row_was_deleted_between_a_statement_and_its_note_it_is_not_done_twice(
    server: Embedded, psql: Path, space: Path
) -> None:
    runs = attempts([server], space, ALONE)
    begin(server, runs)
    stop_behind_statement(runs)
    for run in runs:
        run.ask(f"DELETE FROM {LEDGER}")
        run.join()
    assert [run.done for run in runs] == [done_at(place) + 2 for place in ALONE]
    assert_same_as_psql(psql, server, runs)
