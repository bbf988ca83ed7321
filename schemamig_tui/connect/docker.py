"""The PostgreSQL in a Docker container, by one of three routes.

1. A published port of the container.
2. Its own address, where the engine is on this machine and has us in the container's network.
3. A tunnel through ``docker exec``, for which nothing has to be published (see ``tunnel``).

On the first two another server may answer: one on the same port, such as that of another
engine whose forwarding came first, or a container of another engine with the same address. So
such a server has to prove that it is the container's before it gets the password (see ``proof``).
A route without the proof is passed over. The tunnel needs none, because 127.0.0.1 is the
container itself; on the network of the host it is not, so there is no tunnel.

User, password and database are what the container itself was set up with.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from schemamig_tui.connect import engines
from schemamig_tui.connect.container import Container, like_postgresql
from schemamig_tui.connect.engines import NotThere
from schemamig_tui.connect.identity import Location
from schemamig_tui.connect.proof import prove
from schemamig_tui.connect.target import Attempt, Endpoint
from schemamig_tui.errors import ConnectionFailed

if TYPE_CHECKING:
    from schemamig_tui.connect.docker_api import DockerApi

_START_SECONDS = 60.0


class Route(NamedTuple):
    """An address where the server may be; the server there has yet to be verified."""

    what: str
    host: str
    port: int


def find(name: str, source: str, *, start: bool = False) -> tuple[Endpoint, tuple[Attempt, ...]]:
    """The server in the container ``name``, and the routes to it that were passed over.

    ``source`` is what has named the container. With ``start``, one that is stopped or paused is
    started, and Endpoint says how long it may take to answer. Raises NotThere without an engine or
    a container of that name, otherwise ConnectionFailed if it cannot be used.
    """
    url = engines.locate(os.environ)
    from schemamig_tui.connect.docker_api import DockerApi

    with contextlib.closing(DockerApi(url)) as api:
        container = _running(api, name, start=start)
        return _route(api, container, url, source, wait=_START_SECONDS if start else 0.0)


def _running(api: "DockerApi", name: str, *, start: bool) -> Container:
    try:
        container = Container.of(api.inspect(name))
    except NotThere as error:
        candidates = like_postgresql(api.containers())
        others = f"; these look like PostgreSQL: {', '.join(candidates)}" if candidates else ""
        raise NotThere(
            f"{error.message.rstrip('.')}{others}.", hint="Name the right one with --container."
        ) from None
    if start and container.state in ("created", "exited", "paused"):
        if container.state == "paused":
            api.unpause(container.id)
        else:
            api.start(container.id)
        container = Container.of(api.inspect(container.id))
    container.require_running()
    return container


def _route(
    api: "DockerApi", container: Container, url: str, source: str, *, wait: float
) -> tuple[Endpoint, tuple[Attempt, ...]]:
    from schemamig_tui.connect.tunnel import Tunnel

    name = container.name
    hint = (
        f"docker logs {name} tells how the server is, and --wait 30 waits for one that is starting."
        f" The login is what docker exec {name} env | grep POSTGRES shows; --dsn takes another one."
    )
    login = _login(api, container)
    tried: list[Attempt] = []
    for route in _direct_routes(container, url):
        place = f"Docker {name}, {route.what}"
        # hostaddr, or else PGHOSTADDR would lead to another server
        parameters = {"host": route.host, "hostaddr": "", "port": str(route.port), **login}
        try:
            parameters |= prove(api, container, parameters)
        except ConnectionFailed as error:
            tried.append(Attempt(place, error.message))
        else:
            location = Location(source, container=name, route=route.what)
            return Endpoint(parameters, place, location, hint), tuple(tried)
    if container.on_host_network:  # where a tunnel would end at the same stranger
        raise ConnectionFailed(f"{tried[-1].route}: {tried[-1].reason}", hint=hint)
    tunnel = Tunnel(url, container.id)
    parameters = {**tunnel.parameters, **login}
    place = f"Docker {name}, docker exec"
    location = Location(source, container=name, route="docker exec")
    return Endpoint(parameters, place, location, hint, tunnel.close, wait), tuple(tried)


def _direct_routes(container: Container, url: str) -> Iterator[Route]:
    engine = urlsplit(url)
    is_local = engine.scheme == "unix"
    host = "127.0.0.1" if is_local else engine.hostname or ""
    if container.on_host_network:
        yield Route(f"host network, port {container.port}", host, container.port)
    for published in container.published:
        at = published.host if is_local else host
        yield Route(f"published port {published.port}", at, published.port)
    if is_local and sys.platform == "linux":
        for address in filter(_is_neighbour, container.addresses):
            yield Route(f"address {address.ip}", str(address.ip), container.port)


def _is_neighbour(address: IPv4Interface | IPv6Interface) -> bool:
    """Whether our own address, seen from there, is in its network.

    Where the engine runs in a virtual machine we are not, and would wait for an answer in vain.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as packet:  # connecting it sends nothing
        try:
            packet.connect((str(address.ip), 9))
        except OSError:
            return False
        own: str = packet.getsockname()[0]
    return ip_address(own) in address.network


def _login(api: "DockerApi", container: Container) -> dict[str, str]:
    """The user, database and password that Docker's image of PostgreSQL has set up."""

    def setting(name: str) -> str:
        if path := container.environment.get(f"{name}_FILE"):
            content = api.output(container.id, ["cat", path])
            if content is None:
                raise ConnectionFailed(
                    f"{name}_FILE in container {container.name} cannot be read: {path}."
                )
            return content.decode(errors="surrogateescape").rstrip("\n")
        return container.environment.get(name, "")

    user = setting("POSTGRES_USER") or "postgres"
    login = {"user": user, "dbname": setting("POSTGRES_DB") or user}
    if password := setting("POSTGRES_PASSWORD"):
        login["password"] = password
    return login
