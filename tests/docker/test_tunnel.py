"""The tunnel: many connections, much data, cancelling, and ends of every kind."""

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import psycopg
import pytest
from docker.models.containers import Container

from schemamig_tui.connect import Target
from schemamig_tui.errors import ConnectionFailed
from tests.docker.containers import Engine, target, wait_for_server

TEN_MB = random.Random(1).randbytes(5_000_000).hex()


@pytest.fixture
def tunnel(isolated: Container) -> Iterator[Target]:
    with target(isolated) as place:
        assert place.route.endswith(", docker exec")
        yield place


def _copies(container: Container) -> int:
    """How many programs of tunnels run in the container."""
    count = "for p in /proc/[0-9]*; do read -r name <$p/comm && echo $name; done 2>/dev/null"
    names: list[str] = []
    while "bash" not in names:  # that is itself; a busy engine may lose what a short command says
        names = container.exec_run(["bash", "-c", count]).output.decode().split()
    return names.count("dd")


def _wait_until_unused(container: Container) -> None:
    deadline = time.monotonic() + 10
    while left := _copies(container):
        assert time.monotonic() < deadline, f"{left} still run"
        time.sleep(0.05)


def test_twenty_connections_at_once(tunnel: Target, isolated: Container) -> None:
    def use(number: int) -> int:
        with tunnel.connect() as connection:
            for _ in range(10):
                assert connection.execute("SELECT %s::int", [number]).fetchone() == (number,)
            connection.execute("SELECT pg_sleep(0.2)")
            return connection.info.backend_pid

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(use, range(20)))) == 20
    _wait_until_unused(isolated)


def test_ten_megabytes_pass_unchanged_in_both_directions(tunnel: Target) -> None:
    with tunnel.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE data (line text)")
        with cursor.copy("COPY data FROM stdin") as copy:
            for start in range(0, len(TEN_MB), 1000):
                copy.write(TEN_MB[start : start + 1000] + "\n")
        digest = "SELECT md5(string_agg(line, '' ORDER BY ctid)) FROM data"
        expected = hashlib.md5(TEN_MB.encode()).hexdigest()
        assert cursor.execute(digest).fetchone() == (expected,)
        with cursor.copy("COPY data TO stdout") as copy:
            back = b"".join(bytes(block) for block in copy)
        assert back.replace(b"\n", b"").decode() == TEN_MB


def test_both_directions_at_once_do_not_wait_for_each_other(tunnel: Target) -> None:
    """As when results come back while a pipeline is still being sent."""
    with tunnel.connect() as connection, connection.pipeline():
        cursors = [connection.cursor() for _ in range(200)]
        for cursor in cursors:
            cursor.execute("SELECT %s || ''", [TEN_MB[:50_000]])
        assert all(cursor.fetchone() == (TEN_MB[:50_000],) for cursor in cursors)


def test_a_statement_can_be_cancelled(tunnel: Target) -> None:
    with tunnel.connect() as connection:
        cancel = Timer(0.3, connection.cancel_safe)
        cancel.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(600)")
        cancel.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_the_server_ends_is_ended(tunnel: Target, isolated: Container) -> None:
    victim = tunnel.connect()
    with tunnel.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
    with pytest.raises(psycopg.OperationalError, match="terminating connection"):
        victim.execute("SELECT 1")
    _wait_until_unused(isolated)


def test_no_module_is_imported_from_the_current_folder(
    isolated: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    with target(isolated) as place:
        place.connect().close()


def test_closing_it_cuts_its_connections_and_leaves_nothing(isolated: Container) -> None:
    _wait_until_unused(isolated)
    with target(isolated) as place:
        connection = place.connect()
        folder = Path(connection.info.host)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert _copies(isolated) == 2
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert not folder.exists()
    _wait_until_unused(isolated)


def test_a_client_that_is_killed_leaves_nothing_running(isolated: Container) -> None:
    _wait_until_unused(isolated)
    code = """
import sys
from schemamig_tui.connect import resolve
from schemamig_tui.settings import Settings
place = resolve(Settings(connection="docker", container=sys.argv[1]))
connections = [place.connect() for _ in range(3)]
print(connections[0].info.host, flush=True)
connections[0].execute("SELECT pg_sleep(60)")
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(isolated.name)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        assert folder.exists()
        assert _copies(isolated) == 6
        process.kill()
    _wait_until_unused(isolated)
    assert not folder.exists()


def test_a_container_that_is_stopped_ends_a_run_with_a_clear_error(
    engine: Engine, tmp_path: Path
) -> None:
    container = wait_for_server(engine.run(network_mode="none"))
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a ();")
    (tmp_path / "0002_slow.sql").write_text("SELECT pg_sleep(60);")
    command = [sys.executable, "-m", "schemamig_tui", "--apply", "--dir", str(tmp_path)]
    command += ["--container", str(container.name)]
    with (
        target(container) as place,
        place.connect() as watch,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
        ) as process,
    ):
        sleeps = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
        while watch.execute(sleeps).fetchone() != (True,):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        container.stop()
        output, _ = process.communicate(timeout=30)
        with pytest.raises(ConnectionFailed) as caught:
            place.connect()
    assert process.returncode == 3, output
    place = f"in container {container.name} (docker exec)"
    assert f"Database: spec {place}, role spec, PostgreSQL " in output
    assert "terminating connection due to administrator command" in output
    assert "Traceback" not in output
    assert f"Container {container.name} is stopped. docker start" in caught.value.message
