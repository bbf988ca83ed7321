"""A ledger whose file names have a collation that ignores case, on a PostgreSQL built with ICU."""

from collections.abc import Iterator

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from tests import tools, versions
from tests.clusters import short_folder, wait_until_gone
from tests.engine.conftest import Workshop
from tests.engine.test_ledger import ORIGINAL

HAS_ICU = "SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')"
IGNORES_CASE = (
    "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    + ORIGINAL.replace("VARCHAR(255)", "VARCHAR(255) COLLATE ci")
)


@pytest.fixture(scope="module")
def server(server: Embedded) -> Iterator[Embedded]:
    """The server of the run; or one from npm, as that of the ``embedded`` extra has no ICU."""
    with psycopg.connect(server.conninfo) as conn:
        has_icu = conn.execute(HAS_ICU).fetchone() == (True,)
    if has_icu:
        yield server
        return
    with_icu = tools.programs_of(max(versions.RELEASES))
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHEMAMIG_PG_BINDIR", str(with_icu))
        with Embedded(folder / "pg", fast=True) as other:
            yield other
        wait_until_gone(other.base)


def test_a_name_that_the_collation_does_not_tell_from_another_is_not_taken_for_it(
    shop: Workshop,
) -> None:
    shop.ask(IGNORES_CASE)
    shop.applies("0001_a.sql", "CREATE TABLE a ();")
    failed = shop.fails("0001_A.sql", "CREATE TABLE b ();")
    assert "does not tell 0001_A.sql from 0001_a.sql" in failed.failure.message
    assert shop.ask("SELECT to_regclass('b')::text") == [None]
    assert failed.failure.hint
    shop.ask(failed.failure.hint.partition(" or ")[2])
    assert shop.apply().applied == ("0001_A.sql",)
    assert {row.success for row in shop.rows.values()} == {True}


def test_a_failed_row_of_a_name_that_only_differs_in_case_is_not_overwritten(
    shop: Workshop,
) -> None:
    shop.ask(IGNORES_CASE)
    shop.ask("INSERT INTO kb.schema_migrations (filename, success) VALUES ('0001_a.sql', false)")
    failed = shop.fails("0001_A.sql", "CREATE TABLE b (); VACUUM b;")
    assert "does not tell 0001_A.sql from 0001_a.sql" in failed.failure.message
    assert list(shop.rows) == ["0001_a.sql"]
