"""What a run that has vanished leaves on the server ends there soon."""

import signal
from pathlib import Path
from unittest import mock

import pytest
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.connect import resolve
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.patience import SERVER_SIDE
from schemamig_tui.settings import Settings
from tests.conftest import Database
from tests.faults.conftest import Program

SLEEPS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
ALONE = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()"
IN_USE = """
SELECT name, setting FROM pg_settings WHERE name IN
    ('idle_session_timeout', 'client_connection_check_interval', 'lock_timeout')
"""
OURS = {
    "idle_session_timeout": "0",
    "client_connection_check_interval": SERVER_SIDE["client_connection_check_interval"],
}


def test_a_statement_of_a_killed_run_is_ended_and_the_next_run_goes_on(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (); SELECT pg_sleep(60);")
    with mock.patch.dict(SERVER_SIDE, {"client_connection_check_interval": "100"}):
        process = program.start()
    program.wait_until(SLEEPS)
    process.send_signal(signal.SIGKILL)
    process.wait()
    program.wait_until(ALONE, ended=True)
    program.write("0001_a.sql", "CREATE TABLE a ();")
    assert program.apply()[0] == 0


@pytest.mark.parametrize("service", [False, True])
def test_both_sessions_are_told_to_look_for_their_client(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: bool
) -> None:
    """A service file may have options of its own, which none of ours may hide."""
    dsn = database.conninfo
    if service:
        file = tmp_path / "services"
        lines = [f"{name}={value}" for name, value in conninfo_to_dict(dsn).items() if value]
        file.write_text("\n".join(["[here]", *lines, "options=-c work_mem=7MB"]))
        monkeypatch.setenv("PGSERVICEFILE", str(file))
        dsn = "service=here"
    connect = resolve(Settings(dsn=dsn, lock_timeout=0.3)).connect
    with connect() as first:
        backend = Backend.of(first)
        assert backend.equipped
        with Watch(connect, backend) as watch:
            for _ in range(2):
                assert dict(first.execute(IN_USE).fetchall()) == {**OURS, "lock_timeout": "300"}
                first.execute("RESET ALL")
            of_watch = dict(watch.conn.execute(IN_USE).fetchall())
            assert of_watch == {**of_watch, **OURS}
        if service:
            assert first.execute("SHOW work_mem").fetchone() == ("7MB",)
