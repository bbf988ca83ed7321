"""Statements that run in batches: where their directive may stand, and what they may be."""

import pytest

from schemamig_tui.engine.events import Mode
from schemamig_tui.sql.batch_options import RangeBatches, RepeatedBatches
from tests.unit.scripts import refusal, script_of

DIRECTIVE = "-- schemamig: backfill table=docs key=id\n"
RANGE = "WHERE id BETWEEN :from AND :to"
UPDATE = f"UPDATE docs SET n = 1 {RANGE};\n"


def test_a_directive_belongs_to_the_statement_behind_it() -> None:
    script = script_of(f"SELECT 1;\n-- why\n{DIRECTIVE}/* and */\n{UPDATE}SELECT 2;")
    assert [*script.batched] == [1]
    found = script.batched[1]
    assert isinstance(found.asked, RangeBatches)
    assert (found.line, found.head.verb) == (3, "update")
    assert script.mode is Mode.NO_TRANSACTION
    assert script.reason == "the backfill in line 3 commits after every batch"


def test_a_directive_may_have_several_lines() -> None:
    more = "-- schemamig: backfill batch=7\n-- a comment\n-- Schemamig:  BACKFILL target=1s\n"
    script = script_of(DIRECTIVE + more + UPDATE)
    asked = script.batched[0].asked
    assert isinstance(asked, RangeBatches)
    assert (asked.batch, asked.target) == (7, 1.0)


def test_a_directive_may_be_long() -> None:
    names = ", ".join(f"standby{i}" for i in range(500))
    script = script_of(DIRECTIVE[:-1] + f" ignore-standby=({names})\n{UPDATE}")
    assert len(script.batched[0].asked.restraint.ignored) == 500


def test_a_repeat_runs_as_it_is() -> None:
    script = script_of("-- schemamig: repeat\nDELETE FROM jobs WHERE state = ':from';")
    assert isinstance(script.batched[0].asked, RepeatedBatches)
    assert script.batched[0].range is None
    assert script.reason == "the repeat in line 1 commits after every batch"


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE docs SET n = 1 {RANGE}",
        f"update only docs as d set n = 1 {RANGE}",
        f"DELETE FROM docs {RANGE} RETURNING id",
        f"INSERT INTO copies SELECT * FROM docs {RANGE} ON CONFLICT DO NOTHING",
        f"WITH old AS (SELECT 1) UPDATE docs SET n = 1 {RANGE}",
        f"MERGE INTO copies USING (SELECT * FROM docs {RANGE}) d ON d.id = copies.id"
        " WHEN MATCHED THEN DELETE",
        "CALL fill(:from, :to)",
        f"UPDATE docs d SET n = (SELECT x FROM o WHERE o.id = d.id LIMIT 1) {RANGE}",
        f"INSERT INTO c SELECT o.* FROM d, LATERAL (SELECT * FROM o LIMIT 3) o {RANGE}",
        f"UPDATE docs SET n = 1 {RANGE} AND EXISTS (SELECT FROM o FETCH FIRST ROW ONLY)",
        f"UPDATE docs SET (n, m) = (SELECT id, 1), o[1] = 2 FROM x {RANGE}",
        f"UPDATE other SET id = docs.n FROM docs {RANGE}",
        "UPDATE docs SET n = 1 WHERE id BETWEEN :'from' AND :'to'",
    ],
)
def test_what_runs_in_batches(sql: str) -> None:
    assert [*script_of(DIRECTIVE + sql).batched] == [0]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("^SELECT 1;", "Only UPDATE, DELETE, INSERT, MERGE and CALL can run in batches."),
        ("^WITH a AS (DELETE FROM b) SELECT 1", "Only UPDATE, DELETE, INSERT, MERGE and CALL"),
        ("^VACUUM docs;", "Only UPDATE, DELETE, INSERT, MERGE and CALL can run in batches."),
        ("^DELETE FROM docs;", "The statement has no :from."),
        ("UPDATE docs SET n = 1\nWHERE id > :from AND id ^< :to", "With < the last key of every"),
        (f"^UPDATE docs SET id = 1 {RANGE}", "The statement sets id, a column of its own key"),
        (f"^UPDATE docs SET (n, id) = (1, 2) {RANGE}", "The statement sets id, a column of its"),
        (f'^UPDATE public.docs d SET n = f(1, 2), "id" = 1 {RANGE}', "The statement sets id, a"),
        (f"DELETE FROM docs {RANGE} ^LIMIT 5", "LIMIT would leave rows of a range undone"),
        (f"UPDATE docs SET n = 1 {RANGE} AND x IN (SELECT 1 ^LIMIT 9)", "LIMIT would leave rows"),
        (
            f"WITH t AS (SELECT * FROM d {RANGE} ^FETCH FIRST 5 ROWS ONLY) DELETE FROM d",
            "FETCH would leave rows of a range undone for ever.",
        ),
        (
            f"UPDATE docs SET n = (SELECT 1 FROM docs {RANGE} ^LIMIT 1)",
            "LIMIT would leave rows of a range undone for ever.",
        ),
        (
            f"DELETE FROM d WHERE id IN (SELECT id FROM d {RANGE} FOR UPDATE ^SKIP LOCKED)",
            "SKIP LOCKED would leave rows of a range undone for ever.",
        ),
        (
            f"DELETE FROM d WHERE id IN (SELECT id FROM d {RANGE} FOR UPDATE ^NOWAIT)",
            "NOWAIT would leave rows of a range undone for ever.",
        ),
        ('UPDATE docs SET n = ^:"from";', ':"from" is a variable of psql, not SQL.'),
    ],
)
def test_what_cannot_run_in_batches_is_refused_where_it_stands(sql: str, message: str) -> None:
    error = refusal(DIRECTIVE + sql.replace("^", ""))
    assert error.message.startswith(message)
    before = (DIRECTIVE + sql).partition("^")[0].splitlines()
    assert (error.line, error.column) == (len(before) + sql.startswith("^"), _column(before, sql))
    assert error.hint


def _column(before: list[str], sql: str) -> int:
    return 1 if sql.startswith("^") else 1 + len(before[-1])


@pytest.mark.parametrize(
    "sql", ["INSERT INTO a SELECT * FROM b LIMIT 9;", "MERGE INTO a USING b ON a.i = b.i"]
)
def test_rows_that_are_added_need_an_end(sql: str) -> None:
    error = refusal(f"-- schemamig: repeat\n{sql}")
    assert error.line == 2
    assert "finds the same rows again." in error.message
    assert "or max-batches=N" in (error.hint or "")
    assert script_of(f"-- schemamig: repeat max-batches=9\n{sql}").batched


def test_a_call_cannot_be_repeated() -> None:
    error = refusal("-- schemamig: repeat\nCALL p();")
    assert error.message.startswith("A CALL does not tell how many rows it has changed")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (UPDATE + DIRECTIVE, 2, "There is no statement behind the directive backfill."),
        ("UPDATE docs\n" + DIRECTIVE + "SET n = 1;", 2, "The directive backfill stands in the"),
        (DIRECTIVE + "-- schemamig: repeat\n" + UPDATE, 2, "The statement has a backfill already."),
        ("BEGIN;\n" + DIRECTIVE + UPDATE + "COMMIT;", 2, "The backfill stands in the file's own"),
        ("-- schemamig: backfill key=id\n" + UPDATE, 1, "The backfill has no table=."),
        (
            DIRECTIVE + "-- schemamig: backfill size=1\n" + UPDATE,
            2,
            "The directive backfill has no",
        ),
        ("-- schemamig: refill\n", 1, "This directive is not known: -- schemamig: refill"),
        ("-- schemamig: requires\n", 1, "This directive is not known: -- schemamig: requires"),
        (f"SET client_encoding = 'LATIN1';\n{DIRECTIVE}{UPDATE}", 1, "A file with statements in"),
        ("SELECT 1;\n-- schemamig: requires a.sql\n", 2, "This directive counts in front of the"),
    ],
)
def test_a_directive_that_stands_wrong_is_refused(text: str, line: int, message: str) -> None:
    error = refusal(text)
    assert error.message.startswith(message)
    assert error.line == line
    assert error.hint


def test_what_is_wrong_in_a_later_line_of_a_directive_is_found_there() -> None:
    error = refusal(DIRECTIVE + "-- schemamig: backfill batch=7 target=soon\n" + UPDATE)
    assert (error.line, error.column) == (2, 32)


def test_without_a_directive_the_bounds_are_variables_of_psql() -> None:
    error = refusal("UPDATE docs SET n = 1 WHERE id > :'from';")
    assert error.message == ":'from' is a variable of psql, not SQL."


def test_a_file_may_require_others() -> None:
    script = script_of(
        "-- first\n-- schemamig: requires 0001_a.sql\n--schemamig: requires  b c.sql \nSELECT 1;"
    )
    assert script.required == ((2, "0001_a.sql"), (3, "b c.sql"))
    assert script.mode is Mode.TRANSACTION


def test_what_may_change_of_a_backfill_under_way_does_not_change_its_fingerprint() -> None:
    def fingerprint(text: str) -> str:
        return script_of(text).batched[0].fingerprint

    before = fingerprint(DIRECTIVE + UPDATE)
    tuned = "-- schemamig: backfill table=docs key=id batch=9 target=1s pause=1s\n"
    commented = UPDATE.replace("SET", "-- why\n  SET")
    assert fingerprint(tuned + commented) == before
    assert fingerprint(DIRECTIVE + UPDATE.replace("1", "2")) != before
    assert fingerprint(DIRECTIVE.replace("docs", "kb.docs") + UPDATE) != before
    assert fingerprint(DIRECTIVE.replace("\n", " to=open\n") + UPDATE) != before
