"""Finds the file that a failed one most likely depends on: left out, or rehearsed in part."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic

from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.events import Failure
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.renewal import may_show
from schemamig_tui.sql.touches import touches
from schemamig_tui.sql.words import verb_of

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
# Whether such a thing is there, the catalog tells and no session, unlike a setting or a connection.
_IN_CATALOG = {
    pg_errors.SyntaxError.sqlstate,
    *_LACKS - {pg_errors.UndefinedObject.sqlstate, pg_errors.DuplicateObject.sqlstate},
}
# Something else depends on it, or it is not what the statement wants.
_IN_THE_WAY = {
    error.sqlstate
    for error in (
        pg_errors.DependentObjectsStillExist,
        pg_errors.InvalidTableDefinition,
        pg_errors.WrongObjectType,
        pg_errors.ObjectNotInPrerequisiteState,
    )
}
_WORD = re.compile(r"[\w$]+")
_VIOLATES = "23"  # the class of SQLSTATEs in which rows violate a constraint
# "name", »name«, „name“, «name», and in the messages without quotes: name(, table.column.
_NAME = re.compile(r'["„»«](.+?)["“«»]|([\w$.]+)\(|(\w[\w$]*\.[\w$.]+)')


def needed(failure: Failure, of: FileRun | None, left_out: Sequence[FileRun]) -> str | None:
    """The left-out file that most likely makes what a later one lacked; None: there is none.

    That is the last one that mentions the missing object, or else just the last one. Where rows or
    other objects are in the way of a statement of the file ``of``, it is the last one that mentions
    what the statement is about, or that is about one of these objects.
    """
    if not left_out:
        return None
    code = failure.sqlstate or ""
    names = list(_names(failure.message))
    if code not in _LACKS:
        if code not in _IN_THE_WAY and not code.startswith(_VIOLATES):
            return None
        if of and failure.statement:
            names += _touched(of, [failure.statement - 1])
        in_detail = set(_WORD.findall(failure.detail or ""))
        names += (name for run in left_out for name in _touched(run) if name in in_detail)
    for name in names:
        for run in reversed(left_out):
            if run.script.contains(name):
                return run.name
    return left_out[-1].name if code in _LACKS else None


def left_in_session(failure: Failure, of: FileRun, rehearsed: Iterable[FileRun]) -> str | None:
    """The rehearsed file that may have left in the session what ``of`` failed at, if there is one.

    All files of a rehearsal share a session.
    """
    only_named = failure.sqlstate in _IN_CATALOG
    for run in rehearsed:
        if may_show(run.script, of.script, only_named=only_named):
            return run.name
    return None


def _touched(run: FileRun, statements: Iterable[int] | None = None) -> Iterator[str]:
    """The names of what statements, by their numbers from 0, or all of a file, are about."""
    for i in range(len(run.script)) if statements is None else statements:
        yield from (touch.name.name for touch in touches(run.script.sql(i)))


def _names(message: str) -> Iterator[str]:
    """The names in a message, without those of their schemas or tables."""
    for groups in _NAME.findall(message):
        yield next(filter(None, groups)).rpartition(".")[2]


class PartialBatches:
    """Notes which tables were only filled in part, because of their batches one was rehearsed.

    A constraint of such a table may be violated in a rehearsal alone. ``report`` is called with
    each event that is noted.
    """

    def __init__(self, files: Sequence[FileRun], report: Callable[[BatchRehearsed], None]) -> None:
        self._scripts = {run.name: run.script for run in files}
        self._report = report
        # The name of the file that has the batches, by schema and name of the table.
        self._files: dict[tuple[str | None, str], str] = {}

    def note(self, event: BatchRehearsed) -> None:
        """Note the table of a batch, unless no rows are left, and report the event."""
        target = self._scripts[event.name].batched[event.statement - 1].head.target
        if target and (event.rows is None or event.rows > event.keys):
            self._files[target.schema, target.name] = event.name
        self._report(event)

    def refusal(self, step: Step, error: Diagnostic) -> str | None:
        """Why a file is left out whose error comes of that; None if it does not.

        That is one of a statement which looks at all rows. Rows that a file itself writes would
        violate the constraint in a run as well.
        """
        table = error.table_name
        if not table or not (error.sqlstate or "").startswith(_VIOLATES):
            return None
        if step.role is not Role.STATEMENT or verb_of(step.sql) not in (b"alter", b"create"):
            return None
        name = self._files.get((error.schema_name, table)) or self._files.get((None, table))
        if name is None:
            return None
        return f"{error.message_primary}, and of {name} one batch alone was rehearsed"
