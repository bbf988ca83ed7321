"""Rewrites events of a rehearsal on a scratch: with the sizes in the database, without times."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from schemamig_tui.advice.objects import SizeFacts
from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.events import FileFailed, StatementFinished
from schemamig_tui.rehearsal.events import (
    FileRehearsed,
    RehearsalEvent,
    RehearsalFinished,
    RehearsalListener,
    RelationSize,
    RelationsRewritten,
    TableScan,
    WorkDone,
)

# Violated constraints, and what code raises that has looked for rows: see errcodes.txt.
_MAY_WANT_ROWS = ("23", "P0")
_NO_ROWS = "A scratch has no rows but those that migrations make: in the database it may succeed."

Sizes = Mapping[str, SizeFacts]
"""What is known of tables in the database, by ``table schema.name``."""


def with_sizes(listener: RehearsalListener, sizes: Sizes) -> RehearsalListener:
    """A listener that passes each event on as ``of_database`` tells it."""

    def listen(event: RehearsalEvent) -> None:
        if (changed := of_database(event, sizes)) is not None:
            listener(changed)

    return listen


def of_database(event: RehearsalEvent, sizes: Sizes) -> RehearsalEvent | None:
    """An event of a scratch with the sizes in the database; None if nothing is left of it.

    Times without rows tell nothing. What a rollback leaves behind goes with the scratch.
    """
    match event:
        case StatementFinished():
            return replace(event, ms=None)
        case BatchRehearsed():  # how long it would go on with all rows
            return None
        case WorkDone():
            event = replace(event, scanned=tuple(_scans(event.scanned, sizes)), wal=0)
            did = event.scanned or event.built or event.emptied or event.written
            return event if did else None
        case RelationsRewritten(relations=relations):
            return replace(event, sizes=tuple(_known(relations, sizes)))
        case FileRehearsed():
            held = 0.0 if event.exclusive_ms == 0 else None
            return replace(event, ms=None, exclusive_ms=held, wal=0)
        case FileFailed(failure=failure) if (failure.sqlstate or "")[:2] in _MAY_WANT_ROWS:
            hint = "\n".join(filter(None, (failure.hint, _NO_ROWS)))
            return replace(event, failure=replace(failure, hint=hint))
        case RehearsalFinished():
            return finished_in_database(event, sizes)
    return event


def finished_in_database(finished: RehearsalFinished, sizes: Sizes) -> RehearsalFinished:
    """The end of a rehearsal on a scratch, as ``of_database`` tells it."""
    named = [outage.relation for outage in finished.outages]
    relations = dict.fromkeys([*named, *finished.rewritten, *finished.emptied])
    return replace(
        finished,
        sequences=(),
        outages=tuple(replace(outage, ms=None) for outage in finished.outages),
        dead=(),
        wal=0,
        slots=(),
        sizes=tuple(_known(relations, sizes)),
    )


def _scans(scans: Iterable[TableScan], sizes: Sizes) -> Iterator[TableScan]:
    for scan in scans:
        size = sizes.get(scan.relation)
        if size is None:  # it is not in the database
            yield scan
        elif not size.empty:
            yield replace(scan, rows=round(size.rows), bytes=size.bytes)


def _known(relations: Iterable[str], sizes: Sizes) -> Iterator[RelationSize]:
    for relation in relations:
        if size := sizes.get(relation):
            yield RelationSize(relation, round(size.rows), size.bytes)
