"""The routes to a server in a Docker container, compared with its published port.

Connections are what the program itself opens. The clock of "start to connected" runs around a
process of its own; its floor is the same server, when a URI in the environment names it.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psycopg
from docker.errors import DockerException
from docker.models.containers import Container

from schemamig_tui.errors import ConnectionFailed
from tests.benchmarks.report import Row, medians, ratio
from tests.docker.containers import SPEC, connected, one_for_each_route, published_port, target

_QUERIES = 1000
_LINE = b"x" * 99 + b"\n"
_MEGABYTES = 10
_CONNECT = """
import os
from schemamig_tui.connect import resolve
from schemamig_tui.settings import load
with resolve(load({}, os.environ)) as place:
    place.connect().close()
"""


def routes(repeat: int) -> Iterator[Row]:
    """Latency, throughput and the time it takes to connect, by each route."""
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(connected(os.environ))
        except (ConnectionFailed, DockerException) as error:
            yield Row(f"Docker: {error}", "")
            return
        os.environ["DOCKER_HOST"] = engine.url
        containers = one_for_each_route(engine)
        yield from _streams(repeat, *containers)
        yield from _starts(repeat, *containers)


def _streams(repeat: int, *containers: Container) -> Iterator[Row]:
    tasks = (
        (f"SELECT 1 x {_QUERIES:,}", _query, 4.0),
        (f"COPY of {_MEGABYTES} MB to the server", _copy_in, 2.0),
        (f"COPY of {_MEGABYTES} MB from the server", _copy_out, 2.0),
    )
    places = [target(container) for container in containers]
    connections = [place.connect() for place in places]
    for connection in connections:
        connection.execute("CREATE TEMPORARY TABLE incoming (line text)")
        connection.execute("CREATE TEMPORARY TABLE outgoing (line text)")
        rows = _MEGABYTES * 1_000_000 // len(_LINE)
        connection.execute(
            "INSERT INTO outgoing SELECT repeat('x', 99) FROM generate_series(1, %s)", [rows]
        )
    for what, task, bar in tasks:
        published, addressed, tunnel = medians(
            repeat, *(_timed(task, connection) for connection in connections)
        )
        yield ratio(f"{what}: docker exec", tunnel, published, bar)
        yield ratio(f"{what}: container address", addressed, published)
    for connection, place in zip(connections, places, strict=True):
        connection.close()
        place.close()


def _starts(repeat: int, *containers: Container) -> Iterator[Row]:
    port = published_port(containers[0])
    login = f"{SPEC['POSTGRES_USER']}:{SPEC['POSTGRES_PASSWORD']}"
    url = f"postgresql://{login}@127.0.0.1:{port}/{SPEC['POSTGRES_DB']}"
    direct = {"SCHEMAMIG_CONNECTION": "environment", "DATABASE_URL": url}

    def start(**settings: str) -> Callable[[], float]:
        def run() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", _CONNECT], env=os.environ | settings, check=True)
            return (time.perf_counter() - began) * 1000

        return run

    names = [str(container.name) for container in containers]
    floor, *ours = medians(
        repeat, start(**direct), *(start(SCHEMAMIG_CONTAINER=name) for name in names)
    )
    for route, ms in zip(("published port", "address", "docker exec"), ours, strict=True):
        yield ratio(f"start to connected: {route}", ms, floor)


def _timed(
    task: Callable[[psycopg.Connection], None], connection: psycopg.Connection
) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        task(connection)
        return (time.perf_counter() - began) * 1000

    return run


def _query(connection: psycopg.Connection) -> None:
    for _ in range(_QUERIES):
        connection.execute("SELECT 1")


def _copy_in(connection: psycopg.Connection) -> None:
    blocks = _MEGABYTES * 1_000_000 // (1000 * len(_LINE))
    with connection.cursor().copy("COPY incoming FROM stdin") as copy:
        for _ in range(blocks):
            copy.write(_LINE * 1000)


def _copy_out(connection: psycopg.Connection) -> None:
    with connection.cursor().copy("COPY outgoing TO stdout") as copy:
        for _ in copy:
            pass
