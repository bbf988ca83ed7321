"""Listens to a run on its way to the report: writes the log file, and raises the alert."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from schemamig_tui.connect import Target
from schemamig_tui.engine.events import (
    FileApplied,
    FileFailed,
    FilesLost,
    FileStarted,
    RunFinished,
)
from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.text import visible
from schemamig_tui.units import plural

if TYPE_CHECKING:
    from schemamig_tui.rehearsal.events import RehearsalEvent
    from schemamig_tui.reporting.log_file import LogFile


class RunRecorder:
    """The listener of one run or rehearsal, which passes every event on to another listener.

    It is a context manager around the run. The log file is opened before the run (SettingsError
    where it cannot be), and its last line is the error that has ended the run, if one has. After a
    run that has begun a file the alert follows, ``on-success`` or ``on-failure``. A problem with
    the alert or the log is a sentence for ``warn``, and does not change the outcome of the run.
    """

    def __init__(
        self,
        settings: Settings,
        target: Target,
        listener: Callable[[Any], None],
        warn: Callable[[str], None],
    ) -> None:
        self._settings, self._target = settings, target
        self._listener, self._warn = listener, warn
        self._log: LogFile | None = None
        self._started_at: datetime | None = None
        self._ms: dict[str, float] = {}
        self._failed: FileFailed | None = None
        self._finished: RunFinished | None = None

    def __enter__(self) -> Self:
        """Open the log file."""
        if self._settings.log_file:
            from schemamig_tui.reporting.log_file import LogFile

            self._log = LogFile(self._settings.log_file, self._target, self._settings.warn_after)
        return self

    def __call__(self, event: "RehearsalEvent") -> None:
        """Take an event of the run."""
        if self._log:
            self._log.take(event)
        match event:
            case FileStarted():
                self._started_at = self._started_at or datetime.now(UTC)
            case FileApplied(name, ms):
                self._ms[name] = ms
            case FilesLost(names):
                for name in names:
                    self._ms.pop(name, None)
            case FileFailed():
                self._failed = event
            case RunFinished():
                self._finished = event
        self._listener(event)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise the alert and close the log."""
        if self._log and isinstance(error, SchemamigError):
            self._log.error(error)
        self._alert(error)
        if self._log:
            self._log.close()
            if self._log.lost:
                self._warn(self._log.lost)

    # -- the alert

    def _alert(self, error: BaseException | None) -> None:
        finished, settings = self._finished, self._settings
        if finished is None or self._started_at is None:
            return
        # Where the server could not be asked, nobody knows whether it has gone well.
        went_well = (
            not (error or finished.failed or finished.cancelled or finished.lost)
            and finished.version is not None
        )
        command = settings.on_success if went_well else settings.on_failure
        if command is None:
            return
        from schemamig_tui.reporting.alerts import alert

        run = self._run(finished, error, went_well=went_well)
        if problem := alert(command, run, settings.alert_timeout):
            name = "on-success" if went_well else "on-failure"
            warning = f"the command of {name} {problem}"
            if self._log:
                self._log.warning(warning)
            self._warn(warning)

    def _run(
        self, finished: RunFinished, error: BaseException | None, *, went_well: bool
    ) -> dict[str, Any]:
        """The run as the command gets it; README has the keys."""
        from schemamig_tui.reporting.json_events import as_json, database_as_json

        database = self._target.identity
        message = error.message if isinstance(error, SchemamigError) else None
        failed = as_json(self._failed)[1] if finished.failed and self._failed else None
        return {
            "outcome": "success" if went_well else "failure",
            "text": self._text(finished, message),
            "target": self._settings.target,
            "database": database_as_json(database) if database else None,
            "directory": str(self._settings.directory),
            "started_at": self._started_at and self._started_at.isoformat(timespec="milliseconds"),
            "ms": round(finished.ms, 3),
            "applied": [{"name": name, "ms": self._ms.get(name)} for name in finished.applied],
            "failed": failed,
            "remaining": list(finished.remaining),
            "lost": list(finished.lost),
            "cancelled": finished.cancelled,
            "version": finished.version,
            "error": message,
        }

    def _text(self, finished: RunFinished, message: str | None) -> str:
        """The run in one line."""
        database = self._target.identity
        where = f"{database.database} ({database.address})" if database else "the database"
        parts = [f"{plural(len(finished.applied), 'migration')} applied to {where}"]
        if finished.failed:
            why = self._failed.failure.message if self._failed else ""
            parts.append(f"{finished.failed} failed: {why}")
        if finished.cancelled:
            parts.append("the run was cancelled")
        if finished.lost:
            parts.append(f"{plural(len(finished.lost), 'migration')} lost with the connection")
        if message:
            parts.append(message)
        return visible("; ".join(parts))
