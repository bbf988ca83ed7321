"""Has the server plan the queries that a rehearsal asks behind each statement and file once.

To plan them takes longer than to run them. They are planned by PREPARE, which a file may undo with
DEALLOCATE ALL: where its text, or the code of a function, has that word, they are sent as they are.
"""

import secrets
from collections.abc import Iterator, Sequence

from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun

# No two of a session may have the same name, which behind a pooler other programs have had, too.
_NAME = "schemamig_{}_{}"
_UNDO = ("deallocate", "pg_prepared_statements")


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
        """Whether a file may undo what is prepared, or looks at it."""
        return self.may_be_undone or any(run.script.mentions(word) for word in _UNDO)

    def start_file(self, run: FileRun) -> Iterator[Step]:
        """Begin with a file: prepare the queries, where they are not and it leaves them alone."""
        if self.are_undone_by(run):
            self.forget()
        elif not self._are_planned:
            self._are_planned = True
            for query, name in self._names.items():
                yield Step(b"PREPARE %b AS %b" % (name, query), Role.HOUSEKEEPING)

    def forget(self) -> None:
        """Note that the session has lost them."""
        self._are_planned = False

    def sent(self, query: bytes) -> bytes:
        """The text to send for a query."""
        if self._are_planned and query in self._names:
            return b"EXECUTE " + self._names[query]
        return query
