"""What holds for the cutting of any text at all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.engine.script import source, window
from schemamig_tui.errors import FilesError
from schemamig_tui.sql import lexer
from schemamig_tui.sql.lexer import tokens
from tests.unit.scripts import cut, script_of, statements

# What can end up in a window's last bytes, or between the parts of a statement.
PIECES = [
    *("SELECT 1", "x1$2", "date'", "a$b$", "$1 ", "ä", "::int", "[1:2]", "1.5e3", "foo", "N'x'"),
    *("'a;b'", "'it''s'", r"'\'", r"E'\';'", "e'a'\n'\\';'", '"a;b"', '"""', "U&'x'", "''", "E''"),
    *("$$;$$", "$t$ $$ ; $t$", "$ä$;$ä$", "$$", "$t$", "'", '"', "E'"),
    *("--;\n", "-- '\n", "/*;*/", "/* /* ' */ ; */", "/**/", "/*", "*/", "-", "/", "*", "--"),
    *("(", ")", "(;)", "((((1))))", ";", ";;", " ", "\n", "\r\n", "\t"),
    *("CREATE FUNCTION f() ", "create/**/or replace procedure p() "),
    *("BEGIN ATOMIC ", "begin", "CASE", "END", "end;", "bend"),
    *("COPY t FROM stdin (ENCODING 'LATIN1');\n", ":'x'", '::"x"', "[1:'2']", ":name"),
    *("\n-- migrate:down\n", "\n-- no-transaction\n", "\n-- +goose NO TRANSACTION\n"),
    *("COPY t FROM stdin;\n", "\\.\n", "COMMIT", "SET standard_conforming_strings = off;"),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)

ATOMIC = ["BEGIN", "ATOMIC", "SELECT", "CASE", "WHEN", "a", "THEN", "1", "END", ";", "END"]
STATEMENT = st.sampled_from(
    [
        ["SELECT", "'a;'", "AS", '"b;"'],
        ["INSERT", "INTO", "t", "VALUES", "(", "1", ",", "$$;$$", ")"],
        ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", "i", "ON", "t", "(", "a", ")"],
        ["REINDEX", "(", "CONCURRENTLY", ")", "TABLE", "t"],
        ["ALTER", "TABLE", "a", ".", "b", "DETACH", "PARTITION", "c", "CONCURRENTLY"],
        ["ALTER", "DATABASE", "d", "SET", "TABLESPACE", "s"],
        ["DO", "LANGUAGE", "plpgsql", "$$ BEGIN COMMIT; END $$"],
        ["VACUUM", "FULL"],
        ["SET", "LOCAL", "work_mem", "=", "'1MB'"],
        ["CREATE", "OR", "REPLACE", "FUNCTION", "f", "(", ")", "RETURNS", "int", *ATOMIC],
    ]
)
GAP = st.sampled_from(
    [" ", "\n", "\t\r\n", "/**/", "/* ; ' */", "/* /* $$ */ */", "--;\n", "-- '\n "]
)


@contextmanager
def small_windows(size: int) -> Iterator[None]:
    """Read as if files were huge, so that every window ends in the middle of something."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "HELD", 0)
        patch.setattr(window, "SIZE", size)
        patch.setattr(window, "MARGIN", 48)
        patch.setattr(window, "HEAD", 96)
        yield


def outcome(text: str) -> tuple[object, ...]:
    """How a file is cut, or why it is not."""
    try:
        found = cut(text)
    except FilesError as error:
        return error.message, error.line, error.column
    comments = found.comments
    return (
        *(found.starts, found.ends, found.traits, found.copies, found.remarks),
        *(comments.no_transaction, comments.remarks),
    )


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_any_bytes_are_cut_or_refused(data: bytes) -> None:
    with suppress(FilesError):
        script_of(data)


@given(TEXT)
def test_statements_and_what_is_between_them_are_the_file(text: str) -> None:
    try:
        found = cut(text)
    except FilesError:
        return
    data = text.encode()
    after = 0
    for i, (start, end) in enumerate(zip(found.starts, found.ends, strict=True)):
        assert only_blank(data[after:start])
        assert not only_blank(data[start:end])
        after = end
        if i in found.copies:
            first, last = found.copies[i]
            assert b"\n" not in data[end : first - 1]
            assert data[last : last + 2] == b"\\."
            after = last + 2
    assert only_blank(data[after:])


def only_blank(data: bytes) -> bool:
    """Whether there are only white space, comments and semicolons."""
    return all(token[1] == b";" for token in tokens(data))


@given(TEXT, st.integers(1, 90))
def test_where_a_window_ends_makes_no_difference(text: str, size: int) -> None:
    expected = outcome(text)
    with small_windows(size):
        assert outcome(text) == expected


@given(st.lists(STATEMENT, min_size=1, max_size=4), st.data())
def test_where_a_comment_stands_makes_no_difference(
    parts: list[list[str]], data: st.DataObject
) -> None:
    gap = partial(data.draw, GAP)
    plain = ";".join(" ".join(words) for words in parts)
    spread = ";".join("".join(gap() + word for word in words) + gap() for words in parts)
    assert [_words(sql) for sql in statements(spread)] == [_words(sql) for sql in statements(plain)]
    assert script_of(spread).mode is script_of(plain).mode


@pytest.mark.parametrize(
    "form", ["/* {} */", "-- {}\n", "'{}'", "E'{}'", '"{}"', "$${}$$", "$b${}$b$", "({})"]
)
def test_what_is_longer_than_a_window_is_still_one_thing(form: str) -> None:
    parts = ["SELECT 1", f"SELECT {form.format('ö; x' * 90_000)} 2", "SELECT E'3'"]
    found = cut("; ".join(parts))
    lengths = [end - start for start, end in zip(found.starts, found.ends, strict=True)]
    assert lengths == [len(part.encode()) for part in parts]


def test_no_pattern_trips_over_the_repeats_of_early_python_3_11() -> None:
    # gh-106052: before 3.11.5 a repeated group has to end in an alternative that never fits.
    patterns = [value for value in vars(lexer).values() if isinstance(value, re.Pattern)]
    patterns += [lexer.token_pattern(joined=joined) for joined in (True, False)]
    for standard in (True, False):
        patterns.append(lexer.ordinary(standard_strings=standard))
        patterns += [
            lexer.skipper(standard_strings=standard, counts_begin=counts)
            for counts in (True, False)
        ]
    for pattern in patterns:
        repeats = re.findall(rb"\)[*+?]\+", pattern.pattern)
        assert len(repeats) == pattern.pattern.count(rb"|(?!))*+")


def _words(sql: str) -> list[bytes]:
    return [token[1] for token in tokens(sql.encode())]
