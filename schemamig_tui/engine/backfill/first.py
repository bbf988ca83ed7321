"""Finds the first batch of a statement over ranges, for a run and for the preview in a plan."""

from typing import NamedTuple

from schemamig_tui.engine.backfill.key import WalkKey, find_key
from schemamig_tui.engine.backfill.questions import Bracket, Questions
from schemamig_tui.engine.backfill.size import BatchSize
from schemamig_tui.engine.backfill.walk import KeyWalk, Range
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.sql.batch_options import RangeBatches


class FirstRange(NamedTuple):
    """The key, its walk, and the range of the next batch; None: there is nothing to do."""

    key: WalkKey
    walk: KeyWalk
    range: Range | None


def first_range(
    asked: RangeBatches, bracket: Bracket, mark: BatchMark | None
) -> Questions[FirstRange]:
    """Ask for the next range behind what ``mark`` says is done. Raises Unusable."""
    key = yield from find_key(asked.table, asked.key, bracket)
    walk = KeyWalk(key, bracket)
    yield from walk.opening()
    yield from walk.require_values()
    end = yield from walk.last()
    found = None
    if end is not None:
        yield from walk.require_index_used(end, asked.batch)
        size = yield from first_size(asked, key, walk, mark)
        at = mark.at if mark else None
        found = yield from walk.next_range(at, end, size.keys)
        if found:
            yield from walk.require_few(found.last, size.keys)
    yield from walk.closing()
    return FirstRange(key, walk, found)


def first_size(
    asked: RangeBatches, key: WalkKey, walk: KeyWalk, mark: BatchMark | None
) -> Questions[BatchSize]:
    """The size of the next batch: that of the last try or of the directive, within its bounds."""
    rows = key.rows if key.rows is not None else (yield from walk.planned_rows())
    return BatchSize((mark and mark.size) or asked.batch, asked.target, rows)
