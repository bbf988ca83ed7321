"""The first batch of a statement that runs over ranges: for whoever looks before it runs."""

from typing import NamedTuple

from schemamig_tui.engine.backfill.key import WalkKey, find_key
from schemamig_tui.engine.backfill.questions import Bracket, Questions
from schemamig_tui.engine.backfill.walk import KeyWalk, Range
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.sql.batches import RangeBatches


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
        at = mark.at if mark else None
        found = yield from walk.next_range(at, end, asked.batch)
        if found:
            yield from walk.require_few(found.last, 10 * asked.batch)
    yield from walk.closing()
    return FirstRange(key, walk, found)
