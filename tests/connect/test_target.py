"""Connecting to a real server: what is asked of it, what is waited for, what errors say of it."""

import os
import re
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.connect import Target, resolve
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.connect.identity import Location
from schemamig_tui.connect.target import _PASSWORD, NOTHING_NAMED, Endpoint
from schemamig_tui.errors import ConnectionFailed, PasswordWanted, SettingsError
from schemamig_tui.settings import Settings
from tests.conftest import Database, wait_until_gone


def _failure(settings: Settings) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as caught:
        resolve(settings).connect()
    return caught.value


def _shown(connection: psycopg.Connection, setting: str) -> object:
    row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    return row and row[0]


@pytest.fixture
def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_connection_is_set_up_for_migrations(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with resolve(Settings(dsn=database.conninfo)) as target:
        connection = target.connect()
    assert connection.autocommit
    assert connection.prepare_threshold is None
    assert _shown(connection, "application_name") == "schemamig-tui"
    assert _shown(connection, "client_encoding") == "UTF8"
    assert _shown(connection, "lock_timeout") == "0"
    connection.close()


def test_what_the_user_sets_stays(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAPPNAME", "theirs")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=5MB")
    dsn = make_conninfo(
        database.conninfo, connect_timeout=3, keepalives_idle=7, replication="database"
    )
    target = resolve(Settings(dsn=dsn, lock_timeout=1.5))
    with target.connect() as connection:
        assert _shown(connection, "application_name") == "theirs"
        assert _shown(connection, "work_mem") == "5MB"
        assert _shown(connection, "lock_timeout") == "1500ms"
    assert "connect_timeout=3 " in target.conninfo
    assert "keepalives_idle=7 " in target.conninfo
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "4")
    assert "connect_timeout=4 " in resolve(Settings()).conninfo


def test_options_in_the_dsn_stay_too(database: Database) -> None:
    dsn = make_conninfo(database.conninfo, options="-c work_mem=6MB", application_name="mine")
    with resolve(Settings(dsn=dsn, lock_timeout=0.0001)).connect() as connection:
        assert _shown(connection, "work_mem") == "6MB"
        assert _shown(connection, "application_name") == "mine"
        assert _shown(connection, "lock_timeout") == "1ms"


def test_several_threads_can_connect_at_once(database: Database) -> None:
    target = resolve(Settings(dsn=database.conninfo))
    with ThreadPoolExecutor(4) as pool:
        connections = [pool.submit(target.connect).result() for _ in range(8)]
    assert len({connection.info.backend_pid for connection in connections}) == 8
    for connection in connections:
        connection.close()


def test_a_message_lists_all_that_was_tried_and_the_ways_out(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("POSTGRES_HOST", "127.0.0.1")
    monkeypatch.setenv("POSTGRES_PORT", str(free_port))
    monkeypatch.setenv("POSTGRES_DB", "orders")
    failure = _failure(Settings(container="my_pg"))
    assert failure.message.splitlines() == [
        "Cannot connect to the database orders.",
        "  Docker my_pg: No Docker engine is running at /nonexistent/docker.sock",
        "  DATABASE_URL: not set",
        f"  POSTGRES_HOST 127.0.0.1:{free_port}: connection to server at"
        f' "127.0.0.1", port {free_port} failed: Connection refused',
    ]
    assert "To try it out" not in str(failure.hint)
    for way_out in ("docker start my_pg", "DATABASE_URL", "POSTGRES_HOST", "--dsn", "--embedded"):
        assert way_out in str(failure.hint)


def test_with_nothing_named_the_way_out_begins_with_what_a_newcomer_needs() -> None:
    nowhere = Endpoint({"host": "/nowhere"}, NOTHING_NAMED, Location(NOTHING_NAMED))
    with pytest.raises(ConnectionFailed) as caught:
        Target(nowhere, Settings(container="my_pg")).connect()
    hint = str(caught.value.hint)
    assert hint.startswith("To try it out, --embedded starts a PostgreSQL of its own; for one that")
    assert 0 < hint.index("--dsn postgresql://") < hint.index("docker start my_pg")


def test_the_ways_out_are_those_of_what_was_asked_for(
    server: Embedded, free_port: int, base: Path
) -> None:
    dsn = f"host=127.0.0.1 port={free_port}"
    hint = _failure(Settings(dsn=dsn)).hint
    assert str(hint).startswith("Is --dsn right, and its server running?")
    answering = make_conninfo(server.conninfo, dbname="missing")
    assert _failure(Settings(dsn=answering)).hint == "Is --dsn right?"
    target = resolve(Settings(embedded=base))
    target.close()
    wait_until_gone(base)
    with pytest.raises(ConnectionFailed) as caught:
        target.connect()
    assert caught.value.hint == f"The log of the server is {base}/log"


def test_the_container_is_no_way_out_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(free_port))
    hint = _failure(Settings(connection="environment")).hint
    assert str(hint).startswith("Set DATABASE_URL, or POSTGRES_HOST,")


def test_a_host_of_libpqs_variable_that_is_not_found_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "missing.invalid")
    message = _failure(Settings(connection="environment")).message
    assert re.search(r"PGHOST: failed to resolve host 'missing\.invalid': [A-Z]", message)


@pytest.mark.parametrize(
    ("mode", "warning"),
    [
        (0o100640, "can be read by others, so it is not used: chmod 600 lets it count"),
        (0o100600, None),
        (0o040700, "is no plain file, so it is not used"),
    ],
)
def test_a_password_file_that_libpq_does_not_use_is_a_warning_and_no_line_on_the_terminal(
    database: Database,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    warning: str | None,
) -> None:
    path = tmp_path / "pgpass"
    path.mkdir() if stat.S_ISDIR(mode) else path.touch()
    path.chmod(stat.S_IMODE(mode))
    monkeypatch.setenv("PGPASSFILE", str(path))
    with resolve(Settings(dsn=database.conninfo)) as target:
        target.connect().close()
    assert target.warnings == ((f"the password file {path} {warning}",) if warning else ())
    assert capfd.readouterr().err == ""
    psycopg.connect(database.conninfo).close()
    assert bool(capfd.readouterr().err) is bool(warning)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"dbname": "missing"}, 'FATAL:  database "missing" does not exist'),
        ({"user": "missing"}, 'FATAL:  role "missing" does not exist'),
        ({"host": "missing.invalid"}, "failed to resolve host 'missing.invalid'"),
        ({"host": "a..b"}, "label empty or too long"),
        ({"host": "/missing"}, 'socket "/missing/.s.PGSQL.5432" failed: No such file'),
        ({"service": "missing"}, 'service file "/nonexistent/pg_service.conf" not found'),
        ({"connect_timeout": "soon"}, "bad value for connect_timeout"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_each_failure_says_what_is_wrong(
    server: Embedded, parameters: dict[str, str], reason: str
) -> None:
    failure = _failure(Settings(dsn=make_conninfo(server.conninfo, **parameters)))
    assert reason in failure.message


def test_a_server_without_room_says_that_two_connections_are_needed(server: Embedded) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        admin.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
        failure = _failure(Settings(dsn=make_conninfo(server.conninfo, user="crowded")))
        admin.execute("DROP ROLE crowded")
    assert 'too many connections for role "crowded"' in failure.message
    assert (failure.hint or "").startswith("A run needs two connections: end other sessions, or")


def test_each_host_of_several_is_explained(free_port: int) -> None:
    hosts = f"host=127.0.0.1,/missing port={free_port},5432"
    reasons = _failure(Settings(dsn=hosts)).message.splitlines()[-1].split("; ")
    assert reasons == [
        f'  --dsn: connection to server at "127.0.0.1", port {free_port} failed:'
        " Connection refused",
        'connection to server on socket "/missing/.s.PGSQL.5432" failed: No such file or directory',
    ]


def test_a_host_that_says_nothing_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        message = _failure(Settings(dsn=f"host=127.0.0.1 port={port} connect_timeout=2")).message
    assert f'at "127.0.0.1", port {port} failed: connection timeout expired' in message


def test_a_host_that_says_nothing_is_not_waited_for_longer_than_the_settings_say() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"host=127.0.0.1 port={silent.getsockname()[1]}"
        began = time.monotonic()
        _failure(Settings(dsn=dsn, wait=1))
    assert time.monotonic() - began < 5  # libpq takes 1 second for 2, and 10 are our default


@pytest.fixture
def role_with_password(server: Embedded) -> Iterator[str]:
    """A role that has to give the password ``right``."""
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        row = admin.execute("SHOW hba_file").fetchone()
        assert row
        rules = Path(row[0])
        before = rules.read_text()
        admin.execute("CREATE ROLE careful LOGIN PASSWORD 'right'")
        rules.write_text(f"local all careful scram-sha-256\n{before}")
        admin.execute("SELECT pg_reload_conf()")
        yield make_conninfo(server.conninfo, user="careful")
        rules.write_text(before)
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("DROP ROLE careful")


def test_a_wrong_password_is_final_and_not_shown(role_with_password: str) -> None:
    dsn = make_conninfo(role_with_password, password="hunter22")
    target = resolve(Settings(dsn=dsn, wait=30))
    with pytest.raises(ConnectionFailed) as caught:
        target.connect(on_wait=lambda left, reason: pytest.fail(reason))
    assert isinstance(caught.value, PasswordWanted)
    assert caught.value.hint == (
        "Is the password of --dsn right? PGPASSWORD or a password file can have it as well."
    )
    assert 'password authentication failed for user "careful"' in caught.value.message
    assert "hunter22" not in f"{caught.value.message} {caught.value.hint} {target!r}"
    dsn = make_conninfo(role_with_password, password="right")
    resolve(Settings(dsn=dsn)).connect().close()


def test_a_password_that_is_missing_or_wrong_is_asked_for(role_with_password: str) -> None:
    answers: list[str | None] = [None, "wrong", "right"]
    messages: list[str] = []

    def ask(_: Target, error: PasswordWanted) -> str | None:
        messages.append(error.message)
        return answers.pop(0)

    with resolve(Settings(dsn=role_with_password)) as target:
        target.ask_password = ask
        with pytest.raises(PasswordWanted, match="no password supplied"):
            target.connect()
        target.connect().close()
        target.connect().close()
        assert not answers
        assert ["password authentication failed" in text for text in messages] == [
            *(False, False, True)
        ]
        assert "right" not in f"{target!r} {target.identity}"


def test_whoever_has_the_right_password_is_not_asked_for_it(role_with_password: str) -> None:
    dsn = make_conninfo(role_with_password, password="right", dbname="missing")
    assert not isinstance(_failure(Settings(dsn=dsn)), PasswordWanted)


@pytest.mark.parametrize(
    "message",
    [
        'password authentication failed for user "x"',
        "SASL authentication failed",
        "Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen",
        "authentification par mot de passe échouée pour l'utilisateur « x »",
        "la autentificación password falló para el usuario «x»",
        'autenticação do tipo senha falhou para o usuário "x"',
        'пользователь "x" не прошёл проверку подлинности (по паролю)',
        'ユーザー"x"のパスワード認証に失敗しました',
        '用户 "x" Password 认证失败',
        '사용자 "x"의 password 인증을 실패했습니다',
    ],
)
def test_a_refused_password_is_known_in_the_languages_of_postgresql(message: str) -> None:
    assert _PASSWORD.search(f"FATAL:  {message}")


@pytest.mark.parametrize("parameters", [{"dbname": "missing"}, {"user": "missing"}])
def test_what_will_not_change_is_not_waited_for(
    server: Embedded, parameters: dict[str, str]
) -> None:
    target = resolve(Settings(dsn=make_conninfo(server.conninfo, **parameters), wait=30))
    with pytest.raises(ConnectionFailed):
        target.connect(on_wait=lambda left, reason: pytest.fail(reason))


def test_waiting_ends_in_time_and_says_what_it_waits_for(free_port: int) -> None:
    target = resolve(Settings(dsn=f"host=127.0.0.1 port={free_port}", wait=0.5))
    calls: list[tuple[float, str]] = []
    started = time.monotonic()
    with pytest.raises(ConnectionFailed, match="Connection refused"):
        target.connect(on_wait=lambda left, reason: calls.append((left, reason)))
    assert 0.5 <= time.monotonic() - started < 30
    assert all(0 < left <= 0.5 and "Connection refused" in reason for left, reason in calls)
    assert len(calls) > 1


def test_a_server_that_appears_later_is_waited_for(base: Path) -> None:
    server = Embedded(base, fast=True)
    target = resolve(Settings(dsn=server.conninfo, wait=30))
    begin = threading.Timer(0.3, server.start)
    begin.start()
    target.connect().close()
    begin.join()
    server.close()
    wait_until_gone(server.base)


def test_a_server_that_is_starting_up_is_waited_for(base: Path) -> None:
    """A standby that takes no connections answers as a server does that is starting up."""
    server = Embedded(base, fast=True)
    data = server.base / f"pg{server.major}"
    (data / "standby.signal").touch()
    os.chown(data / "standby.signal", data.stat().st_uid, data.stat().st_gid)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("hot_standby = off\n")
    reasons: list[str] = []

    def promote(left: float, reason: str) -> None:
        reasons.append(reason)
        if "FATAL" in reason:
            (data / "promote").touch()
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGUSR1)

    starting = threading.Thread(target=server.start)
    starting.start()
    while not (data / "postmaster.pid").exists():
        time.sleep(0.01)
    target = resolve(Settings(dsn=server.conninfo, wait=30))
    target.connect(on_wait=promote).close()
    starting.join()
    server.close()
    wait_until_gone(server.base)
    assert "FATAL:  the database system is" in reasons[-1]


def test_the_embedded_server_is_a_target_that_lets_go_of_it(base: Path) -> None:
    with resolve(Settings(embedded=base)) as target:
        assert target.route.startswith("embedded PostgreSQL ")
        connection = target.connect()
        assert _shown(connection, "fsync") == "on"
    wait_until_gone(base)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_a_dsn_wins_over_all_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "host=other")
    settings = Settings(dsn="host=h", embedded=folder / "base", connection="environment")
    assert resolve(settings).route == "--dsn"
    assert not (folder / "base").exists()


def test_the_repr_of_a_target_holds_no_password() -> None:
    target = resolve(Settings(dsn="postgresql://user:hunter22@h/d"))
    assert isinstance(target, Target)
    assert repr(target) == "<Target --dsn>"
    with pytest.raises(SettingsError):
        resolve(Settings(dsn="postgresql://user:hunter22@h:port/d"))
