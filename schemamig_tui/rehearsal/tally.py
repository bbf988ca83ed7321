"""Adds up how long the files take, and how long each would block others."""

import time
from collections.abc import Iterable

from schemamig_tui.rehearsal.events import Outage, OverBudget, RelationLock


class Tally:
    """Adds up the milliseconds of one file after the other, by the server's clock.

    ``budget_ms`` is how long a file may take; None is no limit.
    """

    def __init__(self, budget_ms: float | None) -> None:
        self.budget_ms = budget_ms
        self.over_budget: list[OverBudget] = []
        """The files that took longer."""
        self._longest: dict[tuple[str, tuple[str, ...]], Outage] = {}
        self.start("")

    def start(self, name: str) -> None:
        """Begin with a file."""
        self._name = name
        self._began = time.perf_counter()
        self._outages: list[Outage] = []
        self._since: dict[tuple[str, tuple[str, ...]], float] = {}
        self.ms = 0.0
        """The time of the file."""
        self.exclusive_ms = 0.0
        """How much of it reads are blocked for."""
        self.wal = 0
        """The bytes of WAL that it has written."""

    def add(self, ms: float, taken: Iterable[RelationLock], wal: int) -> None:
        """Add a statement of the file; ``taken`` are all of its locks, new ones or not."""
        self.wal += wal
        for lock in taken:
            if "writes" in lock.blocks:
                self._since.setdefault((lock.relation, lock.blocks), self.ms)
        self.ms += ms

    @property
    def uncounted_ms(self) -> float:
        """How long the statement that was not added yet may have taken, at the most.

        Our clock starts before the file is sent. So however late we read an answer, this is never
        less than the time of the statement.
        """
        return (time.perf_counter() - self._began) * 1000 - self.ms

    def commit(self) -> None:
        """Note that the file would commit here, which releases its locks."""
        for (relation, blocks), since in self._since.items():
            self._outages.append(Outage(relation, blocks, self.ms - since, self._name))
        exclusive = [since for (_, blocks), since in self._since.items() if "reads" in blocks]
        if exclusive:
            self.exclusive_ms += self.ms - min(exclusive)
        self._since.clear()

    def keep(self) -> None:
        """Keep the outages of the file, which has succeeded, and its time if that is too long."""
        if self.budget_ms is not None and max(self.ms, self.exclusive_ms) > self.budget_ms:
            self.over_budget.append(OverBudget(self._name, self.ms, self.exclusive_ms))
        for outage in self._outages:
            key = outage.relation, outage.blocks
            if key not in self._longest or _ms(self._longest[key]) < _ms(outage):
                self._longest[key] = outage

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The longest outage of each relation; one of writes alone only if it is even longer."""
        kept: dict[str, Outage] = {}
        outages = []
        for outage in sorted(self._longest.values(), key=_order):
            before = kept.setdefault(outage.relation, outage)
            if before is outage or _ms(outage) > _ms(before):
                outages.append(outage)
        return tuple(outages)


def _ms(outage: Outage) -> float:
    """The length of an outage, which is known for all outages here."""
    return outage.ms or 0


def _order(outage: Outage) -> tuple[bool, float, str]:
    return "reads" not in outage.blocks, -_ms(outage), outage.relation
