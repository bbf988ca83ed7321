"""Adapts the size of batches to the target time, and limits it to a small share of the table.

It measures the time for each key that the walk has passed, averaged over batches. The time for each
changed row would say nothing where a filter leaves few rows, and the time of the last batch alone
jumps with every CHECKPOINT. What the network takes is the same for a batch of any size: it may
use up one half of the target, and the other half is for the keys. Otherwise batches over a long
line would shrink to one key, and take as long.
"""

import math

_FASTER = 1.2
"""A batch is at most so much larger than the one before."""
_TOO_LONG = 1.5
"""A batch that takes so many targets makes the next one smaller at once."""
_WEIGHT = 0.3
"""What a new batch counts for in the average."""
_SHARE = 0.005
"""The share of a table in a batch is the share of the others' updates that may have to wait."""
_SMALL = 100
"""So many keys are a small batch: smaller ones are left to the target alone."""


class BatchSize:
    """The size of the next batch, ``keys``.

    ``first`` is the size of the first batch, ``target`` is in seconds and may be changed, and
    ``rows`` is how many rows the table has, None where that is not known.
    """

    def __init__(self, first: int, target: float, rows: int | None) -> None:
        self.target = target
        self._most = None if rows is None else max(_SMALL, round(rows * _SHARE))
        self._per_key: float | None = None
        self.keys = self._bounded(first)

    def done(self, keys: int, seconds: float, fixed: float = 0.0) -> None:
        """Note how many seconds a batch of so many keys has taken, and adapt the size.

        ``fixed`` are those of them that do not depend on how many keys there are.
        """
        if keys < self.keys / 2:
            return  # The last batch, or one at the end of what there was: it says nothing.
        worked = max(seconds - fixed, 0.0)
        target = max(self.target - fixed, self.target / 2)
        per_key = worked / keys
        if worked > _TOO_LONG * target:
            self._per_key = per_key
            self.keys = self._bounded(target / per_key)
            return
        before = self._per_key
        average = per_key if before is None else before + _WEIGHT * (per_key - before)
        self._per_key = average
        # Rounded up: otherwise 2 keys and 20 % more would stay 2.
        larger = math.ceil(self.keys * _FASTER)
        self.keys = self._bounded(min(target / max(average, 1e-9), larger))

    def failed(self) -> bool:
        """Halve the size after a batch that could not get a lock; False: it is small already."""
        if self.keys <= _SMALL:
            return False
        self.keys = max(_SMALL, self.keys // 2)
        return True

    def _bounded(self, keys: float) -> int:
        whole = max(1, int(keys))
        return whole if self._most is None else min(whole, self._most)
