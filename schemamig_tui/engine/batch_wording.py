"""Writes sentences about batches for the UI and for commands; all of them are safe to show."""

from schemamig_tui.engine.batch_events import (
    BatchesFinished,
    BatchesGoOn,
    BatchesNoted,
    BatchesStarted,
    BatchesWaiting,
    BatchFinished,
    BatchRehearsed,
    BatchRetried,
    BatchTotals,
)
from schemamig_tui.engine.events import BatchEvent
from schemamig_tui.engine.ledger.batch_mark import counted
from schemamig_tui.text import visible
from schemamig_tui.units import duration, lasting, plural, size


def batch_event(event: BatchEvent) -> str:
    """An event as a sentence, without its place in the file."""
    match event:
        case BatchesStarted():
            return _started(event)
        case BatchFinished():
            return _finished_one(event)
        case BatchesWaiting(reasons=reasons, waited_s=seconds):
            since = "waits" if seconds < 1 else f"has waited {lasting(seconds)}"
            return f"{since}: {visible('; '.join(reasons))}"
        case BatchesGoOn(waited_s=seconds):
            return f"goes on after {lasting(seconds)}"
        case BatchRetried():
            return _retried(event)
        case BatchesNoted(message=message):
            return visible(message)
        case BatchRehearsed():
            return _rehearsed(event)
        case BatchesFinished(done=done, ms=ms):
            return f"{totals(done)}, {lasting(ms / 1000)}"
    return ""


def totals(done: BatchTotals) -> str:
    """The progress in words."""
    return counted(done.walked or None, done.changed, done.batches)


def _started(event: BatchesStarted) -> str:
    if event.key:
        index = f" along the index {event.index}" if event.index else ""
        text = f"in batches over {event.table} by {', '.join(event.key)}{index}"
    else:
        text = "in batches until it changes no row"
    if event.rows is not None:
        text += f", about {plural(event.rows, 'row')}"
    if event.resumed.batches:
        text += f"; goes on behind {totals(event.resumed)}"
    return visible(text)


def _finished_one(event: BatchFinished) -> str:
    done = event.done
    walked = f"{done.walked:,}"
    if event.rows:
        percent = min(100, 100 * done.walked // event.rows)
        walked += f" of about {event.rows:,} keys walked ({percent} %)"
    else:
        walked += " keys walked"
    parts = [
        *([walked] if done.walked else []),
        f"{plural(done.changed, 'row')} changed",
        f"{event.per_second:,.0f} rows/s",
        *([f"batches of {event.size:,}"] if event.size else []),
        *([f"at {visible(event.at)}"] if event.at else []),
        *([_left(*event.left_s)] if event.left_s else []),
    ]
    return ", ".join(parts)


def _left(least: float, most: float) -> str:
    if lasting(least) == lasting(most):
        return f"about {lasting(least)} left"
    return f"{lasting(least)} to {lasting(most)} left"


def _retried(event: BatchRetried) -> str:
    smaller = f" with {plural(event.size, 'key')}" if event.size else ""
    return f"rolled a batch back ({visible(event.failure.message)}); it comes again{smaller}"


def _rehearsed(event: BatchRehearsed) -> str:
    keys = f" of {plural(event.keys, 'key')}" if event.keys else ""
    text = f"one batch{keys}: {plural(event.changed, 'row')} changed in {duration(event.ms)}"
    if event.total_ms is None or event.total_wal is None:
        return text
    return (
        f"{text}; all, about {plural(event.rows or 0, 'row')}, would take"
        f" {lasting(event.total_ms / 1000)}, and write {size(event.total_wal)} of WAL"
    )
