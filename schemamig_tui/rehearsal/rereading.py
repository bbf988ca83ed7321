"""Has the pipeline of a rehearsal ask what a file has changed of the schema."""

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
    """Asks behind each file, in the pipeline, what ``follower`` wants to know of it.

    So nobody waits but for the answers that the next queries are made of. Where one fails, as it
    does when another session is just changing what it looks at, all is asked again patiently over
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
        """End what ``reading`` has begun, before the next file."""
        if self._is_open:
            self._is_open = False
            yield from map(_step, self._follower.queries.closing())

    def reading(self, writes: Writes | None) -> Iterator[Step]:
        """Ask behind a file, where ``writes`` are all that there have been by now.

        None where they are not counted: then ``changes`` asks over the connection.
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
        """Whether ``changes``, where they are counted, do not need the connection any more."""
        if self._again:
            return not self._again.reading.named_everywhere_is_renamed
        return self._unread is not None

    def changes(self, *, counted: bool) -> tuple[Change, ...]:
        """What the file has changed; ``counted`` is as in ``SchemaFollower.changes``.

        Raises what that does.
        """
        if self._unread:
            self._go_on(*self._unread)
            self._unread = None
        if counted and self._again:
            return self._follower.changed(self._again)
        return self._follower.changes(counted=counted)

    def give_up(self, step: Step) -> bool:
        """Go back, over the connection, if it is one of these steps that has failed.

        Returns whether it is. Raises what psycopg raises.
        """
        if not any(step is one for one in self._sent):
            return False
        self._is_open, self._unread = False, None
        self._follower.queries.close()
        # Those that were to be prepared behind it are not.
        self._follower.queries.forget()
        return True

    def forget_queries(self) -> None:
        """Prepare the queries anew, as the session has lost them. To call it is only faster."""
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
        """What is asked after these results; None where all has been read."""
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
