"""Containers with a real PostgreSQL, on the engine that the ``docker`` command would use.

Nothing but containers and one image of our own is touched, and the containers are removed.
"""

import contextlib
import io
import itertools
import os
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.models.containers import Container

from schemamig_tui.connect import Target, engines, resolve
from schemamig_tui.settings import Settings
from tests.docker import image

_NUMBERS = itertools.count(1)
SPEC = {"POSTGRES_USER": "spec", "POSTGRES_PASSWORD": "spec-secret", "POSTGRES_DB": "spec"}
"""The environment of a container, unless another one is asked for."""


@dataclass(frozen=True)
class Engine:
    """The engine that the tests use. ``containers`` are removed when all is over."""

    url: str
    client: docker.DockerClient
    image: str
    containers: list[Container] = field(default_factory=list)

    def create(self, command: str | list[str] = "postgres", **options: Any) -> Container:
        """A container that is not started yet; ``options`` are those of docker-py."""
        name = f"schemamig-{os.getpid()}-{next(_NUMBERS)}"
        options = {"name": name, "environment": SPEC, "stop_signal": "SIGINT", **options}
        container = self.client.containers.create(self.image, command, **options)
        self.containers.append(container)
        return container

    def run(self, command: str | list[str] = "postgres", **options: Any) -> Container:
        """A container that was started, whose server may not answer yet."""
        container = self.create(command, **options)
        container.start()
        container.reload()
        return container

    def idle(self, **options: Any) -> Container:
        """A container that runs, without a server in it."""
        options = {"network_mode": "none", **options}
        return self.run(["sleep", "600"], init=True, **options)


@contextlib.contextmanager
def connected(environ: Mapping[str, str]) -> Iterator[Engine]:
    """The engine that ``environ`` leads to, with our image.

    Raises ConnectionFailed or DockerException if there is none.
    """
    url = engines.locate(environ)
    with contextlib.closing(docker.DockerClient(url, version="auto")) as client:
        engine = Engine(url, client, image.build(client))
        try:
            yield engine
        finally:
            for container in engine.containers:
                container.remove(force=True, v=True)


def wait_for_server(container: Container, port: int = 5432) -> Container:
    """Return when the server in the container lets its clients in.

    It listens before, and answers with an error then: R is the first byte of a request to prove
    who one is (AuthenticationRequest in PostgreSQL's protocol).
    """
    start = r"printf '\0\0\0\x10\0\3\0\0user\0x\0\0'"
    ask = f"exec 3<>/dev/tcp/127.0.0.1/{port} && {start} >&3 && read -rN1 answer <&3"
    knock = ["bash", "-c", f'{ask} && [ "$answer" = R ]']
    for _ in range(600):
        if container.exec_run(knock).exit_code == 0:
            return container
        time.sleep(0.05)
    raise TimeoutError(container.logs().decode())


def one_for_each_route(engine: Engine) -> tuple[Container, Container, Container]:
    """Three servers: with a published port, with an address alone, and with no network.

    The second one trusts everybody.
    """
    started = (
        engine.run(ports={"5432/tcp": ("127.0.0.1", None)}),
        engine.run(environment={"POSTGRES_HOST_AUTH_METHOD": "trust"}),
        engine.run(network_mode="none"),
    )
    for container in started:
        wait_for_server(container).reload()
    return started


def target(container: Container, **settings: Any) -> Target:
    """What the program would connect to if it was told to use the container."""
    return resolve(Settings(connection="docker", container=str(container.name), **settings))


def published_port(container: Container, port: int = 5432) -> int:
    """The port of this machine that leads to the container's ``port``."""
    return int(container.ports[f"{port}/tcp"][0]["HostPort"])


def put(container: Container, files: Mapping[str, str]) -> None:
    """Write files into the container, whether it runs or not."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    container.put_archive("/", content.getvalue())
