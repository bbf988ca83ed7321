"""Turns the events of a run into what the screen shows: logs by file, status, summary, toast."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from itertools import groupby

from textual.notifications import SeverityLevel

from schemamig_tui.engine import LedgerRow, Migration, Status, describe
from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileFailed,
    FilesLost,
)
from schemamig_tui.errors import Interrupted, SchemamigError
from schemamig_tui.tui import clock
from schemamig_tui.tui.engine_thread import EngineThread, TimedEvent
from schemamig_tui.tui.lines import Line, plain
from schemamig_tui.tui.log_lines import event_lines, summary_lines
from schemamig_tui.tui.states import error_lines
from schemamig_tui.units import duration, plural

_ENDS = (FileApplied, FileFailed)
_FILES = 500
_EVENTS = 1_000


class FileLogs:
    """The events of each file that was run: of the last 500 files, at most 1,000 events each."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, deque[Event]] = OrderedDict()

    def of(self, name: str) -> list[Line]:
        """The log lines of a file; none if it was not run, or too long ago."""
        return [line for event in self._logs.get(name, ()) for line in event_lines(event)]

    def ended_as(self, name: str, success: bool | None) -> bool:
        """Whether the last run of a file has ended as its row of the ledger says.

        Without a row it has failed, and that could not be recorded or was forgotten since.
        """
        ends = (e for e in reversed(self._logs.get(name, ())) if type(e) in _ENDS)
        end = next(ends, None)
        return end is not None and bool(success) is (type(end) is FileApplied)

    def take(self, events: Iterable[Event]) -> None:
        """Add each event to the log of its file; events without a file are not kept."""
        for name, of_file in groupby(events, lambda event: getattr(event, "name", None)):
            if name is not None:
                self._log(name).extend(of_file)

    def _log(self, name: str) -> deque[Event]:
        log = self._logs.get(name)
        if log is None:
            log = self._logs[name] = deque(maxlen=_EVENTS)
            if len(self._logs) > _FILES:
                self._logs.popitem(last=False)
        return log

    def forget(self, names: Iterable[str]) -> None:
        """Drop the logs of earlier runs of these files."""
        for name in names:
            self._logs.pop(name, None)


def after(status: Status, timed: Iterable[TimedEvent]) -> Status:
    """The status as it is after the events. The ledger itself is read when the run is over."""
    ended: dict[str, FileApplied | FileFailed | None] = {}
    for _, event in timed:
        if isinstance(event, FileApplied | FileFailed):
            ended[event.name] = event
        elif isinstance(event, FilesLost):
            ended.update(dict.fromkeys(event.names))
    if not ended:
        return status
    return Status(
        tuple(_after(m, ended[m.name]) if m.name in ended else m for m in status.migrations)
    )


def outcome(run: EngineThread) -> Iterator[Line]:
    """The last log lines of a run: its summary, or the error that ended it."""
    if run.left_out:
        yield (("warn", f"{run.left_out:,} notices and timings were left out"),)
    if run.error is None:
        yield from summary_lines(run.progress)
    else:
        yield from _reason_lines(run.error)


def toast_text(run: EngineThread) -> tuple[str, SeverityLevel]:
    """The result of a run in one sentence for a toast, and the severity of the toast."""
    finished, failed = run.progress.finished, run.progress.failed
    if run.error is not None:
        is_wanted = isinstance(run.error, Interrupted)
        return plain(_reason_lines(run.error)[:1]), "warning" if is_wanted else "error"
    assert finished is not None  # it is the last event of a run without an error
    if failed is not None:
        if finished.cancelled:
            return f"✗ {failed.name}: cancelled", "warning"
        code = f" {failed.failure.sqlstate}" if failed.failure.sqlstate else ""
        why = failed.failure.message.partition("\n")[0]
        return f"✗ {failed.name}:{code} {why}", "error"
    done = f"{plural(len(finished.applied), 'migration')} applied in {duration(finished.ms)}"
    return done, "warning" if finished.cancelled else "information"


def _reason_lines(error: Exception) -> list[Line]:
    if isinstance(error, SchemamigError):
        return error_lines(error)
    return [(("bad", f"✗ internal error: {type(error).__name__}; this is a bug"),)]


def _after(migration: Migration, event: FileApplied | FileFailed | None) -> Migration:
    file = migration.file
    if event is None:
        return Migration(migration.name, file, None, changed=False)
    error = describe(event.failure, event.name) if isinstance(event, FileFailed) else None
    row = LedgerRow(
        event.name,
        clock.now().replace(tzinfo=None),
        file.checksum if file else None,
        round(event.ms),
        error is None,
        error,
    )
    return Migration(event.name, file, row, changed=False)
