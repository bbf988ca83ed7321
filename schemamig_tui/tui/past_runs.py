"""Tells past runs apart by the times in the ledger, and shows them.

The ledger has a time for each migration and none for a run. Within a run one migration begins when
the one before has ended. So where the time between two migrations is longer than both have taken
plus a pause, the second one belongs to another run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemamig_tui.engine import LedgerRow
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.tui import clock
from schemamig_tui.tui.lines import Line, Span, inline
from schemamig_tui.tui.sparkline import sparkline
from schemamig_tui.units import plural, recorded

_PAUSE = timedelta(seconds=10)
_LONGEST_DURATION = 9
_WIDE = 60
_MOST = 200  # runs that are listed, as no key may wait for ten thousand


@dataclass(frozen=True, slots=True)
class PastRun:
    """The rows of the ledger that one run has written, in the order of their times."""

    rows: tuple[LedgerRow, ...]

    @property
    def ms(self) -> int:
        """How long its migrations have taken, as far as the ledger says."""
        return sum(row.execution_time_ms or 0 for row in self.rows)

    @property
    def failed(self) -> int:
        """How many of them have failed."""
        return sum(row.success is False for row in self.rows)


def past_runs(rows: Iterable[LedgerRow]) -> list[PastRun]:
    """The runs that have written these rows, the first one first; rows without a date are in none.

    The time of a row is that of its end, or, where it ran without a transaction, of its beginning.
    """
    dated = [(row.applied_at, row) for row in rows if isinstance(row.applied_at, datetime)]
    dated.sort(key=lambda one: one[0])
    runs: list[list[LedgerRow]] = []
    last: tuple[datetime, LedgerRow] | None = None
    for at, row in dated:
        if last is None or at - last[0] > _took(last[1]) + _took(row) + _PAUSE:
            runs.append([])
        runs[-1].append(row)
        last = at, row
    return [PastRun(tuple(found)) for found in runs]


def _took(row: LedgerRow) -> timedelta:
    return timedelta(milliseconds=row.execution_time_ms or 0)


def past_run_lines(rows: Sequence[LedgerRow], columns: int) -> list[Line]:
    """The runs as lines, the last one first, under a sparkline of at most so many columns."""
    runs = past_runs(rows)
    if not runs:
        return [(("dim", "The ledger has no run yet."),)]
    times = [run.ms for run in runs]
    count = sum(len(run.rows) for run in runs)
    most = f"the longest of these took {recorded(max(times[-columns:]))}"
    lines: list[Line] = [
        (("strong", plural(len(runs), "run")), ("dim", f" of {plural(count, 'migration')}")),
        (("accent", sparkline(times, columns)),),
        (("dim", f"A bar is the time that a run took: {most}"),),
        (),
        *(_line(run, columns) for run in reversed(runs[-_MOST:])),
    ]
    if earlier := len(runs[:-_MOST]):
        lines.append((("dim", f"and {plural(earlier, 'earlier run')}"),))
    lines.append(())
    if undated := len(rows) - count:
        lines.append((("warn", f"! {plural(undated, 'migration')} without a date"),))
    pause = f"{_PAUSE.seconds} s"
    lines.append((("dim", f"Told apart by their times: a pause of {pause} begins another run."),))
    lines.append((("dim", "Of a migration that was tried again the ledger has the last try."),))
    return lines


def _line(run: PastRun, columns: int) -> Line:
    first, last = run.rows[0], run.rows[-1]
    names = inline(first.filename)
    if len(run.rows) > 1:
        names += f" to {inline(last.filename)}"
    return (
        # What does not fit goes below it, or, where that leaves little room, on from the left.
        ("label" if columns >= _WIDE else "dim", f"{inline(clock.recorded_at(first))} "),
        ("plain", f"{recorded(run.ms):>{_LONGEST_DURATION}}  "),
        *_counts(run),
        ("plain", f"  {names}"),
    )


def _counts(run: PastRun) -> Iterable[Span]:
    applied = sum(row.success is True for row in run.rows)
    if applied and all(row.checksum == MANUAL for row in run.rows):
        yield "dim", f"{applied:,} by hand"
    elif applied:
        yield "good", f"{applied:,} applied"
    if applied and run.failed:
        yield "dim", ", "
    if run.failed:
        yield "bad", f"{run.failed:,} failed"
