"""What a statement reads whole, builds, empties and writes, compared with the server's counters."""

from typing import Any

import pytest

from schemamig_tui.engine.events import Warned
from schemamig_tui.rehearsal.events import DeadRows, RelationsRewritten, WorkDone
from tests.engine.conftest import limited_role
from tests.rehearsal.conftest import Rehearsals

TABLES = """
CREATE TABLE customers (id int PRIMARY KEY, name varchar(10) COLLATE "C");
CREATE TABLE orders (id int PRIMARY KEY, customer int, note varchar(10));
CREATE INDEX notes ON orders (note);
CREATE TABLE parts (id int, note text) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
CREATE TABLE loose (id int, note text);
CREATE TABLE empty (id int);
CREATE TABLE log (what text);
CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    INSERT INTO log VALUES ('gone'); RETURN NULL; END$$;
CREATE TRIGGER logs AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION logs();
CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'TRUNCATE orders';
CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM orders;
INSERT INTO customers SELECT n, 'a' FROM generate_series(1, 50) n;
INSERT INTO orders SELECT n, 1 + n % 50, 'a' FROM generate_series(1, 1000) n;
INSERT INTO parts SELECT n % 5, 'a' FROM generate_series(1, 100) n;
INSERT INTO loose SELECT 7, 'a' FROM generate_series(1, 30) n;
ANALYZE;
"""
STATEMENTS = (
    "SELECT count(*) FROM orders",
    "SELECT FROM orders WHERE id = 7",
    "UPDATE orders SET note = 'b' WHERE id < 3",
    "UPDATE orders SET note = 'b'",
    "DELETE FROM orders WHERE id < 4",
    "DO $$BEGIN INSERT INTO log SELECT 'x' FROM customers; DELETE FROM customers; END$$",
    "INSERT INTO parts SELECT 1, 'b' FROM generate_series(1, 5)",
    "ALTER TABLE orders ALTER customer SET NOT NULL",
    "ALTER TABLE orders ADD CHECK (id > 0)",
    "ALTER TABLE orders ADD CHECK (id > 0) NOT VALID",
    "ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers",
    "ALTER TABLE orders ADD x int DEFAULT 7",
    "ALTER TABLE orders ADD x float DEFAULT random()",
    "ALTER TABLE orders ALTER note TYPE varchar(20)",
    'ALTER TABLE orders ALTER note TYPE varchar(20) COLLATE "C"',
    "ALTER TABLE orders ALTER id TYPE bigint",
    "ALTER TABLE orders ADD UNIQUE (id, customer)",
    "ALTER TABLE parts ATTACH PARTITION loose FOR VALUES IN (7)",
    "CREATE TABLE parts_8 PARTITION OF parts FOR VALUES IN (8)",
    "CREATE INDEX ON orders (customer)",
    "CREATE INDEX ON parts (note)",
    "REINDEX INDEX notes",
    "CLUSTER orders USING notes",
    "TRUNCATE orders",
    "TRUNCATE parts",
    "SELECT purge()",
    "DO $$BEGIN ALTER TABLE orders ALTER id TYPE bigint; END$$",
    "REFRESH MATERIALIZED VIEW sums",
    "INSERT INTO empty VALUES (1)",
    "ALTER TABLE empty ADD CHECK (id > 0)",
    "COPY orders TO '/dev/null'",
    "COMMENT ON TABLE orders IS 'x'",
)
_STATE = """
SELECT c.oid::int, c.relkind::text, c.relname::text, pg_relation_filenode(c.oid)::int,
    coalesce(s.seq_scan, 0)::int, coalesce(s.n_tup_ins, 0)::int, coalesce(s.n_tup_upd, 0)::int,
    coalesce(s.n_tup_del, 0)::int, i.indrelid::int, pg_relation_size(c.oid)::int
FROM pg_class c LEFT JOIN pg_stat_xact_all_tables s ON s.relid = c.oid
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'm', 'i')
"""
Found = dict[str, Any]


def _by_the_server(shop: Rehearsals, sql: str) -> Found:
    """What the server's own views say that a statement does."""
    with shop.database.connect() as conn, conn.transaction(force_rollback=True):
        before = {row[0]: row for row in conn.execute(_STATE)}
        conn.execute(sql.encode())
        after = {row[0]: row for row in conn.execute(_STATE)}
        moved = {oid for oid in before.keys() & after.keys() if before[oid][3] != after[oid][3]}
        empty = {
            oid for oid in moved if after[oid][1] != "i" and before[oid][9] and not after[oid][9]
        }
        old_files = {row[3] for row in before.values()}
    tables = {oid: row for oid, row in after.items() if oid in before and row[1] != "i"}
    return {
        "scanned": {
            row[2]
            for oid, row in tables.items()
            if row[4] > before[oid][4] and oid not in moved and row[9]
        },
        "written": {
            row[2]: written
            for oid, row in tables.items()
            if any(written := tuple(row[i] - before[oid][i] for i in (5, 6, 7)))
        },
        "built": {
            row[2]
            for oid, row in after.items()
            if oid not in before
            and row[1] == "i"
            and row[8] in before
            and row[8] not in moved
            and row[3] not in old_files
        },
        "emptied": {after[oid][2] for oid in empty},
        "rewritten": {
            row[2] for oid, row in after.items() if oid in moved - empty and row[8] not in moved
        },
    }


def _by_us(shop: Rehearsals, statement: int) -> Found:
    done = [one for one in shop.events_of(WorkDone) if one.statement == statement]
    anew = [one for one in shop.events_of(RelationsRewritten) if one.statement == statement]
    return {
        "scanned": {_name(scan.relation) for one in done for scan in one.scanned},
        "written": {
            _name(row.relation): (row.inserted, row.updated, row.deleted)
            for one in done
            for row in one.written
        },
        "built": {_name(index.partition(" on ")[0]) for one in done for index in one.built},
        "emptied": {_name(relation) for one in done for relation in one.emptied},
        "rewritten": {_name(relation) for one in anew for relation in one.relations},
    }


def _name(relation: str) -> str:
    return relation.rpartition(".")[2]


def test_what_a_statement_does_is_what_the_server_counts(shop: Rehearsals) -> None:
    shop.ask(TABLES)
    for sql in STATEMENTS:
        shop.rehearses(f"SELECT 1;\n{sql};\nSELECT 2;")
        assert _by_us(shop, 2) == _by_the_server(shop, sql), sql
        assert _by_us(shop, 1) == _by_us(shop, 3), sql


def test_a_query_that_stops_early_has_not_read_a_table_whole(shop: Rehearsals) -> None:
    shop.ask(TABLES)
    shop.rehearses("SELECT FROM orders LIMIT 1; SELECT EXISTS (SELECT FROM orders);")
    assert shop.events_of(WorkDone) == []


def test_a_scan_is_reported_with_its_rows_and_bytes(shop: Rehearsals) -> None:
    shop.ask(TABLES)
    shop.rehearses("SELECT 1; ALTER TABLE orders ALTER customer SET NOT NULL;")
    (done,) = shop.events_of(WorkDone)
    (scan,) = done.scanned
    assert (done.statement, scan.relation, scan.rows) == (2, "table public.orders", 1000)
    assert [scan.bytes] == shop.ask("SELECT pg_relation_size('orders')")


def test_the_dead_rows_that_are_left_behind_are_those_the_server_has(shop: Rehearsals) -> None:
    shop.ask(TABLES + "ALTER TABLE orders SET (autovacuum_enabled = off)")
    size = "SELECT pg_relation_size('orders')"
    (before,) = shop.ask(size)
    finished = shop.rehearses(
        "UPDATE orders SET note = 'b'; INSERT INTO orders VALUES (-1, 1, 'c'); TRUNCATE customers;"
        "INSERT INTO customers VALUES (1, 'its file'); DELETE FROM orders WHERE id < 9;"
    )
    assert finished.dead == (DeadRows("table public.orders", 1001), DeadRows("table public.log", 9))
    assert finished.wal > 64 << 10
    (after,) = shop.ask(size)
    assert after >= 1.5 * before


def test_a_replication_slot_that_keeps_the_wal_is_warned_of(shop: Rehearsals) -> None:
    name = f"slot_{shop.database.name}"
    shop.ask(f"SELECT pg_create_physical_replication_slot('{name}', true)")
    try:
        finished = shop.rehearses("SELECT 1;")
    finally:
        shop.ask(f"SELECT pg_drop_replication_slot('{name}')")
    assert name in finished.slots
    assert any(name in warned.message for warned in shop.events_of(Warned))


@pytest.mark.parametrize(
    "blind", ["SET track_counts = off;", "DO $$BEGIN SET track_counts = off; END$$;"]
)
def test_a_file_that_blinds_the_statistics_does_not_blind_us(shop: Rehearsals, blind: str) -> None:
    shop.ask(TABLES)
    finished = shop.rehearses(
        f"{blind} UPDATE orders SET note = 'b';", "UPDATE orders SET id = -id;"
    )
    assert [done.written[0].updated for done in shop.events_of(WorkDone)] == [1000, 1000]
    assert finished.counted


def test_a_server_that_does_not_count_is_made_to_or_that_is_said(shop: Rehearsals) -> None:
    shop.ask(TABLES + f"ALTER DATABASE {shop.database.name} SET track_counts = off")
    finished = shop.rehearses("SELECT 1;", "UPDATE orders SET note = 'b';")
    assert finished.counted
    assert finished.dead == (DeadRows("table public.orders", 1000),)
    with limited_role(shop) as role:
        shop.login = None
        shop.ask(f"GRANT CREATE ON DATABASE {shop.database.name} TO {role}")
        shop.login = role
        finished = shop.rehearses("SELECT 1;", "SELECT 2;")
    assert not finished.counted
