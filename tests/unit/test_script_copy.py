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
