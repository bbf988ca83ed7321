"""Reports statements in batches in few lines: their progress, and what they wait for."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemamig_tui.engine import wording
from schemamig_tui.engine.batch_events import BatchesNoted, BatchFinished, BatchRetried
from schemamig_tui.engine.batch_wording import batch_event
from schemamig_tui.engine.events import BatchEvent
from schemamig_tui.headless.output import Output
from schemamig_tui.units import plural

if TYPE_CHECKING:
    from schemamig_tui.engine.backfill.preview import BatchesPreview

# Seconds between two lines about how far it is: a log is read later, too.
_EVERY = 10.0


class BatchReport:
    """Writes the events of batches. How far they are is written now and then only."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._next = time.monotonic() + _EVERY

    def __call__(self, event: BatchEvent) -> None:
        """Report ``event``, unless a line of its kind has only just been written."""
        if isinstance(event, BatchFinished):
            if (now := time.monotonic()) < self._next:
                return
            self._next = now + _EVERY
        text = batch_event(event)
        if isinstance(event, BatchesNoted):
            text = self._out.paint("yellow", text)
        if isinstance(event, BatchRetried) and event.blocked:
            text += "\n" + wording.had_lock(event.blocked)
        self._out.write(f"    line {event.line}: " + text.replace("\n", "\n      "))


def preview_lines(preview: "BatchesPreview", out: Output) -> Iterator[str]:
    """What is known of a statement in batches before it runs, for people."""
    place = f"      line {preview.line}:"
    if preview.obstacle:
        yield f"{place} in batches. {out.paint('yellow', preview.obstacle)}"
        return
    if not preview.key:
        yield f"{place} in batches until it changes no row"
        return
    rows = "" if preview.rows is None else f", about {plural(preview.rows, 'row')}"
    key = ", ".join(preview.key)
    yield f"{place} in batches over {preview.table} by {key} along the index {preview.index}{rows}"
    if preview.first is not None:
        seen = preview.expected
        expected = "" if seen is None else f"; the planner expects {plural(seen, 'row')}"
        span = f"from {preview.first} to {preview.last}"
        yield f"        the first one: {plural(preview.keys, 'key')} {span}{expected}"
    yield from (f"          {line}" for line in preview.plan)
    for warning in preview.warnings:
        yield f"        {out.paint('yellow', 'warning:')} {warning}"
