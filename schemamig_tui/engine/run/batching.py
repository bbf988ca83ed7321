"""Puts statements that run in batches between the others, and decides which batch runs again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.backfill.control import BatchControl
from schemamig_tui.engine.backfill.gate import Gate, Gatekeeper
from schemamig_tui.engine.backfill.place import BatchedPlace, BatchingRun, FileSession
from schemamig_tui.engine.backfill.ranges import RangeBatching
from schemamig_tui.engine.backfill.repeats import RepeatBatching
from schemamig_tui.engine.backfill.series import BatchSeries
from schemamig_tui.engine.batch_events import BatchRetried
from schemamig_tui.engine.ledger.checkpoint import Progress
from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.pipeline.step import Step
from schemamig_tui.engine.run.failure import WITHOUT_LOCK, explain_crash
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from schemamig_tui.engine.run.preparation import RunContext
from schemamig_tui.engine.run.session_capture import AS_THE_FILE, SessionStart
from schemamig_tui.engine.watch.observer import Observer
from schemamig_tui.patience import doubled

_LOCKS = WITHOUT_LOCK | {pg_errors.SerializationFailure.sqlstate}
# Seconds before a batch is tried again, and the most of them where it fails again and again.
_PAUSE, _LONGEST_PAUSE = 0.05, 10.0


class _Current(NamedTuple):
    """The statement ``number`` of a file, from 0, whose batches are on."""

    run: FileRun
    number: int
    series: BatchSeries


class Batching:
    """Runs the batches of the files of a run, one statement at a time, in the session ``pid``."""

    def __init__(
        self,
        context: RunContext,
        log: Logbook,
        observer: Observer,
        control: BatchControl,
        pid: Callable[[], int],
    ) -> None:
        self._context = context
        self._log = log
        self._observer = observer
        self._control = control
        self._pid = pid
        self._current: _Current | None = None
        self._finished: tuple[FileRun, int] | None = None

    def steps(self, run: FileRun, i: int, start: SessionStart) -> Iterator[Step]:
        """The steps of statement ``i``, which go on where it has got to.

        There are none where all its batches are done: the file may be tried again because a step
        behind them was cancelled before the ledger could note that they are. Raises FilesError
        where the statement cannot run, or go on, in batches.
        """
        if self._finished == (run, i):
            return
        place = BatchedPlace(run.script, i)
        current = self._current
        if current is None or (current.run, current.number) != (run, i):
            current = self._current = _Current(run, i, self._begin(place, run, start))
        yield from current.series.steps()
        self._current, self._finished = None, (run, i)

    def _begin(self, place: BatchedPlace, run: FileRun, start: SessionStart) -> BatchSeries:
        context, report = self._context, self._observer.report
        batching = BatchingRun(
            writes=context.ledger.writes,
            session=FileSession(start.as_ourselves, AS_THE_FILE, start.in_mid_file),
            progress=Progress(run.script),
            unknowable=run.unknowable,
            report=report,
            control=self._control,
            finished=lambda tag: self._log.finish_batches(place.number, place.line, tag),
        )
        keeper = Gatekeeper(
            watch=context.watch,
            pid=self._pid(),
            cancellation=context.cancellation,
            report=report,
            control=self._control,
            pause_file=context.limits.pause_file,
        )
        mark = run.mark if run.mark and run.done == place.number else None
        kind = RepeatBatching if place.batched.range is None else RangeBatching
        return kind(place, batching, Gate(place, keeper), mark)

    def again(self, conn: psycopg.Connection[Any], run: FileRun, crash: Crash) -> bool:
        """Whether to try the batch again; the session is ready for it then."""
        if self._current is None or self._context.cancellation.requested:
            return False
        series = self._current.series
        code = Diagnostic(crash.result).sqlstate
        # A cancellation by anybody else than us is meant.
        gave_way = code == pg_errors.QueryCanceled.sqlstate and self._observer.gave_way is not None
        if code not in _LOCKS and not gave_way:
            return False
        if conn.info.transaction_status is not TransactionStatus.IDLE:
            conn.execute("ROLLBACK")
        self._observer.gave_way = None
        size = series.make_smaller()
        pause = doubled(_PAUSE, series.failed, _LONGEST_PAUSE) * random.uniform(0.5, 1.0)
        place = BatchedPlace(run.script, self._current.number)
        self._observer.report(
            BatchRetried(
                *place.at,
                failure=explain_crash(crash, run.script, conn.info.encoding),
                blocked=self._observer.in_the_way(crash.step),
                size=size,
                pause_ms=pause * 1000,
            )
        )
        run.reopened = run.goes_on = True
        return not self._context.cancellation.wait(pause)
