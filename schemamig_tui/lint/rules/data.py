"""Rules on statements that change or destroy data."""

from collections.abc import Iterator

from schemamig_tui.lint.finding import Severity
from schemamig_tui.lint.rules.rule import Asks, Hit, LintRule
from schemamig_tui.lint.statement import Before, Statement
from schemamig_tui.sql.actions import Does

_LOST = "make sure that nothing uses it any more and that a backup has it; say so at the statement"
_BATCHES = "let it run in batches: -- schemamig: backfill table=... key=... in front of it"


def _drop_table(statement: Statement, before: Before) -> Iterator[Hit]:
    kinds = ("DROP TABLE", "DROP MATERIALIZED VIEW", "DROP FOREIGN TABLE")
    for touch in before.existing(statement, *kinds):
        yield Hit(f"{touch.name} and its rows are gone for good", touch.name)


def _drop_schema(statement: Statement, before: Before) -> Iterator[Hit]:
    if statement.head in ((b"drop", b"schema"), (b"drop", b"database"), (b"drop", b"owned")):
        what = b" ".join(statement.head).decode().upper()
        yield Hit(f"{what} takes away all that is in it")


def _drop_column(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "ALTER TABLE"):
        for action in touch.actions:
            if action.does is Does.DROP_COLUMN and action.column:
                what = f"the column {action.column} of {touch.name} and its values"
                yield Hit(f"{what} are gone for good", touch.name)


def _truncate(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "TRUNCATE"):
        yield Hit(f"TRUNCATE removes all rows of {touch.name}", touch.name)


def _delete(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "DELETE"):
        if not statement.batched:
            rows = "all rows" if touch.work else "rows"
            yield Hit(f"DELETE removes {rows} of {touch.name}", touch.name)


def _all_rows(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "UPDATE"):
        if touch.work and not statement.batched:
            what = f"UPDATE without WHERE writes all rows of {touch.name} in one transaction"
            yield Hit(what, touch.name)


def _large(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "UPDATE", "DELETE"):
        if not touch.work and not statement.batched:
            what = f"{touch.statement} may change many rows of {touch.name} in one transaction"
            yield Hit(what, touch.name)


def _before_data(statement: Statement, before: Before) -> Iterator[Hit]:
    written = statement.writes
    if written and written.statement in ("INSERT", "COPY"):
        line = before.keyed.get(written.name.name)
        if line is not None:
            yield Hit(
                f"line {line} has given {written.name} a foreign key, which each row that is loaded"
                " now is checked by"
            )
            del before.keyed[written.name.name]


def _not_indexed(statement: Statement, before: Before) -> Iterator[Hit]:
    for key in statement.keys:
        if not before.has_index(key.table.name, key.columns[0]):
            columns = ", ".join(key.columns)
            yield Hit(
                f"no index begins with {columns} of {key.table}, where each DELETE in {key.target}"
                " looks for rows that refer to it",
                key.table,
            )


RULES = (
    LintRule(
        "drop-table",
        Severity.WARNING,
        "a table is dropped",
        _LOST,
        _drop_table,
        asks=Asks.ROWS,
        verbs=frozenset({b"drop"}),
    ),
    LintRule(
        "drop-schema",
        Severity.WARNING,
        "a schema, a database or all of a role's objects are dropped",
        _LOST,
        _drop_schema,
        verbs=frozenset({b"drop"}),
    ),
    LintRule(
        "drop-column",
        Severity.WARNING,
        "a column is dropped",
        _LOST,
        _drop_column,
        asks=Asks.ROWS,
        verbs=frozenset({b"alter"}),
    ),
    LintRule(
        "truncate",
        Severity.WARNING,
        "a table is emptied",
        _LOST,
        _truncate,
        asks=Asks.ROWS,
        verbs=frozenset({b"truncate"}),
    ),
    LintRule(
        "delete",
        Severity.WARNING,
        "rows are deleted",
        _LOST,
        _delete,
        asks=Asks.ROWS,
        verbs=frozenset({b"delete", b"with"}),
    ),
    LintRule(
        "update-all-rows",
        Severity.WARNING,
        "an UPDATE without WHERE writes each row anew",
        _BATCHES,
        _all_rows,
        asks=Asks.WORK,
        verbs=frozenset({b"update", b"with"}),
    ),
    LintRule(
        "large-data-change",
        Severity.WARNING,
        "rows of a large table are changed in one transaction; found with a database only",
        _BATCHES,
        _large,
        asks=Asks.ONLY_WORK,
        verbs=frozenset({b"update", b"delete", b"with"}),
    ),
    LintRule(
        "foreign-key-before-data",
        Severity.NOTE,
        "rows are loaded into a table that has a foreign key already",
        "load the rows first, and add the foreign key behind them",
        _before_data,
        verbs=frozenset({b"insert", b"copy", b"with"}),
    ),
    LintRule(
        "foreign-key-not-indexed",
        Severity.NOTE,
        "the columns of a new foreign key have no index",
        "CREATE INDEX on them, in the same file if the table is new",
        _not_indexed,
        verbs=frozenset({b"create", b"alter"}),
    ),
)
