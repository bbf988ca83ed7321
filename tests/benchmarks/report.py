"""Rows of the report, and whether each keeps its bar."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

HEADER = f"{'what':52} {'ours':>10} {'floor':>10} {'measured':>10} {'bar':>10}"


@dataclass(frozen=True)
class Row:
    """A line of the report; ``kept`` is None for what is told but has no bar."""

    what: str
    ours: str
    floor: str = ""
    measured: str = ""
    bar: str = ""
    kept: bool | None = None

    def __str__(self) -> str:
        mark = {True: "ok", False: "MISSED", None: ""}[self.kept]
        return (
            f"{self.what:52} {self.ours:>10} {self.floor:>10} {self.measured:>10} {self.bar:>10}"
            f"  {mark}"
        ).rstrip()


class Times(NamedTuple):
    """Medians in ms: ours from connected to committed, ours with reading the files, psql's."""

    ours: float
    whole: float
    psql: float


def ratio(what: str, ours: float, floor: float, bar: float | None = None) -> Row:
    """Two times in ms, and how many times the floor ours may be at most."""
    measured = ours / floor
    return Row(
        what,
        f"{ours:.0f} ms",
        f"{floor:.0f} ms",
        f"{measured:.2f} x",
        "" if bar is None else f"<={bar:.2f} x",
        None if bar is None else measured <= bar,
    )


def against_psql(what: str, times: Times, bar: float | None) -> Iterator[Row]:
    """From connected to committed, and with reading the files, for which there is no bar."""
    yield ratio(what, times.ours, times.psql, bar)
    yield ratio("  with reading the files", times.whole, times.psql)


def at_most(what: str, value: float, bar: float, unit: str) -> Row:
    """A value that has no floor, only a bar in the same unit."""
    return Row(what, f"{value:.0f} {unit}", bar=f"<={bar:.0f} {unit}", kept=value <= bar)


def medians(repeat: int, *subjects: Callable[[], float]) -> list[float]:
    """The median of each subject, called in turns so that noise falls on all of them alike."""
    measured = [[subject() for subject in subjects] for _ in range(repeat)]
    return [statistics.median(values) for values in zip(*measured, strict=True)]
