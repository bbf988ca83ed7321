"""What README tells people to type does what it says."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.conftest import Database
from tests.headless.conftest import PACKAGE_ROOT, Program

README = (PACKAGE_ROOT / "README.md").read_text()


@pytest.fixture
def recording() -> str:
    """The statement that records a migration that was applied by hand."""
    found = re.search(r"```sql\n(INSERT INTO kb\.schema_migrations.*?)```", README, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("sql", ["SELECT nothing;", "VACUUM; SELECT nothing;"])
def test_a_migration_that_failed_can_be_recorded_as_applied_by_hand(
    program: Program, database: Database, recording: str, sql: str
) -> None:
    program.write("0001_a.sql", sql)
    program.write("0002_b.sql", "SELECT 1;")
    assert program("--apply").code == 1
    with database.connect() as conn:
        for _ in range(2):
            conn.execute(recording.replace("NAME.sql", "0001_a.sql"))
    assert program("--list").out.endswith("\nTotal: 1 applied, 1 pending\n")
    assert program("--apply").code == 0
    assert program("--check").code == 0


def test_what_is_there_already_can_be_recorded_before_the_first_run(
    program: Program, database: Database, recording: str
) -> None:
    ledger = re.search(r"```sql\n(CREATE SCHEMA IF NOT EXISTS kb;.*?)```", README, re.DOTALL)
    assert ledger
    program.write("0001_a.sql", "SELECT nothing;")
    with database.connect() as conn:
        conn.execute(ledger[1])
        conn.execute(recording.replace("NAME.sql", "0001_a.sql"))
    assert program("--check").code == 0
    program.write("0002_b.sql", "SELECT 1;")
    assert program("--apply").code == 0


@pytest.fixture
def deploy(database: Database) -> Iterator[Database]:
    """A database with the role ``deploy``, which has no rights but those of everybody."""
    with database.connect() as conn:
        conn.execute("CREATE ROLE deploy LOGIN")
        yield database
        conn.execute("DROP OWNED BY deploy CASCADE; DROP ROLE deploy")


def test_a_role_that_owns_its_schemas_applies(program: Program, deploy: Database) -> None:
    own = re.search(r"```sql\n(CREATE SCHEMA kb AUTH.*?)```", README, re.DOTALL)
    assert own
    program.write("0001_a.sql", "CREATE TABLE app.a (x int);")
    with deploy.connect() as conn:
        conn.execute(own[1])
        owner = {"SCHEMAMIG_DSN": f"{deploy.conninfo} user=deploy"}
        for command in ("--list", "--dry-run", "--rehearse", "--apply", "--check"):
            assert program(command, **owner).code == 0, command
    program.write("0002_b.sql", "CREATE TABLE app.b (x int);")
    owner["SCHEMAMIG_DSN"] += " options='-c default_transaction_read_only=on'"
    refused = program("--apply", **owner)
    assert (refused.code, refused.out) == (2, "")
    assert "default_transaction_read_only is on" in refused.err


def test_psql_reaches_the_embedded_database_through_the_folder_s(
    server: Embedded, psql: Path
) -> None:
    assert "embedded/s -U postgres" in README
    command = [psql, "-h", f"{server.base}/s", "-U", "postgres", "-Atc", "SELECT 1"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "1\n"


def places(page: Path) -> set[str]:
    """The places in a page of Markdown that a link may lead to."""
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    return named | set(re.findall(r'<a id="(.*?)">', text))


@pytest.mark.parametrize(
    "name", ["README.md", "tests/recipes/README.md", "schemamig_tui/headless/EVENTS.md"]
)
def test_every_file_and_place_that_a_page_leads_to_is_there(name: str) -> None:
    page = PACKAGE_ROOT / name
    links = re.findall(r"\]\(([^()#:]*)(?:#([^()]*))?\)", page.read_text(encoding="utf-8"))
    assert links
    for path, place in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not place or place in places(target), (path, place)
