"""A real Docker engine. Without one the tests are skipped; in CI that is an error."""

import contextlib
import os
from collections.abc import Iterator

import pytest
from docker.errors import DockerException
from docker.models.containers import Container

from schemamig_tui.errors import ConnectionFailed
from tests import tools
from tests.docker.containers import Engine, connected, one_for_each_route

_OUTSIDE = dict(os.environ)  # before the environment of the tests hides every engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine, and what is needed of it."""
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(connected(_OUTSIDE))
        except (ConnectionFailed, DockerException) as error:
            tools.unavailable(f"no Docker engine: {error}")
        yield engine


@pytest.fixture(scope="session")
def containers(engine: Engine) -> tuple[Container, Container, Container]:
    """See ``one_for_each_route``."""
    return one_for_each_route(engine)


@pytest.fixture(scope="session")
def published(containers: tuple[Container, ...]) -> Container:
    """A server with a published port."""
    return containers[0]


@pytest.fixture(scope="session")
def addressed(containers: tuple[Container, ...]) -> Container:
    """A server with an address and no published port, that trusts everybody."""
    return containers[1]


@pytest.fixture(scope="session")
def isolated(containers: tuple[Container, ...]) -> Container:
    """A server in a container without a network."""
    return containers[2]


@pytest.fixture(autouse=True)
def _engine_of_one_test(
    engine: Engine, containers: tuple[Container, ...], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The program finds the engine, and a container that one test has made is gone after it."""
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    before = len(engine.containers)  # those of the session are among them, asked for above
    yield
    while len(engine.containers) > before:
        engine.containers.pop().remove(force=True, v=True)
