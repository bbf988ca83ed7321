"""The recipes for GitHub Actions do what the page says of them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests import tools
from tests.conftest import Database
from tests.faults.proxy import Proxy
from tests.recipes.conftest import Checkout
from tests.recipes.workflows import only_job, run_job

URL = "postgresql://{user}@{host}:{port}/{dbname}"


def url_of(service: Proxy) -> str:
    return URL.format_map(conninfo_to_dict(service.conninfo))


def applied(database: Database) -> list[str]:
    with database.connect() as conn:
        rows = conn.execute("SELECT filename FROM kb.schema_migrations WHERE success ORDER BY id")
        return [row[0] for row in rows]


def test_a_deployment_goes_on_behind_its_migrations_and_not_behind_one_that_fails(
    checkout: Checkout, service: Proxy, database: Database
) -> None:
    place = conninfo_to_dict(service.conninfo)
    secrets = {
        "secrets.DB_HOST": str(place["host"]),
        "secrets.DB_PORT": str(place["port"]),
        "secrets.DB_USER": str(place["user"]),
        "secrets.DB_NAME": database.name,
        "secrets.DB_PASSWORD": "p4ss/w:rd",
    }
    deployed = run_job(only_job("migrate"), checkout, secrets)
    assert deployed["./deploy.sh"].out == "deployed\n"
    assert applied(database) == ["0001_a.sql"]

    checkout.write("migrations/0002_b.sql", "CREATE TABLE b ();\nSELECT 1 / 0;\n")
    failed = run_job(only_job("migrate"), checkout, secrets)
    assert "./deploy.sh" not in failed
    *_, migrating = failed.values()
    assert migrating.code == 1
    assert "division by zero" in migrating.out
    assert "p4ss" not in migrating.out
    assert applied(database) == ["0001_a.sql"]


def test_a_deployment_is_held_back_until_its_migrations_are_applied(
    checkout: Checkout, service: Proxy
) -> None:
    secrets = {"secrets.READER_DATABASE_URL": url_of(service)}
    held = run_job(only_job("gate"), checkout, secrets)
    assert "./deploy.sh" not in held
    *_, check = held.values()
    assert check.code == 5
    assert "\n::error " in check.out
    assert checkout.run("schemamig-tui", "--apply", DATABASE_URL=url_of(service)).code == 0
    assert run_job(only_job("gate"), checkout, secrets)["./deploy.sh"].code == 0


@pytest.fixture
def container(database: Database) -> Iterator[Proxy]:
    """The service container of the recipe: a server with its role and its database."""
    variables = only_job("from-zero")["services"]["postgres"]["env"]
    assert variables.keys() == {"POSTGRES_USER", "POSTGRES_PASSWORD"}
    role = sql.Identifier(variables["POSTGRES_USER"])
    with database.connect() as conn, Proxy(database.conninfo) as proxy:
        made = sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
        conn.execute(made.format(role, variables["POSTGRES_PASSWORD"]))
        conn.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        yield proxy
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
        conn.execute(sql.SQL("DROP ROLE {}").format(role))


def test_every_change_is_tried_from_zero_and_its_documentation_compared(
    checkout: Checkout, container: Proxy
) -> None:
    port = str(conninfo_to_dict(container.conninfo)["port"])
    expressions = {"job.services.postgres.ports['5432']": port}
    *_, without = run_job(only_job("from-zero"), checkout, expressions).values()
    assert without.code == 2
    assert "docs/database/schema.dbml" in without.out

    url = f"postgresql://app:app@localhost:{port}/app"
    assert checkout.run("schemamig-tui", "--docs-generate", DATABASE_URL=url).code == 0
    *_, with_it = run_job(only_job("from-zero"), checkout, expressions).values()
    assert with_it.code == 0
    checkout.write("migrations/0002_b.sql", "ALTER TABLE a ADD COLUMN title text;\n")
    *_, stale = run_job(only_job("from-zero"), checkout, expressions).values()
    assert stale.code == 5
    assert "+ title text" in stale.out


@contextmanager
def comments() -> Iterator[tuple[str, list[str]]]:
    """The address to which comments are sent, and those that have come."""
    received: list[str] = []

    class PullRequest(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Authorization"] == "Bearer t0ken"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(json.loads(body)["body"])
            self.send_response(201)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), PullRequest) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/comments", received
        server.shutdown()


def test_a_pull_request_gets_the_page_of_its_rehearsal_and_annotations(
    checkout: Checkout, service: Proxy, database: Database, tmp_path: Path
) -> None:
    for tool in ("jq", "curl"):
        tools.needs(tool)
    summary = tmp_path / "summary.md"
    runner = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_BASE_REF": "main"}
    checkout.write(
        "migrations/0002_b.sql", "-- The title, 2025-10-19\nALTER TABLE a ADD title text;\n"
    )
    with comments() as (address, received):
        expressions = {
            "secrets.COPY_DATABASE_URL": url_of(service),
            "github.token": "t0ken",
            "github.event.pull_request.comments_url": address,
        }
        good = run_job(only_job("review"), checkout, expressions, **runner)
        assert {ran.code for ran in good.values()} == {0}
        assert "**2 rehearsed**; rolled back after " in received[0]
        assert received == [summary.read_text()]

        checkout.write("migrations/0000_late.sql", "SET password_encryption = nothing;\n")
        bad = run_job(only_job("review"), checkout, expressions, **runner)
    rehearsal, page, order, lint = bad.values()
    assert (rehearsal.code, page.code, order.code, lint.code) == (1, 0, 5, 0)
    assert "::error file=migrations/0000_late.sql,line=1" in rehearsal.out
    assert "::error file=migrations/0000_late.sql" in order.out
    assert "✗ `0000_late.sql`: failed" in received[1]
    with database.connect() as conn:
        assert conn.execute("SELECT to_regclass('a')").fetchone() == (None,)
