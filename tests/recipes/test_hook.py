"""The hook of git refuses the commits that the page says it refuses."""

from psycopg.conninfo import conninfo_to_dict

from tests.conftest import Database
from tests.recipes.conftest import Checkout
from tests.recipes.page import RECIPES


def test_a_commit_is_refused_for_its_order_its_findings_or_a_file_that_cannot_run(
    checkout: Checkout, database: Database
) -> None:
    place = conninfo_to_dict(database.conninfo)
    checkout.environ |= {f"PG{name.upper()}": str(place[name]) for name in ("host", "port", "user")}
    checkout.environ["PGDATABASE"] = database.name
    checkout.write(".githooks/pre-commit", RECIPES["hook"], executable=True)
    checkout.git("config", "core.hooksPath", ".githooks")
    other = checkout.commit()
    assert (other.code, other.out) == (0, ""), "no migration is touched"

    checkout.write("migrations/0002_b.sql", "-- A table, 2025-10-19\nCREATE TABLE b ();\n")
    assert checkout.commit().code == 0
    for name, text, why in (
        ("0000_late.sql", "SELECT 1;\n", "0000_late.sql: sorts before 0001_a.sql"),
        ("0003_c.sql", "ALTER ROLE app PASSWORD 'Tr0ub4dor&3';\n", "[secret-literal]"),
        ("0003_c.sql", "\\i other.sql\n", "0003_c.sql:1"),
    ):
        checkout.write(f"migrations/{name}", text)
        refused = checkout.commit()
        assert refused.code == 1, refused.out
        assert why in refused.out
        checkout.git("rm", "-qf", f"migrations/{name}")
