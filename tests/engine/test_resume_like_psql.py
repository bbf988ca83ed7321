"""A file that stops anywhere, and goes on, leaves what psql leaves that runs it in one go.

Or it is refused: then nothing has run. ``RESUMES=all`` in the environment tries every position in
every script, which takes minutes; by default it is a sample.
"""

import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.events import Event, FileFailed
from schemamig_tui.engine.ledger.status import compare
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.pipeline import Pipeline
from schemamig_tui.engine.run.reading import read, run_of
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.run.session_capture import start_for
from schemamig_tui.engine.run.step_order import StepOrder
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.watch.run_lock import Locks
from schemamig_tui.errors import ConnectionLost, FilesError
from schemamig_tui.sql.dialect import Dialect
from tests.conftest import Database
from tests.engine.conftest import LEDGER
from tests.engine.resume_scripts import ROLES, SCRIPTS, SETUP, cases

ALL = os.environ.get("RESUMES") == "all"
NAME_OF_DATABASE = "resume"
NAME = "0001_a.sql"
DIRECTIVE = "-- schemamig: no-transaction\n"
ROWS = """
SELECT array_agg(x::text ORDER BY x::text) FROM (
    SELECT 'public' AS where, * FROM public.r UNION ALL SELECT 'app', * FROM app.r) AS x
"""
FAILS = "SELECT 1/0"
IS_LOST = "SELECT public.end_session()"
CLEAR = f"""
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
ALTER DATABASE {NAME_OF_DATABASE} RESET ALL;
ALTER ROLE postgres IN DATABASE {NAME_OF_DATABASE} RESET ALL;
ALTER ROLE {ROLES[0]} RESET ALL;
DROP SCHEMA IF EXISTS kb, app, public CASCADE;
CREATE SCHEMA public;
SET search_path = public;
{SETUP}
"""


@dataclass
class Range:
    """A database to stop and resume in. ``tally`` counts how the resumes ended."""

    database: Database
    folder: Path
    psql: Path
    expected: dict[int, list[str]] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Leave in the database nothing but what the scripts need."""
        with self.database.session() as conn:
            conn.execute(CLEAR.encode())

    def write(self, number: int, stop: tuple[int, str] | None = None) -> None:
        """Write a script as a migration, with a statement more at a position of it."""
        statements = list(SCRIPTS[number])
        if stop:
            statements.insert(*stop)
        text = DIRECTIVE + ";\n".join(statements).replace("@", self.database.name) + ";\n"
        (self.folder / NAME).write_text(text)

    def leaves_in_psql(self, number: int) -> list[str]:
        """The rows that psql leaves, which clears the database."""
        if number not in self.expected:
            self.clear()
            self.write(number)
            command = [self.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
            command += ["-d", self.database.conninfo, "-f", self.folder / NAME]
            environment = {**os.environ, "PGAPPNAME": "resuming", "PGCLIENTENCODING": "UTF8"}
            subprocess.run(command, check=True, env=environment, capture_output=True)
            self.expected[number] = self.rows()
        return self.expected[number]

    def connect(self) -> psycopg.Connection:
        """A connection as the run makes it."""
        return self.database.connect(application_name="resuming", client_encoding="UTF8")

    def apply(self) -> FileFailed | None:
        """Apply the file; returns its failure. Raises FilesError where it is refused."""
        events: list[Event] = []
        Runner(self.connect, self.folder, LEDGER, events.append).apply_pending()
        return next((event for event in events if isinstance(event, FileFailed)), None)

    def resume(self, number: int, kind: str) -> None:
        """Go on with a script, and assert that it leaves what psql leaves, or is refused."""
        before = self.ledger(), self.rows()
        self.write(number)
        refused = failed = None
        try:
            failed = self.apply()
        except FilesError as error:
            refused = error
        after = self.ledger(), self.rows()
        if refused:
            assert "earlier try" in refused.message
            assert refused.hint
            assert after == before
            self.reasons[refused.message.partition(", and ")[2]] += 1
        else:
            message = before[0][0][1] if before[0] else ""
            assert failed is None, f"{failed}\n{message}"
            assert after[1] == self.leaves_in_psql(number), message
        self.tally[f"{kind}: {'refused' if refused else 'same'}"] += 1

    def rows(self) -> list[str]:
        """The rows that a script has left in the two tables."""
        with self.database.session() as conn:
            row = conn.execute(ROWS).fetchone()
            return row[0] if row else []

    def ledger(self) -> list[tuple[str, str]]:
        """The names and messages in the ledger."""
        with self.database.session() as conn:
            return [(row.filename, row.error_message or "") for row in Ledger(LEDGER).read(conn)]

    def run_steps(self, number: int, stop: int | None) -> int:
        """Run the first ``stop`` steps of a script, as a run does; returns how many there were."""
        self.clear()
        self.write(number)
        lock = Locks.of(LEDGER).work
        done: list[object] = []
        with closing(self.connect()) as conn:
            assert lock.take(conn)
            (migration,) = compare(scan(self.folder), ()).migrations
            run = run_of(read(migration, Dialect()))
            start = start_for(conn, lock, [run])
            order = StepOrder(Ledger(LEDGER), lifts_timeout=False, start=start)
            pipeline = Pipeline(
                conn,
                Cancellation(),
                on_done=lambda step, tag, arrival: done.append(step),
                on_notice=lambda step, notice: None,
                cancel=lambda: None,
            )
            crash = pipeline.run(islice(order.steps(run, create=True, last=True), stop))
            assert crash is None, crash and (crash.step, crash.result.error_message)
        return len(done)


@pytest.fixture(scope="module")
def resumes(
    server: Embedded, tmp_path_factory: pytest.TempPathFactory, psql: Path
) -> Iterator[Range]:
    """The database, and the roles that the scripts need."""
    database = Database(NAME_OF_DATABASE, make_conninfo(server.conninfo, dbname=NAME_OF_DATABASE))
    made = Range(database, tmp_path_factory.mktemp("resume"), psql)
    with closing(psycopg.connect(server.conninfo, autocommit=True)) as admin:
        for role in ROLES:
            admin.execute(f"CREATE ROLE {role}".encode())
        admin.execute(f"GRANT {ROLES[1]} TO {ROLES[0]}".encode())
        admin.execute(f"CREATE DATABASE {NAME_OF_DATABASE} TEMPLATE template0".encode())
        yield made
        print(dict(made.tally), *made.reasons.most_common(), sep="\n")
        admin.execute(f"DROP DATABASE {NAME_OF_DATABASE} WITH (FORCE)".encode())
        for role in ROLES:
            admin.execute(f"DROP ROLE {role}".encode())


def sample(size: int) -> list[tuple[int, int]]:
    """Some of the cases, always the same ones."""
    every = cases()
    return every if ALL else sorted(random.Random(3).sample(every, size))


@pytest.mark.parametrize(("number", "at"), sample(30))
def test_after_a_failure(resumes: Range, number: int, at: int) -> None:
    resumes.clear()
    resumes.write(number, (at, FAILS))
    failed = resumes.apply()
    assert failed is not None
    assert failed.recorded
    assert failed.failure.sqlstate == "22012", failed
    resumes.resume(number, "failed")


@pytest.mark.parametrize(("number", "at"), sample(15))
def test_after_the_connection_was_lost(resumes: Range, number: int, at: int) -> None:
    resumes.clear()
    resumes.write(number, (at, IS_LOST))
    # Where nothing of the file has been heard of yet, it is no file that has failed.
    with suppress(ConnectionLost):
        failed = resumes.apply()
        assert failed is not None
        assert failed.recorded
        assert failed.failure.sqlstate in ("57P01", "08006"), failed
    resumes.resume(number, "lost")


@pytest.mark.parametrize("number", sorted({number for number, _ in sample(8)}))
def test_wherever_between_two_of_our_own_steps_the_program_ends(
    resumes: Range, number: int
) -> None:
    stops = range(1, resumes.run_steps(number, None))
    for stop in stops if ALL else sorted(random.Random(number).sample(stops, 4)):
        resumes.run_steps(number, stop)
        resumes.resume(number, "ended")
