"""From what the server says to a place in the file."""

import pytest

from schemamig_tui.engine.events import Place
from schemamig_tui.sql.dialect import Dialect
from tests.unit.scripts import script_of


def test_a_statement_knows_the_line_of_its_first_word() -> None:
    script = script_of("\ufeff-- a\n\n/* b\n*/ SELECT 1;\r\nSELECT\n2; SELECT 3")
    assert [script.line(i) for i in (0, 1, 2, 1, 0)] == [4, 5, 6, 5, 4]


def test_a_position_counts_characters_from_the_start_of_the_statement() -> None:
    script = script_of("SELECT 'ä'; SELECT 'öü', x;\nSELECT 1")
    assert script.locate(1, 14, "utf-8") == Place(1, 26)


def test_a_position_on_a_later_line_counts_from_the_start_of_that_line() -> None:
    script = script_of("SELECT 1; SELECT 'ä',\r\n  'ö',\n  x")
    assert script.locate(1, 23, "utf-8") == Place(3, 3)


def test_a_position_on_the_first_line_does_not_count_the_byte_order_mark() -> None:
    assert script_of("\ufeffSELEC 1").locate(0, 1, "utf-8") == Place(1, 1)


def test_a_position_counts_characters_of_the_encoding_that_is_sent() -> None:
    script = script_of(b"SET NAMES 'sjis'; SELECT '\x95\x5c', x")
    assert script.locate(1, 13, "shift_jis") == Place(1, 31)


def test_a_position_counts_bytes_where_the_server_does() -> None:
    script = script_of("SELECT 'ä'; SELECT 'öü',\n'é', x", Dialect(counts_bytes=True))
    assert script.locate(1, 22, "utf-8") == Place(2, 6)


DO = "SELECT 1;\n\nDO LANGUAGE plpgsql {}\nBEGIN\n  RAISE 'x';\nEND{};"


@pytest.mark.parametrize("quotes", [("$$", "$$"), ("$a$", "$a$"), ("'", "'"), ("E'", "'")])
def test_a_line_of_a_do_block_counts_from_its_opening_quote(quotes: tuple[str, str]) -> None:
    script = script_of(DO.format(*quotes).replace("'x'", "''x''"))
    assert script.locate_body(1, None, 3) == Place(5)


def test_a_line_of_code_that_has_its_newlines_escaped_has_no_place() -> None:
    script = script_of(r"DO E'BEGIN\n RAISE; END'")
    assert script.locate_body(0, None, 2) is None


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("f", "f"),
        ("F", "f"),
        ('"F g"', "F g"),
        ('"F ""g"""', 'F "g"'),
        ("app.f", "f"),
        ('"app" . /* x */ f', "f"),
    ],
)
def test_a_line_of_a_function_leads_to_where_the_file_creates_it(name: str, called: str) -> None:
    script = script_of(
        f"-- one\nCREATE OR REPLACE FUNCTION {name} (a text DEFAULT 'x')\nRETURNS int\n"
        "LANGUAGE 'plpgsql' AS $$\nBEGIN\n  RAISE 'x';\nEND $$;\nSELECT f();"
    )
    assert script.locate_body(1, called, 3) == Place(6)


def test_a_function_of_another_file_has_no_place() -> None:
    script = script_of("CREATE FUNCTION g() RETURNS int AS $$\n\n$$ LANGUAGE sql; SELECT f();")
    assert script.locate_body(1, "f", 1) is None
    assert script.locate_body(1, "g", 4) is None
    assert script.locate_body(1, None, 1) is None


def test_a_function_that_is_created_twice_has_no_place() -> None:
    one = "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$\n\n$$ LANGUAGE plpgsql;"
    assert script_of(f"{one}{one} SELECT f()").locate_body(2, "f", 1) is None


def test_an_atomic_body_is_not_in_a_string() -> None:
    script = script_of("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT f()")
    assert script.locate_body(1, "f", 1) is None


def test_the_text_of_a_line_is_shown_whatever_is_in_it() -> None:
    script = script_of("\ufeffSELECT 'ä';\r\n-- last".encode() + b"; SET NAMES latin1")
    assert [script.source_line(line) for line in (1, 2, 3)] == [
        "SELECT 'ä';",
        "-- last; SET NAMES latin1",
        "",
    ]


def test_text_in_another_encoding_is_shown_with_replacements() -> None:
    script = script_of(b"SET NAMES latin1;\nSELECT '\xe4';")
    assert script.source_line(2) == "SELECT '\ufffd';"


def test_of_an_endless_line_the_first_mebibyte_is_shown() -> None:
    assert len(script_of(f"SELECT '{'x' * 60_000}'").source_line(1)) == 60_009
