"""Has the pipeline of a rehearsal ask what a file has changed of the schema."""

from collections.abc import Generator, Iterator, Mapping

from psycopg.pq.abc import PGresult

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.following import ReadAgain, SchemaFollower
from schemamig_tui.catalog.prepared import Query, Statement
from schemamig_tui.catalog.rows import QueryAnswer
from schemamig_tui.catalog.writes import Writes
from schemamig_tui.engine.pipeline.step import Role, Step


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
        self._again, self._sent = None, []
        if writes is not None:
            self._again = yield from self._answered(self._follower.reading(writes))

    @property
    def is_read(self) -> bool:
        """Whether ``changes``, where they are counted, do not need the connection any more."""
        return bool(self._again and not self._again.reading.named_everywhere_is_renamed)

    def changes(self, *, counted: bool) -> tuple[Change, ...]:
        """What the file has changed; ``counted`` is as in ``SchemaFollower.changes``.

        Raises what that does.
        """
        if counted and self._again:
            return self._follower.changed(self._again)
        return self._follower.changes(counted=counted)

    def give_up(self, step: Step) -> bool:
        """Go back, over the connection, if it is one of these steps that has failed.

        Returns whether it is. Raises what psycopg raises.
        """
        if not any(step is one for one in self._sent):
            return False
        self._is_open = False
        self._follower.queries.close()
        # Those that were to be prepared behind it are not.
        self._follower.queries.forget()
        return True

    def forget_queries(self) -> None:
        """Prepare the queries anew, as the session has lost them. To call it is only faster."""
        self._follower.queries.forget()

    def _answered(
        self,
        reading: Generator[Mapping[str, Query], Mapping[str, QueryAnswer], ReadAgain],
    ) -> Generator[Step, None, ReadAgain]:
        try:
            asked = next(reading)
            while True:
                asked = reading.send((yield from self._ask(asked)))
        except StopIteration as end:
            again: ReadAgain = end.value
            return again

    def _ask(self, asked: Mapping[str, Query]) -> Generator[Step, None, dict[str, QueryAnswer]]:
        if not asked:
            return {}
        queries = self._follower.queries
        results: dict[str, list[PGresult]] = {name: [] for name in asked}
        statements = [*([] if self._is_open else queries.opening()), *queries.statements(asked)]
        self._is_open = True
        steps = [_step(statement, results) for statement in statements]
        steps[-1] = steps[-1]._replace(awaited=True)
        self._sent += steps
        yield from steps
        return {name: queries.reader.read(*parts) for name, parts in results.items()}


def _step(statement: Statement, results: Mapping[str, list[PGresult]] = {}) -> Step:
    parts = results.get(statement.name or "")
    answer = None if parts is None else parts.append
    return Step(statement.sql.encode(), Role.HOUSEKEEPING, answer=answer)
