"""The stamp of the ledger: the same as long as nobody has written it, another one after that."""

from itertools import pairwise

from schemamig_tui.engine.ledger.table import Ledger
from tests.engine.conftest import LEDGER, Workshop


def stamp(shop: Workshop) -> tuple[int, int] | None:
    with shop.connect() as conn:
        return Ledger(LEDGER).stamp(conn)


def test_every_write_changes_the_stamp_and_nothing_else_does(shop: Workshop) -> None:
    assert stamp(shop) is None
    shop.applies("0001_a.sql", "CREATE TABLE a ();")
    shop.applies("0002_b.sql", "SELECT 1;")
    stamps = [stamp(shop)]
    assert stamp(shop) == stamps[0]
    shop.ask(f"ANALYZE {LEDGER}")
    assert stamp(shop) == stamps[0]
    for write in (
        f"UPDATE {LEDGER} SET success = true WHERE filename = '0001_a.sql'",
        f"INSERT INTO {LEDGER} (filename) VALUES ('0003_c.sql')",
        f"DELETE FROM {LEDGER} WHERE filename = '0003_c.sql'",
        f"TRUNCATE {LEDGER}",
        f"DROP TABLE {LEDGER}",
    ):
        shop.ask(write)
        stamps.append(stamp(shop))
    assert all(before != after for before, after in pairwise(stamps))
    assert stamps[-2:] == [(0, 0), None]


def test_it_is_found_whatever_the_search_path_of_the_role(shop: Workshop) -> None:
    shop.applies("0001_a.sql", "CREATE SCHEMA evil;")
    shop.ask("CREATE FUNCTION evil.concat_ws(text, VARIADIC text[]) RETURNS text RETURN NULL")
    shop.ask(f"ALTER DATABASE {shop.database.name} SET search_path = evil, pg_catalog")
    assert stamp(shop) not in (None, (1, 0))
