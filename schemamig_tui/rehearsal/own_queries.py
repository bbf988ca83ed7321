"""Prepares the queries of a rehearsal, so that the server plans each of them once.

Planning takes longer than running them. A file may undo PREPARE with DEALLOCATE ALL. So the queries
are sent unprepared where its text, or the code of a function, has that word, and where a block of
the file has EXECUTE, which may put the word together. A function that does the same cannot be
recognised: a file that calls one is left out of the rehearsal.
"""

import secrets
from collections.abc import Iterator, Sequence

from psycopg.errors import Diagnostic, InvalidSqlStatementName

from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun

# No two of a session may have the same name, which behind a pooler other programs have had, too.
_NAME = "schemamig_{}_{}"
_UNDO = ("deallocate", "pg_prepared_statements")
_EXECUTE = b"EXECUTE "

UNDONE = "a function that it calls drops all prepared statements, those of the rehearsal as well"
"""Why a file is left out."""


class OwnQueries:
    """Knows how each of ``queries`` is to be sent in the file that is rehearsed."""

    def __init__(self, queries: Sequence[bytes]) -> None:
        mark = secrets.token_hex(4)
        self._names = {
            query: _NAME.format(mark, f"own{number}").encode()
            for number, query in enumerate(queries)
        }
        self._are_planned = False
        self.may_be_undone = False
        """Whether a function of the database may undo what is prepared."""

    def are_undone_by(self, run: FileRun) -> bool:
        """Whether a file may deallocate prepared queries, or look at them."""
        return (
            self.may_be_undone
            or any(run.script.mentions(word) for word in _UNDO)
            or any(
                one.runs_code and "execute" in one.mentions for one in run.script.special.values()
            )
        )

    def start_file(self, run: FileRun) -> Iterator[Step]:
        """Begin with a file: prepare the queries that are not, unless the file may undo that."""
        if self.are_undone_by(run):
            self.forget()
        elif not self._are_planned:
            self._are_planned = True
            for query, name in self._names.items():
                yield Step(b"PREPARE %b AS %b" % (name, query), Role.HOUSEKEEPING)

    def forget(self) -> None:
        """Note that the session has lost the prepared queries."""
        self._are_planned = False

    def were_undone(self, step: Step, error: Diagnostic) -> bool:
        """Whether a step has failed because its query is not prepared any more."""
        undone = error.sqlstate == InvalidSqlStatementName.sqlstate
        return undone and any(step.sql == _EXECUTE + name for name in self._names.values())

    def sent(self, query: bytes) -> bytes:
        """The text to send for a query."""
        if self._are_planned and query in self._names:
            return _EXECUTE + self._names[query]
        return query
