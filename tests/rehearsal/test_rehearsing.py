"""All pending files run for real, see each other, and leave nothing behind."""

import pytest

from schemamig_tui.catalog.changes import What
from schemamig_tui.engine.events import (
    FileStarted,
    NoticeReceived,
    RunStarted,
    StatementFinished,
    Warned,
)
from schemamig_tui.rehearsal.events import FileLeftOut, FileRehearsed, RehearsalFinished
from tests.rehearsal.conftest import Rehearsals

USERS = "CREATE TABLE users (id int PRIMARY KEY, name text);"


def test_a_file_sees_what_those_before_it_did(shop: Rehearsals) -> None:
    finished = shop.rehearses(
        USERS, "INSERT INTO users VALUES (1, 'a'), (2, 'b');", "UPDATE users SET name = 'c';"
    )
    assert finished.rehearsed == ("1.sql", "2.sql", "3.sql")
    assert [event.tag for event in shop.events_of(StatementFinished)][1:] == [
        "INSERT 0 2",
        "UPDATE 2",
    ]
    assert shop.ask("SELECT to_regclass('users')::text") == [None]


def test_nothing_is_left_behind(shop: Rehearsals) -> None:
    shop.ask("CREATE TABLE orders (id serial, note text); INSERT INTO orders (note) VALUES ('a')")
    before = shop.inventory()
    shop.rehearses(
        USERS + "ALTER TABLE orders ADD PRIMARY KEY (id), ALTER note TYPE varchar(9);",
        "TRUNCATE orders; DROP TABLE orders CASCADE;",
    )
    assert shop.inventory() == before
    assert shop.ask("SELECT to_regnamespace('kb')::text") == [None]


def test_begin_and_commit_are_taken_out(shop: Rehearsals) -> None:
    shop.rehearses(
        f"BEGIN ISOLATION LEVEL SERIALIZABLE; SET TRANSACTION READ WRITE; {USERS} COMMIT;",
        "BEGIN; INSERT INTO users VALUES (1); COMMIT AND CHAIN; DELETE FROM users; END;"
        "START TRANSACTION; SELECT 1; COMMIT WORK;",
    )
    tags = [event.tag for event in shop.events_of(StatementFinished)]
    assert tags == ["CREATE TABLE", "INSERT 0 1", "DELETE 1", "SELECT 1"]
    assert shop.ask("SELECT to_regclass('users')::text") == [None]


def test_the_change_of_the_schema_is_told_per_file(shop: Rehearsals) -> None:
    shop.rehearses(USERS, "ALTER TABLE users ADD email text;", "INSERT INTO users VALUES (1);")
    assert (What.ADDED, "table", "public.users") in shop.changes["1.sql"]
    assert shop.changes["2.sql"] == [(What.ADDED, "column", "email")]
    assert shop.changes["3.sql"] == []


@pytest.mark.parametrize("count", ["on", "off"])
def test_a_change_is_told_of_the_file_that_made_it(shop: Rehearsals, count: str) -> None:
    shop.ask(f"ALTER DATABASE {shop.database.name} SET track_counts = {count}")
    shop.ask("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN CREATE TABLE x (); COMMIT; END'")
    call = "-- schemamig: no-transaction\nCALL p();"
    shop.rehearses("SELECT 1;", USERS, call, "DO $$BEGIN END$$;", "COMMENT ON TABLE users IS 'x';")
    users = ("table", "public.users")
    assert shop.changes == {
        "1.sql": [],
        "2.sql": [(What.ADDED, *users)],
        "4.sql": [],
        "5.sql": [(What.CHANGED, *users)],
    }


def test_a_file_that_has_its_writes_not_counted_is_seen_all_the_same(shop: Rehearsals) -> None:
    shop.rehearses(USERS, "SET track_counts = off;\nALTER TABLE users ADD email text;")
    assert shop.changes["2.sql"] == [(What.ADDED, "column", "email")]


def test_the_events_come_in_order(shop: Rehearsals) -> None:
    shop.rehearses("DO $$BEGIN RAISE NOTICE 'hello'; END$$;", "VACUUM;")
    kinds = [type(event) for event in shop.events]
    assert kinds == [
        Warned,  # of the names
        RunStarted,
        FileStarted,
        NoticeReceived,
        StatementFinished,
        FileRehearsed,
        FileLeftOut,
        RehearsalFinished,
    ]


def test_the_time_of_a_statement_is_the_servers(shop: Rehearsals) -> None:
    shop.rehearses("SELECT pg_sleep(0.05); SELECT pg_sleep(0.15); SELECT 1;")
    first, second, third = (event.ms for event in shop.events_of(StatementFinished))
    assert 50 <= first < second
    assert second >= 150
    assert third < 50
    (rehearsed,) = shop.events_of(FileRehearsed)
    assert rehearsed.ms >= first + second + third


def test_only_what_is_pending_is_rehearsed(shop: Rehearsals) -> None:
    shop.applies("1.sql", USERS)
    shop.fails("2.sql", "SELECT 1/0;")
    before, rows = shop.inventory(), shop.rows
    shop.write("2.sql", "INSERT INTO users VALUES (1);")
    shop.write("3.sql", "INSERT INTO users VALUES (2);")
    shop.write("4.sql", "INSERT INTO users VALUES (3);")
    assert shop.rehearse("3.sql").rehearsed == ("2.sql", "3.sql")
    assert shop.inventory() == before
    assert shop.rows == rows


def test_with_nothing_pending_there_is_nothing_to_tell(shop: Rehearsals) -> None:
    finished = shop.rehearse()
    assert (finished.rehearsed, finished.failed, finished.remaining) == ((), None, ())
    assert shop.events == [finished]


def test_what_has_been_rehearsed_can_be_applied(shop: Rehearsals) -> None:
    shop.rehearses(USERS, "INSERT INTO users VALUES (1);")
    assert shop.apply().applied == ("1.sql", "2.sql")
    assert shop.ask("SELECT count(*) FROM users") == [1]


def test_inline_copy_data_is_rehearsed(shop: Rehearsals) -> None:
    rows = b"".join(b"%d\tname %d\n" % (i, i) for i in range(200_000))
    shop.rehearses(
        USERS.encode() + b"\nCOPY users FROM stdin;\n" + rows + b"\\.\nCOPY users TO stdout;"
    )
    tags = [event.tag for event in shop.events_of(StatementFinished)]
    assert tags == ["CREATE TABLE", "COPY 200000", "COPY 200000"]


def test_times_and_notices_are_right_behind_inline_copy_data(shop: Rehearsals) -> None:
    finished = shop.rehearses(f"{USERS}\nCOPY users FROM stdin;\n1\ta\n\\.\nSELECT 1;")
    assert shop.events_of(NoticeReceived) == []
    assert all(0 <= event.ms <= finished.ms for event in shop.events_of(StatementFinished))


def test_a_file_that_stopped_in_the_middle_is_rehearsed_from_there(shop: Rehearsals) -> None:
    shop.fails(
        "1.sql",
        "-- schemamig: no-transaction\nCREATE SCHEMA app; SET search_path = app;\n"
        "CREATE TABLE t (); SELECT 1 FROM missing; CREATE TABLE u ();",
    )
    shop.ask("CREATE TABLE app.missing ()")
    shop.rehearse()
    assert [event.tag for event in shop.events_of(StatementFinished)] == [
        "SELECT 0",
        "CREATE TABLE",
    ]
    assert (What.ADDED, "table", "app.u") in shop.changes["1.sql"]


def test_the_sequences_that_have_moved_on_are_named(shop: Rehearsals) -> None:
    shop.ask(
        "CREATE TABLE a (id serial, x int); CREATE SEQUENCE still; CREATE SEQUENCE gone;"
        ' CREATE SEQUENCE "we""ird"; SELECT nextval(\'still\')'
    )
    finished = shop.rehearses(
        'INSERT INTO a (x) VALUES (1), (2); SELECT nextval(\'"we""ird"\');'
        "SELECT last_value FROM still; ALTER SEQUENCE still RESTART 7; DROP SEQUENCE gone;"
        "CREATE SEQUENCE fresh; SELECT nextval('fresh');"
    )
    assert finished.sequences == ('public."we""ird"', "public.a_id_seq")
    assert shop.ask("SELECT last_value FROM a_id_seq") == [2]


def test_among_many_relations_only_sequences_are_asked_for_values(shop: Rehearsals) -> None:
    shop.ask("".join(f"CREATE TABLE t{n} (id serial, x text);" for n in range(100)))
    assert shop.rehearses("INSERT INTO t7 (x) VALUES ('a');").sequences == ("public.t7_id_seq",)


@pytest.mark.parametrize("name", ['x"; DROP TABLE users; --', "[/red]", "naïve ümlaut", "a b"])
def test_hostile_names_are_only_names(shop: Rehearsals, name: str) -> None:
    quoted = name.replace('"', '""')
    shop.ask(f'CREATE SCHEMA "{quoted}"; CREATE TABLE "{quoted}"."{quoted}" (x int)')
    shop.rehearses(f'ALTER TABLE "{quoted}"."{quoted}" ADD "{quoted}" int UNIQUE DEFERRABLE;')
    assert shop.lock(f'table "{quoted}"."{quoted}"').mode == "AccessExclusiveLock"
