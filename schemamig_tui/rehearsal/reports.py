"""Reports each statement of a rehearsal, with what the probe behind it has found."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.events import StatementFinished
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.rehearsal import probe
from schemamig_tui.rehearsal.events import (
    LocksTaken,
    RehearsalListener,
    RelationsRewritten,
    WorkDone,
)
from schemamig_tui.rehearsal.own_queries import OwnQueries
from schemamig_tui.rehearsal.relations import Relations
from schemamig_tui.rehearsal.tally import Tally
from schemamig_tui.rehearsal.work import WorkCounter

_MUCH_WAL = 64 << 10


class StatementReports:
    """Probes what each statement has done, counts it, and reports it.

    ``own`` knows how the queries are to be sent. A statement is only reported as finished when the
    server's time of it is known.
    """

    def __init__(
        self,
        relations: Relations,
        work: WorkCounter,
        tally: Tally,
        own: OwnQueries,
        report: RehearsalListener,
    ) -> None:
        self._relations = relations
        self._work = work
        self._tally = tally
        self._own = own
        self._report = report
        # When our last query was over, and where the WAL was then.
        self._moment = probe.Moment(0, 0, 0)
        self._finished: StatementFinished | None = None
        self.rewritten: set[str] = set()
        """All that was written anew."""
        self.emptied: set[str] = set()
        """All that was truncated."""

    def finish(self, event: StatementFinished) -> None:
        """Note that a statement has finished; the answer of its probe has still to come."""
        self._finished = event

    def flush(self, ms: float | None = None) -> None:
        """Report the statement that has finished, which took ``ms`` by the server's clock."""
        if event := self._finished:
            self._finished = None
            self._report(event if ms is None else replace(event, ms=ms, batch=1))

    def probe(self, run: FileRun, i: int, *, whole: bool = False) -> Step:
        """The step behind statement ``i``; ``whole`` as in ``steps.Probe``."""
        script, relations = run.script, self._relations
        sql = script.sql(i)
        named = relations.named(sql)
        answer = partial(self._seen, run.name, i + 1, script.line(i), named)
        query = relations.whole_query if whole else relations.query(sql, named)
        return Step(self._own.sent(query), Role.HOUSEKEEPING, prompt=True, answer=answer)

    def read_clock(self, answer: PGresult) -> None:
        """Begin to count the time of the next statement."""
        self._moment = probe.moment(answer)

    def _seen(
        self,
        name: str,
        statement: int,
        line: int,
        named: Iterable[tuple[list[int], str]],
        answer: PGresult,
    ) -> None:
        relations = self._relations
        observed = relations.read(answer, named)
        tag = self._finished.tag if self._finished else ""
        work = self._work.read(answer, observed.new_files, relations.replaced, tag, named)
        last, self._moment = self._moment, observed.moment
        ms, wal = max(0, self._moment.began - last.ended) / 1000, self._moment.wal - last.wal
        self._tally.add(ms, observed.taken, wal)
        self.flush(ms)
        if observed.news:
            self._report(LocksTaken(name, statement, line, observed.news))
        if work.rewritten:
            self.rewritten.update(work.rewritten)
            self._report(RelationsRewritten(name, statement, line, work.rewritten))
        self.emptied.update(work.emptied)
        if wal >= _MUCH_WAL or not work.is_none:
            self._report(WorkDone(name, statement, line, *work[1:], wal=wal))
