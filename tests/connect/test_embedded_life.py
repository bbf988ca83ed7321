"""The embedded server is shared, stops when unused, and survives a kill of any participant.

Every test runs as the account of the tests; where that is root, as an ordinary user too.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.clusters import wait_until_gone, with_cluster
from tests.connect.conftest import User


def use(base: Path) -> None:
    """Use the server, say how to reach it, and leave when stdin ends."""
    with Embedded(base, fast=True) as server:
        print(server.conninfo, flush=True)
        sys.stdin.read()


class Client:
    """A process that uses the server until it is asked to leave, or killed."""

    def __init__(self, base: Path, user: User) -> None:
        self.process = user.fork(lambda: use(base))

    def conninfo(self) -> str:
        """How to reach the server; returns when it answers. To be asked once."""
        assert self.process.stdout
        assert self.process.stderr
        return self.process.stdout.readline() or pytest.fail(self.process.stderr.read())

    def server_started(self) -> object:
        """When the server was started: another time is another server."""
        with psycopg.connect(self.conninfo()) as connection:
            return connection.execute("SELECT pg_postmaster_start_time()").fetchone()

    def leave(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Place:
    """A folder for a server, and the user that it is for."""

    def __init__(self, base: Path, user: User) -> None:
        self.base = base
        self.user = user
        self.clients: list[Client] = []

    def client(self) -> Client:
        """A new client, which may not be connected yet."""
        self.clients.append(Client(self.base, self.user))
        return self.clients[-1]

    def pid_file(self) -> Path:
        (file,) = self.base.glob("pg*/postmaster.pid")
        return file

    def postmaster_and_supervisor(self) -> tuple[int, int]:
        postmaster = int(self.pid_file().read_text().split()[0])
        status = Path(f"/proc/{postmaster}/status").read_text().split()
        supervisor = int(status[status.index("PPid:") + 1])
        assert b"supervisor.py" in Path(f"/proc/{supervisor}/cmdline").read_bytes()
        return postmaster, supervisor


@pytest.fixture(params=["ourselves"] if os.geteuid() else ["ourselves", "nobody"])
def empty_place(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    user: User = request.getfixturevalue(request.param)
    base = folder / "base"
    base.mkdir()
    os.chown(base, user.uid, user.gid)
    place = Place(base, user)
    yield place
    for client in place.clients:
        client.kill()
    wait_until_gone(base)


@pytest.fixture
def place(empty_place: Place) -> Place:
    """One where there is a cluster already."""
    with_cluster(empty_place.base)
    return empty_place


def test_two_that_start_at_once_share_one_server(empty_place: Place) -> None:
    one, other = empty_place.client(), empty_place.client()
    assert one.server_started() == other.server_started()


def test_the_server_runs_until_its_last_user_leaves(place: Place) -> None:
    one, other = place.client(), place.client()
    conninfo = one.conninfo()
    other.conninfo()
    one.leave()
    time.sleep(0.2)
    psycopg.connect(conninfo).close()
    other.leave()
    wait_until_gone(place.base)


def test_a_server_that_is_stopping_is_waited_for_and_started_anew(place: Place) -> None:
    starts = set()
    for _ in range(4):
        client = place.client()
        starts.add(client.server_started())
        client.leave()
    assert len(starts) == 4


def test_killed_users_are_not_counted(place: Place) -> None:
    one, other = place.client(), place.client()
    one.conninfo()
    other.conninfo()
    one.kill()
    other.kill()
    wait_until_gone(place.base)


@pytest.mark.usefixtures("on_linux")
def test_a_killed_supervisor_takes_the_server_with_it_and_the_next_start_works(
    place: Place,
) -> None:
    client = place.client()
    before = client.server_started()
    _, supervisor = place.postmaster_and_supervisor()
    os.kill(supervisor, signal.SIGKILL)
    assert place.client().server_started() != before


@pytest.mark.usefixtures("on_linux")
def test_whoever_is_killed_in_whatever_order_nothing_stays_and_nothing_is_lost(
    place: Place,
) -> None:
    kept = 0
    for order in itertools.permutations(range(3)):
        client = place.client()
        with psycopg.connect(client.conninfo(), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS rounds (number int)")
            connection.execute("INSERT INTO rounds VALUES (1)")
            kept += 1
            assert connection.execute("SELECT count(*) FROM rounds").fetchone() == (kept,)
        participants = (client.process.pid, *place.postmaster_and_supervisor())
        for number in order:
            # One may end by itself behind those that were killed before.
            with contextlib.suppress(ProcessLookupError):
                os.kill(participants[number], signal.SIGKILL)
        wait_until_gone(place.base)
        client.kill()


def test_half_an_initdb_is_never_taken_for_a_cluster(empty_place: Place) -> None:
    client = empty_place.client()
    while not list(empty_place.base.glob("pg*.new/*")):
        time.sleep(0.001)
    client.kill()
    empty_place.client().conninfo()
    assert not list(empty_place.base.glob("pg*.new"))


@pytest.mark.usefixtures("on_linux")
def test_a_stale_pid_that_another_process_has_by_now_is_not_believed(place: Place) -> None:
    client = place.client()
    client.conninfo()
    owner = place.pid_file().stat()
    postmaster, _ = place.postmaster_and_supervisor()
    os.kill(postmaster, signal.SIGKILL)
    client.leave()
    wait_until_gone(place.base)
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid) as other:
        for file in (place.pid_file(), *place.base.glob("s/*.lock")):
            _, *rest = file.read_text().splitlines()
            file.write_text("\n".join([str(other.pid), *rest, ""]))
        place.client().conninfo()
        other.kill()
