"""Runs a statement over one range of its key after the other: ``-- schemamig: backfill``."""

import time
from collections.abc import Iterator
from dataclasses import replace

from schemamig_tui.engine.backfill.first import first_size
from schemamig_tui.engine.backfill.gate import Gate
from schemamig_tui.engine.backfill.key import Unusable, WalkKey, find_key
from schemamig_tui.engine.backfill.pace import totals
from schemamig_tui.engine.backfill.place import BatchedPlace, BatchingRun
from schemamig_tui.engine.backfill.questions import IN_A_TRANSACTION, Questions
from schemamig_tui.engine.backfill.series import BatchSeries
from schemamig_tui.engine.backfill.size import BatchSize
from schemamig_tui.engine.backfill.walk import KeyWalk, Range, Value
from schemamig_tui.engine.batch_events import BatchesStarted
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.step import Step
from schemamig_tui.sql.batch_options import RangeBatches
from schemamig_tui.text import visible


class RangeBatching(BatchSeries):
    """Runs one statement, range by range."""

    def __init__(
        self, place: BatchedPlace, run: BatchingRun, gate: Gate, mark: BatchMark | None
    ) -> None:
        super().__init__(place, run, gate, mark)
        assert isinstance(place.batched.asked, RangeBatches)
        self._asked = place.batched.asked
        self._resumed = mark
        self._key: WalkKey | None = None
        self._size = BatchSize(self._asked.batch, self._asked.target, None)
        self._end: Value | None = None
        self._vacuumed = 0

    def make_smaller(self) -> int:
        """Halve the next batch; a small one waits longer."""
        if not self._size.failed():
            self._patience.failed += 1
        return self._size.keys

    def _all(self) -> Iterator[Step]:
        if self._key is None:
            self._key = yield from self._begin()
        while self._end is not None or self._asked.open_end:
            self._gate.pass_through()
            self._size.target = self._asked.target * self._run.control.factor
            self._key = yield from self._opened(self._key)
            found = yield from self._next(KeyWalk(self._key))
            if found is None:
                return
            yield from self._one(self._key, found)
            yield from self._vacuum_in_time(self._key)

    # -- the beginning

    def _begin(self) -> Questions[WalkKey]:
        key = yield from find_key(self._asked.table, self._asked.key)
        walk = KeyWalk(key)
        yield from walk.opening()
        yield from walk.require_values()
        self._size = yield from first_size(self._asked, key, walk, self._resumed)
        yield from walk.closing()
        yield from self._ask_server()
        mark = self._resumed
        if mark is None or mark.end is None:
            self._gate.await_writers(key.oid, key.table)
            mark = yield from self._from_the_start(key, walk)
        else:
            self._require_same(key, mark)
        mark = replace(mark, writer=self._checkpoints.writer, size=self._size.keys)
        yield from self._checkpoints.take_over(mark)
        self._vacuumed, self._end = mark.walked, mark.end
        self._gate.watch_table(key.oid)
        self._pace.begin(mark)
        self._run.report(
            BatchesStarted(
                *self._place.at,
                table=key.table,
                key=tuple(column.quoted for column in key.columns),
                index=key.index,
                rows=key.rows,
                resumed=totals(mark),
            )
        )
        return key

    def _from_the_start(self, key: WalkKey, walk: KeyWalk) -> Questions[BatchMark]:
        yield from walk.opening()
        end = yield from walk.last()
        if end is not None:
            yield from walk.require_index_used(end, self._asked.batch)
        yield from walk.closing()
        return BatchMark(
            statement=self._place.number + 1,
            fingerprint=self._place.batched.fingerprint,
            writer=self._checkpoints.writer,
            table=key.oid,
            key=tuple(column.quoted for column in key.columns),
            types=key.type_names,
            end=end,
        )

    def _require_same(self, key: WalkKey, mark: BatchMark) -> None:
        if mark.table != key.oid:
            raise Unusable(
                f"{visible(key.table)} is not the table any more of which {mark.people}.",
                "Start the file over with --no-resume when what was done is of no use.",
            )
        if mark.types != key.type_names:
            before, now = ", ".join(mark.types), ", ".join(key.type_names)
            raise Unusable(
                f"The key is of the type {visible(now)} now, and was {visible(before)} when"
                f" {mark.people}.",
                "Undo that, or start the file over with --no-resume.",
            )

    # -- one batch

    def _opened(self, key: WalkKey) -> Questions[WalkKey]:
        """Begin to ask along the key; where its index has been replaced, use another one.

        Raises Unusable where no index is left, or the table or the key has changed.
        """
        walk = KeyWalk(key)
        yield from walk.opening()
        if (yield from walk.is_still_there()):
            return key
        yield from walk.closing()
        key = yield from find_key(self._asked.table, self._asked.key)
        self._require_same(key, self.mark)
        yield from KeyWalk(key).opening()
        return key

    def _next(self, walk: KeyWalk) -> Questions[Range | None]:
        """Find the next range, and end the questions; None where all is done."""
        at, found = self.mark.at, None
        if self._end:
            found = yield from walk.next_range(at, self._end, self._size.keys)
        if found is None and self._asked.open_end:
            self._end = yield from walk.last()
            if self._end:
                found = yield from walk.next_range(at, self._end, self._size.keys)
        if found:
            yield from walk.require_few(found.last, self._size.keys)
        yield from walk.closing()
        return found

    def _one(self, key: WalkKey, found: Range) -> Iterator[Step]:
        """Run the batch of one range."""
        before, statement = self.mark, self._place.batched.range
        assert statement is not None
        batch = self._batch(self._size.target)
        began = time.monotonic()
        yield from batch.open()
        values = (*found.first, *found.last)
        yield from batch.statement(statement.text, values, key.types * 2)
        if before.batches == 0 and self._place.batched.head.updates(self._asked.table):
            walk = KeyWalk(key, IN_A_TRANSACTION)
            yield from walk.opening()
            yield from walk.require_key_kept(found, batch.changed)
            yield from walk.closing()
        seconds = time.monotonic() - began
        mark = replace(
            before,
            at=found.last,
            end=self._end,
            walked=before.walked + found.keys,
            changed=before.changed + batch.changed,
            batches=before.batches + 1,
            seconds=round(before.seconds + seconds, 3),
            size=self._size.keys,
        )
        yield from batch.close(mark)
        taken = time.monotonic() - began
        self._size.done(found.keys, taken, taken - batch.worked)
        self._committed(batch, mark, seconds, key.rows, last=found.last == self._end)

    # -- besides

    def _vacuum_in_time(self, key: WalkKey) -> Iterator[Step]:
        """Run a VACUUM after each share of the rows that ``vacuum=`` names, to have room reused."""
        share = self._restraint.vacuum
        if share is None or not key.rows or self.mark.at == self._end:
            return
        if self.mark.walked - self._vacuumed >= share * key.rows:
            self._vacuumed = self.mark.walked
            yield from self._vacuum(key.table)
