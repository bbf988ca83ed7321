"""Runs a statement that limits itself until it changes no row: ``-- schemamig: repeat``.

A statement that reads many rows for each that it changes lacks an index: then each round reads the
rows again that are done already.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from schemamig_tui.engine.backfill.gate import Gate
from schemamig_tui.engine.backfill.key import FoundTable, Unusable, find_table
from schemamig_tui.engine.backfill.pace import totals
from schemamig_tui.engine.backfill.place import BatchedPlace, BatchingRun
from schemamig_tui.engine.backfill.questions import Questions, ask
from schemamig_tui.engine.backfill.series import BatchSeries
from schemamig_tui.engine.batch_events import BatchesNoted, BatchesStarted
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.sql.batch_checks import BOUNDS_HINT, without_skip_locked
from schemamig_tui.sql.batch_options import RepeatedBatches
from schemamig_tui.text import visible

_TARGET = 0.1
# From so many times as many rows as there are it is clear that it goes round in circles; and so
# many more may come in, or be unknown to the planner.
_ROUNDS, _UNCERTAIN = 1.5, 1000
# So many rows read for each row changed are too many: with an index it is one or two.
_MANY_READ = 20.0
_AGAIN = "Its condition has to be false for a row that it has changed."


class RepeatBatching(BatchSeries):
    """Runs one statement, round by round."""

    def __init__(
        self, place: BatchedPlace, run: BatchingRun, gate: Gate, mark: BatchMark | None
    ) -> None:
        super().__init__(place, run, gate, mark)
        assert isinstance(place.batched.asked, RepeatedBatches)
        self._asked = place.batched.asked
        self._resumed = mark
        self._sql = place.script.sql(place.number)
        self._begun = False
        self._target: FoundTable | None = None
        self._table: FoundTable | None = None
        self._expected: int | None = None
        self._left: int | None = None
        self._vacuumed = self._before = 0
        self._reads: float | None = None
        self._has_warned = False

    def make_smaller(self) -> int:
        """Have the next round wait longer: the statement itself limits how many rows it takes."""
        self._patience.failed += 1
        return 0

    def _all(self) -> Iterator[Step]:
        if not self._begun:
            yield from self._begin()
            self._begun = True
        while True:
            self._gate.pass_through()
            changed = yield from self._round()
            if changed:
                yield from self._vacuum_in_time()
            elif (waiting := without_skip_locked(self._sql)) != self._sql:
                # Rows that somebody had locked may be left. The last rounds wait for them.
                self._sql = waiting
            else:
                return

    def _begin(self) -> Questions[None]:
        yield from self._ask_server()
        asked, target = self._asked.table, self._place.batched.head.target
        self._target = (yield from find_table(target)) if target else None
        self._table = (yield from find_table(asked)) if asked else self._target
        if asked is not None and self._table is None:
            raise Unusable(
                f"The table {visible(str(asked))} does not exist, or is not in the search_path.",
                "Write table=SCHEMA.TABLE, or leave it out.",
            )
        self._require_bound()
        place = self._place
        mark = self._resumed or BatchMark(place.number + 1, place.batched.fingerprint, "")
        mark = replace(mark, writer=self._checkpoints.writer)
        yield from self._checkpoints.take_over(mark)
        if self._asked.remaining is not None:
            self._left = yield from self._remaining(self._asked.remaining)
            self._expected = mark.changed + self._left
        if self._table:
            self._gate.watch_table(self._table.oid)
        self._vacuumed = self._before = mark.changed
        self._pace.begin(mark)
        table = self._table.name if self._table else None
        self._run.report(
            BatchesStarted(
                *place.at,
                table=table,
                key=(),
                index=None,
                rows=self._expected,
                resumed=totals(mark),
            )
        )

    def _require_bound(self) -> None:
        """Raises Unusable where nothing would show that the rounds find the same rows again."""
        asked, head = self._asked, self._place.batched.head
        if self._target is None and asked.remaining is None and asked.most is None:
            raise Unusable(
                f"{visible(str(head.target))} is no table, so that nothing would tell that the"
                " statement finds the same rows again.",
                BOUNDS_HINT,
            )

    @staticmethod
    def _remaining(query: str) -> Questions[int]:
        rows = yield from ask(f"SELECT ({query})::int8", role=Role.CHECK)
        return int(rows[0][0] or 0)

    def _round(self) -> Questions[int]:
        """Run one round. Returns how many rows it has changed."""
        before = self.mark
        yield from self._require_progress(before)
        batch = self._batch(_TARGET)
        began = time.monotonic()
        yield from batch.open()
        read_before = yield from self._rows_read()
        yield from batch.statement(self._sql)
        read = (yield from self._rows_read()) - read_before
        seconds = time.monotonic() - began
        mark = replace(
            before,
            changed=before.changed + batch.changed,
            batches=before.batches + 1,
            seconds=round(before.seconds + seconds, 3),
        )
        yield from batch.close(mark)
        self._committed(batch, mark, seconds, self._expected, last=not batch.changed)
        if batch.changed:
            self._compare_reads(read / batch.changed)
        return batch.changed

    def _require_progress(self, mark: BatchMark) -> Questions[None]:
        """Raises Unusable where the rounds make no progress, or are too many."""
        if self._asked.most is not None and mark.batches >= self._asked.most:
            raise Unusable(
                f"The statement still changes rows after {mark.people} (max-batches).",
                "Does it find the same rows again? Else raise max-batches, and apply again: it"
                " goes on.",
            )
        changed = mark.changed - self._before
        if self._left is not None and self._asked.remaining is not None:
            if changed > _ROUNDS * self._left + _UNCERTAIN:
                yield from self._require_fewer(mark, self._left, self._asked.remaining)
        elif self._target and self._place.batched.head.verb in ("update", "delete"):
            self._require_some_new(mark, self._target, changed)

    def _require_fewer(self, mark: BatchMark, left: int, remaining: str) -> Questions[None]:
        now = yield from self._remaining(remaining)
        if now >= left:
            raise Unusable(
                f"The statement makes no progress: {mark.people}, and {now:,} remain where there"
                f" were {left:,} (remaining=).",
                f"{_AGAIN} Have remaining= count what it still has to do; and apply again: it goes"
                " on.",
            )
        self._before, self._left = mark.changed, now

    @staticmethod
    def _require_some_new(mark: BatchMark, table: FoundTable, changed: int) -> None:
        rows = table.rows or table.most
        if changed > _ROUNDS * rows + _UNCERTAIN:
            known = "had about" if table.rows else "could have"
            raise Unusable(
                f"The statement finds the same rows again: {mark.people}, and"
                f" {visible(table.name)} {known} {rows:,} when it began.",
                f"{_AGAIN} If it is, ANALYZE {visible(table.name)}; and apply again: it goes on.",
            )

    def _rows_read(self) -> Questions[int]:
        """How many rows of the table this transaction has read so far."""
        if self._table is None:
            return 0
        # Outside of a transaction the view holds what earlier ones of the session have done too.
        rows = yield from ask(
            "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)"
            " FROM pg_catalog.pg_stat_xact_user_tables WHERE relid IN (SELECT"
            f" {self._table.oid}::pg_catalog.oid UNION SELECT relid"
            f" FROM pg_catalog.pg_partition_tree({self._table.oid}::pg_catalog.oid))"
        )
        return int(rows[0][0] or 0)

    def _compare_reads(self, reads: float) -> None:
        """Report, once, that a round reads too many rows for each that it changes."""
        first = self._reads = reads if self._reads is None else self._reads
        if reads <= _MANY_READ or self._has_warned:
            return
        self._has_warned = True
        grown = f", and {first:,.0f} at the beginning" if reads >= 1.5 * first else ""
        message = (
            f"an index is missing, or not used: {reads:,.0f} rows are read for each that is changed"
            f"{grown}. = ANY (ARRAY(SELECT ...)) uses one where IN (SELECT ...) may not"
        )
        self._run.report(BatchesNoted(*self._place.at, message))

    def _vacuum_in_time(self) -> Iterator[Step]:
        share = self._restraint.vacuum
        if share is None or self._table is None or not self._table.rows:
            return
        if self.mark.changed - self._vacuumed >= share * self._table.rows:
            self._vacuumed = self.mark.changed
            yield from self._vacuum(self._table.name)
