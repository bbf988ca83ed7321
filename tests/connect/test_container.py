"""What is made of Docker's answers. Needs no engine."""

from typing import Any

from schemamig_tui.connect.container import Container, Published, like_postgresql


def _inspected(**network: Any) -> Container:
    return Container.of(
        {
            "Id": "1",
            "Name": "/spec_pg",
            "State": {"Status": "running"},
            "Config": {"Env": ["POSTGRES_PASSWORD=a=b", "PGPORT=6543"]},
            "HostConfig": {},
            "NetworkSettings": network,
        }
    )


def test_a_port_that_is_open_on_all_addresses_is_reached_on_our_own() -> None:
    bindings = [
        {"HostIp": "0.0.0.0", "HostPort": "55432"},
        {"HostIp": "::", "HostPort": "55432"},
        {"HostIp": "192.0.2.1", "HostPort": "5432"},
    ]
    container = _inspected(Ports={"5432/tcp": None, "6543/tcp": bindings})
    assert container.published == (Published("127.0.0.1", 55432), Published("192.0.2.1", 5432))
    container = _inspected(Ports={"6543/tcp": bindings[1:2]})
    assert container.published == (Published("::1", 55432),)


def test_each_network_may_have_an_address_of_either_kind() -> None:
    networks = {
        "bridge": {"IPAddress": "172.17.0.2", "IPPrefixLen": 16, "GlobalIPv6Address": ""},
        "six": {"IPAddress": "", "GlobalIPv6Address": "fd00::2", "GlobalIPv6PrefixLen": 64},
    }
    container = _inspected(Networks=networks)
    assert [str(address) for address in container.addresses] == ["172.17.0.2/16", "fd00::2/64"]


def test_a_container_without_any_network_is_read_too() -> None:
    container = _inspected(Ports=None, Networks=None)
    assert (container.published, container.addresses, container.port) == ((), (), 6543)
    assert container.environment["POSTGRES_PASSWORD"] == "a=b"
    assert "a=b" not in repr(container)


def test_containers_are_taken_for_postgresql_by_their_image_or_port() -> None:
    def listed(name: str, image: str, *ports: int) -> dict[str, Any]:
        shown = [{"PrivatePort": port} for port in ports]
        return {"Names": [f"/{name}"], "Image": image, "State": "running", "Ports": shown}

    containers = [
        listed("web", "nginx", 80),
        listed("maps", "postgis/postgis:17-3.5"),
        listed("db", "ours", 80, 5432),
        {**listed("gone", "postgres"), "Names": None, "Ports": None},
    ]
    assert like_postgresql(containers) == ["db (running)", "maps (running)"]
