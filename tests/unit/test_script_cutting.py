"""Where statements start and end: psql's lexical rules, one by one."""

from pathlib import Path

import pytest

from schemamig_tui.engine.script import window
from schemamig_tui.engine.script.script import parse
from schemamig_tui.sql.dialect import Dialect
from tests.unit.scripts import on_disk, script_of, statements


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT ';'",
        "SELECT 'it''s; fine'",
        r"SELECT 'a backslash is nothing special \'",
        r"SELECT E'an escaped quote \'; goes on'",
        r"SELECT e'\\'",
        "SELECT E'first'\n  -- ; in between\n  'second \\'; part'",
        r"SELECT date'\'",
        r"SELECT U&'d\0061t\+000061; \'",
        "SELECT B'01', X'1F', N'; x'",
        'SELECT ";"',
        'SELECT "a "" ; b"',
        'SELECT U&"d\\0061t;"',
        "SELECT $$ ; $$",
        "SELECT $$ $ ; $a$ ; $$",
        "SELECT $tag$ ; $$ ; $tag $ ; $tag$",
        "SELECT $ä$ ; $ä$",
        "SELECT $$a;$$, $b$c;$b$",
        "SELECT a$b$ FROM c$b$",
        "SELECT x1$2$ FROM y$2$",
        "SELECT $1, $2",
        "SELECT 1 -- ; ' \" $$ (",
        "SELECT /* ; ' \" $$ ( */ 1",
        "SELECT /* /* ; */ ; */ 1",
        "SELECT /**/ 1 /*/ ; */",
        "SELECT 1 +/* ; */ 2 *-- ;\n 3",
        "SELECT 8 / 2 - -1, 2 * -/* ; */1",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)",
        "SELECT ((((((1;2))))))",
        "SELECT a[1:2], b::text, 'x' :: text",
        "INSERT INTO t VALUES (1, 'a;b'), (2, ((3)), $$;$$, E'\\';')",
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$",
    ],
)
def test_a_statement_is_kept_whole(statement: str) -> None:
    last = f"{statement}\n" if "--" in statement.rpartition("\n")[2] else statement
    assert statements(f"SELECT 0;{last};\nSELECT 2") == ["SELECT 0", last, "SELECT 2"]


def test_a_last_statement_needs_no_semicolon() -> None:
    assert statements("SELECT 1;\nSELECT 2 -- done\n\n") == ["SELECT 1", "SELECT 2 -- done"]


def test_blanks_comments_and_lone_semicolons_are_no_statements() -> None:
    assert statements(";;\n-- a\n/* b /* c */ */;\r\n\t;SELECT 1;; ;/* d */") == ["SELECT 1"]


def test_a_statement_starts_behind_the_comments_in_front_of_it() -> None:
    assert statements("-- one\n/* two */ -- three\nSELECT 1;") == ["SELECT 1"]


def test_windows_line_ends_are_blanks() -> None:
    assert statements("SELECT 1;\r\n-- c\r\nSELECT\r\n2;\r\n") == ["SELECT 1", "SELECT\r\n2"]


def test_a_carriage_return_ends_a_comment() -> None:
    assert statements("-- comment\rSELECT 1;") == ["SELECT 1"]


def test_a_byte_order_mark_is_skipped() -> None:
    script = script_of("\ufeffBEGIN;\nSELECT 1;\nCOMMIT;")
    assert script.sql(0) == b"BEGIN"
    assert script.begin == 0


def test_a_parenthesis_too_many_is_left_to_the_server() -> None:
    assert statements("SELECT 1); SELECT (2);") == ["SELECT 1)", "SELECT (2)"]


ATOMIC = """CREATE {} FUNCTION f(a int DEFAULT (1)) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN a > 1 THEN 1 ELSE (CASE WHEN true THEN 2 END) END;
  SELECT "end"; SELECT 'END;'; SELECT bend, endy, $$end$$;
END"""


@pytest.mark.parametrize(
    "words", ["", "OR REPLACE", "/* /* */ ; */ OR -- ;\n REPLACE"], ids=["plain", "replace", "far"]
)
def test_begin_atomic_goes_up_to_its_end(words: str) -> None:
    function = ATOMIC.format(words)
    assert statements(f"{function};\nSELECT 1") == [function, "SELECT 1"]


def test_procedures_may_have_atomic_bodies_too() -> None:
    procedure = "create procedure p() begin atomic insert into t values (1); end"
    assert statements(f"{procedure};{procedure}") == [procedure, procedure]


def test_begin_counts_in_function_definitions_only() -> None:
    assert statements("BEGIN; CREATE TABLE t (a int); END; SELECT 1") == [
        "BEGIN",
        "CREATE TABLE t (a int)",
        "END",
        "SELECT 1",
    ]


def test_end_in_a_function_without_begin_is_just_a_word() -> None:
    function = "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN true THEN 1 END"
    assert statements(f"{function}; SELECT 1") == [function, "SELECT 1"]


OLD_STRINGS = r"SELECT 'it\'s; one string'"


def test_the_server_may_start_without_standard_strings() -> None:
    assert statements(OLD_STRINGS, Dialect(standard_strings=False)) == [OLD_STRINGS]


@pytest.mark.parametrize(
    "setting",
    [
        "SET standard_conforming_strings = off",
        "set session standard_conforming_strings to 'off'",
        'SET LOCAL "standard_conforming_strings" TO false',
        "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)",
        "SELECT 0, set_config('standard_conforming_strings', 'off', false) AS x",
        "SET /* now */ standard_conforming_strings -- !\n = 0",
    ],
)
def test_a_file_may_turn_standard_strings_off(setting: str) -> None:
    assert statements(f"{setting};\n{OLD_STRINGS};") == [setting, OLD_STRINGS]


@pytest.mark.parametrize(
    "setting",
    [
        "SET standard_conforming_strings = on",
        "RESET standard_conforming_strings",
        "RESET ALL",
        "DISCARD ALL",
        "SET standard_conforming_strings TO DEFAULT",
    ],
)
def test_a_file_may_turn_standard_strings_on_again(setting: str) -> None:
    text = rf"SET standard_conforming_strings = off; {setting}; SELECT 'C:\'; SELECT 1"
    assert statements(text)[2:] == [r"SELECT 'C:\'", "SELECT 1"]


def test_set_local_lasts_until_the_transaction_ends() -> None:
    text = (
        "BEGIN; SET LOCAL standard_conforming_strings = off; "
        rf"{OLD_STRINGS}; COMMIT; SELECT 'C:\'; SELECT 1"
    )
    assert statements(text)[2:] == [OLD_STRINGS, "COMMIT", r"SELECT 'C:\'", "SELECT 1"]


@pytest.mark.parametrize("encoding", ["SJIS", "BIG5", "GBK", "GB18030"])
def test_in_an_unsafe_encoding_a_second_byte_is_no_backslash(encoding: str) -> None:
    trap = next(
        code
        for code in (chr(point).encode(encoding, "ignore") for point in range(0x4E00, 0x9FFF))
        if code.endswith(b"\\")
    )
    statement = b"INSERT INTO t VALUES (E'" + trap + b"', E'" + trap + b"')"
    script = script_of(b"SET NAMES '" + encoding.encode() + b"';\n" + statement + b";\nSELECT 1;")
    assert [script.sql(i) for i in range(1, len(script))] == [statement, b"SELECT 1"]


def test_a_file_in_an_unsafe_encoding_may_be_bigger_than_what_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "SIZE", 100)
    row = "INSERT INTO t VALUES (E'\u8868\u8868', E'\u8868');\n".encode("sjis")
    file = on_disk(tmp_path / "0001_a.sql", b"SET client_encoding = sjis;\n" + row * 3000)
    script = parse(file)
    assert len(script) == 3001
    assert {script.sql(i) for i in range(1, 3001)} == {row[:-2]}
