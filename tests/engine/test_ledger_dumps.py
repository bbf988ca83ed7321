"""A file that makes the ledger itself, as a dump of a whole database does."""

import hashlib

import pytest

from tests.engine.conftest import Workshop
from tests.engine.test_ledger import ORIGINAL

DUMP = (
    "CREATE SCHEMA kb;\n"
    + ORIGINAL.replace("CREATE SCHEMA IF NOT EXISTS kb;", "")
    + "CREATE TABLE kb.other (x int);\n"
)
# As pg_dump writes it.
IN_PIECES = """
CREATE TABLE kb.schema_migrations (id integer NOT NULL, filename varchar(255) NOT NULL,
    applied_at timestamp DEFAULT now() NOT NULL, checksum varchar(64), execution_time_ms integer,
    success boolean DEFAULT true NOT NULL, error_message text);
CREATE TABLE kb.other (x int);
CREATE SEQUENCE kb.schema_migrations_id_seq AS integer OWNED BY kb.schema_migrations.id;
ALTER TABLE ONLY kb.schema_migrations
    ALTER COLUMN id SET DEFAULT nextval('kb.schema_migrations_id_seq'::regclass);
COPY kb.schema_migrations (id, filename, checksum) FROM stdin;
1\t0000_older.sql\tMANUAL
\\.
SELECT pg_catalog.setval('kb.schema_migrations_id_seq', 1, true);
ALTER TABLE ONLY kb.schema_migrations ADD PRIMARY KEY (id), ADD UNIQUE (filename);
"""


@pytest.mark.parametrize(
    "sql",
    [
        DUMP,
        f"BEGIN; {DUMP} COMMIT;",
        f"{DUMP} VACUUM;",
        f"BEGIN; {DUMP} COMMIT; VACUUM;",
        f"SET search_path = kb; {DUMP.replace('TABLE kb.', 'TABLE ')} VACUUM;",
        f"CREATE SCHEMA kb; {IN_PIECES} VACUUM;",
        f"CREATE SCHEMA a; {IN_PIECES.replace('kb.', 'a.')} ALTER SCHEMA a RENAME TO kb; VACUUM;",
        f"VACUUM pg_am; DO $$BEGIN {DUMP} END$$;",
        f"DO $$BEGIN EXECUTE 'CREATE SCHEMA /*!*/ \"kb\"'; END$$; VACUUM; {IN_PIECES}",
    ],
)
def test_a_dump_may_make_the_ledger_itself(shop: Workshop, sql: str) -> None:
    shop.applies("0000_base.sql", sql)
    assert shop.rows["0000_base.sql"].success
    assert shop.ask("SELECT to_regclass('kb.other')::text") == ["kb.other"]


@pytest.mark.parametrize("sql", ["{}", "BEGIN; {} COMMIT;", "{} VACUUM;", "{} VACUUM; SELECT 1/0;"])
def test_a_row_for_its_own_name_that_a_dump_brings_gives_way_to_that_of_the_run(
    shop: Workshop, sql: str
) -> None:
    dump = DUMP + "INSERT INTO kb.schema_migrations(filename, checksum) VALUES"
    file = sql.format(f"{dump} ('0000_base.sql', 'x'), ('0000_older.sql', 'y');")
    shop.write("0000_base.sql", file)
    failed = shop.apply().failed
    row = shop.rows["0000_base.sql"]
    assert row.checksum == hashlib.md5(file.encode()).hexdigest()
    assert row.success is (failed is None)
    assert (row.error_message is None) is row.success
    assert shop.rows["0000_older.sql"].checksum == "y"


def test_nor_does_it_hide_that_the_dump_has_failed(shop: Workshop) -> None:
    sql = (
        f"{DUMP} INSERT INTO kb.schema_migrations(filename) VALUES ('0000_base.sql'); SELECT 1/0;"
        "SELECT setval('kb.schema_migrations_id_seq', 7); VACUUM;"
    )
    failed = shop.fails("0000_base.sql", sql)
    assert failed.recorded
    assert "division by zero" in (shop.rows["0000_base.sql"].error_message or "")
    shop.applies("0000_base.sql", sql.replace("1/0", "1/1"))
    assert shop.ask("SELECT count(*) FROM kb.schema_migrations") == [1]


def test_a_failed_dump_that_makes_the_ledger_itself_can_be_retried(shop: Workshop) -> None:
    shop.ask("CREATE SCHEMA kb")
    sql = DUMP.replace("CREATE SCHEMA kb;", "")
    failed = shop.fails("0000_base.sql", f"{sql} SELECT 1/0;")
    assert "to create the table kb.schema_migrations itself" in (failed.unrecorded or "")
    shop.applies("0000_base.sql", f"{sql} SELECT 1/1; VACUUM;")


@pytest.mark.parametrize("sql", ["CREATE TABLE b ();", "CREATE TABLE b (); VACUUM pg_am;"])
def test_a_file_that_the_dump_has_recorded_is_undone_and_says_so(shop: Workshop, sql: str) -> None:
    rows = "INSERT INTO kb.schema_migrations(id, filename, checksum) VALUES (9, '0002_b.sql', 'x');"
    shop.write("0001_base.sql", DUMP + rows)
    failed = shop.fails("0002_b.sql", sql)
    assert "such as a dump that has the ledger in it" in (failed.failure.hint or "")
    assert shop.ask("SELECT to_regclass('b')::text") == [None]
    assert shop.apply().applied == ()
