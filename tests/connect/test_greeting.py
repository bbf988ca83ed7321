"""What a real server asks for, and that asking it leaves no trace and tells no secret."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.connect.greeting import greeting
from schemamig_tui.errors import ConnectionFailed
from tests.conftest import Database
from tests.faults.proxy import Proxy

METHODS = ("password", "md5", "scram-sha-256", "reject")


@pytest.fixture(scope="module")
def roles(server: Embedded) -> Iterator[None]:
    """A role for each method, of that name."""
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        row = admin.execute("SHOW hba_file").fetchone()
        assert row
        rules = Path(row[0])
        before = rules.read_text()
        lines = [f'local all "as_{method}" {method}\n' for method in METHODS]
        rules.write_text("".join([*lines, before]))
        for method in METHODS:
            encryption = "md5" if method == "md5" else "scram-sha-256"
            admin.execute(f"SET password_encryption = '{encryption}'".encode())
            admin.execute(f"CREATE ROLE \"as_{method}\" LOGIN PASSWORD 'x'".encode())
        _reload(admin, server)
        yield
        rules.write_text(before)
        for method in METHODS:
            admin.execute(f'DROP ROLE "as_{method}"'.encode())
        _reload(admin, server)


def _reload(admin: psycopg.Connection, server: Embedded) -> None:
    """Let the server read its rules, and wait until a new session has the new ones."""
    loaded = "SELECT pg_conf_load_time()"
    before = admin.execute(loaded).fetchone()
    admin.execute("SELECT pg_reload_conf()")
    now = before
    while now == before:
        with psycopg.connect(server.conninfo) as conn:
            now = conn.execute(loaded).fetchone()


@pytest.fixture
def port(database: Database) -> Iterator[int]:
    """A port of this machine that leads to the server."""
    with Proxy(database.conninfo) as proxy:
        yield int(str(conninfo_to_dict(proxy.conninfo)["port"]))


def titles() -> str:
    """The titles of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # it has ended
            continue
    return b"\n".join(found).decode(errors="replace")


@pytest.mark.parametrize("method", ["password", "md5", "scram-sha-256"])
def test_the_method_is_the_servers_and_its_process_has_the_database_in_its_title(
    roles: None, port: int, server: Embedded, method: str
) -> None:
    name = f"proof_of_{method}"
    log = server.base / "log"
    before = log.read_text()
    with greeting("127.0.0.1", port, f"as_{method}", name, seconds=5) as found:
        assert found == method
        assert f"postgres: as_{method} {name} " in titles()
    assert name not in log.read_text().removeprefix(before)


def test_without_a_password_the_method_is_none(port: int) -> None:
    with greeting("127.0.0.1", port, "postgres", "postgres", seconds=5) as method:
        assert method == "none"


def test_a_refusal_is_in_the_servers_words(roles: None, port: int) -> None:
    with (
        pytest.raises(ConnectionFailed, match=r"pg_hba.conf rejects connection .* \"as_reject\""),
        greeting("127.0.0.1", port, "as_reject", "postgres", seconds=5),
    ):
        pytest.fail("there is none")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.0 400 Bad Request\r\n", "no PostgreSQL"),
        (b"R\0\0\0\x08\0\0\0\x63", "asks for something unknown"),
        (b"Z\0\0\0\x08\0\0\0\0", "asks for something unknown"),
        (b"R\0\0", "has hung up"),
        (b"", "has hung up"),
    ],
)
def test_whatever_answers_is_no_crash(answer: bytes, message: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1000)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        with (
            pytest.raises(ConnectionFailed, match=message),
            greeting("127.0.0.1", port, "u", "d", seconds=5),
        ):
            pytest.fail("there is no method")
        thread.join()


def test_a_server_that_is_silent_or_not_there_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with (
            pytest.raises(ConnectionFailed, match=r"no answer within 0\.1 s"),
            greeting("127.0.0.1", port, "u", "d", seconds=0.1),
        ):
            pytest.fail("there is none")
    for host, why in (("127.0.0.1", "Connection refused"), ("a..b", "label empty or too long")):
        with (
            pytest.raises(ConnectionFailed, match=why),
            greeting(host, port, "u", "d", seconds=5),
        ):
            pytest.fail("there is none")
