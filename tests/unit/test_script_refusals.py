"""What a file is refused for before anything runs, with its place and a way out."""

from pathlib import Path

import pytest

from schemamig_tui.engine.script.script import ScriptWarning, parse
from schemamig_tui.errors import FilesError
from tests.unit.scripts import on_disk, refusal, script_of


@pytest.mark.parametrize(
    ("opening", "message"),
    [
        ("'never; closed", "This string is never closed."),
        ("'closed'' not", "This string is never closed."),
        (r"E'closed\'", "This string is never closed."),
        ("E'a'\n 'b\\'", "This string is never closed."),
        ("E'\\", "This string is never closed."),
        ('"never; closed', "This quoted name is never closed."),
        ("$$ never; $ closed", "This dollar quote $$ is never closed."),
        ("$a$ $$ $A$ $ä$", "This dollar quote $a$ is never closed."),
        ("/* never /* */ closed", "This comment is never closed."),
        ("(1, (2), ')'", "This parenthesis is never closed."),
    ],
)
def test_what_is_opened_and_never_closed_is_named_where_it_opened(
    opening: str, message: str
) -> None:
    error = refusal(f"SELECT 1;\nSELECT 'ä', {opening}")
    column = 14 if opening.startswith("E") else 13
    assert (error.message, error.line, error.column) == (message, 2, column)


def test_the_innermost_open_parenthesis_is_named() -> None:
    error = refusal("SELECT (\n (1), ((2)")
    assert (error.line, error.column) == (2, 7)


def test_an_atomic_body_without_end_is_refused() -> None:
    error = refusal("CREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; ")
    assert (error.message, error.line, error.column) == ("This is never closed with END.", 2, 1)


def test_the_place_of_an_error_is_what_an_editor_makes_clickable(tmp_path: Path) -> None:
    with pytest.raises(FilesError) as caught:
        parse(on_disk(tmp_path / "1.sql", b"SELECT 'x"))
    assert caught.value.place == f"{tmp_path}/1.sql:1:8"


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (r"\i other.sql", "Put the statements of that file here."),
        (r"\ir other.sql", "Put the statements of that file here."),
        (r"\copy t from 'f'", "Use COPY ... FROM stdin with the data behind it"),
        (r"\connect other", "A migration runs in one database, on one connection."),
        (r"\c", "A migration runs in one database, on one connection."),
        (r"\set name value", "Variables are psql's own: write the value itself."),
        (r"\set ON_ERROR_STOP off", "Remove it, and what fails."),
        (r"\set on_error_stop 0", "Remove it, and what fails."),
        (r"\unset ON_ERROR_STOP", "Remove it, and what fails."),
        (r"\if true", "Decide in SQL, in a DO block."),
        (r"\! ls", "A migration cannot use the shell."),
        (r"\encoding LATIN1", "Use SET client_encoding."),
        (r"\.", "It ends the data of a COPY"),
        (r"\timing on", "Remove it."),
        (r"\q", "Remove it, and what is behind it"),
        (r"\echo one \\ SELECT 1;", "Use a line for each."),
        ("\\", "Remove it."),
    ],
)
def test_a_psql_command_is_refused_with_what_to_do_instead(command: str, hint: str) -> None:
    error = refusal(f"SELECT 1;\n  {command}\nSELECT 2;")
    assert (error.line, error.column) == (2, 3)
    assert error.hint is not None
    assert error.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT 1 \\gexec\n", "gexec"),
        ("SELECT 1\\; SELECT 2;", ";"),
        ("SELECT (1 \\g", "g"),
        ("INSERT INTO t VALUES (1)\n\\echo hi\n;", "echo"),
        ("SELECT 1 \\bind a \\g\n", "bind"),
    ],
)
def test_in_a_statement_every_psql_command_is_refused(text: str, name: str) -> None:
    assert refusal(text).message == f"\\{name} is a command of psql, not SQL."


def test_commands_that_change_nothing_are_left_out() -> None:
    script = script_of(
        "\\restrict d41\n\\set ON_ERROR_STOP on\n\\set ON_ERROR_STOP\n\\set ON_ERROR_STOP 'true'\n"
        "SELECT 1; \\echo 'it''s \\n done' `date`\r\n\\unrestrict d41\nSELECT 2"
    )
    assert [script.sql(i) for i in range(len(script))] == [b"SELECT 1", b"SELECT 2"]
    assert script.warnings == (
        ScriptWarning(5, "\\echo is left out: it shows something in psql only."),
    )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT {}",
        "SELECT id={} FROM t",
        "SELECT ({}), ((((({})))))",
        "SELECT a[1:2], {}",
        "SELECT '[', $$ json_object( $$, {} /* [ */, {}",
        "SELECT ARRAY[{}], ARRAY[ 'a', {} ], ARRAY[['a'], [{}]], a[f({})]",
        "SELECT json_object('a' VALUE {}), json_object('a':f({}))",
        "CREATE TABLE t (a text DEFAULT {})",
        "INSERT INTO t VALUES ('a'), ({})",
        "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT {}; END",
        "SET search_path = {}",
        "SELECT 'ä',{}",
    ],
)
@pytest.mark.parametrize("variable", [":'name'", ':"Name_1"', ":'ä'", ":'1'"])
@pytest.mark.parametrize("standard", ["on", "off"])
def test_a_quoted_variable_of_psql_is_refused_at_its_place(
    statement: str, variable: str, standard: str
) -> None:
    setting = f"SET standard_conforming_strings = {standard}"
    error = refusal(f"{setting};\n{statement.replace('{}', variable)};")
    assert error.message == f"{variable} is a variable of psql, not SQL."
    assert error.hint == "Variables are psql's own: write the value itself."
    assert (error.line, error.column) == (2, 1 + statement.index("{}"))


@pytest.mark.parametrize(
    "text",
    [
        """SELECT a[1:2], a[:n], a[n:], a[1:"n"], a["n":"m"], a[:'2'], a[(1):'2']""",
        """SELECT json_object('a':'x', k :"v", 'b':json_objectagg(t.k:'y'), (k):'z')""",
        f"""SELECT json_object('a':'{1100 * "x"}', $$b$$ :'y', 'c' || 'd' :'z'), a[f('('):'2']""",
        """SELECT x::"Type", 'x'::"Type", x :: "Type", x::text, ('x')::'y'""",
        """SELECT f(a := 'x', b :='y', c :="z"), g(a => ':''x''')""",
        """SELECT ':''x'' :"y"', E':\\'x\\'', " :'x' ", $$ :'x' :"y" $$, $a$:'x'$a$""",
        """/* :'x' */ SELECT 1 -- :"x"\n""",
        "COPY t FROM stdin;\n:'x'\n\\.\n",
        "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS ' BEGIN RETURN :''x''; END '",
        "SELECT :name, :1, :'a b', : 'x', :''",
    ],
)
def test_what_looks_like_a_quoted_variable_and_is_none_is_left_alone(text: str) -> None:
    assert len(script_of(text)) == 1


def test_a_byte_that_is_not_utf_8_is_named() -> None:
    error = refusal("SELECT 1;\nSELECT 'ä".encode() + b"\xe4';")
    assert error.message == "Byte 20 of the file (0xE4) is not valid UTF-8."
    assert (error.line, error.column) == (2, 10)


@pytest.mark.parametrize(
    "wrong", [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe4\xb8", b"\x80"]
)
def test_utf_8_is_judged_as_strictly_as_by_the_server(wrong: bytes) -> None:
    assert "is not valid UTF-8" in refusal(b"SELECT '" + wrong + b"'").message
    assert "is not valid UTF-8" in refusal(b"SELECT 1; -- " + wrong).message


@pytest.mark.parametrize(
    "setting",
    [
        "SET client_encoding = 'LATIN1'",
        "set client_encoding to latin1",
        "SET NAMES 'iso88591'",
        "SELECT pg_catalog.set_config('client_encoding', 'LATIN1', false)",
    ],
)
def test_a_file_may_say_in_which_encoding_it_is(setting: str) -> None:
    script = script_of(f"SELECT 'ä';\n{setting};\n".encode() + b"SELECT '\xe4';")
    assert script.sql(2) == b"SELECT '\xe4'"


@pytest.mark.parametrize(
    "setting",
    ["SET client_encoding = 'UTF8'", "SET NAMES 'LATIN1'; RESET client_encoding", "SET NAMES utf8"],
)
def test_a_file_that_goes_back_to_utf_8_is_held_to_it(setting: str) -> None:
    assert "is not valid UTF-8" in refusal(f"{setting};\n".encode() + b"SELECT '\xe4';").message


def test_bytes_before_the_encoding_is_set_have_to_be_utf_8() -> None:
    assert "is not valid" in refusal(b"-- \xe4\nSET client_encoding = 'LATIN1';").message


def test_a_nul_byte_is_named() -> None:
    error = refusal(b"SELECT 1;\nSELECT '\0';")
    assert error.message.startswith("A NUL byte (byte 18 of the file)")
    assert (error.line, error.column) == (2, 9)


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    file = on_disk(tmp_path / "1.sql", b"SELECT 1")
    file.path.unlink()
    with pytest.raises(FilesError, match="This cannot be read: No such file"):
        parse(file)


def test_a_file_that_was_changed_since_the_folder_was_read_is_refused(tmp_path: Path) -> None:
    file = on_disk(tmp_path / "1.sql", b"SELECT 1")
    file.path.write_bytes(b"SELECT 2")
    with pytest.raises(FilesError, match="changed after the folder had been read"):
        parse(file)
