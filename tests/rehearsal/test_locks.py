"""Which locks a statement takes, whom they block, for how long, and what it writes anew."""

import pytest

from schemamig_tui.rehearsal.events import FileRehearsed, LocksTaken, WorkDone
from tests.rehearsal.conftest import Rehearsals

NOTHING: tuple[str, ...] = ()
ORDERS = """
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, customer int, note varchar(10));
CREATE INDEX notes ON orders (note);
INSERT INTO orders SELECT n, n, 'a' FROM generate_series(1, 1000) n;
INSERT INTO customers SELECT generate_series(1, 1000);
"""


@pytest.mark.parametrize(
    ("sql", "mode", "blocks"),
    [
        ("SELECT * FROM orders", "AccessShareLock", NOTHING),
        ("SELECT * FROM orders FOR UPDATE", "RowShareLock", NOTHING),
        ("UPDATE orders SET note = 'b'", "RowExclusiveLock", NOTHING),
        ("ANALYZE orders", "ShareUpdateExclusiveLock", ("DDL",)),
        ("CREATE INDEX ON orders (customer)", "ShareLock", ("writes", "DDL")),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers",
            "ShareRowExclusiveLock",
            ("writes", "DDL"),
        ),
        ("LOCK orders IN EXCLUSIVE MODE", "ExclusiveLock", ("writes", "DDL")),
        ("ALTER TABLE orders ADD x int", "AccessExclusiveLock", ("reads", "writes", "DDL")),
    ],
)
def test_a_lock_is_told_with_whom_it_blocks(
    shop: Rehearsals, sql: str, mode: str, blocks: tuple[str, ...]
) -> None:
    shop.ask(ORDERS)
    shop.rehearses(sql)
    lock = shop.lock("table public.orders")
    assert (lock.mode, lock.blocks) == (mode, blocks)


def test_a_lock_is_told_once_and_again_when_it_gets_stronger(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    shop.rehearses(
        "UPDATE orders SET note = 'b'; SELECT * FROM orders;\n\nUPDATE orders SET note = 'c';"
        "ALTER TABLE orders DROP note; DELETE FROM orders; DELETE FROM customers;",
    )
    table = "table public.orders"
    assert [lock for lock in shop.locks if lock[1] == table] == [
        (1, table, "RowExclusiveLock"),
        (4, table, "AccessExclusiveLock"),
    ]
    last = shop.events_of(LocksTaken)[-1]
    assert (last.name, last.statement, last.line) == ("1.sql", 6, 3)


@pytest.mark.parametrize(
    ("sql", "mode"),
    [
        ("ALTER TABLE orders ADD IF NOT EXISTS y int", "AccessExclusiveLock"),
        ("ALTER TABLE public.orders VALIDATE CONSTRAINT late", "ShareUpdateExclusiveLock"),
        ("ALTER TABLE orders ALTER id SET STATISTICS 9", "ShareUpdateExclusiveLock"),
        ("ALTER TABLE orders ALTER id TYPE bigint", "AccessExclusiveLock"),
        ("CREATE INDEX ON orders (id)", "ShareLock"),
        ("UPDATE orders SET note = 'c'", "RowExclusiveLock"),
    ],
)
def test_every_file_is_told_what_it_would_lock_by_itself(
    shop: Rehearsals, sql: str, mode: str
) -> None:
    shop.ask(ORDERS + "CREATE SCHEMA other; CREATE TABLE other.orders (id int)")
    late = "ALTER TABLE orders ADD CONSTRAINT late CHECK (id > 0) NOT VALID;"
    shop.rehearses(f"UPDATE orders SET note = 'b'; {late}", f"{sql};", f"{sql};")
    reported = [
        (taken.name, lock.mode)
        for taken in shop.events_of(LocksTaken)
        for lock in taken.locks
        if taken.name != "1.sql" and lock.relation == "table public.orders"
    ]
    assert reported == [("2.sql", mode), ("3.sql", mode)]


def test_which_of_two_tables_is_locked_again_is_not_guessed(shop: Rehearsals) -> None:
    shop.ask(ORDERS + "CREATE SCHEMA other; CREATE TABLE other.orders (id int)")
    shop.rehearses(
        "LOCK orders, other.orders;", "ALTER TABLE orders ADD x int;", "LOCK ONLY other.orders;"
    )
    assert [taken.name for taken in shop.events_of(LocksTaken)] == ["1.sql", "3.sql"]


@pytest.mark.parametrize(
    ("gone", "sql", "statement"),
    [
        ("ALTER TABLE orders RENAME TO sales", "ALTER TABLE sales ADD x int", 1),
        ("ALTER TABLE orders SET SCHEMA other", "ALTER TABLE other.orders ADD x int", 1),
        ("ALTER SCHEMA public RENAME TO shop", "ALTER TABLE shop.orders ADD x int", 1),
        ("DO $$BEGIN EXECUTE 'ALTER TABLE orders RENAME TO sales'; END$$", "LOCK sales", 1),
        ("SELECT", "ALTER TABLE orders RENAME TO x; ALTER TABLE x ADD x int", 1),
        ("ALTER TABLE orders SET SCHEMA other; CREATE TABLE orders ()", "LOCK orders", None),
        ("ALTER TABLE orders RENAME TO sales", "CREATE TABLE orders (); LOCK orders", None),
    ],
)
def test_a_table_with_another_name_is_told_by_its_first_one(
    shop: Rehearsals, gone: str, sql: str, statement: int | None
) -> None:
    shop.ask(ORDERS + "CREATE SCHEMA other")
    shop.rehearses(f"{gone};", f"{sql};")
    told = [
        taken.statement
        for taken in shop.events_of(LocksTaken)
        for lock in taken.locks
        if (taken.name, lock.relation) == ("2.sql", "table public.orders")
    ]
    assert told == ([statement] if statement else [])


def test_an_index_on_a_table_with_another_name_is_told_of_its_statement(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    rename, index = "ALTER TABLE orders RENAME TO sales;", "CREATE INDEX {} ON sales (id);"
    shop.rehearses(f"{rename} {index.format('i')} SELECT 1;", f"{index.format('j')} SELECT 1;")
    built = [(done.name, done.statement) for done in shop.events_of(WorkDone) if done.built]
    assert built == [("1.sql", 2), ("2.sql", 1)]


def test_the_lock_of_a_dropped_table_is_told_by_its_name(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    shop.rehearses("ALTER TABLE orders RENAME TO old; DROP TABLE old, customers;")
    reported = {relation: mode for _, relation, mode in shop.locks}
    assert reported["table public.orders"] == "AccessExclusiveLock"
    assert reported["table public.customers"] == "AccessExclusiveLock"


def test_locks_on_what_the_rehearsal_made_are_not_told(shop: Rehearsals) -> None:
    shop.rehearses(ORDERS, "ALTER TABLE orders ADD x int; CREATE TEMP TABLE t AS TABLE orders;")
    assert shop.locks == []


def test_a_new_table_is_told_with_what_it_names_and_with_what_an_event_trigger_does(
    shop: Rehearsals,
) -> None:
    shop.ask(ORDERS + "CREATE TABLE log (what text)")
    make = "CREATE TABLE fresh (id int); CREATE TABLE other (id int REFERENCES customers);"
    shop.rehearses(make + "CREATE INDEX ON fresh (id); CREATE INDEX ON orders (customer);")
    assert shop.locks == [
        (2, "table public.customers", "ShareRowExclusiveLock"),
        (4, "table public.orders", "ShareLock"),
    ]
    shop.ask(
        "CREATE FUNCTION logs() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$BEGIN LOCK log; END$$;"
        "CREATE EVENT TRIGGER logs ON ddl_command_end EXECUTE FUNCTION logs()"
    )
    shop.rehearses("CREATE TABLE fresh (id int);")
    assert shop.locks == [(1, "table public.log", "AccessExclusiveLock")]


def test_among_hundreds_of_locks_each_is_told_where_it_is_taken(shop: Rehearsals) -> None:
    tables = range(150)
    shop.ask(
        "".join(f"CREATE TABLE t{n} (id int);" for n in tables)
        + "CREATE TABLE parent (id int) PARTITION BY LIST (id);"
        "CREATE TABLE child PARTITION OF parent FOR VALUES IN (1); INSERT INTO t7 VALUES (1)"
    )
    shop.rehearses(
        "".join(f"ALTER TABLE t{n} ADD x int;" for n in tables)
        + "ALTER TABLE parent ADD y int; ALTER TABLE t149 ALTER x SET STATISTICS 9;"
        "COMMENT ON TABLE t0 IS 'a'; ALTER TABLE t7 ALTER x TYPE bigint USING 1;"
    )
    exclusive = "AccessExclusiveLock"
    locks = {(n + 1, f"table public.t{n}", exclusive) for n in tables}
    assert locks < set(shop.locks)
    assert {lock[1:] for lock in set(shop.locks) - locks} == {
        ("table public.parent", exclusive),
        ("table public.child", exclusive),
    }
    assert shop.rewritten == [(154, ("table public.t7",))]
    held = shop.events_of(FileRehearsed)[0].exclusive_ms
    assert held == shop.events_of(FileRehearsed)[0].ms


def test_an_index_or_a_sequence_is_told_only_where_it_blocks_more_than_its_table(
    shop: Rehearsals,
) -> None:
    shop.ask(ORDERS + "CREATE TABLE bills (id serial PRIMARY KEY); CREATE SEQUENCE free;")
    shop.rehearses(
        "UPDATE orders SET note = 'b'; INSERT INTO bills DEFAULT VALUES; SELECT nextval('free');"
        "REINDEX INDEX notes; DROP INDEX notes; DROP TABLE bills; DROP SEQUENCE free;"
    )
    assert [lock for lock in shop.locks if not lock[1].startswith("table")] == [
        (4, "index public.notes", "AccessExclusiveLock"),
        (7, "sequence public.free", "AccessExclusiveLock"),
    ]


def test_our_own_looks_take_no_lock_that_is_told(shop: Rehearsals) -> None:
    shop.ask(ORDERS + "CREATE VIEW seen AS SELECT * FROM orders JOIN customers USING (id)")
    shop.rehearses("SELECT 1;", "CREATE TABLE fresh ();", "SELECT 2;")
    assert shop.locks == []


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("ALTER TABLE orders ADD x int DEFAULT 7", []),
        ("ALTER TABLE orders ALTER note TYPE varchar(20)", []),
        ("CREATE INDEX ON orders (customer)", []),
        ("REINDEX INDEX notes", ["index public.notes"]),
        ("ALTER TABLE orders ADD x float DEFAULT random()", ["table public.orders"]),
        ("ALTER TABLE orders ALTER id TYPE bigint", ["table public.orders"]),
        ("CLUSTER orders USING notes", ["table public.orders"]),
    ],
)
def test_what_is_written_anew_is_told(shop: Rehearsals, sql: str, rewritten: list[str]) -> None:
    shop.ask(ORDERS)
    finished = shop.rehearses(f"SELECT 1; {sql}; SELECT 2;")
    assert shop.rewritten == ([(2, tuple(rewritten))] if rewritten else [])
    assert finished.rewritten == tuple(rewritten)


def test_what_is_emptied_is_not_called_rewritten(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    finished = shop.rehearses("SELECT 1; TRUNCATE orders; SELECT 2;")
    assert shop.emptied == [(2, ("table public.orders",))]
    assert (finished.emptied, finished.rewritten) == (("table public.orders",), ())
    assert shop.rewritten == []


def test_what_is_emptied_behind_a_rewrite_is_told(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    shop.rehearses(
        "ALTER TABLE orders ADD x float DEFAULT random(); TRUNCATE orders; TRUNCATE orders;"
        "INSERT INTO orders VALUES (2, 1); TRUNCATE orders;"
    )
    assert shop.rewritten == [(1, ("table public.orders",))]
    assert [statement for statement, _ in shop.emptied] == [2, 5]


def test_what_is_emptied_in_vain_is_told_once(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    shop.rehearses(
        "BEGIN; SAVEPOINT a; TRUNCATE orders; ROLLBACK TO a; ALTER TABLE orders ADD x int;"
        "SAVEPOINT b; TRUNCATE orders; ROLLBACK TO b; COMMIT;",
        "ALTER TABLE orders ADD y int;",
    )
    assert [statement for statement, _ in shop.emptied] == [3, 7]


def test_the_longest_outages_are_summed_up(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    finished = shop.rehearses(
        "LOCK orders IN SHARE MODE; SELECT pg_sleep(0.3); ALTER TABLE orders ADD x int;"
        "SELECT pg_sleep(0.1); UPDATE customers SET id = -id;",
        "BEGIN; LOCK customers; COMMIT; BEGIN; LOCK customers; SELECT pg_sleep(0.2); COMMIT;",
        "ALTER TABLE orders ADD y int;",
    )
    orders, customers = "table public.orders", "table public.customers"
    assert [(one.relation, "reads" in one.blocks, one.name) for one in finished.outages] == [
        (customers, True, "2.sql"),
        (orders, True, "1.sql"),
        (orders, False, "1.sql"),
    ]
    reads_of_customers, reads, writes = (outage.ms for outage in finished.outages)
    assert reads_of_customers >= 200
    assert 100 <= reads <= writes - 300


def test_a_file_that_fails_or_is_left_out_has_no_outage(shop: Rehearsals) -> None:
    shop.ask(ORDERS + "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
    call = "-- schemamig: no-transaction\nDROP TABLE orders; CALL p();"
    finished = shop.tries(call, "DROP TABLE customers; SELECT 1/0;")
    assert (finished.left_out, finished.failed) == (("1.sql",), "2.sql")
    assert finished.outages == ()


def test_exclusive_time_counts_from_the_statement_that_took_the_lock(shop: Rehearsals) -> None:
    shop.ask(ORDERS)
    shop.rehearses(
        "SELECT pg_sleep(0.3); ALTER TABLE orders ADD x int; SELECT pg_sleep(0.1);",
        "SELECT pg_sleep(0.1);",
        "-- schemamig: no-transaction\nALTER TABLE customers ADD x int;\nSELECT pg_sleep(0.3);",
    )
    first, second, third = shop.events_of(FileRehearsed)
    assert 100 <= first.exclusive_ms <= first.ms - 300
    assert second.exclusive_ms == 0
    # There the lock would be gone with the statement.
    assert 0 < third.exclusive_ms <= third.ms - 300


def test_exclusive_time_counts_where_an_earlier_file_has_the_lock(shop: Rehearsals) -> None:
    shop.ask(ORDERS + 'CREATE TABLE "Odd one" (x int)')
    shop.rehearses(
        'ALTER TABLE orders ADD x int; ALTER TABLE "Odd one" ADD y int;',
        "SELECT count(*) FROM orders; CREATE TABLE orders_2 (); DROP TABLE orders_2;",
        'SELECT pg_sleep(0.2); alter table\npublic."Odd one" ADD z int; SELECT pg_sleep(0.1);',
    )
    _, second, third = shop.events_of(FileRehearsed)
    assert second.exclusive_ms == 0
    assert 100 <= third.exclusive_ms <= third.ms - 200


def test_a_thousand_tables_that_are_locked_are_told(shop: Rehearsals) -> None:
    tables = range(1000)
    shop.ask("".join(f"CREATE TABLE t{n} (id int);" for n in tables))
    shop.rehearses("".join(f"ALTER TABLE t{n} ADD x int;" for n in tables))
    assert len(shop.locks) == 1000
