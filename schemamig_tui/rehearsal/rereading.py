"""Asks, in the pipeline of a rehearsal, what a file has changed in the schema."""

from collections.abc import Iterator, Mapping

from psycopg.pq.abc import PGresult

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.following import ReadAgain, SchemaFollower
from schemamig_tui.catalog.prepared import Query, SentStatement
from schemamig_tui.catalog.rereading import AskedQueries, Reading
from schemamig_tui.catalog.writes import Writes
from schemamig_tui.engine.pipeline.step import Role, Step

_Results = dict[str, list[PGresult]]


class SchemaSteps:
    """Asks the queries of ``follower`` behind each file, in the pipeline.

    So the run only waits for answers on which the next queries depend. Where a query fails, because
    another session is just changing what it looks at, everything is asked again, patiently, over
    the connection.
    """

    def __init__(self, follower: SchemaFollower) -> None:
        self._follower = follower
        self._sent: list[Step] = []
        self._is_open = False
        # What has the last results, and does not know them yet.
        self._unread: tuple[Reading[ReadAgain], _Results] | None = None
        self._again: ReadAgain | None = None

    def closing(self) -> Iterator[Step]:
        """End the queries of ``reading``, before the next file."""
        if self._is_open:
            self._is_open = False
            yield from map(_step, self._follower.queries.closing())

    def reading(self, writes: Writes | None) -> Iterator[Step]:
        """Ask behind a file; ``writes`` are all writes to the catalogs in the rehearsal so far.

        Where ``writes`` is None they are not counted: then ``changes`` asks over the connection.
        """
        self._unread, self._again, self._sent = None, None, []
        if writes is None:
            return
        reading = self._follower.reading(writes)
        asked = self._go_on(reading, None)
        while asked:
            results: _Results = {name: [] for name in asked.queries}
            yield from self._asking(asked.queries, results)
            if asked.are_last:
                self._unread = reading, results
                return
            asked = self._go_on(reading, results)

    @property
    def is_read(self) -> bool:
        """Whether ``changes`` can answer without the connection, where writes are counted."""
        if self._again:
            return not self._again.reading.named_everywhere_is_renamed
        return self._unread is not None

    def changes(self, *, counted: bool) -> tuple[Change, ...]:
        """The changes of the file; ``counted`` is as in ``SchemaFollower.changes``.

        Raises the same errors.
        """
        if self._unread:
            self._go_on(*self._unread)
            self._unread = None
        if counted and self._again:
            return self._follower.changed(self._again)
        return self._follower.changes(counted=counted)

    def give_up(self, step: Step) -> bool:
        """Roll back to before these steps, over the connection, if one of them has failed.

        Returns whether one has. Raises psycopg.Error.
        """
        if not any(step is one for one in self._sent):
            return False
        self._is_open, self._unread = False, None
        self._follower.queries.close()
        # Those that were to be prepared behind it are not.
        self._follower.queries.forget()
        return True

    def forget_queries(self) -> None:
        """Note that the session has lost the prepared queries, before a failure shows it."""
        self._follower.queries.forget()

    def _asking(self, asked: Mapping[str, Query], results: _Results) -> Iterator[Step]:
        if not asked:
            return
        queries = self._follower.queries
        statements = [*([] if self._is_open else queries.opening()), *queries.statements(asked)]
        self._is_open = True
        steps = [_step(statement, results) for statement in statements]
        steps[-1] = steps[-1]._replace(awaited=True)
        self._sent += steps
        yield from steps

    def _go_on(self, reading: Reading[ReadAgain], results: _Results | None) -> AskedQueries | None:
        """The next queries after these results; None where all has been read."""
        reader = self._follower.queries.reader
        try:
            if results is None:
                return next(reading)
            return reading.send({name: reader.read(*parts) for name, parts in results.items()})
        except StopIteration as end:
            self._again = end.value
            return None


def _step(statement: SentStatement, results: _Results | None = None) -> Step:
    """The step of a statement, which puts its answer among the ``results``."""
    answer = results[statement.name].append if results and statement.name else None
    return Step(statement.sql.encode(), Role.HOUSEKEEPING, answer=answer)
