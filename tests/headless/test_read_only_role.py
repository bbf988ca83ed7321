"""A role that may only read, on a server that takes no writes at all: what works for it."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.faults.servers import primary_and_standby, wait_for
from tests.headless.conftest import Program
from tests.headless.test_readme import README

_ROW = "SELECT count(*) FROM kb.schema_migrations WHERE filename = '0002_rights.sql' AND success"


@pytest.fixture
def servers() -> Iterator[tuple[Embedded, Embedded]]:
    """A primary, and a standby, which refuses every write of every role."""
    with primary_and_standby() as (primary, standby):
        yield primary, standby


@pytest.fixture
def reader(program: Program, servers: tuple[Embedded, Embedded]) -> Program:
    """The program as the role of the README that may only read, on the standby of what it applied.

    A migration gives the role its rights, so that they are part of what is verified.
    """
    primary, standby = servers
    rights = re.search(r"```sql\n(GRANT USAGE ON SCHEMA kb.*?)```", README, re.DOTALL)
    assert rights
    with psycopg.connect(primary.conninfo, autocommit=True) as conn:
        conn.execute("CREATE ROLE reader LOGIN")
    program.write("0001_a.sql", "CREATE TABLE a (id int PRIMARY KEY);")
    program.write("0002_rights.sql", rights[1])
    on_primary = {"SCHEMAMIG_DSN": primary.conninfo}
    assert program("--apply", **on_primary).code == 0
    assert program("--docs-generate", **on_primary).code == 0
    wait_for(standby, "SELECT to_regclass('kb.schema_migrations') IS NOT NULL")
    wait_for(standby, _ROW)
    dsn = f"{standby.conninfo} user=reader"
    return Program(program.folder, {**program.environ, "SCHEMAMIG_DSN": dsn})


def test_it_looks_compares_and_verifies_and_nothing_is_written(
    reader: Program, servers: tuple[Embedded, Embedded]
) -> None:
    listed = reader("--list")
    assert (listed.code, listed.out.splitlines()[-1]) == (0, "Total: 2 applied, 0 pending")
    assert reader("--check").code == 0
    assert reader("--diff", "0001_a.sql").code == 0
    assert reader("--docs-validate").code == 0
    primary, _ = servers
    verified = reader("--verify", "--scratch", primary.conninfo)
    assert verified.code == 0, verified.err

    reader.write("0003_c.sql", "CREATE TABLE c ();")
    assert reader("--list").out.endswith("\nTotal: 2 applied, 1 pending\n")
    assert reader("--check").code == 5
    linted = reader("--lint")
    assert (linted.code, linted.out.startswith("0003_c.sql\n")) == (0, True)
    refused = reader("--apply")
    assert (refused.code, refused.out) == (2, "")
    assert "the server takes no writes: it is a standby" in refused.err
