"""Previews a statement over ranges, for those who read a plan: its key, and its first batch.

The planner is asked for the plan of the first batch. The number of rows that it expects is shown
beside the real one, because the planner chooses by what it expects: of a key of several columns it
may consider the first column alone, and then read another table as a whole for each batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.errors import Diagnostic

from schemamig_tui.engine.backfill.explained import Plan, explained, nodes
from schemamig_tui.engine.backfill.first import FirstRange, first_range
from schemamig_tui.engine.backfill.key import Unusable
from schemamig_tui.engine.backfill.place import BatchedPlace
from schemamig_tui.engine.backfill.questions import (
    OWN_TRANSACTION,
    QuestionFailed,
    Questions,
    answer,
    ask,
)
from schemamig_tui.engine.ledger.batch_mark import BatchMark, shown
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.sql.batch_options import RangeBatches
from schemamig_tui.text import visible
from schemamig_tui.units import plural

# So many times as many rows expected as there are lead to other plans; and a table of so many rows
# should not be read as a whole for a batch.
_FAR_OFF, _MANY_ROWS = 5, 10_000
_SCATTERED = 0.5
_CORRELATION = """
SELECT abs(s.correlation) FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_class c
    ON c.relname = s.tablename
WHERE c.oid = $1::oid AND s.schemaname = c.relnamespace::regnamespace::text AND s.attname = $2
"""


@dataclass(frozen=True, slots=True)
class BatchesPreview:
    """What is known, before it runs, of the statement in ``line``, which is to run in batches.

    ``table``, ``key`` and ``index`` are as SQL writes them, ``rows`` is about how many rows there
    are. The first batch has ``keys``, from ``first`` to ``last``, and the planner expects
    ``expected`` rows there; ``plan`` is its plan, in lines. ``warnings`` are sentences. Where
    nothing of that is known, ``obstacle`` says why: perhaps an earlier file makes the table.
    """

    line: int
    table: str | None = None
    key: tuple[str, ...] = ()
    index: str | None = None
    rows: int | None = None
    keys: int = 0
    first: str | None = None
    last: str | None = None
    expected: int | None = None
    plan: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    obstacle: str | None = None


def preview(
    conn: psycopg.Connection[Any], place: BatchedPlace, mark: BatchMark | None
) -> BatchesPreview:
    """Look at a statement on a connection in autocommit mode; nothing is changed.

    Raises psycopg.OperationalError when the connection is lost.
    """
    try:
        return answer(conn, _preview(place, mark))
    except Unusable as why:
        return BatchesPreview(place.line, obstacle=f"{why.message} {why.hint}")
    except QuestionFailed as failed:
        conn.execute("ROLLBACK")
        message = Diagnostic(failed.crash.result).message_primary or "the server gave no reason"
        return BatchesPreview(place.line, obstacle=f"It cannot be seen yet: {visible(message)}.")


def _preview(place: BatchedPlace, mark: BatchMark | None) -> Questions[BatchesPreview]:
    asked = place.batched.asked
    if not isinstance(asked, RangeBatches):
        table = visible(str(asked.table)) if asked.table else None
        return BatchesPreview(place.line, table=table)
    found = yield from first_range(asked, OWN_TRANSACTION, mark)
    lines: tuple[str, ...] = ()
    plan: Plan = {}
    if found.range and place.batched.head.verb != "call":
        lines, plan = yield from _explain(place, found)
    expected = _expected(plan) if plan else None
    scattered = yield from _scattered(found)
    return BatchesPreview(
        line=place.line,
        table=found.key.table,
        key=tuple(column.quoted for column in found.key.columns),
        index=found.key.index,
        rows=found.key.rows,
        keys=found.range.keys if found.range else 0,
        first=shown(found.range.first) if found.range else None,
        last=shown(found.range.last) if found.range else None,
        expected=expected,
        plan=lines,
        warnings=(*_of_the_plan(plan, found, expected), *([scattered] if scattered else [])),
    )


def _explain(place: BatchedPlace, found: FirstRange) -> Questions[tuple[tuple[str, ...], Plan]]:
    assert place.batched.range is not None
    assert found.range is not None
    sql = place.batched.range.text.decode(errors="surrogateescape")
    values = (*found.range.first, *found.range.last)
    types = found.key.types * 2
    yield Step(OWN_TRANSACTION.begin, Role.HOUSEKEEPING)
    for name, value in place.batched.asked.restraint.settings:
        yield from ask("SELECT pg_catalog.set_config($1, $2, true)", (name, value))
    lines = yield from ask(f"EXPLAIN {sql}", values, types)
    plan = yield from explained(sql, values, types)
    yield Step(b"ROLLBACK", Role.HOUSEKEEPING)
    return tuple(visible(row[0] or "") for row in lines), plan


def _expected(plan: Plan) -> int:
    """How many rows the planner expects a batch to change: those below the node that writes."""
    below: list[Plan] = plan.get("Plans", [])
    return int(below[0]["Plan Rows"] if below else plan["Plan Rows"])


def _of_the_plan(plan: Plan, found: FirstRange, expected: int | None) -> Iterator[str]:
    keys = found.range.keys if found.range else 0
    for node in nodes(plan):
        rows = int(node.get("Plan Rows", 0))
        if node.get("Node Type") == "Seq Scan" and rows > max(_MANY_ROWS, _FAR_OFF * keys):
            yield (
                f"each batch of {plural(keys, 'key')} reads all of"
                f" {visible(str(node.get('Relation Name')))}, about {plural(rows, 'row')}: is an"
                " index missing? set=(random_page_cost=1.1) may help"
            )
    if expected is not None and expected > _FAR_OFF * max(1, keys) and len(found.key.columns) > 1:
        first = found.key.columns[0].quoted
        yield (
            f"the planner expects {expected:,} rows where there are {keys:,}: it looks at"
            f" {visible(first)} alone. {visible(first)} BETWEEN its two bounds, besides, and"
            " set=(random_page_cost=1.1) help"
        )


def _scattered(found: FirstRange) -> Questions[str | None]:
    """A warning where rows that are neighbours by their key are far apart in the table."""
    key = found.key
    if key.rows is None or key.rows < _MANY_ROWS:
        return None
    rows = yield from ask(_CORRELATION, (str(key.oid), key.columns[0].name))
    if not rows or rows[0][0] is None or float(rows[0][0]) >= _SCATTERED:
        return None
    return (
        f"rows in the order of {visible(key.shown)} are scattered over the table: each batch"
        " writes many pages, and more WAL. A key in the order of insertion is cheaper"
    )
