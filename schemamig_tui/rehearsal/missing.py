"""Finds the left-out file that a failed file most likely depends on."""

import re
from collections.abc import Iterator, Sequence

from psycopg import errors as pg_errors

from schemamig_tui.engine.events import Failure
from schemamig_tui.engine.run.file_run import FileRun

# Something is not there, or is still there.
_LACKS = {
    error.sqlstate
    for error in (
        pg_errors.UndefinedTable,
        pg_errors.UndefinedColumn,
        pg_errors.UndefinedObject,
        pg_errors.UndefinedFunction,
        pg_errors.InvalidSchemaName,
        pg_errors.InvalidForeignKey,
        pg_errors.InvalidColumnReference,
        pg_errors.DuplicateTable,
        pg_errors.DuplicateColumn,
        pg_errors.DuplicateObject,
        pg_errors.DuplicateFunction,
        pg_errors.DuplicateSchema,
    )
}
# "name", »name«, „name“, «name», and in the messages without quotes: name(, table.column.
_NAME = re.compile(r'["„»«](.+?)["“«»]|([\w$.]+)\(|(\w[\w$]*\.[\w$.]+)')


def needed(failure: Failure, left_out: Sequence[FileRun]) -> str | None:
    """The left-out file that most likely makes what a later one lacked; None: there is none.

    That is the last one that mentions the missing object, or else just the last one.
    """
    if failure.sqlstate not in _LACKS or not left_out:
        return None
    for name in _names(failure.message):
        for run in reversed(left_out):
            if run.script.contains(name):
                return run.name
    return left_out[-1].name


def _names(message: str) -> Iterator[str]:
    """The names in a message, without those of their schemas or tables."""
    for groups in _NAME.findall(message):
        yield next(filter(None, groups)).rpartition(".")[2]
