"""What a run changes on the screen while it goes on."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from textual.notifications import SeverityLevel

from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileFailed,
)
from schemamig_tui.engine.ledger.status import Migration, Status
from schemamig_tui.engine.ledger.table import LedgerRow
from schemamig_tui.engine.run.failure import describe
from schemamig_tui.errors import Interrupted, SchemamigError
from schemamig_tui.tui.lines import Line, plain
from schemamig_tui.tui.log_lines import event_lines, summary_lines
from schemamig_tui.tui.run import Heard, Work
from schemamig_tui.tui.states import complaint
from schemamig_tui.units import duration, plural

_FILES = 500
_EVENTS = 1_000


class FileLogs:
    """What each of the files that were run last has told: at most 500 files, 1,000 events each."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, deque[Event]] = OrderedDict()

    def of(self, name: str) -> list[Line]:
        """The lines of a file; none if it was not run, or too long ago."""
        return [line for event in self._logs.get(name, ()) for line in event_lines(event)]

    def take(self, events: Iterable[Event]) -> None:
        """Keep each event that is of a file with its file."""
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
        """Drop what earlier tries of these files have told."""
        for name in names:
            self._logs.pop(name, None)


def after(status: Status, heard: Iterable[Heard]) -> Status:
    """The status with what the events say; the ledger is asked when the run is over."""
    ended = {event.name: event for _, event in heard if isinstance(event, FileApplied | FileFailed)}
    if not ended:
        return status
    return Status(
        tuple(_after(m, ended[m.name]) if m.name in ended else m for m in status.migrations)
    )


def outcome(run: Work) -> Iterator[Line]:
    """The last lines of a run: its summary, or why it has none."""
    if run.left_out:
        yield (("warn", f"{run.left_out:,} notices and timings were left out"),)
    if run.error is None:
        yield from summary_lines(run.progress)
    else:
        yield from _trouble(run.error)


def verdict(run: Work) -> tuple[str, SeverityLevel]:
    """What a run came to in one sentence, and how bad that is."""
    finished, failed = run.progress.finished, run.progress.failed
    if run.error is not None:
        is_wanted = isinstance(run.error, Interrupted)
        return plain(_trouble(run.error)[:1]), "warning" if is_wanted else "error"
    assert finished is not None  # it is the last event of a run without an error
    if failed is not None:
        if finished.cancelled:
            return f"✗ {failed.name}: cancelled", "warning"
        code = f" {failed.failure.sqlstate}" if failed.failure.sqlstate else ""
        why = failed.failure.message.partition("\n")[0]
        return f"✗ {failed.name}:{code} {why}", "error"
    done = f"{plural(len(finished.applied), 'migration')} applied in {duration(finished.ms)}"
    return done, "warning" if finished.cancelled else "information"


def _trouble(error: Exception) -> list[Line]:
    if isinstance(error, SchemamigError):
        return complaint(error)
    return [(("bad", f"✗ internal error: {type(error).__name__}; this is a bug"),)]


def _after(migration: Migration, event: FileApplied | FileFailed) -> Migration:
    file = migration.file
    error = describe(event.failure, event.name) if isinstance(event, FileFailed) else None
    row = LedgerRow(
        event.name,
        datetime.now(),
        file.checksum if file else None,
        round(event.ms),
        error is None,
        error,
    )
    return Migration(event.name, file, row, changed=False)
