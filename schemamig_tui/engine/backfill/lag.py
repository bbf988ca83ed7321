"""Measures how far standbys are behind our own batches, by our own clock.

``replay_lag`` of pg_stat_replication stays at its last value while nothing new comes, and for ever
where the walreceiver has stopped; a standby that is down has no row at all. So each position of the
WAL is remembered with its time. The lag of a standby is the age of the oldest position that it has
not replayed. A standby that was there once and is gone counts as well.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

from schemamig_tui.engine.backfill.signals import Standby
from schemamig_tui.units import lasting

_MOST_MARKS = 10_000


class Lag:
    """Follows the standbys. Those not ``ignored`` may be behind for ``most`` seconds."""

    def __init__(
        self,
        most: float,
        ignored: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._ignored = ignored
        self._clock = clock
        self._marks: deque[tuple[int, float]] = deque(maxlen=_MOST_MARKS)
        self._seen: dict[str, str] = {}
        self.hidden = False
        """Whether there is a standby of which this role may not see how far it is."""

    def committed(self, wal: int) -> None:
        """Remember that a batch is committed, with the position of the WAL behind it."""
        self._marks.append((wal, self._clock()))

    def reasons(self, standbys: Sequence[Standby]) -> list[str]:
        """Which standbys are too far behind, or gone: sentences."""
        found, now = [], self._clock()
        known = [one for one in standbys if one.name not in self._ignored]
        for standby in known:
            self._seen[standby.shown] = standby.name
            if standby.replayed is None:
                self.hidden = True
            elif (behind := self._behind(standby.replayed, now)) > self._most:
                found.append(
                    f"the standby {standby.shown} has not replayed what was committed"
                    f" {lasting(behind)} ago (ignore-standby={standby.name} where it is delayed on"
                    " purpose)"
                )
        there = {standby.shown for standby in standbys}
        found += [
            f"the standby {shown} is gone (ignore-standby={name} where it does not come back)"
            for shown, name in self._seen.items()
            if shown not in there
        ]
        self._forget(known)
        return found

    def _behind(self, replayed: int, now: float) -> float:
        oldest = next((since for wal, since in self._marks if wal > replayed), now)
        return now - oldest

    def _forget(self, standbys: Sequence[Standby]) -> None:
        """Forget the positions that all standbys have replayed."""
        replayed = [one.replayed for one in standbys if one.replayed is not None]
        least = min(replayed, default=None)
        while self._marks and (least is None or self._marks[0][0] <= least):
            self._marks.popleft()
