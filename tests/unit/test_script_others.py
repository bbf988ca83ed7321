"""The cutting of the same text by others: psql itself, and libpg_query, the server's own parser."""

import random
from collections.abc import Sequence
from pathlib import Path

import postgast
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from schemamig_tui.errors import FilesError
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.sql.lexer import tokens
from tests.unit.psql_spy import queries
from tests.unit.scripts import cut, statements

# Left out is what the server's grammar never takes, on which versions of psql differ: a dollar
# quote right behind a number, E'' right behind a dollar quote, and U&'' without standard strings.
INSIDE = [
    *("SELECT 1 ", "foo", "x1$2", "a$b$", "a1$b$c", "$1 ", "ä", "::foo", "[1:2]", "1 ", "1.5e3 "),
    *("'a;b'", "'it''s'", r"date'x\'", r"E'a\'b;'", r"e'\\'", "E'a'\n'b'", "'a'  'b'"),
    *("b'01'", "n'x'", '"a;b"', '"a "" ; b"', "$$x;y$$ ", "$t$ ; $$ $t$ ", "$ä$ ; $ä$ ", "$a$"),
    *("--c;\n", "-- d '\n", "--\n", "/*c;*/", "/* /* ; */ ; */", "/**/", "/*/**/*/"),
    *("::'x'", '::"x"', ":= 'x'", "[1:'2']", ":name"),
    *("(", ")", "(;)", "\n", " ", "\t", "\r\n", "-", "/", "*"),
]
PIECES = [
    *INSIDE,
    *(";", ";;", ";CREATE FUNCTION f()", ";create -- x\n/* /**/ */or/**/replace--\nprocedure p "),
    *("BEGIN ATOMIC", "begin", "CASE", "END", "end;", "language sql"),
]


@pytest.mark.parametrize("standard_strings", [True, False])
def test_psql_cuts_random_files_at_the_same_places(folder: Path, standard_strings: bool) -> None:
    chance = random.Random(0)
    files = [_shuffled(chance) for _ in range(400)]
    compared = 0
    for file, sent in zip(
        files, queries(folder, files, standard_strings=standard_strings), strict=True
    ):
        try:
            ours = _encoded(statements(file, Dialect(standard_strings=standard_strings)))
        except FilesError:  # left open: psql sends it, or drops it
            continue
        compared += 1
        assert _words(ours) == _words(sent), file
    assert compared > 200


def _shuffled(chance: random.Random) -> bytes:
    pieces = (
        chance.choice(PIECES) + chance.choice(["", " "]) for _ in range(chance.randint(1, 15))
    )
    return "".join(pieces).encode()


def _encoded(sqls: list[str]) -> list[bytes]:
    return [sql.encode() for sql in sqls]


def _words(sqls: Sequence[bytes]) -> list[list[bytes]]:
    """The tokens of the statements that have any, without the last semicolon."""
    found = ([token[1] for token in tokens(sql)] for sql in sqls)
    return [words[:-1] if words[-1] == b";" else words for words in found if words not in EMPTY]


EMPTY: tuple[list[bytes], ...] = ([], [b";"])
VALID = st.sampled_from(
    [
        "SELECT 1",
        "SELECT ';', '''', E'\\';', $$;$$, $a$ $$ ; $a$, \"a;\" FROM a$b$",
        "SELECT 'a'\n';', E'b'\n'\\';', U&'\\0061;', B'01', X'1F'",
        "SELECT (1), ((2)), (((3))), a[1:2], b::text, -1 - -2 / 3 FROM t WHERE a @> b",
        "INSERT INTO t (a, \"b;\") VALUES (1, ';'), (2, $$;$$)",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$",
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true"
        " THEN 2 ELSE (CASE WHEN true THEN 3 END) END; END",
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE TABLE ä (ö text DEFAULT ';')",
        "BEGIN",
        "COMMIT",
        "COMMENT ON TABLE t IS E'it''s \\\\; '",
        "PREPARE p (int) AS SELECT $1; EXECUTE p (1)",
    ]
)
BETWEEN = st.sampled_from([";", ";\n", "; -- ; ' \n", " /* ; /* ' */ */ ;\r\n", ";;\t; "])


@given(st.lists(st.tuples(VALID, BETWEEN), min_size=1, max_size=8))
def test_the_parser_of_the_server_cuts_valid_files_at_the_same_places(
    parts: list[tuple[str, str]],
) -> None:
    text = "".join(statement + between for statement, between in parts)
    theirs = _encoded(postgast.split(text, method="parser"))
    found = cut(text)
    ours = [text.encode()[start:end] for start, end in zip(found.starts, found.ends, strict=True)]
    assert _words(ours) == _words(theirs)


@given(st.lists(st.lists(st.sampled_from(INSIDE), max_size=6).map("".join), max_size=4))
@example(["foo$$x;y$$ n'x'"])
def test_the_scanner_of_the_server_cuts_where_we_do(parts: list[str]) -> None:
    # By design it differs from psql: it leaves out statements without a keyword, and with a closing
    # parenthesis too many it sees no more semicolons.
    text = ";".join(f"SELECT {part}" for part in parts)
    assume(text.count(")") <= text.count("("))
    try:
        ours = _encoded(statements(text))
        theirs = _encoded(postgast.split(text, method="scanner"))
    except (FilesError, postgast.PgQueryError):
        return
    # The scanner gives n'' as the keyword NCHAR and a string.
    with_keyword = [words for words in _words(ours) if {b"SELECT", b"n'x'"} & set(words)]
    assert with_keyword == _words(theirs)
