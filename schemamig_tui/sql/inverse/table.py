"""Finds the inverse of a statement: what takes each kind back, in a table by its first word.

Nothing has to take back what is left in the session alone, what only reads, and housekeeping such
as VACUUM.
"""

from collections.abc import Callable

from schemamig_tui.sql.inverse import altering, code, creating, dropping
from schemamig_tui.sql.inverse.inverse import NOTHING, Ask, Inverse, Named, unknown
from schemamig_tui.sql.inverse.reader import StatementReader
from schemamig_tui.sql.touches import touches


def inverse(sql: bytes) -> Inverse:
    """How one statement is taken back, as far as its text tells."""
    try:
        reader = StatementReader(sql)
        word = reader.next().lower()
        if word == "do":
            return code.block(sql, inverse)
        if rule := _RULES.get(word):
            return rule(reader)
        if word in _ON_ROWS:
            return Inverse(lost=(_ON_ROWS[word],), on=_written_table(sql))
        return NOTHING if word in _LEAVES_NOTHING else unknown("what it does")
    except UnicodeDecodeError:
        return unknown("what it does: it is not written in UTF-8")


def _written_table(sql: bytes) -> tuple[Named, ...]:
    """The table whose rows a statement writes; none where that is not one."""
    found = [touch for touch in touches(sql) if touch.statement in _WRITES]
    return (Named("TABLE", str(found[0].name)),) if len(found) == 1 else ()


def _code(reader: StatementReader) -> Inverse:
    return Inverse(ask=Ask.SCHEMA, lost=(code.DONE_BY_CODE,), runs_code=True)


def _select(reader: StatementReader) -> Inverse:
    """A query changes something only where a function that it calls does, or with INTO."""
    calls = "(" in reader.until("into")
    if not reader.take("into"):
        return _code(reader) if calls else NOTHING
    if reader.take_any("temp", "temporary"):
        return NOTHING
    reader.take("unlogged")
    reader.take("table")
    name = ".".join(reader.path())
    return Inverse(sql=(f"DROP TABLE {name}",), creates=(Named("TABLE", name),))


def _import(reader: StatementReader) -> Inverse:
    return Inverse(ask=Ask.SCHEMA, needs=("the names of the tables that it has imported",))


def _security(reader: StatementReader) -> Inverse:
    return unknown("the label that was there before")


def _reassign(reader: StatementReader) -> Inverse:
    return unknown("who owned what before")


_WRITES = ("COPY", "DELETE", "INSERT", "MERGE", "TRUNCATE", "UPDATE")
_ON_ROWS = {
    "copy": "the rows that it has added, which cannot be told from others",
    "delete": "the rows that it has deleted",
    "insert": "the rows that it has added, which cannot be told from others",
    "merge": "what the rows were before",
    "truncate": "the rows that were there",
    "update": "what the rows were before",
    "with": "what it has done to rows",
}
_LEAVES_NOTHING = frozenset(
    (
        "abort",
        "analyse",
        "analyze",
        "begin",
        "checkpoint",
        "close",
        "cluster",
        "commit",
        "deallocate",
        "declare",
        "discard",
        "end",
        "explain",
        "fetch",
        "listen",
        "load",
        "lock",
        "move",
        "notify",
        "prepare",
        "refresh",
        "reindex",
        "release",
        "reset",
        "rollback",
        "savepoint",
        "set",
        "show",
        "start",
        "table",
        "unlisten",
        "vacuum",
        "values",
    )
)
_RULES: dict[str, Callable[[StatementReader], Inverse]] = {
    "alter": altering.alter,
    "call": _code,
    "comment": dropping.comment,
    "create": creating.create,
    "drop": dropping.drop,
    "execute": _code,
    "grant": dropping.grant,
    "import": _import,
    "reassign": _reassign,
    "revoke": dropping.revoke,
    "security": _security,
    "select": _select,
}
