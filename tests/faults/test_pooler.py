"""Through PgBouncer: one session for a run, or a clear no."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from schemamig_tui import patience
from schemamig_tui.connect import resolve
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine import make_plan
from schemamig_tui.engine.events import Event, FileFailed, LockAwaited, NoticeReceived
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.run.runner import Runner
from schemamig_tui.engine.watch.pooling import require_session_pooling
from schemamig_tui.errors import (
    ConnectionFailed,
    ExitCode,
    LockTimeout,
    PoolingRefused,
    SettingsError,
)
from schemamig_tui.limits import Limits
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from schemamig_tui.settings import Settings
from schemamig_tui.survey import looking, review
from tests.conftest import Database
from tests.faults.conftest import Program
from tests.faults.pgbouncer import pgbouncer

SEEN = "INSERT INTO seen SELECT name, setting FROM pg_settings WHERE name = ANY ('{{{names}}}');"
OURS = {
    "lock_timeout": "300",
    "idle_session_timeout": "0",
    "client_connection_check_interval": "10000",
    "client_encoding": "UTF8",
}
LEFT = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class Pooled:
    """Runs migrations through a pooler."""

    folder: Path
    conninfo: str
    events: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda event: None

    def write(self, name: str, sql: str) -> None:
        """Put a migration into the folder."""
        (self.folder / name).write_text(sql)

    def runner(self, **limits: float) -> Runner:
        """A run."""
        settings = Settings(
            dsn=self.conninfo,
            lock_timeout=limits.get("lock"),
            statement_timeout=limits.get("statement"),
        )
        target = resolve(settings)
        table = "kb.schema_migrations"
        return Runner(target.connect, self.folder, table, self._note, limits=Limits(**limits))

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)

    @property
    def failure(self) -> FileFailed:
        """The one there was."""
        (failed,) = (event for event in self.events if isinstance(event, FileFailed))
        return failed


@pytest.mark.parametrize("settings", [(), ("ignore_startup_parameters = options",)])
def test_a_run_through_session_pooling_is_like_any_other(
    tmp_path: Path, server: Embedded, database: Database, settings: tuple[str, ...]
) -> None:
    with pgbouncer(server, database, "session", *settings) as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        seen = SEEN.format(names=",".join(OURS))
        pooled.write("0001_a.sql", f"CREATE TABLE seen (name text, setting text); {seen}")
        pooled.write("0002_b.sql", f"SET lock_timeout = '1h'; SET statement_timeout = '1h'; {seen}")
        pooled.write("0003_c.sql", f"{seen} VACUUM seen; SET lock_timeout = '2h'; VACUUM seen;")
        pooled.write("0004_d.sql", seen)
        assert pooled.runner(lock=0.3).apply_pending().version == 4
    with database.connect() as conn:
        rows = conn.execute("SELECT name, setting FROM seen ORDER BY ctid").fetchall()
    files = [dict(rows[i : i + len(OURS)]) for i in range(0, len(rows), len(OURS))]
    assert files == [OURS, {**OURS, "lock_timeout": "3600000"}, OURS, OURS]


def test_the_ledger_is_written_as_the_client_and_not_as_the_pool_writes(
    tmp_path: Path, server: Embedded, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pooler sets in a session for its client is gone after RESET ALL."""
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    with database.connect() as admin:
        admin.execute(f"ALTER DATABASE {database.name} SET timezone = 'UTC'")
        admin.execute(f"ALTER DATABASE {database.name} SET client_encoding = 'LATIN1'")
    with pgbouncer(server, database, "session") as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_é.sql", "CREATE TABLE a ();")
        pooled.write("0002_ü.sql", "VACUUM a; SELECT 1/0;")
        pooled.write("0003_ö.sql", "SELECT 1;")
        assert pooled.runner().apply_pending().failed == "0002_ü.sql"
        pooled.write("0002_ü.sql", "VACUUM a; SELECT 1;")
        assert pooled.runner().apply_pending().version == 3
    with database.connect(client_encoding="UTF8") as conn:
        conn.execute("SET timezone = 'Asia/Tokyo'")
        rows = conn.execute(
            "SELECT filename, applied_at BETWEEN now()::timestamp - interval '1 hour' AND now()"
            " FROM kb.schema_migrations ORDER BY id"
        ).fetchall()
    assert rows == [("0001_é.sql", True), ("0002_ü.sql", True), ("0003_ö.sql", True)]


def test_the_lock_timeout_holds_through_a_pooler(
    tmp_path: Path, server: Embedded, database: Database
) -> None:
    with (
        pgbouncer(server, database, "session") as conninfo,
        database.connect() as other,
        other.transaction(),
    ):
        other.execute("CREATE TABLE t ()")
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_a.sql", "CREATE TABLE t (x int);")
        assert pooled.runner(lock=0.3).apply_pending().failed
        assert pooled.failure.failure.sqlstate == "55P03"


def test_the_statement_timeout_holds_through_a_pooler_in_every_file(
    tmp_path: Path, server: Embedded, database: Database
) -> None:
    with pgbouncer(server, database, "session") as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_a.sql", "SET statement_timeout = '1h'; SELECT pg_sleep(0.4);")
        pooled.write("0002_b.sql", "SELECT pg_sleep(60);")
        assert pooled.runner(statement=0.3).apply_pending().applied == ("0001_a.sql",)
        assert pooled.failure.failure.sqlstate == "57014"


def test_a_connection_that_the_pooler_has_ended_is_lost_and_says_at_which_statement(
    tmp_path: Path, server: Embedded, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pooler says has no severity but the one in words, and comes before any answer."""
    monkeypatch.setattr(patience, "PATIENCE", patience.PATIENCE._replace(settle=0.1))
    with pgbouncer(server, database, "session", "query_timeout = 1") as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_a.sql", "SELECT 1;\nSELECT pg_sleep(60);")
        pooled.runner().apply_pending()
    failure = pooled.failure.failure
    assert (failure.severity, failure.sqlstate, failure.statement) == ("FATAL", "08P01", 2)
    assert failure.message == "the connection was lost: query timeout"


def test_a_run_through_a_pooler_can_be_cancelled_and_says_who_holds_the_lock(
    tmp_path: Path, server: Embedded, database: Database
) -> None:
    with pgbouncer(server, database, "session") as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_a.sql", "DO $$BEGIN RAISE NOTICE 'now'; PERFORM pg_sleep(60); END$$;")
        second = Pooled(tmp_path, conninfo)
        runner = pooled.runner()

        def meet(event: Event) -> None:
            if isinstance(event, NoticeReceived):
                with pytest.raises(LockTimeout):
                    second.runner(run_lock=0.1).apply_pending()
                threading.Timer(0.1, runner.cancel).start()

        pooled.on_event = meet
        finished = runner.apply_pending()
    assert finished.cancelled
    assert pooled.failure.failure.sqlstate == "57014"
    assert pooled.failure.recorded
    (awaited,) = (event for event in second.events if isinstance(event, LockAwaited))
    assert awaited.holder
    assert awaited.holder.user == "postgres"


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("transaction", ()),
        ("transaction", ("min_pool_size = 4", "server_round_robin = 1")),
        ("transaction", ("ignore_startup_parameters = options",)),
        ("statement", ()),
    ],
)
def test_other_pooling_is_refused_and_nothing_is_left_in_the_pool(
    tmp_path: Path, server: Embedded, database: Database, mode: str, settings: tuple[str, ...]
) -> None:
    with pgbouncer(server, database, mode, *settings) as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_a.sql", "SELECT 1;")
        connect = resolve(Settings(dsn=conninfo)).connect
        rehearsal = Rehearsal(connect, tmp_path, "kb.schema_migrations", lambda event: None)
        for attempt in (pooled.runner(lock=0.3).apply_pending, rehearsal.rehearse_pending):
            with pytest.raises(SettingsError, match="gives every transaction another session"):
                attempt()
        target, shown = resolve(Settings(dsn=conninfo)), Settings(directory=tmp_path)
        for sql in ("SELECT 1;", "SELECT 'not closed;"):
            pooled.write("0002_b.sql", sql)
            with looking(target, shown) as (conn, found):
                reviewed = review(make_plan(found), target, conn, None)
            assert isinstance(reviewed.refusals[-1], PoolingRefused)
            assert reviewed.unknown
        # What is prepared on one of the server's sessions is missing on the next one.
        with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as conn:
            for _ in range(8):
                assert conn.execute("SHOW lock_timeout").fetchone() == ("0",)
        assert _left(database) == (0,)
    assert not pooled.events


def test_nothing_of_a_run_is_left_in_a_pool_that_never_resets_its_sessions(
    tmp_path: Path, server: Embedded, database: Database
) -> None:
    with pgbouncer(server, database, "session", "server_reset_query =") as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        connect = resolve(Settings(dsn=conninfo)).connect
        rehearsal = Rehearsal(connect, tmp_path, "kb.schema_migrations", lambda event: None)
        pooled.write("0001_a.sql", "SET search_path = nowhere; CREATE TABLE nowhere.a ();")
        for attempt in (rehearsal.rehearse_pending, pooled.runner().apply_pending):
            assert attempt().failed == "0001_a.sql"
            assert _left(database) == (0,)
        pooled.write("0001_a.sql", "LOAD 'plpgsql';")
        for ends, version in (("SELECT 1/0;", 1), ("SELECT 1/1;", 2)):
            pooled.write("0002_b.sql", f"SET work_mem = '7MB'; VACUUM pg_am; {ends}")
            assert pooled.runner().apply_pending().version == version
            assert _left(database) == (0,)
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                conn = stack.enter_context(psycopg.connect(conninfo, autocommit=True))
                assert conn.execute("SHOW work_mem").fetchone() == ("4MB",)
                assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)


def _left(database: Database) -> object:
    with database.connect() as conn:
        return conn.execute(LEFT).fetchone()


@pytest.mark.parametrize(("mode", "fit"), [("session", True), ("transaction", False)])
def test_it_is_known_behind_several_poolers_too(
    server: Embedded,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    fit: bool,
) -> None:
    """Behind a load balancer each connection may have another one, and no session in common."""
    monkeypatch.setattr(patience, "PATIENCE", patience.PATIENCE._replace(proof=3 if fit else 0.3))
    with (
        pgbouncer(server, database, mode) as one,
        pgbouncer(server, database, mode) as other,
        psycopg.connect(one, autocommit=True) as first,
        psycopg.connect(other, autocommit=True) as second,
        contextlib.nullcontext() if fit else pytest.raises(SettingsError),
    ):
        require_session_pooling(Backend.of(first), second)


def test_a_pool_with_one_session_is_too_small(
    tmp_path: Path, server: Embedded, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", patience.PATIENCE._replace(silence=0.5, glance=0.5))
    with pgbouncer(server, database, "session", "default_pool_size = 1") as conninfo:
        pooled = Pooled(tmp_path, conninfo)
        pooled.write("0001_a.sql", "SELECT 1;")
        with pytest.raises(ConnectionFailed, match="needs two connections") as caught:
            pooled.runner().apply_pending()
    assert "pool_size" in str(caught.value.hint)


def test_looking_works_through_every_pooling(
    program: Program, server: Embedded, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program.apply()[0] == 0
    for mode in ("session", "transaction", "statement"):
        with pgbouncer(server, database, mode) as conninfo:
            process = program.start(conninfo, mode="--check")
            output, _ = process.communicate(timeout=60)
            assert (process.returncode, "Up to date: 1 applied" in output) == (0, True), output


def test_the_refusal_is_a_matter_of_settings_and_says_what_to_do(
    program: Program, server: Embedded, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    for pooling, modes in (
        ("transaction", (("--apply",), ("--dry-run",))),
        ("statement", (("--dry-run",), ("--apply", "--lint-error"))),
    ):
        with pgbouncer(server, database, pooling) as conninfo:
            for mode, *options in modes:
                process = program.start(conninfo, *options, mode=mode)
                output, _ = process.communicate(timeout=60)
                assert process.returncode == ExitCode.USAGE, output
                assert "pool_mode = session" in output


def test_options_of_the_users_own_are_refused_as_psql_finds_them_refused(
    server: Embedded, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pgbouncer(server, database, "session") as conninfo:
        monkeypatch.setenv("PGOPTIONS", "-c work_mem=5MB")
        with pytest.raises(ConnectionFailed, match="unsupported startup parameter") as caught:
            resolve(Settings(dsn=conninfo)).connect()
    assert "unset PGOPTIONS" in str(caught.value.hint)
