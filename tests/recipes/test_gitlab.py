"""The recipe for GitLab does what the page says of it."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from tests.faults.proxy import Proxy
from tests.recipes.conftest import Checkout, Ran, is_installed
from tests.recipes.page import RECIPES

PIPELINE: Mapping[str, Any] = yaml.safe_load(RECIPES["gitlab"])


def run_job(name: str, checkout: Checkout, **environ: str) -> Ran:
    """Run the lines of a job in one shell up to the first failure, as GitLab's runner does."""
    job = PIPELINE[name]
    lines = [*PIPELINE["default"]["before_script"], *job["script"]]
    script = "\n".join(line for line in lines if not is_installed(line))
    return checkout.run(
        "bash", "-eo", "pipefail", "-c", script, **job.get("variables", {}) | environ
    )


def test_a_merge_request_is_refused_for_its_order_and_for_its_findings(checkout: Checkout) -> None:
    target = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    checkout.write("migrations/0002_b.sql", "-- A table, 2025-10-19\nCREATE TABLE b ();\n")
    assert run_job("review", checkout, **target).code == 0
    checkout.write("migrations/0003_c.sql", "ALTER ROLE app PASSWORD 'Tr0ub4dor&3';\n")
    found = run_job("review", checkout, **target)
    assert (found.code, "[secret-literal]" in found.out) == (5, True)
    checkout.write("migrations/0000_late.sql", "SELECT 1;\n")
    late = run_job("review", checkout, **target)
    assert (late.code, "0000_late.sql: sorts before 0001_a.sql" in late.out) == (5, True)
    assert "secret-literal" not in late.out


@pytest.mark.parametrize("job", ["from-zero", "migrate"])
def test_a_job_applies_what_is_pending(job: str, checkout: Checkout, service: Proxy) -> None:
    place = conninfo_to_dict(service.conninfo)
    url = f"postgresql://{place['user']}@{place['host']}:{place['port']}/{place['dbname']}"
    if "services" in PIPELINE[job]:  # GitLab lets the job reach it by its alias
        (container,) = PIPELINE[job]["services"]
        assert PIPELINE[job]["variables"]["POSTGRES_HOST"] == container["alias"]
        of_service = {
            "POSTGRES_HOST": str(place["host"]),
            "POSTGRES_PORT": str(place["port"]),
            "POSTGRES_USER": str(place["user"]),
            "POSTGRES_DB": str(place["dbname"]),
        }
    else:
        of_service = {"DATABASE_URL": url}
    assert run_job(job, checkout, **of_service).code == 0
    assert checkout.run("schemamig-tui", "--check", DATABASE_URL=url).code == 0
    checkout.write("migrations/0002_b.sql", "SELECT nothing;\n")
    assert run_job(job, checkout, **of_service).code == 1
