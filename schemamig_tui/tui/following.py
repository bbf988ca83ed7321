"""What a run changes on the screen while it goes on."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from schemamig_tui.engine.events import Event, FileApplied, FileFailed
from schemamig_tui.engine.failure import describe
from schemamig_tui.engine.ledger import LedgerRow
from schemamig_tui.engine.status import Migration, Status
from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.tui.lines import Line, indented
from schemamig_tui.tui.log_lines import event_lines, summary_lines
from schemamig_tui.tui.run import Heard, Run

_FILES = 500
_LINES = 1_000


class FileLogs:
    """What each of the files that were run last has told: at most 500 files, 1,000 lines each."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, deque[Line]] = OrderedDict()

    def of(self, name: str) -> Sequence[Line]:
        """The lines of a file; none if it was not run, or too long ago."""
        return tuple(self._logs.get(name, ()))

    def take(self, heard: Iterable[Heard]) -> list[Line]:
        """Keep the lines of each event with its file, and return them all."""
        told: list[Line] = []
        for _, event in heard:
            lines = list(event_lines(event))
            told += lines
            name = getattr(event, "name", None)
            if name is not None:
                self._log(name).extend(lines)
        return told

    def _log(self, name: str) -> deque[Line]:
        log = self._logs.get(name)
        if log is None:
            log = self._logs[name] = deque(maxlen=_LINES)
            if len(self._logs) > _FILES:
                self._logs.popitem(last=False)
        return log

    def forget(self, names: Iterable[str]) -> None:
        """Drop what earlier tries of these files have told."""
        for name in names:
            self._logs.pop(name, None)


def after(status: Status, events: Iterable[Event]) -> Status:
    """The status with what the events say; the ledger is asked when the run is over."""
    rows: dict[str, LedgerRow] = {}
    for event in events:
        if isinstance(event, FileApplied):
            rows[event.name] = _row(event.name, event.ms, None)
        elif isinstance(event, FileFailed):
            rows[event.name] = _row(event.name, event.ms, describe(event.failure, event.name))
    if not rows:
        return status
    return Status(tuple(_with(m, rows[m.name]) if m.name in rows else m for m in status.migrations))


def outcome(run: Run) -> Iterator[Line]:
    """The last lines of a run: its summary, or why it has none."""
    if run.left_out:
        yield (("warn", f"{run.left_out:,} notices and timings were left out"),)
    if run.error is None:
        yield from summary_lines(run.progress)
    elif isinstance(run.error, SchemamigError):
        place = f"{run.error.place}: " if isinstance(run.error, FilesError) else ""
        yield from indented("bad", "✗", f"{place}{run.error.message}")
        if run.error.hint:
            yield from indented("plain", "hint:", run.error.hint)
    else:
        yield (("bad", f"✗ internal error: {type(run.error).__name__}; this is a bug"),)


def _row(name: str, ms: float, error: str | None) -> LedgerRow:
    return LedgerRow(name, datetime.now(), None, round(ms), error is None, error)


def _with(migration: Migration, row: LedgerRow) -> Migration:
    checksum = migration.file.checksum if migration.file else None
    return replace(migration, row=replace(row, checksum=checksum), changed=False)
