"""Rehearses one batch of a statement, and projects its time and WAL on all of its batches."""

import time
from collections.abc import Callable, Iterator, Sequence

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.backfill.batch import set_locally, settings_of
from schemamig_tui.engine.backfill.first import FirstRange, first_range
from schemamig_tui.engine.backfill.key import Unusable, find_table
from schemamig_tui.engine.backfill.pace import rest
from schemamig_tui.engine.backfill.place import BatchedPlace
from schemamig_tui.engine.backfill.questions import IN_A_TRANSACTION, Questions, ask, texts
from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.step import Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.sql.batch_options import RangeBatches
from schemamig_tui.sql.words import literal

_WAL = "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')"


def first_batch(
    run: FileRun,
    i: int,
    probe: Callable[[int], Step],
    rehearsed: Callable[[BatchRehearsed], None],
) -> Iterator[Step]:
    """The steps of one batch of statement ``i``, with a ``probe`` behind it.

    Raises FilesError where it cannot run in batches.
    """
    place = BatchedPlace(run.script, i)
    try:
        yield from _first_batch(run, place, probe, rehearsed)
    except Unusable as why:
        raise place.refusal(why) from None


def _first_batch(
    run: FileRun,
    place: BatchedPlace,
    probe: Callable[[int], Step],
    rehearsed: Callable[[BatchRehearsed], None],
) -> Iterator[Step]:
    asked, statement = place.batched.asked, place.batched.range
    step = run.statement(place.number)
    mark = run.mark if run.done == place.number else None
    found: FirstRange | None = None
    if isinstance(asked, RangeBatches):
        found = yield from first_range(asked, IN_A_TRANSACTION, mark)
        if found.range is None:
            return
        assert statement is not None
        values = (*found.range.first, *found.range.last)
        types = found.key.types * 2
        step = step._replace(sql=statement.text, params=texts(values), types=types)
    changed: list[int] = []  # of several results, as of rows that are returned, the last one tells

    def note(result: PGresult) -> None:
        changed.append(result.command_tuples or 0)

    of_batch = settings_of(place)
    ((wal_before, *others),) = yield from ask(f"SELECT {_WAL}, {_current(of_batch)}")
    yield set_locally(of_batch)._replace(awaited=True)
    began = time.monotonic()
    yield step._replace(awaited=True, answer=note)
    ms = (time.monotonic() - began) * 1000
    yield probe(place.number)
    yield set_locally([(name, old or "") for (name, _), old in zip(of_batch, others, strict=True)])
    ((wal_after,),) = yield from ask(f"SELECT {_WAL}")
    wal = max(0, int(wal_after or 0) - int(wal_before or 0))
    if _may_move_rows(place) and found and found.range and changed[-1]:
        yield from found.walk.opening()
        yield from found.walk.require_key_kept(found.range)
        yield from found.walk.closing()
    keys = found.range.keys if found and found.range else 0
    rows = yield from _rows(place, found, mark)
    rehearsed(_projected(place, rows, keys=keys, changed=changed[-1], ms=ms, wal=wal))


def _projected(
    place: BatchedPlace, rows: int | None, *, keys: int, changed: int, ms: float, wal: int
) -> BatchRehearsed:
    """The event of one batch, with the time and WAL that all would take, pauses included."""
    done = keys if place.batched.range else changed
    factor = rows / done if rows is not None and done else None
    paused_ms = 1000 * rest(place.batched.asked.restraint, ms / 1000, changed, wal)
    return BatchRehearsed(
        *place.at,
        keys=keys,
        changed=changed,
        ms=ms,
        wal=wal,
        rows=rows,
        total_ms=None if factor is None else (ms + paused_ms) * factor,
        total_wal=None if factor is None else round(wal * factor),
    )


def _current(settings: Sequence[tuple[str, str]]) -> str:
    """Expressions for the present values of settings."""
    return ", ".join(f"pg_catalog.current_setting({literal(n)}, true)" for n, _ in settings)


def _may_move_rows(place: BatchedPlace) -> bool:
    """Whether the statement changes rows of the table of its ranges, and so may move them."""
    asked = place.batched.asked
    return isinstance(asked, RangeBatches) and place.batched.head.updates(asked.table)


def _rows(
    place: BatchedPlace, found: FirstRange | None, mark: BatchMark | None
) -> Questions[int | None]:
    """About how many rows are left: by the table, or by ``remaining=`` of the directive."""
    asked = place.batched.asked
    if found:
        of, walked = found.key.rows, mark.walked if mark else 0
        return None if of is None else max(0, of - walked)
    if not isinstance(asked, RangeBatches) and asked.remaining:
        rows = yield from ask(f"SELECT ({asked.remaining})::int8")
        return int(rows[0][0] or 0)
    if asked.table:
        table = yield from find_table(asked.table, IN_A_TRANSACTION)
        return table.rows if table else None
    return None
