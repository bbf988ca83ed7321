"""The bar of a statement that runs in batches: how far it is, how fast, and what it waits for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from schemamig_tui.engine.batch_events import BatchesStarted, BatchFinished, BatchTotals
from schemamig_tui.tui import keys
from schemamig_tui.tui.batch_insight import BatchInsight
from schemamig_tui.tui.engine_thread import EngineThread, TimedEvent
from schemamig_tui.tui.lines import Line, Span, inline, sentence, width
from schemamig_tui.tui.sparkline import sparkline
from schemamig_tui.tui.widgets.bars import Bar
from schemamig_tui.units import duration, lasting, plural

if TYPE_CHECKING:
    from schemamig_tui.engine.backfill.control import BatchControl

_TRACK = 12
_SPARKS = 20


class BatchBar(Bar, can_focus=False):
    """Shows batches in as many rows as needed; without any in none."""

    def __init__(self) -> None:
        super().__init__()
        self._insight = BatchInsight()

    @property
    def is_on(self) -> bool:
        """Whether a statement is running in batches."""
        return self._insight.started is not None

    def take(self, timed: Iterable[TimedEvent]) -> None:
        """Take in what a run has reported; ``show`` shows it."""
        self._insight.take(timed)

    def show(self, run: EngineThread, now: float) -> None:
        """Show the state of ``run`` at the moment ``now`` (``time.monotonic``)."""
        rows = batch_rows(self._insight, run.batch_control, now, self.app.size.width)
        if rows and self.screen.has_class("-low"):  # there is room for one
            rows = rows[-1:] if _is_marked(rows[-1]) else rows[:1]
        self.fit(rows)


def batch_rows(
    insight: BatchInsight, control: "BatchControl | None", now: float, columns: int
) -> list[tuple[Line, Line]]:
    """The rows of a bar of so many columns; none where nothing runs in batches."""
    if insight.started is None:
        return []
    rows = [_how_far(insight.started, insight.last, columns)]
    if insight.last is not None:
        speed, batch = _speed(insight, insight.last, columns), _batch(insight.last, control)
        if width(speed) + width(batch) < columns:
            rows.append((speed, batch))
        else:
            rows += [(speed, ()), (batch, ())]
    if (waiting := insight.waiting(now)) is not None:
        reasons, seconds = waiting
        text = f"Has waited {lasting(seconds)}: {'; '.join(reasons)}"
        rows.append((_marked(text), _goes_on(control)))
    elif control is not None and control.paused:
        rows.append((_marked("Pauses behind this batch"), _goes_on(control)))
    elif insight.retried is not None:
        failure = insight.retried.failure.message
        rows.append((_marked(f"A batch was rolled back and comes again: {failure}"), ()))
    return rows


def _how_far(
    started: BatchesStarted, last: BatchFinished | None, columns: int
) -> tuple[Line, Line]:
    done = last.done if last else started.resumed
    rows = last.rows if last else started.rows
    unit, count = _counted(started, done)
    if not rows:  # a bar would claim to know how much there is
        return (("plain", f" {count:,} {unit}"),), ()
    percent = min(100, 100 * count // rows)
    filled = round(min(1.0, count / rows) * _TRACK)
    bar: Line = (("accent", f" {'━' * filled}"), ("dim", "─" * (_TRACK - filled)))
    share: Span = ("strong", f" {percent:>3} %")
    counted: Span = ("plain", f"  {count:,} of about {rows:,} {unit}")
    left = _left(last)
    room = columns - width(left)
    wanted = ((*bar, share, counted), (share, counted), (*bar, share))
    return next((line for line in wanted if width(line) <= room), (share,)), left


def _counted(started: BatchesStarted, done: BatchTotals) -> tuple[str, int]:
    """What tells how far it is: the keys, or for a statement that repeats the rows."""
    return ("keys walked", done.walked) if started.key else ("rows changed", done.changed)


def _left(last: BatchFinished | None) -> Line:
    if last is None or last.left_s is None:
        return ()
    least, most = map(lasting, last.left_s)
    return (("plain", f"about {least} left " if least == most else f"{least} to {most} left "),)


def _speed(insight: BatchInsight, last: BatchFinished, columns: int) -> Line:
    changed = f" {plural(last.done.changed, 'row')} changed, " if last.done.walked else " "
    speeds = f"{last.per_second:,.0f} rows/s now, {last.average:,.0f} overall "
    room = min(_SPARKS, columns - len(changed) - len(speeds))
    sparks: Span = ("accent", sparkline(list(insight.speeds), room))
    return (("plain", f"{changed}{speeds}"), sparks)


def _batch(last: BatchFinished, control: "BatchControl | None") -> Line:
    spans: list[Span] = [("dim", f" batches of {last.size:,}" if last.size else " batches")]
    if control is not None and abs(control.factor - 1) > 0.01:
        spans.append(("warn", f" for {control.factor:.2g} x the target"))
    spans.append(("dim", f", the last took {duration(last.ms)}"))
    if last.dead is not None:
        spans.append(("dim", f", {plural(last.dead, 'dead row')}"))
    return (*spans, ("dim", " "))


def _goes_on(control: "BatchControl | None") -> Line:
    if control is None or not control.paused:
        return ()
    return (("key", keys.key_of("pause-batches")), ("plain", " goes on "))


def _marked(text: str) -> Line:
    return (("warn", f" ■ {sentence(inline(text))}"),)


def _is_marked(row: tuple[Line, Line]) -> bool:
    """Whether a row tells what holds the batches up."""
    return row[0][0][0] == "warn"
