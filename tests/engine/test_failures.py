"""A failure explains itself: code, place in the file, caret, detail, hint and context."""

import codecs
from contextlib import suppress

import psycopg
import pytest
from psycopg.pq import ExecStatus

from schemamig_tui.engine.events import NoticeReceived, Place
from schemamig_tui.engine.run import step_order
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.encodings import python_codec
from tests.conftest import Database
from tests.engine.conftest import Workshop, in_encoding


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("SELECT 1;\nSELECT nope;\n", "42703", Place(2, 8)),
        ("SELECT 1;\n\n  SELEKT 1;\n", "42601", Place(3, 3)),
        ("SELECT 'é€𝄞', nope;\n", "42703", Place(1, 15)),
        ("SELECT 1;\nSELECT 1/0;\n", "22012", Place(2)),
        ("BEGIN;\nCREATE TABLE a ();\nSELECT nope;\nCOMMIT;", "42703", Place(3, 8)),
        ("VACUUM;\nSELECT nope;", "42703", Place(2, 8)),
        ("DO $$\nBEGIN\n  RAISE EXCEPTION 'no';\nEND $$;", "P0001", Place(3)),
        ("SELECT 1; DO $x$ BEGIN\n\n  PERFORM 1/0; END $x$;", "22012", Place(3)),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n"
            "  RETURN 1/0;\nEND $$;\nSELECT 1;\nSELECT f();\n",
            "22012",
            Place(3),
        ),
        (
            'CREATE SCHEMA "a b"; CREATE FUNCTION "a b"."f (""x"")"(i int) RETURNS int\n'
            "LANGUAGE plpgsql AS $$\nBEGIN\n RETURN 1/0;\nEND $$;\n"
            'SELECT "a b"."f (""x"")"(1);',
            "22012",
            Place(4),
        ),
        ("CREATE TABLE a (x int);\nCOPY a FROM stdin;\n1\nz\n\\.\n", "22P02", Place(4)),
    ],
)
def test_the_place_of_an_error_is_found(shop: Workshop, sql: str, code: str, place: Place) -> None:
    failure = shop.fails("0001_a.sql", sql).failure
    assert failure.sqlstate == code
    assert failure.place == place


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SET client_encoding = SJIS;\nSELECT '表\n表', nope_表;", Place(3, 5)),
        ("SET NAMES 'Shift-JIS';\nBEGIN; SELECT '表\n表', nope_表; COMMIT;", Place(3, 5)),
        ("SET client_encoding = SJIS; VACUUM pg_am;\nSELECT '表\n表', nope_表;", Place(3, 5)),
        (
            "SET client_encoding = SJIS; CREATE TABLE a (nope_表 int UNIQUE DEFERRABLE INITIALLY"
            " DEFERRED);\nINSERT INTO a VALUES (1), (1);",
            None,
        ),
    ],
)
def test_a_failure_is_read_in_the_encoding_that_the_file_has_set(
    shop: Workshop, sql: str, place: Place | None
) -> None:
    failure = shop.fails("0001_a.sql", sql.encode("shift_jis")).failure
    assert failure.place == place
    assert "nope_表" in failure.message
    assert failure.source in (None, sql.split("\n")[-1])
    assert "nope_表" in (shop.rows["0001_a.sql"].error_message or "")


@pytest.mark.parametrize(
    ("name", "codec", "word"),
    [("LATIN1", "latin-1", "é"), ("SJIS", "shift_jis", "表"), ("GB18030", "gb18030", "中")],
)
@pytest.mark.parametrize("end", ["", " VACUUM pg_am;"])
def test_a_notice_is_read_in_the_encoding_that_the_file_has_set(
    shop: Workshop, name: str, codec: str, word: str, end: str
) -> None:
    raise_it = f"DO $$ BEGIN RAISE NOTICE '{word}' USING HINT = '{word}'; END $$;"
    shop.write("0001_a.sql", f"SET NAMES '{name}'; {raise_it}{end}".encode(codec))
    shop.write("0002_b.sql", raise_it)
    shop.write("0003_c.sql", f"SET NAMES '{name}'; RESET client_encoding; {raise_it}")
    shop.apply()
    notices = [event.notice for event in shop.events_of(NoticeReceived)]
    assert [(one.message, one.hint) for one in notices] == 3 * [(word, word)]


def test_the_place_of_an_error_is_found_where_the_server_counts_bytes(shop: Workshop) -> None:
    with in_encoding(shop, "SQL_ASCII") as there:
        failed = there.fails("0001_a.sql", "SELECT 'é€', nope_ä;")
        assert failed.failure.place == Place(1, 14)
        assert "nope_ä" in failed.failure.message
        failed = there.fails("0001_a.sql", "SELECT 'é€\n', :variable;")
        assert failed.failure.place == Place(2, 4)
        assert "Variables are psql's own" in (failed.failure.hint or "")


def test_each_encoding_of_a_client_has_the_codec_that_psycopg_takes(database: Database) -> None:
    known = 0
    with database.connect() as conn:
        query = "SELECT name FROM generate_series(1, 60) n, pg_encoding_to_char(n::int) name"
        for (name,) in conn.execute(query).fetchall():
            done = conn.pgconn.exec_(f"SET client_encoding = '{name}'".encode())
            if done.status != ExecStatus.COMMAND_OK:
                continue
            with suppress(psycopg.NotSupportedError):
                codec = codecs.lookup(conn.info.encoding).name
                assert python_codec(name) == codec, name
                known += 1
    assert known > 20


def test_detail_hint_and_context_are_kept(shop: Workshop) -> None:
    failed = shop.fails(
        "0001_a.sql",
        "DO $$ BEGIN RAISE EXCEPTION 'broken' USING DETAIL = 'the detail', HINT = 'the hint',"
        " ERRCODE = 'XX123'; END $$;",
    )
    failure = failed.failure
    assert (failure.message, failure.sqlstate) == ("broken", "XX123")
    assert (failure.detail, failure.hint) == ("the detail", "the hint")
    assert "inline_code_block line 1" in str(failure.context)
    message = shop.rows["0001_a.sql"].error_message or ""
    for part in ("ERROR XX123: broken", "DETAIL: the detail", "HINT: the hint", "CONTEXT: PL/"):
        assert part in message


def test_an_extension_that_the_server_lacks_is_explained(shop: Workshop) -> None:
    asked: list[str] = []
    shop.write("0001_a.sql", 'CREATE EXTENSION "no-such_one";')
    shop.apply(extension_hint=lambda name: asked.append(name) or "It is elsewhere.")
    assert asked == ["no-such_one"]
    assert str(shop.failure.failure.hint).endswith("It is elsewhere.")
    assert "It is elsewhere." in str(shop.rows["0001_a.sql"].error_message)


def test_other_failures_are_not_those_of_a_missing_extension(shop: Workshop) -> None:
    shop.write(
        "0001_a.sql",
        "CREATE EXTENSION citext; CREATE TABLE a (x text); COPY a FROM '/no/such.control';",
    )
    shop.apply(extension_hint=lambda name: pytest.fail(f"asked for {name}"))
    assert shop.failure.failure.sqlstate == "58P01"
    shop.write("0001_a.sql", "CREATE EXTENSION citext VERSION 'none';")
    shop.apply(extension_hint=lambda name: pytest.fail(f"asked for {name}"))
    assert shop.failure.failure.sqlstate == "22023"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE p (x int) PARTITION BY LIST (x); CREATE INDEX i ON p (x); REINDEX TABLE p;",
        "CREATE PROCEDURE q() LANGUAGE plpgsql AS $$BEGIN COMMIT; END$$; CALL q();",
        "ALTER TYPE mood ADD VALUE 'ok'; SELECT ('o' || 'k')::mood;",
        "CREATE TABLE a (x int PRIMARY KEY, y int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO a VALUES (1, 1); ALTER TABLE a ADD z int;",
    ],
)
def test_what_only_works_outside_a_transaction_is_told_the_directive(
    shop: Workshop, sql: str
) -> None:
    shop.ask("CREATE TYPE mood AS ENUM ('sad')")
    assert "no-transaction" in str(shop.fails("0001_a.sql", sql).failure.hint)
    assert shop.ask("SELECT count(*) FROM pg_class WHERE relname IN ('p', 'a')") == [0]
    shop.applies("0001_a.sql", "-- schemamig: no-transaction\n" + sql)


COMES_FIRST = (
    "Set the modes of a transaction before its first query: at the top of the file, right behind"
    " its own BEGIN, or in a procedure or a DO block right behind a COMMIT or ROLLBACK."
)


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        (
            "BEGIN;\nCREATE TABLE a (x int);\nCREATE INDEX CONCURRENTLY ON a (x);\nCOMMIT;",
            "Move this statement out of the file's own BEGIN ... COMMIT.",
        ),
        (
            "VACUUM; BEGIN; CREATE DATABASE d; COMMIT;",
            "Move this statement out of the file's own BEGIN ... COMMIT.",
        ),
        (
            "BEGIN; ALTER TYPE mood ADD VALUE 'ok'; SELECT 'ok'::mood; COMMIT;",
            "New enum values must be committed before they can be used.\nMove the ALTER TYPE ..."
            " ADD VALUE in front of the file's own BEGIN, so that it is committed before.",
        ),
        (
            "-- schemamig: no-transaction\nDO $$ BEGIN BEGIN COMMIT; EXCEPTION WHEN others THEN"
            " RAISE; END; END $$;",
            None,
        ),
        (
            "DO $$ BEGIN CREATE DATABASE d; END $$;",
            "It cannot be in a function or a DO block: make it a statement of its own.",
        ),
        (
            "-- schemamig: no-transaction\nDO $$ BEGIN EXECUTE 'VACUUM'; END $$;",
            "It cannot be in a function or a DO block: make it a statement of its own.",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;"
            " SELECT f();",
            None,
        ),
        ("SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;", COMES_FIRST),
        ("SELECT 1; SET transaction_deferrable = on;", COMES_FIRST),
        ("BEGIN; SELECT 1; SET TRANSACTION SNAPSHOT '00000003-00000002-1'; COMMIT;", COMES_FIRST),
        ("DO $$BEGIN SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; END$$;", COMES_FIRST),
    ],
)
def test_no_directive_is_told_where_it_would_not_help(
    shop: Workshop, sql: str, hint: str | None
) -> None:
    shop.ask("CREATE TYPE mood AS ENUM ('sad')")
    assert shop.fails("0001_a.sql", sql).failure.hint == hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT :name;",
        "SELECT 1;\nSELECT 'ä', :name;",
        "SELECT :{?name};",
        "BEGIN; SELECT 1 FROM pg_class LIMIT :Limit_1; COMMIT;",
    ],
)
def test_a_variable_of_psql_is_explained(shop: Workshop, sql: str) -> None:
    failure = shop.fails("0001_a.sql", sql).failure
    assert failure.sqlstate == "42601"
    assert failure.hint == "Variables are psql's own: write the value itself."


def test_a_parameter_without_a_value_is_explained(shop: Workshop) -> None:
    failure = shop.fails("0001_a.sql", "SELECT 1;\nSELECT $1;").failure
    assert failure.place == Place(2)
    assert failure.hint == (
        "A parameter such as $1 has no value in a migration: write the value itself."
    )


@pytest.mark.parametrize("sql", ["SELEC :name;", "SELECT 1 : 2;", "SELECT ('{1}'::int[])[:n];"])
def test_another_error_is_not_explained_by_variables(shop: Workshop, sql: str) -> None:
    assert shop.fails("0001_a.sql", sql).failure.hint is None


def test_a_deferred_constraint_fails_the_file_it_belongs_to(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int PRIMARY KEY, y int REFERENCES a DEFERRABLE INITIALLY DEFERRED);",
    )
    failure = shop.fails("0002_b.sql", "INSERT INTO a VALUES (1, 2);").failure
    assert failure.sqlstate == "23503"
    assert failure.hint is not None
    assert failure.hint.startswith("A deferred constraint or trigger is checked at the end")
    assert shop.ask("SELECT count(*) FROM a") == [0]


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("VACUUM a;\nINSERT INTO a VALUES (1, 2);\n\nSELECT 1;", 2),
        ("VACUUM a;\nBEGIN;\nINSERT INTO a VALUES (1, 2);\nCOMMIT;\nSELECT 1;", 4),
        ("BEGIN;\nINSERT INTO a VALUES (1, 2);\nCOMMIT;", 3),
    ],
)
def test_with_other_transactions_it_fails_where_psql_commits(
    shop: Workshop, sql: str, line: int
) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE a (x int PRIMARY KEY, y int REFERENCES a DEFERRABLE INITIALLY DEFERRED);",
    )
    failure = shop.fails("0002_b.sql", sql).failure
    assert failure.place == Place(line)
    assert failure.sqlstate == "23503"


def test_a_failure_of_a_query_of_our_own_is_not_told_as_one_of_the_file(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_order, "RESET", (b"SELECT 1/0",))
    failure = shop.fails("0001_a.sql", "CREATE TABLE a ();").failure
    assert failure.message == "a query of the run's own has failed: division by zero"
    assert failure.place is None


def test_notices_are_told_with_their_severity_statement_and_line(shop: Workshop) -> None:
    shop.applies(
        "0001_a.sql",
        "CREATE TABLE IF NOT EXISTS a ();\nCREATE TABLE IF NOT EXISTS a ();\n"
        "DO $$BEGIN RAISE WARNING 'w'; RAISE INFO 'i' USING HINT = 'h'; END$$;",
    )
    notices = [
        (e.statement, e.line, e.notice.severity, e.notice.message)
        for e in shop.events_of(NoticeReceived)
    ]
    assert notices == [
        (2, 2, "NOTICE", 'relation "a" already exists, skipping'),
        (3, 3, "WARNING", "w"),
        (3, 3, "INFO", "i"),
    ]
    assert shop.events_of(NoticeReceived)[2].notice.hint == "h"


def test_an_error_in_a_file_without_a_transaction_keeps_what_was_done(shop: Workshop) -> None:
    failed = shop.fails(
        "0001_a.sql", "CREATE TABLE a (x int);\nVACUUM a;\nINSERT INTO a VALUES ('z');\n"
    )
    assert failed.kept == 2
    assert shop.ask("SELECT count(*) FROM a") == [0]
    message = shop.rows["0001_a.sql"].error_message or ""
    assert "Statements done: 2 of 3" in message


def test_a_retry_of_a_file_without_a_transaction_goes_on_where_it_stopped(shop: Workshop) -> None:
    head = (
        "CREATE SCHEMA s; SET search_path = s; CREATE TABLE a (x int); VACUUM a;"
        "INSERT INTO a VALUES (1);\n"
    )
    shop.fails("0001_a.sql", head + "INSERT INTO a VALUES ('z');")
    shop.applies("0001_a.sql", head + "INSERT INTO a VALUES (2);")
    assert shop.ask("SELECT x FROM s.a ORDER BY x") == [1, 2]


def test_a_retry_goes_on_within_transactions_that_are_chained(shop: Workshop) -> None:
    head = (
        "CREATE TABLE a (x int);\nBEGIN; INSERT INTO a VALUES (1); COMMIT AND CHAIN;\n"
        "INSERT INTO a VALUES (2); COMMIT AND CHAIN;\n"
    )
    failed = shop.fails("0001_a.sql", head + "INSERT INTO a VALUES (3); SELECT 1/0; COMMIT;")
    assert failed.kept == 6
    shop.applies("0001_a.sql", head + "INSERT INTO a VALUES (4); SELECT 1/1; ROLLBACK;")
    assert shop.ask("SELECT x FROM a ORDER BY x") == [1, 2]


def test_a_retry_is_refused_where_the_statements_already_done_have_changed(
    shop: Workshop,
) -> None:
    shop.fails("0001_a.sql", "CREATE TABLE a (x int); VACUUM a; SELECT 1/0;")
    shop.write("0001_a.sql", "CREATE TABLE a (x bigint); VACUUM a; SELECT 1/1;")
    with pytest.raises(FilesError, match="first 2 statements") as caught:
        shop.apply()
    assert "--no-resume" in str(caught.value.hint)


def test_control_characters_in_an_error_are_harmless_in_the_ledger(shop: Workshop) -> None:
    shop.fails("0001_a.sql", "SELECT '\x1b]52;c;evil\x07' AS x, \"\x1b[31m\u202e\";")
    message = shop.rows["0001_a.sql"].error_message or ""
    assert "\x1b" not in message
    assert "\u202e" not in message
