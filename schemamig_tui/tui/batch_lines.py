"""Writes lines of the log about a statement in batches. Its progress is in the panel instead."""

from collections.abc import Iterator

from schemamig_tui.engine.batch_events import BatchesFinished, BatchesStarted, BatchFinished
from schemamig_tui.engine.batch_wording import batch_event
from schemamig_tui.engine.events import BatchEvent
from schemamig_tui.tui.lines import Line

_PLAIN = (BatchesStarted, BatchesFinished)


def batch_lines(event: BatchEvent) -> Iterator[Line]:
    """The line of an event; none for a batch like any other."""
    if not isinstance(event, BatchFinished):
        style = "dim" if isinstance(event, _PLAIN) else "warn"
        place = f"    {event.statement:>3} line {event.line:<4} "
        yield (("dim", place), (style, batch_event(event)))
