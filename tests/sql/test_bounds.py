"""What :from and :to mean in a statement over ranges of a key, and how they travel."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.errors import FilesError
from schemamig_tui.sql.batch_options import Misuse
from schemamig_tui.sql.bounds import range_statement
from schemamig_tui.sql.lexer import tokens
from tests.unit.psql_spy import queries
from tests.unit.scripts import cut

TWO = ("a", "b")


def sent(sql: str, key: Sequence[str] = ("id",), *, both_ends: bool = False) -> str:
    """What is sent of a statement, which is as long as it was up to each parameter."""
    statement = range_statement(sql.encode(), key, both_ends=both_ends)
    assert len(statement.text) == len(sql.encode())
    return statement.text.decode()


def misuse(sql: str, key: Sequence[str] = ("id",)) -> Misuse:
    """Why a statement is refused."""
    with pytest.raises(Misuse) as caught:
        range_statement(sql.encode(), key)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("x id BETWEEN :from AND :to", "x id BETWEEN $1    AND $2 "),
        ("x id between :'from' and :'to'", "x id between $1      and $2   "),
        ("x id >= :from AND id <= :to", "x id >= $1    AND id <= $2 "),
        ("x id>=:from AND id<=:to", "x id>=$1    AND id<=$2 "),
        ("x id BETWEEN(:from)AND(:to)", "x id BETWEEN($1   )AND($2 )"),
        ("x id BETWEEN:from AND :to", "x id BETWEEN $1   AND $2 "),
        ("x id BETWEEN :from::int AND :to::int", "x id BETWEEN $1   ::int AND $2 ::int"),
        (
            "x id BETWEEN :from AND :to AND ':from' <> $$:to$$ -- :from",
            "x id BETWEEN $1    AND $2  AND ':from' <> $$:to$$ -- :from",
        ),
        (
            "x f(:from, :to) WHERE id BETWEEN :from AND :to AND a[1:n] = 1 AND p(b := 1)",
            "x f($1   , $2 ) WHERE id BETWEEN $1    AND $2  AND a[1:n] = 1 AND p(b := 1)",
        ),
    ],
)
def test_both_ends_may_be_in_the_range(sql: str, expected: str) -> None:
    assert sent(sql) == expected
    assert not range_statement(sql.encode(), ["id"]).begins_behind


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("x id > :from AND id <= :to", "x id >= $1   AND id <= $2 "),
        ("x id>:from AND id<=:to", "x id>=$1   AND id<=$2 "),
        ("x id>(:from) AND id<=:to", "x id>=($1  ) AND id<=$2 "),
        ("x id > :'from' AND id <= :'to'", "x id >= $1     AND id <= $2   "),
    ],
)
def test_a_range_that_begins_behind_from_is_sent_with_its_first_key(
    sql: str, expected: str
) -> None:
    assert sent(sql) == expected
    assert range_statement(sql.encode(), ["id"]).begins_behind


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "x (a, b) > (:from_a, :from_b) AND (a, b) <= (:to_a, :to_b)",
            "x (a, b) >= ($1    , $2     ) AND (a, b) <= ($3   , $4   )",
        ),
        (
            "x (a, b) >= (:from_1, :'from_2') AND (a, b) <= ROW(:to_1, :to_2)",
            "x (a, b) >= ($1     , $2       ) AND (a, b) <= ROW($3   , $4   )",
        ),
        (
            "x (a, b) BETWEEN (:from_a, :from_b) AND (:to_a, :to_b)",
            "x (a, b) BETWEEN ($1     , $2     ) AND ($3   , $4   )",
        ),
        (
            "x (a,b)>(:from_a,:from_b) AND (a,b)<=(:to_a,:to_b) AND a BETWEEN :from_a AND :to_a",
            "x (a,b)>=($1    ,$2     ) AND (a,b)<=($3   ,$4   ) AND a BETWEEN $1      AND $3   ",
        ),
    ],
)
def test_a_key_of_several_columns_is_compared_as_a_whole(sql: str, expected: str) -> None:
    assert sent(sql, TWO) == expected


def test_a_column_that_psql_cannot_spell_has_a_number() -> None:
    key = ("tenant id", "b")
    sql = 'x ("tenant id", b) > (:from_1, :from_b) AND ("tenant id", b) <= (:to_1, :to_2)'
    assert "($1    , $2     )" in sent(sql, key)
    assert "Write (tenant id, b) > (:from_1, :from_b)" in misuse("x", key).hint


def test_a_call_takes_both_ends_of_the_range() -> None:
    assert sent("CALL p(:from, :to)", both_ends=True) == "CALL p($1   , $2 )"


@pytest.mark.parametrize(
    ("sql", "at", "message"),
    [
        ("x", 0, "The statement has no :from."),
        ("x id > :from", 0, "The statement has no :to."),
        ("x id BETWEEN :from AND :to AND y = :z", 35, ":z is no bound of this key."),
        ("x id BETWEEN :From AND :to", 13, ":From is no bound of this key."),
        ("x id BETWEEN :from AND :to_id", 23, ":to_id is no bound of this key."),
        ("x id BETWEEN :from AND :to AND y = $1", 35, "A statement in batches has parameters"),
        ("x id > :from AND id < :to", 20, "With < the last key of every range is left out."),
        ("x id = :from AND id <= :to", 7, "It is not clear which keys :from stands for here."),
        ("x id < :from AND id <= :to", 7, "It is not clear which keys :from stands for here."),
        ("x id NOT BETWEEN :from AND :to", 17, "It is not clear which keys :from stands"),
        ("x id BETWEEN SYMMETRIC :from AND :to", 23, "It is not clear which keys :from stands"),
        ("x id BETWEEN :from - 1 AND :to", 13, "It is not clear which keys :from stands for"),
        ("x id BETWEEN 1 AND :to AND y(:from)", 29, "It is not clear which keys :from stands"),
        ("x :from < id AND id <= :to", 2, "It is not clear which keys :from stands for here."),
        ("x f(:from, :to)", 4, "It is not clear which keys :from stands for here."),
        ("x id > :from AND id <= :to AND c >= :from", 5, "The statement compares with both"),
        ("x id > :from AND id <= :to AND y(:from)", 33, ":from is used outside of a comparison"),
    ],
)
def test_what_is_not_clear_is_refused_where_it_stands(sql: str, at: int, message: str) -> None:
    error = misuse(sql)
    assert error.message.startswith(message)
    assert error.offset == at


RANGE = "id BETWEEN :from AND :to"


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE d SET n = 1 WHERE {RANGE} OR n = 0",
        f"UPDATE d SET n = 1 WHERE n = 0 OR m = 0 AND {RANGE}",
        f"UPDATE d SET n = 1 WHERE NOT {RANGE}",
        f"UPDATE d SET n = 1 WHERE NOT (n = 0 AND {RANGE})",
        f"UPDATE d SET n = 1 WHERE ({RANGE}) IS FALSE",
        f"UPDATE d SET n = 1 WHERE (n > 0 AND ({RANGE}) OR m > 0)",
        "UPDATE d SET n = 1 WHERE id > :from AND (id <= :to OR n = 1)",
        "UPDATE d SET n = 1 WHERE id > :from OR id <= :to",
        f"UPDATE d SET n = 1 WHERE id NOT IN (SELECT id FROM o WHERE {RANGE})",
        f"UPDATE d SET n = 1 WHERE id <> ALL (SELECT id FROM o WHERE {RANGE})",
        f"UPDATE d SET n = 1 WHERE NOT EXISTS (SELECT FROM o WHERE {RANGE})",
        f"UPDATE d SET n = CASE WHEN {RANGE} THEN 1 END",
        f"UPDATE d SET b = {RANGE}",
        f"INSERT INTO d SELECT id, {RANGE} FROM o",
        f"INSERT INTO d SELECT count(*) FILTER (WHERE {RANGE}) FROM o",
        f"INSERT INTO d SELECT a FROM o WHERE {RANGE} UNION ALL SELECT a FROM p",
        f"DELETE FROM d WHERE id IN (SELECT a FROM p UNION SELECT a FROM o WHERE {RANGE})",
    ],
)
def test_a_range_that_does_not_limit_the_statement_is_refused(sql: str) -> None:
    error = misuse(sql)
    assert "does not limit what a batch changes" in error.message
    assert sql[error.offset :].startswith((":from", ":to"))


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE d SET n = 1 WHERE {RANGE} AND (n = 0 OR n = 1) AND NOT (m = 0) AND o IS NOT NULL",
        f"UPDATE d SET b = (a OR c) WHERE NOT b AND (({RANGE}))",
        f"UPDATE d SET n = CASE WHEN a OR b THEN 1 ELSE 0 END WHERE {RANGE} RETURNING a OR b",
        f"UPDATE d SET n = 1 FROM o JOIN p ON o.a = p.a OR p.a = 0 WHERE {RANGE}",
        f"WITH r AS NOT MATERIALIZED (SELECT id FROM d WHERE {RANGE}) UPDATE d SET n = 1 FROM r",
        f"DELETE FROM d WHERE id IN (SELECT id FROM d WHERE {RANGE} AND (a OR b))",
        f"INSERT INTO c SELECT a OR b FROM d WHERE {RANGE} ON CONFLICT (id) DO NOTHING",
        f"INSERT INTO c SELECT 1 FROM d WHERE {RANGE} UNION ALL SELECT 2 FROM d WHERE {RANGE}",
        f"INSERT INTO c SELECT id FROM d WHERE {RANGE} EXCEPT SELECT id FROM c",
        f"WITH RECURSIVE r AS (SELECT * FROM d WHERE {RANGE} UNION ALL SELECT d.* FROM d JOIN r"
        " ON d.parent = r.id) DELETE FROM d USING r WHERE d.id = r.id",
        f"WITH r AS (SELECT * FROM d WHERE {RANGE}) INSERT INTO c SELECT a FROM r UNION"
        " SELECT b FROM r",
        f"MERGE INTO c USING d ON c.id = d.id WHEN MATCHED AND d.{RANGE} THEN DELETE",
        f"MERGE INTO c USING (SELECT * FROM d WHERE {RANGE}) d ON c.id = d.id OR c.id = 0",
    ],
)
def test_a_range_that_limits_the_statement_may_stand_beside_anything(sql: str) -> None:
    assert "BETWEEN $1" in sent(sql)


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("x a > :from_a AND b > :from_b AND a <= :to_a AND b <= :to_b", 6),
        ("x (a, b) > (:from_b, :from_a) AND (a, b) <= (:to_a, :to_b)", 12),
        ("x a >= :from_a AND b >= :from_b AND (a, b) <= (:to_a, :to_b)", 24),
    ],
)
def test_columns_that_are_compared_one_by_one_are_refused(sql: str, at: int) -> None:
    error = misuse(sql, TWO)
    assert error.message.startswith("It is not clear which keys :from")
    assert error.offset == at
    assert error.hint.endswith("(a, b) > (:from_a, :from_b) AND (a, b) <= (:to_a, :to_b).")


def test_a_bound_without_its_column_is_no_bound_of_a_key_of_columns() -> None:
    error = misuse("x (a, b) > :from AND (a, b) <= :to", TWO)
    assert error.message == ":from is no bound of this key."
    assert ":from_a, :from_b, :to_1" in error.hint


PIECES = [
    *("foo", "x1$2", "a$b$", "$1 ", "ä", "::int", "::foo", "1.5e3 ", "'a;b'", "'it''s :from'"),
    *(r"E'\' :from'", '"a :from"', "$$ :from $$", "$t$ :to $t$", "-- :from\n", "/* :to */", "-"),
    *("(", ")", "\n", " ", "=", ">", "<=", ":from", ":to", ":'from'", ":'to'", ":= 1", ":=", "||"),
    *("x:from", "(:from)", ">:from", "<=:to", ",:to", ":from::int", "a.b", "BETWEEN", "AND"),
]


def test_psql_puts_its_values_in_the_same_places(folder: Path) -> None:
    """By hand the statement means the same: psql replaces what we send as parameters."""
    chance = random.Random(1)
    texts = [" ".join(chance.choice(PIECES) for _ in range(12)) for _ in range(400)]
    # An open parenthesis would have psql wait; the last part makes each a statement over a range.
    texts = [re.sub("[()]", "", f"x {text}\n id BETWEEN :from AND :to") for text in texts]
    head = b"\\set from ' F '\n\\set to ' T '\n"
    files = [head + text.encode() + b";" for text in texts]
    compared = 0
    for text, (query, *_) in zip(texts, queries(folder, files, standard_strings=True), strict=True):
        try:
            cut(f"-- schemamig: backfill\n{text};")
            ours = range_statement(text.encode(), ["id"], both_ends=True).text
        except (FilesError, Misuse):  # never closed, or no bound of this key
            continue
        compared += 1
        assert _words(_with_values(ours, text.encode())) == _words(query), text
    assert compared > 100


def _with_values(sent: bytes, text: bytes) -> bytes:
    """What is sent with the values in the place of its parameters, quoted where psql would."""

    def value(found: re.Match[bytes]) -> bytes:
        name = {b"1": b" F ", b"2": b" T "}[found[1]]
        written = text.index(b":", found.start() - 1)
        return b"'%s'" % name if text.startswith(b":'", written) else name

    return re.sub(rb"(?<![\w$\x80-\xff])\$([12])(?= *)", value, sent)


def _words(sql: bytes) -> list[bytes]:
    return [token[1] for token in tokens(sql) if token[1] != b";"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_any_text_is_read_or_refused_and_nothing_moves(text: str) -> None:
    try:
        statement = range_statement(text.encode(), ["id"])
    except Misuse as misuse:
        offset = misuse.offset
    else:
        offset = 0
        outside = r":(?:from|to)\b|:'(?:from|to)'|\$\d|>=?| "
        assert re.sub(outside, "", text) == re.sub(outside, "", statement.text.decode())
        assert len(statement.text) == len(text.encode())
    assert 0 <= offset <= len(text.encode())
