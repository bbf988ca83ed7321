"""The errors for a container that cannot be used as it is, and what is done about it."""

import time
from collections.abc import Callable

import pytest
from docker.models.containers import Container

from schemamig_tui.connect import resolve
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
from tests.docker.containers import Engine, published_port, put, target


def _refusal(container: Container) -> tuple[str, str]:
    """The message and the way out, for somebody who asks for the container."""
    with pytest.raises(ConnectionFailed) as caught:
        target(container)
    return caught.value.message, str(caught.value.hint)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _state(container: Container) -> str:
    container.reload()
    return str(container.status)


@pytest.fixture(scope="module")
def stopped(engine: Engine) -> Container:
    """A container that was stopped."""
    container = engine.idle()
    container.kill()
    container.wait()
    return container


def test_a_missing_container_is_told_along_with_what_looks_like_postgresql(
    published: Container, addressed: Container, stopped: Container
) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        resolve(Settings(connection="docker", container="missing_pg"))
    message = caught.value.message
    assert message.startswith("There is no container missing_pg; these look like PostgreSQL: ")
    assert f"{published.name} (running)" in message
    assert f"{addressed.name} (running)" in message
    assert caught.value.hint == "Name the right one with --container."


def test_a_stopped_container_says_how_to_start_it(stopped: Container, engine: Engine) -> None:
    way_out = "docker start {0}, or --start-container"
    name = str(stopped.name)
    assert _refusal(stopped) == (f"Container {name} is stopped.", way_out.format(name))
    created = engine.create()
    name = str(created.name)
    assert _refusal(created) == (f"Container {name} was never started.", way_out.format(name))


def test_a_paused_container_says_how_to_go_on(engine: Engine) -> None:
    container = engine.idle()
    container.pause()
    name = container.name
    assert _refusal(container) == (
        f"Container {name} is paused.",
        f"docker unpause {name}, or --start-container",
    )


def test_a_container_that_keeps_restarting_says_where_to_look(engine: Engine) -> None:
    container = engine.run(["bash", "-c", "exit 3"], restart_policy={"Name": "always"})
    # Docker doubles the pause each time: from the fifth on there is time to look.
    _wait_until(lambda: _state(container) == "restarting" and container.attrs["RestartCount"] > 4)
    name = container.name
    assert _refusal(container) == (
        f"Container {name} keeps restarting (exit code 3).",
        f"docker logs {name} says why.",
    )


def test_a_server_that_is_starting_is_waited_for(engine: Engine) -> None:
    later = "until [ -e /tmp/begin ]; do sleep 0.1; done; exec docker-entrypoint.sh postgres"
    container = engine.run(["bash", "-c", later])
    nobody = f"nobody answers on port 5432 in container {container.name}"
    with target(container) as place, pytest.raises(ConnectionFailed, match=nobody) as caught:
        place.connect()
    assert "--wait 30" in str(caught.value.hint)
    reasons: list[str] = []

    def begin(left: float, why: str) -> None:
        reasons.append(why)
        container.exec_run(["bash", "-c", ": >/tmp/begin"])

    with target(container, wait=30) as place:
        place.connect(begin).close()
    assert nobody in reasons[0]


def test_an_unhealthy_container_is_told_to_be_one(engine: Engine) -> None:
    check = {"test": ["CMD", "false"], "interval": 10**8, "retries": 1}
    container = engine.idle(healthcheck=check)
    _wait_until(lambda: container.reload() or container.health == "unhealthy")
    with target(container) as place, pytest.raises(ConnectionFailed) as caught:
        place.connect()
    assert f"in container {container.name} (unhealthy)" in caught.value.message
    assert f"docker logs {container.name}" in str(caught.value.hint)


def test_a_container_without_bash_is_told_to_have_none(engine: Engine) -> None:
    container = engine.create(["sleep", "600"], entrypoint=[], network_mode="none")
    put(container, {"usr/bin/bash": "no program"})
    container.start()
    with target(container) as place, pytest.raises(ConnectionFailed) as caught:
        place.connect()
    assert f"bash cannot be run in container {container.name}" in caught.value.message


def test_start_container_starts_it_and_waits_for_the_server(engine: Engine) -> None:
    container = engine.create()
    with target(container, start_container=True) as place:
        place.connect().close()
    container.stop()
    with target(container, start_container=True) as place:
        place.connect().close()
    container.pause()
    with target(container, start_container=True) as place:
        place.connect().close()
    with target(container, start_container=True) as place:
        assert " address " in place.route


def test_a_container_that_cannot_be_started_says_what_docker_says(
    engine: Engine, published: Container
) -> None:
    taken = {"5432/tcp": ("127.0.0.1", published_port(published))}
    container = engine.create(ports=taken)
    with pytest.raises(ConnectionFailed, match=r"Docker says: .* port is already allocated"):
        target(container, start_container=True)


def test_a_missing_container_leaves_the_environment(published: Container) -> None:
    place = resolve(Settings(container="missing_pg"))
    assert place.route == "PostgreSQL's defaults"
    assert place.tried[0].route == "Docker missing_pg"
    assert f"{published.name} (running)" in place.tried[0].reason


def test_a_stopped_container_leaves_the_environment_only_where_it_names_a_server(
    stopped: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(container=str(stopped.name))
    with pytest.raises(ConnectionFailed, match="is stopped"):
        resolve(settings)
    monkeypatch.setenv("POSTGRES_HOST", "elsewhere")
    place = resolve(settings)
    assert place.route == "POSTGRES_HOST elsewhere"
    assert place.tried[0] == (f"Docker {stopped.name}", f"Container {stopped.name} is stopped")
