"""A container as Docker describes it: its state, its environment, its ports and addresses."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from schemamig_tui.errors import ConnectionFailed

_DEFAULT_PORT = 5432
_LOOKS_LIKE_POSTGRESQL = re.compile("postg|timescale|pgvector")
_ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class Published(NamedTuple):
    """A port of the engine's machine that leads to the server."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Container:
    """A container that a PostgreSQL server runs in.

    ``state`` is one of Docker's: created, running, paused, restarting, removing, exited, dead.
    ``environment`` has what its image and ``docker run`` have set, passwords among it. ``port`` is
    the server's own.
    """

    id: str
    name: str
    state: str
    exit_code: int
    health: str
    environment: Mapping[str, str] = field(repr=False)
    port: int
    published: tuple[Published, ...]
    addresses: tuple[ipaddress.IPv4Interface | ipaddress.IPv6Interface, ...]
    on_host_network: bool
    shares_processes: bool
    """Whether it sees the processes of the host, or of another container, among its own."""

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> Self:
        """The container in an answer to ``docker inspect``."""
        pairs = (pair.partition("=") for pair in details["Config"].get("Env") or ())
        environment = {name: value for name, _, value in pairs}
        port = int(given) if (given := environment.get("PGPORT", "")).isdecimal() else _DEFAULT_PORT
        state = details["State"]
        network = details["NetworkSettings"]
        return cls(
            id=details["Id"],
            name=details["Name"].lstrip("/"),
            state=state["Status"],
            exit_code=state.get("ExitCode", 0),
            health=(state.get("Health") or {}).get("Status", "none"),
            environment=environment,
            port=port,
            published=_published((network.get("Ports") or {}).get(f"{port}/tcp") or ()),
            addresses=_addresses((network.get("Networks") or {}).values()),
            on_host_network=details["HostConfig"].get("NetworkMode") == "host",
            shares_processes=details["HostConfig"].get("PidMode", "") not in ("", "private"),
        )

    def require_running(self) -> None:
        """Raise ConnectionFailed if it does not run, with the command that mends it."""
        if self.state == "running":
            return
        what, hint = {
            "created": ("was never started", f"docker start {self.name}, or --start-container"),
            "exited": ("is stopped", f"docker start {self.name}, or --start-container"),
            "paused": ("is paused", f"docker unpause {self.name}, or --start-container"),
            "restarting": (
                f"keeps restarting (exit code {self.exit_code})",
                f"docker logs {self.name} says why.",
            ),
        }.get(self.state, (f"is {self.state}", f"docker rm {self.name}, and create it again."))
        raise ConnectionFailed(f"Container {self.name} {what}.", hint=hint)


def like_postgresql(listed: Iterable[Mapping[str, Any]]) -> list[str]:
    """``name (state)`` of the containers that look like PostgreSQL, out of ``docker ps --all``."""
    return sorted(
        f"{container['Names'][0].lstrip('/')} ({container['State']})"
        for container in listed
        if container["Names"]
        and (
            _LOOKS_LIKE_POSTGRESQL.search(container["Image"])
            or any(port["PrivatePort"] == _DEFAULT_PORT for port in container["Ports"] or ())
        )
    )


def _published(bindings: Iterable[Mapping[str, str]]) -> tuple[Published, ...]:
    """Each port once: Docker names one that is open on all addresses a second time, for IPv6."""
    hosts: dict[int, str] = {}
    for binding in bindings:
        if port := binding["HostPort"]:
            hosts.setdefault(int(port), _ANY_ADDRESS.get(binding["HostIp"], binding["HostIp"]))
    return tuple(Published(host, port) for port, host in hosts.items())


def _addresses(
    networks: Iterable[Mapping[str, Any]],
) -> tuple[ipaddress.IPv4Interface | ipaddress.IPv6Interface, ...]:
    """The addresses of a container, with their networks; none without a network of its own."""
    names = (("IPAddress", "IPPrefixLen"), ("GlobalIPv6Address", "GlobalIPv6PrefixLen"))
    return tuple(
        ipaddress.ip_interface(f"{network[address]}/{network[prefix]}")
        for network in networks
        for address, prefix in names
        if network.get(address)
    )
