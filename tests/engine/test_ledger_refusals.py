"""What the table of the ledger, or its sequence, refuses: said with what mends it."""

import pytest

from schemamig_tui.errors import LedgerError
from tests.engine.conftest import LEDGER, Workshop, limited_role
from tests.engine.test_ledger import ORIGINAL
from tests.engine.test_ledger_writes import MAY_WRITE, PARTITIONED, SWALLOW


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (f"ALTER TABLE {LEDGER} ADD CONSTRAINT old CHECK (filename ~ '^V')", "constraint old"),
        (f"ALTER TABLE {LEDGER} ADD z int, ALTER z SET DEFAULT 1/0", "default"),
        (SWALLOW.format(does="RAISE ''no'';", event="INSERT"), "trigger nothing_new"),
        (
            "CREATE TABLE log (f text PRIMARY KEY); INSERT INTO log VALUES ('x');"
            + SWALLOW.format(does="INSERT INTO log VALUES (''x'');", event="INSERT"),
            "trigger nothing_new",
        ),
    ],
)
def test_what_the_table_refuses_has_a_way_out(shop: Workshop, change: str, says: str) -> None:
    shop.ask(f"{ORIGINAL} {change}")
    failed = shop.fails("0001_a.sql", "CREATE TABLE a ();")
    assert "the ledger could not be written: " in failed.failure.message
    assert says in (failed.failure.hint or "")
    assert "--table" in (failed.failure.hint or "")
    assert shop.ask("SELECT to_regclass('a')::text") == [None]


@pytest.mark.parametrize(
    "change",
    [
        f"ALTER TABLE {LEDGER} DROP checksum;",
        f"ALTER TABLE {LEDGER} ALTER success DROP DEFAULT, ALTER success TYPE text;",
        f"CREATE RULE away AS ON INSERT TO {LEDGER} DO INSTEAD NOTHING;",
    ],
)
def test_a_file_that_changes_what_the_ledger_is_is_told_so(shop: Workshop, change: str) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    failed = shop.fails("0002_b.sql", change)
    assert "the file, or somebody else, has changed what kb.schema_migrations is: " in (
        failed.failure.message
    )
    assert "leave the ledger as it is" in (failed.failure.hint or "")
    assert failed.recorded


def test_a_trigger_of_a_partition_is_named(shop: Workshop) -> None:
    shop.ask(
        PARTITIONED + SWALLOW.format(does="RETURN NULL;", event="INSERT").replace(LEDGER, "kb.all")
    )
    failed = shop.fails("0001_a.sql", "SELECT 1;")
    assert "its trigger nothing_new has kept kb.schema_migrations" in failed.failure.message


@pytest.mark.parametrize(
    "index", ["(checksum)", "(success)", "(left(filename, 1))", "(success, checksum)"]
)
def test_an_index_in_which_migrations_may_not_be_alike_is_named(shop: Workshop, index: str) -> None:
    shop.applies("0001_a.sql", "SELECT 1;")
    shop.ask(f"CREATE UNIQUE INDEX alike ON {LEDGER} {index}")
    failed = shop.fails("0002_b.sql", "SELECT 1;")
    assert '"alike", and migrations may be alike in that' in failed.failure.message
    shop.ask(failed.failure.hint or "")
    assert shop.apply().failed is None


@pytest.mark.parametrize(
    "change",
    [
        "SELECT setval('kb.schema_migrations_id_seq', 2147483647)",
        f"ALTER TABLE {LEDGER} ALTER id TYPE smallint;"
        " SELECT setval('kb.schema_migrations_id_seq', 40000)",
        f"ALTER TABLE {LEDGER} DROP id, ADD id smallint GENERATED ALWAYS AS IDENTITY (START 32767);"
        " SELECT nextval('kb.schema_migrations_id_seq')",
        "CREATE SEQUENCE s MAXVALUE 3 START 3; SELECT nextval('s');"
        f" ALTER TABLE {LEDGER} ALTER id SET DEFAULT nextval('s')",
    ],
)
def test_numbers_that_are_used_up_get_more_room_by_the_hint(shop: Workshop, change: str) -> None:
    shop.ask(f"{ORIGINAL} {change}")
    failed = shop.fails("0001_a.sql", "SELECT 1;")
    assert "the ledger could not be written: " in failed.failure.message
    shop.ask(failed.failure.hint or "")
    assert shop.apply().failed is None


def test_a_sequence_of_another_schema_is_granted_as_well(shop: Workshop) -> None:
    shop.ask(
        f"{ORIGINAL} CREATE SEQUENCE public.s;"
        f"ALTER TABLE {LEDGER} ALTER id SET DEFAULT nextval('public.s')"
    )
    shop.write("0001_a.sql", "SELECT 1;")
    with limited_role(shop) as role:
        shop.ask(MAY_WRITE.format(role=role))
        with pytest.raises(LedgerError, match="may not write the ledger") as caught:
            shop.apply()
        shop.ask(caught.value.hint or "")
        assert shop.apply().applied == ("0001_a.sql",)
