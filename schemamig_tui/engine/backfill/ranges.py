"""A statement over one range of its key after the other: ``-- schemamig: backfill``."""

import time
from collections.abc import Iterator
from dataclasses import replace

from schemamig_tui.engine.backfill.batch import Batch, LockPatience, settings, target_of, vacuum
from schemamig_tui.engine.backfill.checkpoints import Checkpoints
from schemamig_tui.engine.backfill.gate import Gate
from schemamig_tui.engine.backfill.key import Unusable, WalkKey, find_key
from schemamig_tui.engine.backfill.pace import Pace, rest, totals
from schemamig_tui.engine.backfill.place import BatchedPlace, BatchingRun
from schemamig_tui.engine.backfill.questions import Questions, ask, closing
from schemamig_tui.engine.backfill.size import BatchSize
from schemamig_tui.engine.backfill.walk import Range, Value, Walk
from schemamig_tui.engine.batch_events import BatchesStarted
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.sql.batches import RangeBatches
from schemamig_tui.text import visible

_DEADLOCK_TIMEOUT = (
    "SELECT extract(epoch FROM pg_catalog.current_setting('deadlock_timeout')::interval)"
)
# So many times the size of a batch may be the rows of one value of a key that is not unique.
_MOST_OF_ONE = 10


class RangeBatching:
    """The batches of one statement. ``steps`` may be asked for again after one has failed.

    ``mark`` is how far an earlier try has got.
    """

    def __init__(
        self,
        place: BatchedPlace,
        run: BatchingRun,
        gate: Gate,
        mark: BatchMark | None,
    ) -> None:
        assert isinstance(place.batched.asked, RangeBatches)
        self._asked = place.batched.asked
        self._place = place
        self._run = run
        self._gate = gate
        self._control = run.control
        self._resumed = mark
        self._checkpoints = Checkpoints(place, run, mark)
        self._pace = Pace(place, run.report)
        self.patience = LockPatience(file_decides=place.script.mentions("lock_timeout"))
        self._key: WalkKey | None = None
        self._walk: Walk | None = None
        self.size = BatchSize(self._asked.batch, self._asked.target, None)
        self._end: Value | None = None
        self._vacuumed = 0
        self._wal = 0

    @property
    def mark(self) -> BatchMark:
        """How far it is for sure."""
        return self._checkpoints.mark

    def steps(self) -> Iterator[Step]:
        """All steps from where it is. Raises FilesError where it cannot run, or go on."""
        try:
            if self._key is None or self._walk is None:
                self._key = yield from self._begin()
                self._walk = Walk(self._key)
            while True:
                self._gate.pass_through()
                self.size.target = target_of(self._place, self._control.factor)
                found = yield from self._next(self._walk)
                if found is None:
                    break
                yield from self._batch(self._key, self._walk, found)
                yield from self._vacuum(self._key)
            yield from self._check()
        except Unusable as why:
            raise self._place.refusal(why) from None
        self._pace.finish(self.mark)
        self._run.finished(f"{self._place.batched.head.verb.upper()} {self.mark.changed}")

    # -- the beginning

    def _begin(self) -> Questions[WalkKey]:
        key = yield from find_key(self._asked.table, self._asked.key)
        walk = Walk(key)
        yield from walk.opening()
        yield from walk.require_values()
        yield from closing()
        ((timeout,),) = yield from ask(_DEADLOCK_TIMEOUT)
        self.patience.deadlock_timeout = float(timeout or 1)
        mark = self._resumed
        if mark is None or mark.end is None:
            self._gate.await_writers(key.oid, key.table)
            mark = yield from self._from_the_start(key, walk)
        else:
            self._require_same(key, mark)
        first = mark.size or self._asked.batch
        self.size = BatchSize(first, self._asked.target, key.rows)
        mark = replace(mark, writer=self._checkpoints.writer, size=self.size.keys)
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

    def _from_the_start(self, key: WalkKey, walk: Walk) -> Questions[BatchMark]:
        yield from walk.opening()
        end = yield from walk.last()
        yield from closing()
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

    def _next(self, walk: Walk) -> Questions[Range | None]:
        """The next range; None where all is done."""
        at = self.mark.at
        if self._end is None and not self._asked.open_end:
            return None
        yield from walk.opening()
        yield from walk.require_same()
        found = None
        if self._end:
            found = yield from walk.next_range(at, self._end, self.size.keys)
        if found is None and self._asked.open_end:
            self._end = yield from walk.last()
            if self._end:
                found = yield from walk.next_range(at, self._end, self.size.keys)
        if found:
            yield from walk.require_few(found.last, _MOST_OF_ONE * self.size.keys)
        yield from closing()
        return found

    def _batch(self, key: WalkKey, walk: Walk, found: Range) -> Iterator[Step]:
        before, statement = self.mark, self._place.batched.range
        assert statement is not None
        target = self.size.target
        batch = Batch(self._place, self._checkpoints, settings(self._place, self.patience, target))
        began = time.monotonic()
        yield from batch.open()
        values = (*found.first, *found.last)
        yield from batch.statement(statement.text, values, key.types * 2)
        if before.batches == 0:
            yield from self._require_key_kept(walk, found, batch.changed)
        seconds = time.monotonic() - began
        self.size.done(found.keys, seconds)
        mark = replace(
            before,
            at=found.last,
            end=self._end,
            walked=before.walked + found.keys,
            changed=before.changed + batch.changed,
            batches=before.batches + 1,
            seconds=round(before.seconds + seconds, 3),
            size=self.size.keys,
        )
        yield from self._checkpoints.note(mark)
        yield from batch.close()
        self._checkpoints.mark = mark
        self.patience.failed = 0
        self._gate.committed(batch.wal)
        self._pace.took(mark, seconds, key.rows, self._gate.dead, last=found.last == self._end)
        written = max(0, batch.wal - self._wal) if self._wal else 0
        self._wal = batch.wal
        self._gate.rest(rest(self._asked.restraint, seconds, batch.changed, written))

    def _require_key_kept(self, walk: Walk, found: Range, changed: int) -> Questions[None]:
        """Raises Unusable where the statement, or a trigger, has moved rows out of their range.

        They would be met again, and changed again. Asked in the first batch, in its transaction:
        what it has written has its number.
        """
        head, table = self._place.batched.head, self._asked.table
        if head.verb != "update" or head.target is None or head.target.name != table.name:
            return
        yield from walk.finding_operators()
        rows = yield from ask(
            f"SELECT count(*) {walk.rows_from} WHERE {walk.within()}"
            " AND k.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid",
            (*found.first, *found.last),
            walk.types * 2,
        )
        inside = int(rows[0][0] or 0)
        if inside < changed:
            raise Unusable(
                f"The statement has changed {changed:,} rows, and only {inside:,} of them are in"
                " their range then: it changes their key, or a trigger does.",
                "Walk along another key, one that stays as it is.",
            )

    # -- besides

    def _vacuum(self, key: WalkKey) -> Iterator[Step]:
        """A VACUUM after each share of the rows that is asked for, so that room is used again."""
        share = self._asked.restraint.vacuum
        if share is None or not key.rows:
            return
        if self.mark.walked - self._vacuumed >= share * key.rows and self.mark.at != self._end:
            self._vacuumed = self.mark.walked
            yield from vacuum(key.table)

    def _check(self) -> Iterator[Step]:
        """Raises Unusable where the SELECT that has to find nothing finds a row."""
        if self._asked.check is None:
            return
        yield Step(b"BEGIN READ ONLY", Role.HOUSEKEEPING)
        yield Step(b"SET LOCAL row_security = off", Role.HOUSEKEEPING)
        rows = yield from ask(f"SELECT EXISTS ({self._asked.check})", role=Role.CHECK)
        yield Step(b"COMMIT", Role.HOUSEKEEPING)
        if rows == [("t",)]:
            raise Unusable(
                f"The check of the backfill finds rows, behind {self.mark.people}.",
                "Rows may have come in behind the walk: have the application write them as they are"
                " to be, change them by hand, and apply again, which only checks once more.",
            )
