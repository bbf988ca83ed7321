"""COPY with its data in the file."""

import pytest

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.script import Kind, Script
from tests.unit.scripts import refusal, script_of


def data(script: Script, i: int) -> bytes:
    return b"".join(script.copy_data(i))


def test_the_data_is_what_is_between_the_statement_and_the_end_mark() -> None:
    script = script_of("COPY t FROM stdin;\n1\ta;'b\n\\N\t\\\\.\n\\.\nSELECT 1;")
    assert [script.sql(i) for i in range(len(script))] == [b"COPY t FROM stdin", b"SELECT 1"]
    assert script.kind(0) is Kind.COPY_IN
    assert data(script, 0) == b"1\ta;'b\n\\N\t\\\\.\n"
    assert script.mode is Mode.TRANSACTION


@pytest.mark.parametrize(
    "statement",
    [
        "copy t (a, b) from stdin",
        "COPY s.t FROM STDIN WITH (FORMAT csv, HEADER)",
        'COPY "from" FROM stdin CSV',
        "COPY stdin FROM stdin",
        "COPY BINARY t FROM STDIN",
        "COPY t /* FROM x */ FROM -- y\n stdin WHERE a > (1)",
        "COPY t FROM stdout",
    ],
)
def test_every_way_to_say_it_is_understood(statement: str) -> None:
    script = script_of(f"{statement};\n1\n\\.\nSELECT 1")
    assert (script.sql(0), script.kind(0), data(script, 0)) == (
        statement.encode(),
        Kind.COPY_IN,
        b"1\n",
    )


@pytest.mark.parametrize(
    "statement",
    ["COPY t TO stdout", "COPY (SELECT a FROM stdin) TO STDOUT (FORMAT csv)", "COPY t TO stdin"],
)
def test_copy_to_stdout_has_no_data(statement: str) -> None:
    script = script_of(f"{statement}; SELECT 1;")
    assert script.kind(0) is Kind.COPY_OUT
    assert len(script) == 2


def test_copy_from_a_file_of_the_server_is_like_any_statement() -> None:
    script = script_of("COPY stdin FROM '/tmp/stdin'; COPY t FROM PROGRAM 'stdin'; SELECT 1;")
    assert [script.kind(i) for i in range(3)] == [Kind.ORDINARY] * 3


def test_data_keeps_its_line_ends() -> None:
    script = script_of(b"COPY t FROM stdin;\r\n1\r\n\r\n\\.\r\nSELECT 1;\r\n")
    assert data(script, 0) == b"1\r\n\r\n"
    assert script.sql(1) == b"SELECT 1"


def test_data_may_be_empty_and_end_the_file() -> None:
    script = script_of("COPY t FROM stdin; \t-- nothing;\n\\.")
    assert data(script, 0) == b""


def test_a_backslash_dot_with_more_on_its_line_is_data() -> None:
    script = script_of("COPY t FROM stdin;\n\\.x\n \\.\n\\..\n\\.\n")
    assert data(script, 0) == b"\\.x\n \\.\n\\..\n"


def test_several_copies_keep_their_data_apart() -> None:
    script = script_of("COPY t FROM stdin;\n1\n\\.\n\nCOPY t FROM stdin;\n2\n\\.\n")
    assert [data(script, i) for i in range(2)] == [b"1\n", b"2\n"]


@pytest.mark.parametrize("end", ["", "\\.x\n", "\n \\.\n", "SELECT 1;"])
def test_data_without_an_end_is_refused_where_the_statement_is(end: str) -> None:
    error = refusal(f"SELECT 1;\n\n COPY t FROM stdin;\n1\n{end}")
    assert (error.line, error.column) == (3, 2)
    assert error.message == "The data of this COPY ... FROM stdin has no end."


def test_copy_at_the_end_of_the_file_needs_its_data_too() -> None:
    assert "has no end" in refusal("COPY t FROM stdin").message


@pytest.mark.parametrize("behind", [" SELECT 1;", " /* c */", " \\echo x"])
def test_text_behind_the_statement_is_refused(behind: str) -> None:
    error = refusal(f"COPY t FROM stdin;{behind}\n1\n\\.\n")
    assert (error.line, error.column) == (1, 19)
    assert "the data starts on the next line" in error.message.replace("its data", "the data")


@pytest.mark.parametrize(
    "options",
    [
        "WITH (ENCODING 'LATIN1')",
        "(format csv, encoding latin1)",
        "ENCODING 'iso_8859_1'",
        "WITH CSV HEADER ENCODING 'WIN1252'",
        "(FORCE_NULL (encoding), ENCODING 'SJIS') WHERE a > ''",
    ],
)
def test_data_in_an_encoding_of_its_own_is_sent_as_it_is(options: str) -> None:
    text = f"COPY t FROM stdin {options};\n".encode() + b"caf\xe9\n\\.\nSELECT '\xc3\xa9';"
    script = script_of(text)
    assert data(script, 0) == b"caf\xe9\n"
    assert script.sql(1) == "SELECT 'é'".encode()


@pytest.mark.parametrize(
    "statement",
    [
        "COPY t FROM stdin",
        "COPY t (encoding) FROM stdin",
        "COPY t FROM stdin (ENCODING 'UTF8')",
        "COPY t FROM stdin WHERE encoding = 'LATIN1'",
        "COPY t FROM stdin (FORCE_NULL (encoding, latin1))",
    ],
)
def test_other_data_has_to_be_utf_8(statement: str) -> None:
    text = statement.encode() + b";\ncaf\xe9\n\\.\n"
    assert "(0xE9) is not valid UTF-8" in refusal(text).message


def test_what_follows_data_in_another_encoding_has_to_be_utf_8_again() -> None:
    text = b"COPY t FROM stdin (ENCODING 'LATIN1');\ncaf\xe9\n\\.\n-- caf\xe9\n"
    error = refusal(text)
    assert "(0xE9) is not valid UTF-8" in error.message
    assert error.line == 4
