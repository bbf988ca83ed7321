"""The routes to the server in a container, and the proof that it is the container's."""

import contextlib
import itertools
import socket
import threading
from typing import Self

import pytest
from docker.models.containers import Container

from schemamig_tui.connect import resolve
from schemamig_tui.connect.identity import Location
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
from tests import tools
from tests.docker.containers import SPEC, Engine, published_port, put, target, wait_for_server

UNPROVEN = "the server that answers there is not known to be the container's"


def test_a_published_port_comes_first(published: Container) -> None:
    with target(published) as place, place.connect() as connection:
        port = published_port(published)
        assert place.route == f"Docker {published.name}, published port {port}"
        assert place.tried == ()
        assert connection.info.port == port
        who = connection.execute("SELECT current_user::text, current_database()::text").fetchone()
        assert who == ("spec", "spec")


@pytest.mark.usefixtures("on_linux")
def test_without_a_published_port_the_containers_address_is_taken(addressed: Container) -> None:
    (network,) = addressed.attrs["NetworkSettings"]["Networks"].values()
    with target(addressed) as place, place.connect() as connection:
        assert place.route == f"Docker {addressed.name}, address {network['IPAddress']}"
        assert connection.info.user == connection.info.dbname == "postgres"


def test_without_a_network_a_tunnel_is_taken(isolated: Container) -> None:
    with target(isolated) as place, place.connect() as connection:
        assert place.route == f"Docker {isolated.name}, docker exec"
        assert connection.execute("SELECT inet_server_addr()::text").fetchone() == ("127.0.0.1/32",)


def test_the_database_is_named_with_its_container_and_the_way_to_it(
    published: Container, isolated: Container
) -> None:
    ways = {published: f"published port {published_port(published)}", isolated: "docker exec"}
    for container, way in ways.items():
        with target(container) as place, place.connect():
            found = place.identity
        assert found is not None
        assert found.location == Location(
            "the default container", container=container.name, route=way
        )
        assert f"spec in container {container.name} ({way}), role spec, " in str(found)
        assert SPEC["POSTGRES_PASSWORD"] not in f"{found!r} {found}"


def test_settings_hold_for_every_route(published: Container, isolated: Container) -> None:
    for container in (published, isolated):
        with target(container, lock_timeout=1.5) as place, place.connect() as connection:
            assert connection.autocommit
            assert connection.execute("SHOW lock_timeout").fetchone() == ("1500ms",)
            assert connection.info.parameter_status("application_name") == "schemamig-tui"


def test_no_variable_leads_to_another_server(
    published: Container, isolated: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.2")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATABASE", "other")
    monkeypatch.setenv("PGPASSWORD", "other")
    for container in (published, isolated):
        with target(container) as place, place.connect() as connection:
            assert connection.info.dbname == "spec"


@pytest.mark.usefixtures("on_linux")
def test_a_server_that_is_not_the_containers_is_never_taken(
    engine: Engine, published: Container
) -> None:
    """It has the port and lets us in with the container's own login."""
    port = published_port(published)
    idle = engine.idle(network_mode="host", environment={**SPEC, "PGPORT": str(port)})
    with pytest.raises(ConnectionFailed) as caught:
        target(idle)
    assert caught.value.message == f"Docker {idle.name}, host network, port {port}: {UNPROVEN}"


@pytest.mark.usefixtures("on_linux")
def test_a_server_on_the_hosts_network_is_found(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    container = engine.run(network_mode="host", environment={**SPEC, "PGPORT": str(port)})
    with target(wait_for_server(container, port)) as place, place.connect() as connection:
        assert place.route == f"Docker {container.name}, host network, port {port}"
        assert connection.info.dbname == "spec"


def test_port_and_login_may_come_from_pgport_and_files(engine: Engine) -> None:
    files = {"user": "ada\n", "password": "it's =a 'secret\n", "db": "engines"}
    environment = {f"POSTGRES_{name.upper()}_FILE": f"/secrets/{name}" for name in files}
    environment["PGPORT"] = "6543"
    container = engine.create(environment=environment, ports={"6543/tcp": ("127.0.0.1", None)})
    put(container, {f"secrets/{name}": text for name, text in files.items()})
    container.start()
    wait_for_server(container, 6543).reload()
    with target(container) as place, place.connect() as connection:
        assert place.route.endswith(f"published port {published_port(container, 6543)}")
        assert (connection.info.user, connection.info.dbname) == ("ada", "engines")
        assert connection.info.password == "it's =a 'secret"
        assert "secret" not in f"{place!r} {place.route}"


@pytest.mark.parametrize(
    ("method", "asked_for"),
    [("password", "password"), ("md5", "scram-sha-256"), ("scram-sha-256", "scram-sha-256")],
)
def test_a_server_that_has_proved_itself_gets_the_password_as_it_wants_it(
    engine: Engine, method: str, asked_for: str
) -> None:
    """To be asked for an MD5, a role would have to have one: by default they have SCRAM's."""
    container = engine.run(
        environment={**SPEC, "POSTGRES_HOST_AUTH_METHOD": method},
        ports={"5432/tcp": ("127.0.0.1", None)},
    )
    wait_for_server(container).reload()
    with target(container) as place, place.connect() as connection:
        assert place.route.endswith(f"published port {published_port(container)}"), place.tried
        assert connection.info.password == SPEC["POSTGRES_PASSWORD"]
        # A server that comes in its place does not get it in the clear instead.
        assert f"require_auth={asked_for}" in place.conninfo


@pytest.mark.usefixtures("on_linux")
def test_a_server_that_wants_no_password_is_proved_without_one(
    addressed: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "of another server")
    with target(addressed) as place, place.connect() as connection:
        assert " address " in place.route
        assert connection.info.password == ""


class Impostor:
    """A server that listens on ``port``, and keeps what clients send to it.

    The ``n``-th connection gets the ``n``-th of ``answers``, and the last one ever after; a login
    that lets everybody in goes on to the first query.
    """

    def __init__(self, *answers: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.received: list[bytes] = []
        self._answers = answers

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        for answer in itertools.chain(self._answers, itertools.repeat(self._answers[-1])):
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                with client:
                    self._talk(client, answer)

    def _talk(self, client: socket.socket, answer: bytes) -> None:
        client.settimeout(3)
        while data := client.recv(10_000):
            self.received.append(data)
            # "No" to a request for encryption (SSLRequest, GSSENCRequest).
            client.sendall(b"N" if len(data) == 8 else answer)


ASKS_FOR = {
    "the password": b"R\0\0\0\x08\0\0\0\x03",
    "its MD5": b"R\0\0\0\x0c\0\0\0\x05salt",
    "SCRAM": b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0",
    "nothing": b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x01Z\0\0\0\x05I",
}


@pytest.mark.usefixtures("on_linux")
@pytest.mark.parametrize(
    "asks",
    [
        ["the password"],
        ["its MD5"],
        ["SCRAM"],
        ["nothing"],
        ["nothing", "the password"],
        ["SCRAM", "the password"],
    ],
    ids=", then ".join,
)
def test_a_stranger_never_gets_anything_of_the_password(
    engine: Engine, asks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", SPEC["POSTGRES_PASSWORD"])
    with Impostor(*(ASKS_FOR[what] for what in asks)) as impostor:
        environment = {**SPEC, "PGPORT": str(impostor.port)}
        idle = engine.idle(network_mode="host", environment=environment)
        with pytest.raises(ConnectionFailed) as caught:
            target(idle)
    assert f"host network, port {impostor.port}: " in caught.value.message
    # A start begins with its length, and a query with Q or P; a proof of a password is a "p".
    assert impostor.received
    assert not [data for data in impostor.received if data.startswith(b"p")]
    assert SPEC["POSTGRES_PASSWORD"].encode() not in b"".join(impostor.received)


@pytest.mark.usefixtures("on_linux")
def test_processes_that_are_not_its_own_prove_nothing(engine: Engine, published: Container) -> None:
    """It sees the process of the other container's server among those of the host."""
    port = published_port(published)
    environment = {**SPEC, "PGPORT": str(port)}
    idle = engine.idle(network_mode="host", pid_mode="host", environment=environment)
    with pytest.raises(ConnectionFailed, match="its processes are not the container's alone"):
        target(idle)


def test_a_password_that_was_changed_leaves_the_tunnel(published: Container) -> None:
    """The image trusts who connects inside of the container."""
    with target(published) as place, place.connect() as admin:
        admin.execute("ALTER ROLE spec PASSWORD 'changed'")
        try:
            with target(published) as other, other.connect():
                assert other.route == f"Docker {published.name}, docker exec"
            why = other.tried[0].reason
        finally:
            admin.execute(f"ALTER ROLE spec PASSWORD '{SPEC['POSTGRES_PASSWORD']}'")
    assert 'password authentication failed for user "spec"' in why
    assert SPEC["POSTGRES_PASSWORD"] not in why


def test_a_login_that_the_server_does_not_know_is_explained(engine: Engine) -> None:
    """As when the volume was made with another one."""
    made_with = "POSTGRES_USER=old POSTGRES_DB=old docker-entrypoint.sh postgres"
    container = engine.run(["bash", "-c", made_with], network_mode="none")
    wait_for_server(container)
    with target(container) as place, pytest.raises(ConnectionFailed) as caught:
        place.connect()
    assert f"Docker {container.name}, docker exec: " in caught.value.message
    assert 'FATAL:  role "spec" does not exist' in caught.value.message
    assert f"docker exec {container.name} env | grep POSTGRES" in str(caught.value.hint)
    assert SPEC["POSTGRES_PASSWORD"] not in f"{caught.value.message}{caught.value.hint}"


def test_the_default_is_spec_pg_without_any_setting(engine: Engine) -> None:
    if engine.client.containers.list(all=True, filters={"name": "^/spec_pg$"}):
        tools.unavailable("the engine has a spec_pg that is not ours")
    wait_for_server(engine.run(name="spec_pg"))
    with resolve(Settings()) as place, place.connect() as connection:
        assert place.route.startswith("Docker spec_pg, ")
        assert connection.info.dbname == "spec"
