"""The recipes for Kubernetes: what their pods do, and what becomes of them."""

import signal
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.conftest import Database
from tests.faults.proxy import Proxy
from tests.recipes.conftest import Checkout
from tests.recipes.page import RECIPES

JOB: Mapping[str, Any] = yaml.safe_load(RECIPES["job"])
(IN_JOB,) = JOB["spec"]["template"]["spec"]["containers"]
(AS_INIT,) = yaml.safe_load(RECIPES["init-container"])["spec"]["template"]["spec"]["initContainers"]

# What Kubernetes adds where a service of the namespace is called postgres.
OF_SERVICE = {
    "POSTGRES_SERVICE_HOST": "10.96.0.1",
    "POSTGRES_SERVICE_PORT": "5432",
    "POSTGRES_PORT": "tcp://10.96.0.1:5432",
    "POSTGRES_PORT_5432_TCP_ADDR": "10.96.0.1",
}


class Pod:
    """A container of a manifest, whose image has the program as its entry point."""

    def __init__(self, container: Mapping[str, Any], checkout: Checkout, conninfo: str) -> None:
        url = "postgresql://{user}@{host}:{port}/{dbname}".format_map(conninfo_to_dict(conninfo))
        secret = {("database", "url"): url}
        environ = {
            variable["name"]: secret[tuple(variable["valueFrom"]["secretKeyRef"].values())]
            for variable in container["env"]
        }
        command = ("schemamig-tui", *container["args"])
        self.process = checkout.start(*command, **OF_SERVICE, **environ)

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it has written."""
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out


def fails_the_job(code: int) -> bool:
    """Whether the Job tries no other pod when its container ends with this exit code."""
    (rule,) = (it for it in JOB["spec"]["podFailurePolicy"]["rules"] if "onExitCodes" in it)
    assert (rule["action"], rule["onExitCodes"]["operator"]) == ("FailJob", "In")
    assert rule["onExitCodes"]["containerName"] == IN_JOB["name"]
    return code in rule["onExitCodes"]["values"]


def test_a_job_is_done_when_its_migrations_are_applied(
    checkout: Checkout, service: Proxy, database: Database
) -> None:
    assert Pod(IN_JOB, checkout, service.conninfo).end()[0] == 0
    with database.connect() as conn:
        assert conn.execute("SELECT count(*) FROM a").fetchone() == (0,)


def test_a_job_tries_again_where_that_may_help_and_not_behind_a_migration_that_fails(
    checkout: Checkout, service: Proxy
) -> None:
    no_role = make_conninfo(service.conninfo, user="nobody_yet")
    code, out = Pod(IN_JOB, checkout, no_role).end()
    assert (code, fails_the_job(code)) == (3, False), out
    checkout.write("migrations/0002_b.sql", "SELECT nothing;\n")
    code, out = Pod(IN_JOB, checkout, service.conninfo).end()
    assert (code, fails_the_job(code)) == (1, True), out
    checkout.write("migrations/0002_b.sql", "\\i other.sql\n")
    code, out = Pod(IN_JOB, checkout, service.conninfo).end()
    assert (code, fails_the_job(code)) == (2, True), out


def test_a_pod_waits_for_a_database_that_starts_after_it(
    checkout: Checkout, database: Database
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pod = Pod(IN_JOB, checkout, make_conninfo(database.conninfo, host="127.0.0.1", port=port))
    assert pod.process.stdout
    assert any("Waiting" in line for line in pod.process.stdout)
    with Proxy(database.conninfo, port):
        assert pod.end()[0] == 0


@pytest.fixture
def held(checkout: Checkout, database: Database) -> Iterator[psycopg.Connection]:
    """A session with a lock that the second migration waits for."""
    checkout.write(
        "migrations/0002_b.sql", "CREATE TABLE b ();\nSELECT pg_advisory_xact_lock(1);\n"
    )
    with database.connect() as conn:
        conn.execute("SELECT pg_advisory_lock(1)")
        yield conn


def wait_until_locked_out(conn: psycopg.Connection) -> None:
    """Return when the second migration waits for the lock."""
    query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND NOT granted"
    for _ in range(3000):
        if conn.execute(query).fetchone():
            return
        time.sleep(0.01)
    pytest.fail("nothing waits for the lock")


def test_a_pod_that_is_ended_rolls_back_and_the_next_one_goes_on(
    checkout: Checkout, service: Proxy, held: psycopg.Connection
) -> None:
    pod = Pod(IN_JOB, checkout, service.conninfo)
    wait_until_locked_out(held)
    pod.process.send_signal(signal.SIGTERM)
    code, out = pod.end()
    assert (code, fails_the_job(code)) == (130, False), out
    assert held.execute("SELECT to_regclass('a'), to_regclass('b')").fetchone() == ("a", None)
    rows = "SELECT filename, success FROM kb.schema_migrations ORDER BY filename"
    assert held.execute(rows).fetchall() == [("0001_a.sql", True), ("0002_b.sql", False)]
    held.execute("SELECT pg_advisory_unlock(1)")
    assert Pod(IN_JOB, checkout, service.conninfo).end()[0] == 0
    assert held.execute(rows).fetchall() == [("0001_a.sql", True), ("0002_b.sql", True)]


def test_of_two_pods_that_start_at_once_one_applies_and_the_other_waits_for_it(
    checkout: Checkout, service: Proxy, held: psycopg.Connection
) -> None:
    pods = [Pod(AS_INIT, checkout, service.conninfo) for _ in range(2)]
    wait_until_locked_out(held)
    held.execute("SELECT pg_advisory_unlock(1)")
    ended = [pod.end() for pod in pods]
    assert [code for code, _ in ended] == [0, 0]
    assert sorted("✓ Applied" in out for _, out in ended) == [False, True]
